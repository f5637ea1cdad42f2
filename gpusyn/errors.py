"""Exceptions that gpusyn raises on purpose.

Each is a subclass of :class:`GpusynError` and of the built-in exception that a Python user would expect, so both
``except gpusyn.GpusynError`` and ``except ValueError`` work. A message names the place, the rule, the value that was
given and, if it is not obvious, the fix:

>>> raise ParameterError("Projection 'I->E'.delay: must be a multiple of dt = 0.1 ms (got 0.25)")
Traceback (most recent call last):
    ...
gpusyn.errors.ParameterError: Projection 'I->E'.delay: must be a multiple of dt = 0.1 ms (got 0.25)
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = [
    "ArgumentError",
    "BackendError",
    "FileError",
    "GpusynError",
    "ImmutableError",
    "MissingDependencyError",
    "ParameterError",
    "PlanMemoryError",
    "SimulationError",
    "SweepError",
    "UnknownNameError",
]


class GpusynError(Exception):
    """Base class of all errors that gpusyn raises on purpose."""


class ParameterError(GpusynError, ValueError):
    """A value of the right type that is out of range, has the wrong shape or conflicts with another value."""


class ArgumentError(GpusynError, TypeError):
    """An unknown, missing or superfluous argument, or an object of the wrong type."""


class UnknownNameError(GpusynError, LookupError):
    """An unknown name of a receptor, population, variable, unit or option."""


class PlanMemoryError(GpusynError, MemoryError):
    """A network that does not fit into the memory that is free."""


class BackendError(GpusynError, RuntimeError):
    """A backend that cannot be used on this machine, or a failure of its compiler or driver."""


class SimulationError(GpusynError, RuntimeError):
    """A state that became NaN or infinite, a simulator that was used after ``close()``, or a failure of another rank.

    The attribute `rank` is the number of the rank that failed, if it was another one.
    """

    rank: int | None = None


class SweepError(GpusynError, RuntimeError):
    """A failure of the function of a sweep; the attribute `results` is a dict of the results by position until then."""

    results: Mapping[int, Any] = MappingProxyType({})


class FileError(GpusynError, OSError):
    """A file that is missing, damaged, has an unknown layout or cannot be written."""


class MissingDependencyError(GpusynError, ImportError):
    """An optional package that is not installed; the message contains the ``pip`` command that installs it."""


class ImmutableError(GpusynError, AttributeError):
    """An attempt to change a description object, which is immutable; make a new one instead."""

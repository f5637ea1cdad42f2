"""The exceptions that gpusyn raises on purpose.

Each derives from :class:`GpusynError` and from the built-in that a Python user would expect, so both
``except gpusyn.GpusynError`` and ``except ValueError`` work. Messages name the value, the place, what is
allowed and the next move:

>>> raise ParameterError("Projection 'I->E'.delay: must be a multiple of dt = 0.1 ms (got 0.25)")
Traceback (most recent call last):
    ...
gpusyn.errors.ParameterError: Projection 'I->E'.delay: must be a multiple of dt = 0.1 ms (got 0.25)
"""

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
    "UnknownNameError",
]


class GpusynError(Exception):
    """Base class of everything that gpusyn raises on purpose."""


class ParameterError(GpusynError, ValueError):
    """A value of the right kind that is out of range, of the wrong shape or in conflict with another."""


class ArgumentError(GpusynError, TypeError):
    """An unknown, missing or superfluous argument, or an object of the wrong kind."""


class UnknownNameError(GpusynError, LookupError):
    """A name (receptor, population, variable, unit, option) that does not exist here."""


class PlanMemoryError(GpusynError, MemoryError):
    """The plan does not fit into the memory of the device; nothing has been allocated."""


class BackendError(GpusynError, RuntimeError):
    """A backend cannot be used here, or its compiler or driver failed."""


class SimulationError(GpusynError, RuntimeError):
    """The state became NaN or infinite, or a simulator was used after ``close()``."""


class FileError(GpusynError, OSError):
    """A file is missing, damaged, of a foreign layout or cannot be written."""


class MissingDependencyError(GpusynError, ImportError):
    """An optional package is not installed; the message names the ``pip`` command that installs it."""


class ImmutableError(GpusynError, AttributeError):
    """Description objects do not change once made; make a new one instead."""

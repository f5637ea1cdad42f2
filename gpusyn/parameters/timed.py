"""Numbers that may change with time: rates, currents and command voltages."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import frozen, real, show
from gpusyn.parameters.units import as_floats
from gpusyn.parameters.waveform import Waveform

HIGHEST_RATE = 1e6  # Hz


def number_array_or_waveform(
    value: Any, size: int | None, where: str, *, arrays: bool = True, potential: bool = False, **limits: Any
) -> float | npt.NDArray[np.float64] | Waveform:
    """Return a number, a read-only array of one value a neuron, or a waveform.

    Parameters
    ----------
    value : number, quantity, sequence, array or Waveform
        What the user gave.
    size : int or None
        Number of neurons; ``None`` if not known yet.
    where : str
        The place, for the message.
    arrays : bool
        Whether an array is allowed.
    potential : bool
        Whether to refuse what looks like volts.
    **limits
        Fields of :class:`~gpusyn.parameters.limits.Limits`.

    Raises
    ------
    ArgumentError
        If it is none of these, a distribution included.
    ParameterError
        If a value is out of range or an array of the wrong length.

    Examples
    --------
    >>> number_array_or_waveform([5, 10], 2, "PoissonSource.rate", unit="Hz", low=0.0)
    array([ 5., 10.])
    """
    allowed = Limits(potential=potential, **limits)
    words = f"must be {allowed.words()}, {'an array of one a neuron, ' if arrays else ''}or a gs.Waveform"
    if isinstance(value, Waveform):
        allowed.check(value.values, f"{where}: Waveform.values")
        return value
    if isinstance(value, Distribution):
        move = "draw one value a neuron with numpy and give the array" if arrays else "give one number"
        raise ArgumentError(f"{where}: {words} (got {value!r}); {move}")
    array = as_floats(value, where, allowed.unit, words)
    if array.ndim == 0:
        return real(array, where, potential=potential, **limits)
    if not arrays:
        raise ArgumentError(f"{where}: {words} (got {show(value)})")
    if array.ndim != 1 or (len(array) == 0 if size is None else len(array) != size):
        given = f"{len(array)} values" if array.ndim == 1 else f"shape {array.shape}"
        raise ParameterError(f"{where}: {words}{'' if size is None else f'; here {size} neurons'} (got {given})")
    allowed.check(array, where)
    return frozen(array)


def time_window(start: Any, stop: Any, where: str) -> tuple[float, float | None]:
    """Return a checked start (ms, >= 0) and stop (ms, later than start, or ``None``: for ever)."""
    first = real(start, f"{where}.start", unit="ms", low=0.0)
    if stop is None:
        return first, None
    last = real(stop, f"{where}.stop", unit="ms", low=0.0)
    if last <= first:
        raise ParameterError(f"{where}.stop: must be later than start = {first:g} ms (got {last:g})")
    return first, last

"""Numbers that may change with time: a rate, an injected current, a command voltage, a concentration."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import frozen, one_of, public, real, show
from gpusyn.parameters.units import as_floats, conversion, unit_of
from gpusyn.utils.immutable import Immutable
from gpusyn.utils.typing import Floats, Integers

SLACK = 1e-9  # ms: k * dt may fall short of the k-th time by a rounding error


class Waveform(Immutable):
    """A quantity that changes with time, given by its values at some times.

    Between these times, values are held (``"step"``) or joined by straight lines (``"linear"``). Before the first time
    a rate or a current is 0, and a command potential or a concentration has the first value. After the last time the
    last value is held.

    The times need not be multiples of dt: a rate, a current or a concentration that changes inside a step is applied as
    its mean over the step, which keeps the charge and the expected number of events. The times of a command potential
    must be multiples of dt, because a mean would be a potential at which the neuron is never held.

    Parameters
    ----------
    times : sequence of float, shape (n_times,)
        Increasing times (ms).
    values : array_like of float, shape (n_times,) or (n_times, n)
        Values at these times, in the unit of the quantity (Hz, pA, mV, mM or uM): one for all neurons, or one column
        for each of the n neurons or sources, which rates, currents and command potentials may have.
    interpolation : {"step", "linear"}
        ``"step"`` holds each value until the next time; ``"linear"`` changes linearly to the next value.

    Attributes
    ----------
    columns : int or None
        Number of columns; ``None``: there is one value for all.

    Raises
    ------
    ArgumentError
        If the times are not a sequence of numbers, or the values not one, or a matrix of them.
    ParameterError
        If the lengths differ, a value is not finite, or the times do not increase.
    UnknownNameError
        If the interpolation is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> pulse = Waveform([10.0, 30.0], [150.0, 0.0])
    >>> pulse.sample(np.array([0.0, 10.0, 29.9, 30.0, 99.0]))
    array([  0., 150., 150.,   0.,   0.])
    >>> Waveform([0.0, 10.0], [0.0, 5.0], interpolation="linear").sample(np.array([4.0]))
    array([2.])
    >>> Waveform([0.0, 10.0], [[0.0, 1.0], [20.0, 30.0]]).sample(np.array([5.0, 10.0]))
    array([[ 0.,  1.],
           [20., 30.]])
    """

    times: Floats
    values: Floats
    interpolation: str
    _unit: str | None  # of quantities that were given as values; None: of what changes

    @public
    def __init__(self, times: Any, values: Any, interpolation: str = "step") -> None:
        kept_times = _points(times, "Waveform.times", "ms", "a sequence")
        unit = unit_of(values, "Waveform.values")
        kept_values = _points(values, "Waveform.values", unit or "", "a sequence", "a matrix (times x neurons)")
        if len(kept_times) != len(kept_values):
            raise ParameterError(_unequal(len(kept_times), kept_values))
        backwards = np.flatnonzero(np.diff(kept_times) <= 0)
        if backwards.size:
            k = int(backwards[0]) + 1
            raise ParameterError(
                f"Waveform.times[{k}]: must be later than the time before it "
                f"(got {kept_times[k]:.10g} after {kept_times[k - 1]:.10g}); sort the times and drop repeated ones"
            )
        way = one_of(interpolation, ("step", "linear"), "Waveform.interpolation")
        self._set(times=kept_times, values=kept_values, interpolation=way, _unit=unit)

    @property
    def columns(self) -> int | None:
        """Number of columns; None if there is one value for all."""
        return self.values.shape[1] if self.values.ndim > 1 else None

    @public
    def sample(self, t: npt.ArrayLike, before: float = 0.0) -> Floats:
        """Return the values at given times.

        Parameters
        ----------
        t : array_like
            Times (ms), of any shape.
        before : float
            Value before the first time.

        Returns
        -------
        ndarray of float64
            Values, of the shape of `t`, with one dimension more for columns.

        Raises
        ------
        ArgumentError
            If a time or `before` is not a number.
        ParameterError
            If one of them is not finite.
        """
        at = as_floats(t, "Waveform.sample().t", "ms", "must be times in ms", copy=False)
        Limits("ms").check(at.reshape(-1), "Waveform.sample().t")
        left = np.searchsorted(self.times, at + (SLACK + 2 * np.spacing(np.abs(at))), side="right") - 1
        inside = np.maximum(left, 0)
        result: Floats = self.values[inside]
        if self.interpolation == "linear" and len(self.times) > 1:
            right = np.minimum(inside + 1, len(self.times) - 1)
            span = np.where(right > inside, self.times[right] - self.times[inside], 1.0)
            fraction = np.maximum(at - self.times[inside], 0.0) / span
            change = np.asarray(self.values[right])
            change -= result
            change *= fraction if self.columns is None else fraction[..., np.newaxis]
            result = change + result
        result, early = np.asarray(result), real(before, "Waveform.sample().before")
        if not np.all(left >= 0):
            result[left < 0] = early
        return result

    def in_unit(self, unit: str, where: str) -> Waveform:
        """Return the waveform in `unit`, the unit of what changes.

        Parameters
        ----------
        unit : str
            Unit of gpusyn; ``""``: a pure number.
        where : str
            Place of the waveform, for the message.

        Returns
        -------
        Waveform
            Itself, if it was given in plain numbers.

        Raises
        ------
        ParameterError
            If it was given in quantities of another dimension.
        """
        factor = conversion(self._unit, unit, self, where)
        return self if factor == 1 else Waveform(self.times, factor * self.values, self.interpolation)

    def part(self, which: slice | Integers) -> Waveform:
        """Return the waveform of some of its columns; itself, if it has none or if they are all.

        Parameters
        ----------
        which : slice or ndarray of int
            The columns.

        Returns
        -------
        Waveform
        """
        if self.columns is None or (isinstance(which, slice) and which == slice(0, self.columns)):
            return self
        part = copy.copy(self)
        part._set(values=self.values[:, which])
        return part

    def __repr__(self) -> str:
        span = f"{self.times[0]:g} to {self.times[-1]:g} ms"
        values = f"{len(self.times)} values" if self.columns is None else f"{len(self.times)} x {self.columns} values"
        return f"Waveform({values}, {span}, {self.interpolation!r})"


def mean_of(waveform: Waveform, start: Floats, stop: Floats, before: float = 0.0) -> Floats:
    """Return the exact means of a waveform over intervals (ms), start < stop; `before` is as in `Waveform.sample`.

    >>> mean_of(Waveform([1.0, 4.0], [10.0, 0.0]), np.array([0.0, 2.0]), np.array([2.0, 7.0]))
    array([5., 4.])
    """
    # Between two of its times a waveform is a straight line, whose mean is the value at the middle.
    times = waveform.times
    first, last = np.searchsorted(times, start, side="right"), np.searchsorted(times, stop, side="left")
    pieces = last - first + 1
    which = np.repeat(np.arange(len(start)), pieces)
    end = first[which] + np.arange(len(which)) - np.repeat(np.cumsum(pieces) - pieces, pieces)  # index in the times
    left = np.where(end > first[which], times[end - 1], start[which])
    right = np.where(end < last[which], times[np.minimum(end, len(times) - 1)], stop[which])
    values = waveform.sample(0.5 * (left + right), before)
    integral = np.zeros((len(start), *values.shape[1:]))
    columns = (slice(None), *(np.newaxis,) * (values.ndim - 1))
    np.add.at(integral, which, values * (right - left)[columns])  # in the order of the pieces
    return np.asarray(integral / (stop - start)[columns])


def _points(value: Any, where: str, unit: str, *shapes: str) -> Floats:
    """Return the checked numbers, whose shape may be one of as many as are named, of 1, 2 ... dimensions."""
    must = f"must be {' or '.join(shapes)} of finite numbers"
    array = as_floats(value, where, unit, must)
    if not 1 <= array.ndim <= len(shapes):
        given = show(value) if array.ndim < 2 else f"shape {array.shape}"
        raise ArgumentError(f"{where}: {must} (got {given})")
    if array.size == 0:
        raise ParameterError(f"{where}: must have at least one entry (got none)")
    Limits(unit).check(array, where)
    return frozen(array)


def _unequal(times: int, values: Floats) -> str:
    """Return the message on values of which there are more or fewer than times."""
    if values.ndim == 1:
        return (
            f"Waveform.values: must be one value per time (got {len(values)} values and {times} times); "
            "make the two equally long"
        )
    columns = values.shape[1]
    move = "give the transpose, values.T" if columns == times else "make the two equally long"
    return (
        f"Waveform.values: must be one row per time, and one column per neuron (got shape {values.shape} and "
        f"{times} times); {move}"
    )


HIGHEST_RATE = 1e6  # Hz


def number_array_or_waveform(
    value: Any,
    size: int | None,
    where: str,
    *,
    arrays: bool = True,
    potential: bool = False,
    others: str = "or a gs.Waveform",
    **limits: Any,
) -> float | Floats | Waveform:
    """Return a number, a read-only array of one value per neuron, or a waveform.

    Parameters
    ----------
    value : number, quantity, sequence, array or Waveform
        Value that the user gave.
    size : int or None
        Number of neurons; ``None`` if it is not known yet.
    where : str
        Place of the value, for the message.
    arrays : bool
        If False, arrays are refused, and waveforms that have columns.
    potential : bool
        If True, values that look like volts are refused.
    others : str
        What else is allowed, for the message.
    **limits
        Fields of :class:`~gpusyn.parameters.limits.Limits`.

    Raises
    ------
    ArgumentError
        If the value is none of these, in particular if it is a distribution.
    ParameterError
        If a value is out of range, or an array has the wrong length.

    Examples
    --------
    >>> number_array_or_waveform([5, 10], 2, "PoissonSource.rate", unit="Hz", low=0.0)
    array([ 5., 10.])
    """
    allowed = Limits(potential=potential, **limits)
    words = f"must be {allowed.words()}, {'an array of one per neuron, ' if arrays else ''}{others}"
    if isinstance(value, Waveform):
        wave: Waveform = value.in_unit(allowed.unit, where)
        check_columns(wave, size if arrays else 0, where)
        allowed.check(wave.values, f"{where}: Waveform.values")
        return wave
    if isinstance(value, Distribution):
        move = "draw one value per neuron with numpy and give the array" if arrays else "give one number"
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


def check_columns(waveform: Waveform, size: int | None, where: str) -> None:
    """Refuse a waveform with another number of columns than `size`; 0: it may have none, None: any number.

    Raises
    ------
    ParameterError
        If it has another number of columns.
    """
    columns = waveform.columns
    if columns is None or size is None or columns == size:
        return
    if not size:
        raise ParameterError(
            f"{where}: must be one course for all, a gs.Waveform with values of shape (n_times,) "
            f"(got {waveform!r}, with a column for each); give one of the columns"
        )
    raise ParameterError(
        f"{where}: the gs.Waveform has {columns} column{'s' * (columns > 1)}, must have {size}, one per neuron; "
        f"give values of shape ({len(waveform.times)}, {size}), or of shape ({len(waveform.times)},) for all alike"
    )


def largest(value: float | Floats | Waveform) -> float:
    """Return the largest of the values of a number, an array or a waveform; 0 if all are negative."""
    return float(np.max(value.values if isinstance(value, Waveform) else value, initial=0.0))


def rate_limit(rate: float | Floats | Waveform, given: Any, where: str) -> float:
    """Return the checked `rate_max` (Hz) of a rate; by default, its largest value.

    >>> rate_limit(5.0, None, "Drive 'd'.rate_max"), rate_limit(5.0, 20, "Drive 'd'.rate_max")
    (5.0, 20.0)
    """
    needed = largest(rate)
    if given is None:
        return needed
    bound = real(given, where, unit="Hz", low=0.0, high=HIGHEST_RATE)
    if bound < needed:
        raise ParameterError(
            f"{where}: must be at least the largest rate, {needed:g} Hz (got {bound:g}); raise it or lower the rate"
        )
    return bound


def time_window(start: Any, stop: Any, where: str) -> tuple[float, float | None]:
    """Return a checked start (ms, >= 0) and stop (ms, later than start; ``None``: never)."""
    first = real(start, f"{where}.start", unit="ms", low=0.0)
    if stop is None:
        return first, None
    last = real(stop, f"{where}.stop", unit="ms", low=0.0)
    if last <= first:
        raise ParameterError(f"{where}.stop: must be later than start = {first:g} ms (got {last:g})")
    return first, last

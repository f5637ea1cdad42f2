"""A sampled trace: read from arrays or recordings, checked, and interpolated between its samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.network.populations import Selection
from gpusyn.parameters.grid import TOLERANCE
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import integer, one_of, real, show
from gpusyn.parameters.units import as_array, as_floats
from gpusyn.results import TraceData
from gpusyn.utils.typing import Floats

FEWEST = 5  # samples; the spread of fewer is not meaningful


@dataclass(frozen=True)
class Samples:
    """Values `y` at increasing times `t` (ms), both of shape (n,)."""

    t: Floats
    y: Floats

    @property
    def slack(self) -> float:
        """Difference (ms) up to which times are the same: 1e-4 of the time between samples, of at most 1 ms."""
        return TOLERANCE * float(np.diff(self.t).min(initial=1.0))

    def between(self, start: float, stop: float) -> Samples:
        """Return the samples with start <= t <= stop."""
        keep = (self.t >= start - self.slack) & (self.t <= stop + self.slack)
        return Samples(self.t[keep], self.y[keep])

    def before(self, end: float) -> Samples:
        """Return the samples with t < end."""
        keep = self.t < end - self.slack
        return Samples(self.t[keep], self.y[keep])

    def noise(self) -> float:
        """Return the standard deviation of white noise on a smooth trace, from the median second difference."""
        if len(self.y) < FEWEST:
            return 0.0
        bend = np.abs(self.y[2:] - 2.0 * self.y[1:-1] + self.y[:-2])
        return float(1.4826 * np.median(bend) / np.sqrt(6.0))

    def integral(self, start: float, stop: float) -> float:
        """Return the integral of the trace, linear between samples (unit of y times ms)."""
        inside = self.t[(self.t > start) & (self.t < stop)]
        t = np.concatenate([[start], inside, [stop]])
        return float(np.trapezoid(np.interp(t, self.t, self.y), t))


def samples(t: Any, values: Any, neuron: Any, unit: str, where: str) -> Samples:
    """Return one checked trace.

    Parameters
    ----------
    t : array_like, shape (n,), or TraceData
        Times (ms), or a recording.
    values : array_like, shape (n,) or (n, n_neurons); with a TraceData: str or sequence of str
        Values, or the names of the variables to add up; ``None``: the only variable of the recording in that unit.
    neuron : int, Selection, str or None
        Column to take, if there are several; of a TraceData also as a neuron such as ``E[3]``.
    unit, where : str
        Unit of the values, and the place that messages name.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If the shapes differ, times do not increase, a value is not finite, or the neuron was not recorded.
    UnknownNameError
        If its population was not recorded.
    """
    if isinstance(t, TraceData):
        if isinstance(neuron, (Selection, str)):
            t, neuron = t.select(neuron), None
        return Samples(t.t, _column(_recorded(t, values, unit, where), neuron, where))
    if values is None:
        raise ArgumentError(f"{where}: needs times and values, or a TraceData (got {show(t)} alone)")
    times = as_floats(t, f"{where}.t", "ms", "must be times in ms")
    y = _column(as_floats(values, f"{where}: values", unit, f"must be values in {unit}"), neuron, where)
    if times.ndim != 1 or times.shape != y.shape:
        raise ParameterError(
            f"{where}: times and values must have the same length (got shapes {times.shape} and {y.shape})"
        )
    if len(times) < 3:
        raise ParameterError(f"{where}: needs at least three samples (got {len(times)})")
    Limits("ms").check(times, f"{where}.t")
    Limits().check(y, f"{where}: values")
    wrong = np.flatnonzero(np.diff(times) <= 0)
    if wrong.size:
        k = int(wrong[0]) + 1
        raise ParameterError(
            f"{where}.t[{k}]: times must increase (got {times[k]:.10g} after {times[k - 1]:.10g}); "
            "sort times and values together"
        )
    return Samples(times, y)


def _recorded(data: TraceData, names: Any, unit: str, where: str) -> Floats:
    """Return the sum of the named variables, shape (n, n_neurons)."""
    fitting = [name for name in data if data.units[name] == unit]
    if names is None:
        if len(fitting) != 1:
            raise ArgumentError(
                f"{where}: needs the name of a variable in {unit}, or several to add up; "
                f"the recording has {', '.join(fitting) or 'none'}"
            )
        names = fitting
    listed = [names] if isinstance(names, str) else names
    if not isinstance(listed, (list, tuple)) or not listed:
        raise ArgumentError(f"{where}: with a TraceData, values must be names of its variables (got {show(names)})")
    kept = [one_of(name, data, f"{where}: variable") for name in listed]
    for name in kept:
        if name not in fitting:
            raise ParameterError(f"{where}: needs a variable in {unit} (got {name!r} in {data.units[name] or '1'})")
    total = np.zeros(data[kept[0]].shape)
    for name in kept:
        total += data[name]
    if len(total) < 3:
        raise ParameterError(f"{where}: needs at least three samples (the recording has {len(total)})")
    Limits().check(total.ravel(), f"{where}: values")
    return total


def _column(array: Floats, neuron: Any, where: str) -> Floats:
    """Return one neuron's values."""
    if neuron is not None:
        if array.ndim != 2:
            raise ParameterError(f"{where}.neuron: values of shape {array.shape} have one neuron; leave out neuron=")
        return array[:, integer(neuron, f"{where}.neuron", low=0, high=array.shape[1] - 1)]
    if array.ndim == 2 and array.shape[1] != 1:
        raise ArgumentError(f"{where}: there are {array.shape[1]} neurons (columns); choose one with neuron=")
    if array.ndim not in (1, 2):
        raise ParameterError(f"{where}: values must have shape (n,) or (n, neurons) (got {array.shape})")
    return array.reshape(-1)


def level_of(trace: Samples, baseline: Any, before: float, where: str) -> tuple[float, float]:
    """Return the level of the baseline and the standard deviation of its samples (0 for fewer than five).

    `baseline` is a level, a pair of times (ms), or ``None`` for all samples with t < `before`.
    """
    quiet = trace.before(before)
    if baseline is None:
        if not len(quiet.y):
            raise ParameterError(
                f"{where}: there is no sample before the onset at {before:g} ms from which to take the baseline; "
                "give its level as baseline="
            )
        return float(quiet.y.mean()), _spread(quiet)
    must = "must be a level, or a pair of times in ms"
    if as_array(baseline, f"{where}.baseline", must).ndim == 0:
        return real(baseline, f"{where}.baseline"), _spread(quiet)
    window = as_floats(baseline, f"{where}.baseline", "ms", must)
    if window.shape != (2,) or not window[0] <= window[1]:
        raise ParameterError(
            f"{where}.baseline: must be a level, or the two times in ms between which it is averaged "
            f"(got {show(baseline)})"
        )
    inside = trace.between(float(window[0]), float(window[1]))
    if not len(inside.y):
        raise ParameterError(
            f"{where}.baseline: no sample lies between {window[0]:g} and {window[1]:g} ms; give other times"
        )
    return float(inside.y.mean()), _spread(inside)


def _spread(trace: Samples) -> float:
    return float(trace.y.std(ddof=1)) if len(trace.y) >= FEWEST else 0.0


def summit(x: Floats, y: Floats, k: int) -> tuple[float, float]:
    """Return position and height of the maximum, near sample `k`, of the curve through the samples.

    The curve is the polynomial through the five samples around the highest one, or through three at an edge or in a
    narrow peak. An isolated sample, such as the first after a jump, is its own maximum. `y` is relative to 0.
    """
    for reach in (2, 1):
        near = slice(k - reach, k + reach + 1)
        if k < reach or k + reach >= len(y) or float(y[near].min()) < 0.5 * y[k]:
            continue
        width = float(x[k + 1] - x[k - 1]) / 2.0
        fit = np.polynomial.Polynomial.fit((x[near] - x[k]) / width, y[near] / y[k], 2 * reach)
        turns = fit.deriv().roots()
        turns = turns[np.abs(turns.imag) < 1e-9].real
        turns = turns[(turns >= (x[k - 1] - x[k]) / width) & (turns <= (x[k + 1] - x[k]) / width)]
        if len(turns):
            best = float(turns[np.argmax(fit(turns))])
            height = float(fit(best))
            if height >= 1.0:
                return float(x[k] + best * width), float(height * y[k])
    return float(x[k]), float(y[k])


def crossing(x: Floats, y: Floats, k: int, level: float) -> float:
    """Return where a cubic through the samples passes `level` between samples `k` and `k` + 1."""
    width = float(x[k + 1] - x[k])
    straight = float((level - y[k]) / (y[k + 1] - y[k]))
    if len(x) >= 4:
        first = min(max(k - 1, 0), len(x) - 4)
        near = slice(first, first + 4)
        fit = np.polynomial.Polynomial.fit((x[near] - x[k]) / width, y[near] - level, 3)
        roots = fit.roots()
        roots = roots[np.abs(roots.imag) < 1e-9].real
        roots = roots[(roots >= 0.0) & (roots <= 1.0)]
        if len(roots):
            straight = float(roots[np.argmin(np.abs(roots - straight))])
    return float(x[k] + straight * width)

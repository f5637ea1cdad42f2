"""Detection of the response in a trace: its onset, its sign and its decay."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from gpusyn.errors import MissingDependencyError, ParameterError
from gpusyn.measure.sampled_trace import Samples, crossing, level_of, summit
from gpusyn.parameters.scalars import flag, real
from gpusyn.utils.optional import require
from gpusyn.utils.typing import Floats

NOISE = 5.0  # standard deviations of the noise; a response must be larger
FEWEST_TO_FIT = 4


@dataclass(frozen=True)
class Response:
    """A response found in a trace; `trace` holds its samples minus the baseline, times `sign`, so that it is upward."""

    trace: Samples
    onset: float
    stop: float
    baseline: float
    sign: float
    top: int
    peak_time: float
    peak: float

    def area(self) -> float:
        """Return the signed integral from onset to stop."""
        return self.sign * self.trace.integral(self.onset, self.stop)

    def times(self, fit: bool | None, where: str) -> dict[str, float]:
        """Return the measures of the response by name."""
        x, y, k = self.trace.t, self.trace.y, self.top
        at_90, below = _rising(x, y, k, 0.9 * self.peak)
        at_10, _ = _rising(x, y, below, 0.1 * self.peak)
        half, _ = _rising(x, y, k, 0.5 * self.peak)
        tau = self.decay(fit, where).tau
        return {
            "onset": self.onset,
            "baseline": self.baseline,
            "peak": self.sign * self.peak,
            "time_to_peak": self.peak_time - self.onset,
            "rise_10_90": at_90 - at_10,
            "decay_tau": tau,
            "half_width": _falling(x, y, k, 0.5 * self.peak) - half,
        }

    def decay(self, fit: bool | None, where: str) -> Decay:
        """Fit an exponential to the samples after the response has fallen to 90 % of its peak."""
        missing = Decay(0.0, 0.0, math.nan)
        if fit is not None and not flag(fit, f"{where}.fit"):
            return missing
        try:
            optimize = require("scipy.optimize", "fitting the decay of a response", "scipy>=1.12")
        except MissingDependencyError:
            if fit:
                raise
            return missing
        below = np.flatnonzero(self.trace.y[self.top :] <= 0.9 * self.peak)
        first = self.top + int(below[0]) if below.size else len(self.trace.y)
        fitted = _exponential(optimize, self.trace.t[first:], self.trace.y[first:])
        if fitted is None and fit:
            raise ParameterError(
                f"{where}: "
                f"no exponential can be fitted to the {len(self.trace.y) - first} samples below 90 % of the peak; "
                "give a longer trace, a later stop, or fit=False"
            )
        return missing if fitted is None else fitted


@dataclass(frozen=True)
class Decay:
    """An exponential decay with time constant `tau` (ms) and value `size` at time `start` (ms)."""

    start: float
    size: float
    tau: float

    def at(self, t: Floats) -> Floats:
        """Return the values of the exponential at times `t` (ms)."""
        return np.asarray(self.size * np.exp(-(t - self.start) / self.tau))


def _exponential(optimize: Any, t: Floats, y: Floats) -> Decay | None:
    """Fit an exponential that decays to the baseline, by least squares; return ``None`` if the fit fails."""
    if len(t) < FEWEST_TO_FIT or y[0] <= 0:
        return None
    span = float(t[-1] - t[0])
    u, v = (t - t[0]) / span, y / y[0]

    def misfit(q: Floats) -> Floats:
        return np.asarray(q[0] * np.exp(np.clip(-q[1] * u, -700.0, 50.0)) - v)

    area = max(float(np.trapezoid(v, u)), 1e-3)
    found = optimize.least_squares(misfit, [1.0, 1.0 / area], method="lm", xtol=1e-12, ftol=1e-12)
    size, rate = (float(q) for q in found.x)
    if not (found.success and rate > 1e-6 and size > 0):
        return None
    return Decay(float(t[0]), size * float(y[0]), span / rate)


def _rising(x: Floats, y: Floats, top: int, level: float) -> tuple[float, int]:
    """Return the last time before sample `top` at which the curve passed `level`, and the sample before that time.

    If it never did, return the first sample.
    """
    below = np.flatnonzero(y[: top + 1] < level)
    if not below.size or below[-1] == top:
        return float(x[0]), 0
    k = int(below[-1])
    return crossing(x, y, k, level), k


def _falling(x: Floats, y: Floats, top: int, level: float) -> float:
    """Return the first time after sample `top` at which the curve falls to `level`; nan if it does not."""
    below = np.flatnonzero(y[top:] <= level)
    if not below.size:
        return math.nan
    # The samples before the peak are left out, since a jump may separate them from the peak.
    return crossing(x[top:], y[top:], int(below[0]) - 1, level)


def respond(trace: Samples, onset: Any, baseline: Any, stop: Any, unit: str, where: str) -> Response:
    """Return the response of a trace; find its onset if none is given."""
    least, last = float(trace.t[2]), float(trace.t[-1])  # the times of three samples at least
    end = last if stop is None else real(stop, f"{where}.stop", unit="ms", low=least, high=last)
    start = _found_onset(trace.between(-math.inf, end), baseline, where, unit) if onset is None else onset
    start = real(start, f"{where}.onset", unit="ms")
    earliest = float(2 * trace.t[0] - trace.t[1])
    if not earliest - trace.slack <= start < end:
        raise ParameterError(
            f"{where}.onset: must lie within the trace, {trace.t[0]:g} to {end:g} ms (got {start:.10g})"
        )
    # An onset that was found (not given) is itself a sample of the baseline.
    level, spread = level_of(trace, baseline, start if onset is not None else start + 2 * trace.slack, where)
    return _measured(trace, start, end, level, max(spread, trace.noise()), unit, where)


def _measured(trace: Samples, onset: float, stop: float, level: float, noise: float, unit: str, where: str) -> Response:
    """Return the response between onset and stop, given the level of the baseline and the noise."""
    inside = trace.between(onset, stop)
    if len(inside.t) < 3:
        raise ParameterError(
            f"{where}: fewer than three samples lie between {onset:g} and {stop:g} ms; give a later stop"
        )
    change = inside.y - level
    sign = 1.0 if change.max() >= -change.min() else -1.0
    upward = Samples(inside.t, sign * change)
    top = int(np.argmax(upward.y))
    _check_size(float(upward.y[top]), noise, unit, where)
    if top == len(upward.y) - 1:
        raise ParameterError(
            f"{where}: the largest value is the last one, at {stop:g} ms, so there is no peak; "
            "give a longer trace or a later stop"
        )
    peak_time, peak = summit(upward.t, upward.y, top)
    return Response(upward, onset, stop, level, sign, top, peak_time, peak)


def _check_size(size: float, noise: float, unit: str, where: str) -> None:
    if size > NOISE * noise and size > 0:
        return
    reason = f"and must be above {NOISE:g} times the noise of {noise:.3g} {unit}" if noise else "so the trace is flat"
    raise ParameterError(
        f"{where}: there is no response: the largest deviation from the baseline is {size:.3g} {unit}, {reason}"
    )


def _found_onset(trace: Samples, baseline: Any, where: str, unit: str) -> float:
    """Return the time of the last quiet sample before the peak."""
    head = max(5, len(trace.y) // 20)
    if baseline is None:
        level, spread = float(np.median(trace.y[:head])), 0.0
    else:
        level, spread = level_of(trace, baseline, float(trace.t[0]), where)
    size = np.abs(trace.y - level)
    top = int(np.argmax(size))
    noise = max(spread, trace.noise())
    _check_size(float(size[top]), noise, unit, where)
    quiet = np.flatnonzero(size[:top] <= max(0.01 * size[top], 3.0 * noise))
    if not quiet.size:
        raise ParameterError(
            f"{where}: the onset cannot be found because the first sample is already part of the response; give onset="
        )
    return float(trace.t[quiet[-1]])

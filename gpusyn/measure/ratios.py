"""Ratios of responses: the paired-pulse ratio and the NMDA/AMPA ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gpusyn.errors import ParameterError
from gpusyn.measure.detection import Response, respond
from gpusyn.measure.sampled_trace import Samples, level_of, samples, summit
from gpusyn.network.populations import Selection
from gpusyn.parameters.scalars import one_of, public, real
from gpusyn.parameters.units import as_floats
from gpusyn.utils.typing import Floats


@public
def paired_pulse_ratio(
    t: Any,
    current: Any,
    onsets: Any,
    *,
    reference: str = "before",
    baseline: Any = None,
    stop: float | None = None,
    neuron: int | Selection | str | None = None,
) -> float:
    """Return the size of the second of two responses relative to the first.

    Parameters
    ----------
    t : array_like, shape (n,), or TraceData
        As for :func:`psc`.
    current : array_like, shape (n,) or (n, n_neurons), or str
        The current (pA), or the name of a variable; as for :func:`psc`.
    onsets : (float, float)
        Times at which the two responses begin (ms).
    reference : {"before", "baseline", "decay"}
        Level from which the second response is measured. ``"before"``: the last sample before it. ``"baseline"``: the
        baseline of the first response, so that the rest of the first counts. ``"decay"``: the decay of the first
        response, extrapolated by its fitted exponential (needs scipy).
    baseline : float or (float, float), optional
        As for :func:`psc`.
    stop : float, optional
        As for :func:`psc`: the end of the second response, which must be given if a third follows.
    neuron : int, Selection or str, optional
        As for :func:`psc`.

    Returns
    -------
    float
        Second over first: above 1 for facilitation, below 1 for depression.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If the first response is not above the noise, or an argument does not fit the trace.
    UnknownNameError
        If the reference is unknown.
    MissingDependencyError
        If the reference is ``"decay"`` and scipy is missing.

    Examples
    --------
    >>> t = np.arange(0.0, 100.0, 0.1)
    >>> shape = [np.where(t >= s, np.exp(-np.maximum(t - s, 0.0) / 2.0), 0.0) for s in (10.0, 60.0)]
    >>> round(paired_pulse_ratio(t, -50.0 * shape[0] - 75.0 * shape[1], [10.0, 60.0]), 3)
    1.5
    """
    where = "measure.paired_pulse_ratio()"
    trace = samples(t, current, neuron, "pA", where)
    pair = as_floats(onsets, f"{where}.onsets", "ms", "must be two times in ms")
    if pair.shape != (2,) or not pair[0] < pair[1] < trace.t[-1]:
        raise ParameterError(
            f"{where}.onsets: must be two increasing times within the trace, which ends at {trace.t[-1]:g} ms "
            f"(got {pair.tolist()})"
        )
    way = one_of(reference, ("before", "baseline", "decay"), f"{where}.reference")
    first, second = float(pair[0]), float(pair[1])
    kept = trace.before(second)
    whole = respond(kept, first, baseline, None, "pA", where)
    end = float(trace.t[-1]) if stop is None else real(stop, f"{where}.stop", unit="ms", above=second)
    return _height(trace.between(second, end), _from(whole, kept, trace.between(second, end).t, way, where), whole)


def _from(first: Response, kept: Samples, t: Floats, way: str, where: str) -> Floats:
    """Return the level from which the second response is measured, at each of its samples."""
    if way == "baseline":
        return np.full(len(t), first.baseline)
    if way == "before":
        return np.full(len(t), kept.y[-1])
    return first.baseline + first.sign * first.decay(True, where).at(t)


def _height(second: Samples, level: Floats, first: Response) -> float:
    """Return the second peak over the first; a second response that fails gives 0, not an error."""
    upward = first.sign * (second.y - level)
    top = int(np.argmax(upward))
    return max(summit(second.t, upward, top)[1], 0.0) / first.peak


@public
@dataclass(frozen=True, repr=False)
class NmdaAmpaRatio:
    """Ratio of two currents of a slice experiment; the result of :func:`nmda_ampa_ratio`.

    It is not a ratio of conductances: the two currents are measured at different driving forces and times, and a little
    of the magnesium block remains at +40 mV.

    Attributes
    ----------
    ratio : float
        Magnitude of the NMDA current over that of the AMPA current.
    ampa : float
        Peak at -70 mV (pA); inward is negative.
    nmda : float
        Current at +40 mV, `late` ms after the onset (pA).
    late : float
        Time after the onset at which the NMDA current was measured (ms).
    """

    ratio: float
    ampa: float
    nmda: float
    late: float

    def __repr__(self) -> str:
        return (
            f"NmdaAmpaRatio(ratio={self.ratio:.6g} of currents, not of conductances; ampa={self.ampa:.6g} pA, "
            f"peak at -70 mV; nmda={self.nmda:.6g} pA, {self.late:g} ms after the onset at +40 mV)"
        )


@public
def nmda_ampa_ratio(
    t: Any,
    at_minus_70: Any,
    at_plus_40: Any,
    onset: float,
    *,
    late: float = 50.0,
    width: float = 0.0,
    baseline: Any = None,
) -> NmdaAmpaRatio:
    """Return the NMDA/AMPA ratio of a slice experiment: the late current at +40 mV over the peak at -70 mV.

    At -70 mV magnesium blocks the NMDA receptors, so nearly all of the peak is AMPA current. At +40 mV the AMPA current
    has ended when the NMDA current is measured. The ratio depends on `late` and on the decay times, and it is not a
    ratio of conductances.

    Parameters
    ----------
    t : array_like, shape (n,)
        Increasing times (ms).
    at_minus_70, at_plus_40 : array_like, shape (n,)
        Current (pA) of the same cell at the two holding potentials.
    onset : float
        Time at which the response begins in both traces (ms).
    late : float
        Time after the onset at which the NMDA current is measured (ms), > 0.
    width : float
        Width of the window around this time over which the current is averaged (ms); 0: no averaging.
    baseline : float or (float, float), optional
        As for :func:`psc`, for both traces.

    Returns
    -------
    NmdaAmpaRatio

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If there is no response at -70 mV, or an argument does not fit the traces.
    """
    where = "measure.nmda_ampa_ratio()"
    low, high = (samples(t, y, None, "pA", f"{where}: {v} mV") for y, v in ((at_minus_70, "-70"), (at_plus_40, "+40")))
    begin = real(onset, f"{where}.onset", unit="ms")
    fast = respond(low, begin, baseline, None, "pA", where)
    after = real(late, f"{where}.late", unit="ms", above=0.0)
    half = real(width, f"{where}.width", unit="ms", low=0.0) / 2.0
    at = begin + after
    if at + half > high.t[-1] + high.slack or half >= after:
        raise ParameterError(
            f"{where}.late: the window {at - half:g} to {at + half:g} ms "
            f"must lie between the onset and the end of the trace at {high.t[-1]:g} ms; "
            "record longer or measure earlier"
        )
    level, _ = level_of(high, baseline, begin, where)
    slow = high.integral(at - half, at + half) / (2 * half) if half else float(np.interp(at, high.t, high.y))
    nmda = slow - level
    return NmdaAmpaRatio(abs(nmda) / fast.peak, fast.sign * fast.peak, nmda, after)

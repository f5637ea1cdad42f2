"""Measures of one postsynaptic response: its peak, its times and its charge."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from gpusyn.measure.detection import respond
from gpusyn.measure.sampled_trace import samples
from gpusyn.network.populations import Selection
from gpusyn.parameters.scalars import public


@dataclass(frozen=True, repr=False)
class _Response:
    """Measures that currents and potentials have in common."""

    onset: float
    baseline: float
    peak: float
    time_to_peak: float
    rise_10_90: float
    decay_tau: float
    half_width: float
    _units: ClassVar[dict[str, str]] = {}

    def __repr__(self) -> str:
        shown = (f"{f.name}={getattr(self, f.name):.6g} {self._units.get(f.name, 'ms')}" for f in fields(self))
        return f"{type(self).__name__}({', '.join(shown)})"


@public
@dataclass(frozen=True, repr=False)
class PSC(_Response):
    """Measures of a postsynaptic current; the result of :func:`psc`.

    Attributes
    ----------
    onset : float
        Time at which the response begins (ms), as given or found.
    baseline : float
        Current from which `peak` and `charge` are measured (pA).
    peak : float
        Largest deviation from the baseline (pA); inward is negative.
    time_to_peak : float
        Time from the onset to the peak (ms).
    rise_10_90 : float
        Time from 10 % to 90 % of the peak (ms); 0 if the first sample is already above 90 %.
    decay_tau : float
        Time constant of the exponential fitted to the decay from 90 % of the peak (ms); nan if it was not fitted.
    half_width : float
        Width at half of the peak (ms); nan if the trace ends earlier.
    charge : float
        Integral of the deviation from the onset on (fC = pA ms), with the sign of the current.
    """

    charge: float
    _units: ClassVar[dict[str, str]] = {"baseline": "pA", "peak": "pA", "charge": "fC"}


@public
@dataclass(frozen=True, repr=False)
class PSP(_Response):
    """Measures of a postsynaptic potential; the result of :func:`psp`.

    Attributes
    ----------
    onset : float
        Time at which the response begins (ms), as given or found.
    baseline : float
        Potential from which `peak` and `area` are measured (mV).
    peak : float
        Largest deviation from the baseline (mV); positive is depolarising.
    time_to_peak : float
        Time from the onset to the peak (ms).
    rise_10_90 : float
        Time from 10 % to 90 % of the peak (ms).
    decay_tau : float
        Time constant of the exponential fitted to the decay from 90 % of the peak (ms); nan if it was not fitted.
    half_width : float
        Width at half of the peak (ms); nan if the trace ends earlier.
    area : float
        Integral of the deviation from the onset on (mV ms).
    """

    area: float
    _units: ClassVar[dict[str, str]] = {"baseline": "mV", "peak": "mV", "area": "mV ms"}


@public
def psc(
    t: Any,
    current: Any = None,
    onset: float | None = None,
    *,
    baseline: Any = None,
    stop: float | None = None,
    neuron: int | Selection | str | None = None,
    fit: bool | None = None,
) -> PSC:
    """Measure a postsynaptic current.

    Parameters
    ----------
    t : array_like, shape (n,), or TraceData
        Increasing times (ms), or a recording.
    current : array_like, shape (n,) or (n, n_neurons), or str, or sequence of str
        Current (pA). With a TraceData, the name of a variable such as ``"I_AMPA"``, or several names whose variables
        are added up; it can be omitted if only one variable is in pA.
    onset : float, optional
        Time at which the response begins (ms). By default it is the last sample before the peak whose distance from
        the baseline is at most 1 % of the peak, or three standard deviations of the noise if that is more.
    baseline : float or (float, float), optional
        Level of the baseline (pA), or the two times between which it is averaged (ms); by default it is averaged over
        all samples before the onset.
    stop : float, optional
        End of the response (ms); by default the end of the trace.
    neuron : int, Selection or str, optional
        Column to measure, if there are several; of a TraceData also as a neuron such as ``E[3]``.
    fit : bool, optional
        If True, fit the decay, which needs scipy; by default it is fitted if scipy is installed.

    Returns
    -------
    PSC

    Raises
    ------
    ArgumentError
        If an argument has the wrong type, or several variables or columns leave a choice.
    ParameterError
        If there is no response above the noise, there is no peak before the end, or an argument does not fit the trace.
    UnknownNameError
        If the recording has no such variable or population.
    MissingDependencyError
        If ``fit=True`` and scipy is missing.

    Notes
    -----
    `decay_tau` is of one exponential from 90 % of the peak on. Where the rise has a time constant of its own, the decay
    begins flatter than an exponential, and the fit is slower than the receptor's decay: with ``gs.AMPA(tau_rise=0.5,
    tau_decay=2.0)`` it is 2.11 ms.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.arange(0.0, 60.0, 0.1)
    >>> measure = psc(t, np.where(t >= 10.0, -70.0 * np.exp(-(t - 10.0) / 2.0), 0.0), onset=10.0, fit=False)
    >>> measure.peak, measure.time_to_peak, round(measure.half_width, 4), round(measure.charge, 1)
    (-70.0, 0.0, 1.3863, -140.0)
    """
    where = "measure.psc()"
    found = respond(samples(t, current, neuron, "pA", where), onset, baseline, stop, "pA", where)
    return PSC(**found.times(fit, where), charge=found.area())


@public
def psp(
    t: Any,
    V: Any = None,
    onset: float | None = None,
    *,
    baseline: Any = None,
    stop: float | None = None,
    neuron: int | Selection | str | None = None,
    fit: bool | None = None,
) -> PSP:
    """Measure a postsynaptic potential.

    Parameters
    ----------
    t : array_like, shape (n,), or TraceData
        Increasing times (ms), or a recording.
    V : array_like, shape (n,) or (n, n_neurons), or str
        Membrane potential (mV). With a TraceData, the name of the variable; it can be omitted if only one variable is
        in mV.
    onset : float, optional
        As for :func:`psc`.
    baseline : float or (float, float), optional
        As for :func:`psc`; a level is in mV.
    stop : float, optional
        As for :func:`psc`.
    neuron : int, Selection or str, optional
        As for :func:`psc`.
    fit : bool, optional
        As for :func:`psc`.

    Returns
    -------
    PSP

    Raises
    ------
    ArgumentError
        If an argument has the wrong type, or several variables or columns leave a choice.
    ParameterError
        If there is no response above the noise, there is no peak before the end, or an argument does not fit the trace.
    UnknownNameError
        If the recording has no such variable or population.
    MissingDependencyError
        If ``fit=True`` and scipy is missing.
    """
    where = "measure.psp()"
    found = respond(samples(t, V, neuron, "mV", where), onset, baseline, stop, "mV", where)
    return PSP(**found.times(fit, where), area=found.area())

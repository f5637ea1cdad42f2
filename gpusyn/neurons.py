"""Neuron models and spike sources.

A parameter is a number, an array of one value a neuron, or a distribution; arrays are matched to the
population's size when the population is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from gpusyn.checks import frozen, integer, public, show, values
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.limits import Limits
from gpusyn.parameter_table import Immutable, Parameter, ParameterTable, ReadOnlyDict
from gpusyn.quantities import as_floats
from gpusyn.timed import HIGHEST_RATE, number_array_or_waveform
from gpusyn.waveform import Waveform

if TYPE_CHECKING:
    from gpusyn.distributions import Distribution

__all__ = ["LIF", "NEURONS", "NeuronModel", "PoissonSource", "SpikeSource"]

Floats = npt.NDArray[np.float64]

MOST_EVENTS = 1 << 20  # events of one source in one step


class NeuronModel(Immutable):
    """Base class of neuron models and sources; use a subclass such as :class:`~gpusyn.LIF`.

    Attributes
    ----------
    kind : str
        Name of the class.
    values : mapping of str to (float, ndarray, Distribution, ...)
        The parameters by name; each is an attribute of the model as well.
    is_source : bool
        Whether it only emits spikes: no membrane, no receptors.
    max_events : int or None
        Declared maximum of events that one neuron emits in one step (sources only).
    """

    kind: str
    values: Mapping[str, Any]
    max_events: int | None = None
    is_source: ClassVar[bool] = False
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = ()

    def _describe(self, given: dict[str, Any]) -> None:
        self._set(kind=type(self).__name__, values=ReadOnlyDict(given))

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__.get("values", ()):
            return self.values[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def check_size(self, size: int, where: str) -> None:
        """Raise a ParameterError unless every array has one value for each of `size` neurons."""
        for name, value in self.values.items():
            length = len(value) if isinstance(value, (np.ndarray, tuple)) else size
            if length != size:
                raise ParameterError(
                    f"{where}: {self.kind}.{name} has {length} values, must be {size}, one a neuron; "
                    f"give as many values as neurons, or one number for all"
                )

    @classmethod
    @public
    def parameters(cls) -> ParameterTable:
        """Return the parameters with default, unit and meaning; prints as a table."""
        return ParameterTable(cls.PARAMETERS)

    def __repr__(self) -> str:
        def text(value: Any) -> str:
            if isinstance(value, np.ndarray):
                return f"<{len(value)} values>"
            return f"{value:g}" if isinstance(value, float) else repr(value)

        return f"{type(self).__name__}({', '.join(f'{k}={text(v)}' for k, v in self.values.items())})"


class LIF(NeuronModel):
    """Leaky integrate-and-fire neuron: C dV/dt = -g_L (V - E_L) - sum I_syn + I_e (Lapicque 1907).

    At V >= V_th it spikes, V is set to V_reset and held there for t_ref.

    Parameters
    ----------
    C_m : float, array or Distribution
        Membrane capacitance (pF), > 0.
    g_L : float, array or Distribution
        Leak conductance (nS), > 0.
    E_L, V_th, V_reset : float, array or Distribution
        Resting, threshold and reset potential (mV); V_reset < V_th.
    t_ref : float, array or Distribution
        Refractory time (ms), >= 0, a multiple of dt.
    I_e : float, array or Distribution
        Constant current (pA), positive inward.

    Raises
    ------
    ParameterError
        If a value is out of range, two arrays differ in length, or V_reset is not below V_th.

    Examples
    --------
    >>> LIF(V_th=-50.0)
    LIF(C_m=200, g_L=10, E_L=-70, V_th=-50, V_reset=-70, t_ref=2, I_e=0)
    >>> LIF.parameters()[3]
    Parameter(name='V_th', default=-55.0, unit='mV', meaning='threshold')
    """

    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        Parameter("C_m", 200.0, "pF", "membrane capacitance"),
        Parameter("g_L", 10.0, "nS", "leak conductance"),
        Parameter("E_L", -70.0, "mV", "resting potential"),
        Parameter("V_th", -55.0, "mV", "threshold"),
        Parameter("V_reset", -70.0, "mV", "potential after a spike"),
        Parameter("t_ref", 2.0, "ms", "refractory time"),
        Parameter("I_e", 0.0, "pA", "constant current, positive inward"),
    )
    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {
        "C_m": {"above": 0.0},
        "g_L": {"above": 0.0},
        "E_L": {"potential": True},
        "V_th": {"potential": True},
        "V_reset": {"potential": True},
        "t_ref": {"low": 0.0},
        "I_e": {},
    }

    @public
    def __init__(
        self,
        *,
        C_m: float | npt.ArrayLike | Distribution = 200.0,
        g_L: float | npt.ArrayLike | Distribution = 10.0,
        E_L: float | npt.ArrayLike | Distribution = -70.0,
        V_th: float | npt.ArrayLike | Distribution = -55.0,
        V_reset: float | npt.ArrayLike | Distribution = -70.0,
        t_ref: float | npt.ArrayLike | Distribution = 2.0,
        I_e: float | npt.ArrayLike | Distribution = 0.0,
    ) -> None:
        given = (C_m, g_L, E_L, V_th, V_reset, t_ref, I_e)
        kept = {
            p.name: values(value, None, f"LIF.{p.name}", unit=p.unit, **self.LIMITS[p.name])
            for p, value in zip(self.PARAMETERS, given, strict=True)
        }
        _same_lengths(kept, "LIF")
        _reset_below_threshold(kept["V_reset"], kept["V_th"])
        self._describe(kept)


class PoissonSource(NeuronModel):
    """A source of independent Poisson spike trains, one a neuron.

    Parameters
    ----------
    rate : float, array or Waveform
        Rate (Hz), 0 to 1e6.
    max_events : int, optional
        Declared maximum of events of one neuron in one step; more are dropped. By default it is chosen so
        high that none ever are.

    Examples
    --------
    >>> PoissonSource(20)
    PoissonSource(rate=20)
    """

    is_source = True
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        Parameter("rate", 10.0, "Hz", "rate of each neuron: a number, an array or a Waveform"),
        Parameter("max_events", None, "", "declared maximum of events a step; none: chosen from the rate"),
    )

    @public
    def __init__(self, rate: float | npt.ArrayLike | Waveform = 10.0, *, max_events: int | None = None) -> None:
        kept = number_array_or_waveform(rate, None, "PoissonSource.rate", unit="Hz", low=0.0, high=HIGHEST_RATE)
        self._describe({"rate": kept})
        self._set(max_events=_max_events(max_events, "PoissonSource"))


class SpikeSource(NeuronModel):
    """A source that emits spikes at given times.

    Parameters
    ----------
    times : sequence of float, or sequence of sequences
        Times (ms), >= 0: one list for every neuron, or one list a neuron. They are sorted, and rounded to the
        nearest step >= 1 when the network is compiled; equal times are separate events.
    max_events : int, optional
        Declared maximum of events of one neuron in one step.

    Examples
    --------
    >>> SpikeSource([[10.0, 5.0], []]).times
    (array([ 5., 10.]), array([], dtype=float64))
    """

    is_source = True
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        Parameter("times", None, "ms", "spike times: one list for all neurons, or one list a neuron"),
        Parameter("max_events", None, "", "declared maximum of events a step; none: counted"),
    )

    @public
    def __init__(self, times: Any, *, max_events: int | None = None) -> None:
        self._describe({"times": _spike_times(times)})
        self._set(max_events=_max_events(max_events, "SpikeSource"))

    def check_size(self, size: int, where: str) -> None:
        """Raise a ParameterError unless times were given once for all or once for each of `size` neurons."""
        if isinstance(self.times, tuple):
            super().check_size(size, where)

    def __repr__(self) -> str:
        if isinstance(self.times, tuple):
            return f"SpikeSource({sum(map(len, self.times))} spikes of {len(self.times)} neurons)"
        return f"SpikeSource({len(self.times)} spikes)"


#: Every neuron model and source by the name of its class.
NEURONS: dict[str, type[NeuronModel]] = {model.__name__: model for model in (LIF, PoissonSource, SpikeSource)}


def _max_events(value: Any, kind: str) -> int | None:
    return None if value is None else integer(value, f"{kind}.max_events", low=1, high=MOST_EVENTS)


def _same_lengths(kept: Mapping[str, Any], kind: str) -> None:
    lengths = {name: len(value) for name, value in kept.items() if isinstance(value, np.ndarray)}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ParameterError(f"{kind}: arrays must have one value a neuron, all equally many (got {listed})")


def _extent(value: Any) -> tuple[Floats, Floats]:
    """Return the smallest and largest value where it is certain, else the mean of a distribution."""
    from gpusyn.distributions import Distribution, Uniform

    if isinstance(value, Distribution):
        low, high = value.bounds() if isinstance(value, Uniform) else (value.mean_value(),) * 2
        return np.array([low]), np.array([high])
    return np.atleast_1d(value), np.atleast_1d(value)


def _reset_below_threshold(reset: Any, threshold: Any) -> None:
    highest, lowest = np.broadcast_arrays(_extent(reset)[1], _extent(threshold)[0])
    wrong = np.flatnonzero(highest >= lowest)
    if wrong.size:
        k = int(wrong[0])
        place = f"LIF.V_reset[{k}]" if len(highest) > 1 else "LIF.V_reset"
        raise ParameterError(
            f"{place}: must be below V_th = {lowest[k]:g} mV (got {highest[k]:g}), or it would spike without "
            f"end; lower V_reset or raise V_th"
        )


def _spike_times(times: Any) -> Floats | tuple[Floats, ...]:
    """Return sorted times, shared by all neurons or one array a neuron."""
    where = "SpikeSource.times"
    nested = isinstance(times, (list, tuple)) or (
        type(times) is np.ndarray and times.ndim > 0 and (times.ndim > 1 or times.dtype == object)
    )
    if nested and any(isinstance(item, (list, tuple)) or np.ndim(item) > 0 for item in times):
        if type(times) is np.ndarray and times.ndim > 2:
            raise ParameterError(f"{where}: must be one list of times, or one a neuron (got shape {times.shape})")
        return tuple(_sorted_times(train, f"{where}[{k}]") for k, train in enumerate(times))
    return _sorted_times(times, where)


def _sorted_times(times: Any, where: str) -> Floats:
    must = "must be a sequence of times in ms, or one such sequence a neuron"
    array = as_floats(times, where, "ms", must)
    if array.ndim != 1:
        raise ArgumentError(f"{where}: {must} (got {show(times)}); write [{show(times)}] for one spike")
    Limits("ms", low=0.0).check(array, where)
    return frozen(np.sort(array))

"""Spike sources: neurons without a membrane."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.neurons.base import NeuronModel
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import frozen, integer, public, show
from gpusyn.parameters.table import Parameter
from gpusyn.parameters.units import as_floats
from gpusyn.parameters.waveform import HIGHEST_RATE, Waveform, number_array_or_waveform
from gpusyn.utils.typing import Floats

__all__ = ["PoissonSource", "SpikeSource"]


MOST_EVENTS = 1 << 20  # events of one source per step


class PoissonSource(NeuronModel):
    """A source of independent Poisson spike trains, one per neuron.

    Parameters
    ----------
    rate : float, array or Waveform
        Rate of each neuron (Hz), 0 to 1e6.
    max_events : int, optional
        Declared maximum of events of one neuron per step, 1 to 2**20; more are dropped. The default is so high that
        none is ever dropped.

    Raises
    ------
    ArgumentError
        If the rate is not a number, an array or a waveform, or `max_events` is not a whole number.
    ParameterError
        If a value is out of range.

    Examples
    --------
    >>> PoissonSource(20)
    PoissonSource(rate=20)
    """

    is_source = True
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        Parameter("rate", 10.0, "Hz", "rate of each neuron: a number, an array or a Waveform"),
        Parameter("max_events", None, "", "declared maximum of events per step; none: chosen from the rate"),
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
        Times (ms), >= 0: one list for all neurons, or one list per neuron. They are sorted, and rounded to the nearest
        step >= 1 when the network is compiled; equal times are separate events.
    max_events : int, optional
        Declared maximum of events of one neuron per step, 1 to 2**20; by default they are counted. More are refused
        when the network is compiled.

    Raises
    ------
    ArgumentError
        If the times are not numbers in one list or one list per neuron, or `max_events` is not a whole number.
    ParameterError
        If a time is negative or not finite, or `max_events` is out of range.

    Examples
    --------
    >>> SpikeSource([[10.0, 5.0], []]).times
    (array([ 5., 10.]), array([], dtype=float64))
    """

    is_source = True
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        Parameter("times", None, "ms", "spike times: one list for all neurons, or one list per neuron"),
        Parameter("max_events", None, "", "declared maximum of events per step; none: counted"),
    )

    @public
    def __init__(self, times: Any, *, max_events: int | None = None) -> None:
        self._describe({"times": _spike_times(times)})
        self._set(max_events=_max_events(max_events, "SpikeSource"))

    def check_size(self, size: int, where: str) -> None:
        """Check that there is one list for all neurons, or one list per neuron."""
        if isinstance(self.times, tuple):
            super().check_size(size, where)

    def __repr__(self) -> str:
        if isinstance(self.times, tuple):
            return f"SpikeSource({sum(map(len, self.times))} spikes of {len(self.times)} neurons)"
        return f"SpikeSource({len(self.times)} spikes)"


def _max_events(value: Any, kind: str) -> int | None:
    return None if value is None else integer(value, f"{kind}.max_events", low=1, high=MOST_EVENTS)


def _spike_times(times: Any) -> Floats | tuple[Floats, ...]:
    """Return sorted times: one array for all neurons, or one array per neuron."""
    where = "SpikeSource.times"
    nested = isinstance(times, (list, tuple)) or (
        type(times) is np.ndarray and times.ndim > 0 and (times.ndim > 1 or times.dtype == object)
    )
    if nested and any(isinstance(item, (list, tuple)) or np.ndim(item) > 0 for item in times):
        if type(times) is np.ndarray and times.ndim > 2:
            raise ParameterError(f"{where}: must be one list of times, or one per neuron (got shape {times.shape})")
        return tuple(_sorted_times(train, f"{where}[{k}]") for k, train in enumerate(times))
    return _sorted_times(times, where)


def _sorted_times(times: Any, where: str) -> Floats:
    must = "must be a sequence of times in ms, or one such sequence per neuron"
    array = as_floats(times, where, "ms", must)
    if array.ndim != 1:
        raise ArgumentError(f"{where}: {must} (got {show(times)}); write [{show(times)}] for one spike")
    Limits("ms", low=0.0).check(array, where)
    return frozen(np.sort(array))

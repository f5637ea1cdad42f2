"""Spike sources: neurons without a membrane."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from gpusyn.equations.renewals import most_renewals
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.neurons.base import NeuronModel
from gpusyn.parameters.grid import rounded_steps
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import frozen, integer, public, real, show
from gpusyn.parameters.table import Parameter
from gpusyn.parameters.units import as_array, as_floats
from gpusyn.parameters.values import values
from gpusyn.parameters.waveform import HIGHEST_RATE, Waveform, check_columns, number_array_or_waveform, rate_limit
from gpusyn.utils.typing import Floats, Whole

__all__ = ["GammaSource", "PoissonSource", "RateSource", "Source", "SpikeSource"]


RENEWALS = "advance_renewals"
SHAPES = 0.01, 1e6  # of gamma distributions of intervals
MOST_EVENTS = 1 << 20  # events of one source per step
MUST = "must be a sequence of times in ms, or one such sequence per neuron"


class Source(NeuronModel):
    """Base class of spike sources; a subclass says which kernel makes its spikes, and how many there can be.

    Attributes
    ----------
    KERNEL : str
        Name of the kernel: ``"advance_poisson"`` draws spikes from the source's `rate`, ``"advance_lists"`` copies its
        `times`, and ``"advance_renewals"`` draws intervals between spikes, of which each depends on the last one.
    """

    is_source = True
    KERNEL: ClassVar[str]

    @property
    def kernel(self) -> str:
        """Name of the kernel of this source; it may follow from its parameters."""
        return self.KERNEL

    def _take(self, max_events: Any, **given: Any) -> None:
        """Keep the checked parameters and, once it is checked too, the declared maximum of events."""
        self._describe(given)
        if max_events is not None:
            self._set(max_events=integer(max_events, f"{self.kind}.max_events", low=1, high=MOST_EVENTS))


class RateSource(Source):
    """Base class of sources that draw their spikes, at rates.

    Attributes
    ----------
    rate_max : float or None
        Largest rate (Hz) that may be set, if it was declared.
    rate_bound : float
        Rate (Hz) for which sums are planned.
    """

    rate_max: float | None
    rate_bound: float
    RATES: ClassVar[tuple[Parameter, ...]] = (
        Parameter("rate", 10.0, "Hz", "rate of each neuron: a number, an array or a Waveform"),
        Parameter("rate_max", None, "Hz", "largest rate that may be set; none: the largest rate given"),
        Parameter("max_events", None, "", "declared maximum of events per step; none: chosen from the rate"),
    )

    def _take_rate(self, rate: Any, rate_max: Any, max_events: Any, **given: Any) -> None:
        """Keep checked rates, other parameters that are checked already, and the declared limits."""
        kept = number_array_or_waveform(
            rate, None, f"{type(self).__name__}.rate", unit="Hz", low=0.0, high=HIGHEST_RATE
        )
        self._take(max_events, rate=kept, **given)
        bound = rate_limit(kept, rate_max, f"{type(self).__name__}.rate_max")
        self._set(rate_max=None if rate_max is None else bound, rate_bound=bound)

    def check_size(self, size: int, where: str) -> None:
        """Check that an array has one rate per neuron, and a waveform one for all or one column per neuron."""
        super().check_size(size, where)
        if isinstance(self.rate, Waveform):
            check_columns(self.rate, size, f"{where}: {self.kind}.rate")


class PoissonSource(RateSource):
    """A source of independent Poisson spike trains, one per neuron, which may be refractory.

    With a `dead_time`, an interval between two spikes is that time and an exponentially distributed one, which is so
    short that the mean rate is `rate` (Deger, Helias, Boucsein and Rotter 2012, Journal of Computational Neuroscience
    32, 443-463). It is so from the first step on: at the beginning, some sources are dead as they would be later. Where
    `rate` is a waveform r(t), a source that is not dead fires at the rate r(t) / (1 - n(t)), with the mean number n(t)
    of spikes in the dead time before t, which keeps the mean rate at r(t). A rate that is set between two runs is
    reached within a dead time.

    Parameters
    ----------
    rate : float, array or Waveform
        Rate of each neuron (Hz), 0 to 1e6; a Waveform has values for all, or a column for each neuron.
    dead_time : float, optional
        Time after a spike without another (ms), >= 0; the product with every rate must be below 1.
    rate_max : float, optional
        Largest rate (Hz) to which :meth:`gpusyn.Simulator.set` may change a rate; by default the largest rate given.
        The integer sums of the receptors that these sources excite are planned for it.
    max_events : int, optional
        Declared maximum of events of one neuron per step, 1 to 2**20; more are dropped. The default is so high that
        none is ever dropped.

    Raises
    ------
    ArgumentError
        If the rate is not a number, an array or a waveform, `dead_time` is not a number, or `max_events` is not a whole
        number.
    ParameterError
        If a value is out of range, or a rate is so high that intervals would be shorter than the dead time.

    Examples
    --------
    >>> PoissonSource(20)
    PoissonSource(rate=20)
    >>> PoissonSource(20, dead_time=2)
    PoissonSource(rate=20, dead_time=2)
    """

    KERNEL = "advance_poisson"
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        RateSource.RATES[0],
        Parameter("dead_time", 0.0, "ms", "time after a spike without another"),
        *RateSource.RATES[1:],
    )

    @public
    def __init__(
        self,
        rate: float | npt.ArrayLike | Waveform = 10.0,
        *,
        dead_time: float = 0.0,
        rate_max: float | None = None,
        max_events: Whole | None = None,
    ) -> None:
        dead = real(dead_time, "PoissonSource.dead_time", unit="ms", low=0.0)
        self._take_rate(rate, rate_max, max_events, **({"dead_time": dead} if dead else {}))
        self._check_interval("PoissonSource.rate" if rate_max is None else "PoissonSource.rate_max")

    @property
    def dead_time(self) -> float:
        """Time after a spike without another (ms)."""
        found: float = self.values.get("dead_time", 0.0)
        return found

    @property
    def kernel(self) -> str:
        """Name of the kernel of this source: another one if it has a dead time."""
        return RENEWALS if self.dead_time else self.KERNEL

    @property
    def shape(self) -> float:
        """Shape of the exponential distribution as a gamma distribution."""
        return 1.0

    def _check_interval(self, where: str) -> None:
        """Check that the shortest mean interval is longer than the dead time."""
        if self.rate_bound * self.dead_time * 1e-3 >= 1.0:
            raise ParameterError(
                f"{where}: must be below 1 / dead_time = {1e3 / self.dead_time:g} Hz, with dead_time = "
                f"{self.dead_time:g} ms (got {self.rate_bound:g}); lower the rate or the dead time"
            )

    def most_events(self, dt: float, where: str) -> int:
        """Return the declared maximum of events of one neuron per step, or one that is hardly ever exceeded."""
        if self.max_events or not self.dead_time:
            return self.max_events or most_poisson_events(self.rate_bound, dt)
        free = self.rate_bound / (1.0 - self.rate_bound * self.dead_time * 1e-3)
        return min(1 + int(min(dt / self.dead_time, MOST_EVENTS)), most_renewals(free * dt * 1e-3, 1.0))


class GammaSource(RateSource):
    """A source of independent gamma-distributed intervals between spikes, one train per neuron.

    The shape says how regular spikes are: 1 is a Poisson process, and the coefficient of variation of intervals is
    1 / sqrt(shape). The mean rate is `rate` from the first step on: the first interval is what is left of one at a
    random time (Cox 1962, Renewal Theory). Where the rate changes, intervals have a gamma distribution in the time that
    is measured by the integral of the rate (Brown, Barbieri, Ventura, Kass and Frank 2002, Neural Computation 14,
    325-346).

    Parameters
    ----------
    rate : float, array or Waveform
        Rate of each neuron (Hz), 0 to 1e6; a Waveform has values for all, or a column for each neuron.
    shape : float or array
        Shape of the gamma distribution of each neuron (1), 0.01 to 1e6.
    rate_max : float, optional
        Largest rate (Hz) to which :meth:`gpusyn.Simulator.set` may change a rate; by default the largest rate given.
        The integer sums of the receptors that these sources excite are planned for it.
    max_events : int, optional
        Declared maximum of events of one neuron per step, 1 to 2**20; more are dropped. The default is so high that
        none is ever dropped.

    Raises
    ------
    ArgumentError
        If the rate is not a number, an array or a waveform, the shape is not a number or an array, or `max_events` is
        not a whole number.
    ParameterError
        If a value is out of range.

    Examples
    --------
    >>> GammaSource(20, shape=4)
    GammaSource(rate=20, shape=4)
    """

    KERNEL = RENEWALS
    dead_time: ClassVar[float] = 0.0
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        RateSource.RATES[0],
        Parameter("shape", 2.0, "", "shape of the gamma distribution of intervals: a number or an array"),
        *RateSource.RATES[1:],
    )

    @public
    def __init__(
        self,
        rate: float | npt.ArrayLike | Waveform = 10.0,
        shape: float | npt.ArrayLike = 2.0,
        *,
        rate_max: float | None = None,
        max_events: Whole | None = None,
    ) -> None:
        kept = values(shape, None, "GammaSource.shape", drawn=False, low=SHAPES[0], high=SHAPES[1])
        self._take_rate(rate, rate_max, max_events, shape=kept)

    def most_events(self, dt: float, where: str) -> int:
        """Return the declared maximum of events of one neuron per step, or one that is hardly ever exceeded."""
        return self.max_events or most_renewals(self.rate_bound * dt * 1e-3, float(np.min(self.shape)))


class SpikeSource(Source):
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

    KERNEL = "advance_lists"
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        Parameter("times", None, "ms", "spike times: one list for all neurons, or one list per neuron"),
        Parameter("max_events", None, "", "declared maximum of events per step; none: counted"),
    )

    @public
    def __init__(self, times: Any, *, max_events: int | None = None) -> None:
        self._take(max_events, times=spike_times(times, "SpikeSource.times"))

    def check_size(self, size: int, where: str) -> None:
        """Check that there is one list for all neurons, or one list per neuron."""
        if isinstance(self.times, tuple):
            super().check_size(size, where)

    def most_events(self, dt: float, where: str) -> int:
        """Return the declared maximum of events of one neuron per step, or the number that is listed."""
        found = most_coincident(self.times, dt)
        if self.max_events is not None and self.max_events < found:
            raise ParameterError(
                f"{where}: {found} spike times of one neuron fall into one step, "
                f"more than max_events = {self.max_events}; raise max_events"
            )
        return self.max_events or found

    def __repr__(self) -> str:
        if isinstance(self.times, tuple):
            return f"SpikeSource({sum(map(len, self.times))} spikes of {len(self.times)} neurons)"
        return f"SpikeSource({len(self.times)} spikes)"


def most_poisson_events(rate_max: float, dt: float) -> int:
    """Return a count per step that Poisson events of at most the given rate (Hz) hardly ever exceed."""
    return poisson_cap(rate_max * dt * 1e-3)


def poisson_cap(mean: float) -> int:
    """Return a count that a Poisson variable of the given mean exceeds with probability below 1e-18."""
    if mean > 20:
        return int(mean + 9 * math.sqrt(mean) + 32)
    k, term = 0, 1.0
    while term > 1e-18:  # the tail beyond k is at most mean^(k+1)/(k+1)!
        k += 1
        term *= mean / k
    return max(k, 1)


def most_coincident(times: Floats | tuple[Floats, ...], dt: float, now: int = 0) -> int:
    """Return the largest number of times in one list that are rounded to the same step after `now`."""
    most = 1
    for train in times if isinstance(times, tuple) else (times,):
        steps = rounded_steps(train, dt, low=now + 1)
        if len(steps):
            most = max(most, int(np.unique(steps, return_counts=True)[1].max()))
    return most


def spike_times(times: Any, where: str) -> Floats | tuple[Floats, ...]:
    """Return sorted times: one array for all neurons, or one array per neuron."""
    nested = isinstance(times, (list, tuple)) or (
        type(times) is np.ndarray and times.ndim > 0 and (times.ndim > 1 or times.dtype == object)
    )
    if nested and any(as_array(item, where, MUST).ndim > 0 for item in times):
        if type(times) is np.ndarray and times.ndim > 2:
            raise ParameterError(f"{where}: must be one list of times, or one per neuron (got shape {times.shape})")
        return tuple(_sorted_times(train, f"{where}[{k}]") for k, train in enumerate(times))
    return _sorted_times(times, where)


def _sorted_times(times: Any, where: str) -> Floats:
    array = as_floats(times, where, "ms", MUST)
    if array.ndim != 1:
        raise ArgumentError(f"{where}: {MUST} (got {show(times)}); write [{show(times)}] for one spike")
    Limits("ms", low=0.0).check(array, where)
    return frozen(np.sort(array))

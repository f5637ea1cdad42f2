"""Renewal processes: sources whose intervals have a gamma distribution, or that are dead for a time after a spike."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.inputs.courses import StepTimes, Write, step_mean
from gpusyn.builder.inputs.poisson import has_columns, is_apart
from gpusyn.builder.layout import Layout
from gpusyn.builder.places import PlacedPopulation
from gpusyn.equations.renewals import RenewalCoefficients, renewal_coefficients
from gpusyn.kernels.arrays import array_name
from gpusyn.kernels.records import Renewal, SourceChunk, write_rows
from gpusyn.neurons.sources import RENEWALS, Source
from gpusyn.numerics.poisson import check_mean
from gpusyn.numerics.rng import StreamPurpose, stream_key
from gpusyn.parameters.waveform import Waveform, mean_of
from gpusyn.utils.typing import Array, Floats

Rate = float | Floats | Waveform


class RenewalInput(NamedTuple):
    """The sources of a population: their rate (Hz), dead time (ms) and shape."""

    place: PlacedPopulation
    rate: Rate
    dead_time: float
    shape: float | Floats

    @property
    def rates(self) -> int:
        """Number of rates in a step: one for all sources, or one for each."""
        return self.place.size if is_apart(self.rate) else 1


class RenewalTables:
    """The populations of renewal processes of a layout.

    Attributes
    ----------
    inputs : dict of str to RenewalInput
        The sources of each population, by its name.
    """

    def __init__(self, layout: Layout, seed: int, trial: int, models: Mapping[str, Source]) -> None:
        self.layout, self._seed, self._trial = layout, seed, trial
        self.inputs: dict[str, RenewalInput] = {}
        for place in layout.sources(RENEWALS):
            name = place.population.name
            model: Any = models[name]
            check_mean(model.rate_bound * layout.dt * 1e-3)
            self.inputs[name] = RenewalInput(place, model.rate, model.dead_time, model.shape)
        self.rows = self._rows()

    def with_rate(self, name: str, rate: Rate) -> tuple[RenewalTables, list[Write]] | None:
        """Return the tables with another rate of a population, and the values that differ.

        Return None if the tables of the new rate have other shapes.
        """
        before, changed = self.inputs[name], copy.copy(self)
        if type(rate) is not type(before.rate) or is_apart(rate) != is_apart(before.rate):
            return None
        changed.inputs = self.inputs | {name: before._replace(rate=rate)}
        if isinstance(rate, Waveform):
            return changed, []
        place = self.rows[list(self.inputs).index(name)].advance
        return changed, [Write(_array("advances"), self._constant(changed.inputs[name]), place)]

    def with_trial(self, trial: int) -> RenewalTables:
        """Return the tables with the random streams of another trial."""
        changed = copy.copy(self)
        changed._trial = trial
        changed.rows = changed._rows()
        return changed

    @property
    def _waveforms(self) -> list[RenewalInput]:
        """Sources whose rates change with time."""
        return [one for one in self.inputs.values() if isinstance(one.rate, Waveform)]

    @property
    def width(self) -> int:
        """Number of values that the host writes for each step: of rates for all of a population, or for each source."""
        return sum(one.rates for one in self._waveforms)

    @property
    def n_constant(self) -> int:
        """Number of rates that do not change; the values of those that do follow them."""
        return sum(one.rates for one in self.inputs.values() if not isinstance(one.rate, Waveform))

    def _rows(self) -> list[Renewal]:
        rows: list[Renewal] = []
        constant, varying, intervals, waiting = 0, self.n_constant, 0, 0
        for name, one in self.inputs.items():
            varies = isinstance(one.rate, Waveform)
            key = stream_key(self._seed, StreamPurpose.RENEWAL, name, self._trial)
            rows.append(
                Renewal(
                    key_low=key & 0xFFFFFFFF,
                    key_high=key >> 32,
                    advance=varying if varies else constant,
                    advance_step=int(is_apart(one.rate)),
                    time_step=self.width if varies else 0,
                    intervals=intervals,
                    interval_step=len(RenewalCoefficients._fields) if np.ndim(one.shape) else 0,
                    waiting=waiting,
                    most_events=one.place.most_events,
                )
            )
            constant += 0 if varies else one.rates
            varying += one.rates if varies else 0
            intervals += len(RenewalCoefficients._fields) * np.size(one.shape)
            waiting += one.place.size
        return rows

    def _constant(self, one: RenewalInput) -> Floats:
        """Return what passes of an interval in each step at a rate that does not change."""
        rate = np.atleast_1d(np.asarray(one.rate, np.float64)) * 1e-3
        return rate * self.layout.dt / (1.0 - rate * one.dead_time)

    def _changing(self, one: RenewalInput, times: StepTimes) -> Floats:
        """Return what passes of an interval in each of some steps (rows): more while some sources are dead."""
        assert isinstance(one.rate, Waveform)
        rate = self._means(one.rate, times.middle) * 1e-3
        return rate * self.layout.dt / (1.0 - self._dead(one.rate, one.dead_time, times.middle))

    def _dead(self, rate: Waveform, dead_time: float, middle: Floats) -> Floats | float:
        """Return the part of the sources that are dead at some times: all that had a spike in the dead time before.

        Before the beginning, the rate was that of the first step.
        """
        if not dead_time:
            return 0.0
        first = self._means(rate, np.array([0.5 * self.layout.dt]))
        begin = np.maximum(middle - dead_time, 0.0)
        span = (middle - begin)[:, np.newaxis]
        spikes = mean_of(rate, begin, middle).reshape(len(middle), -1) * span + first * (dead_time - span)
        return spikes * 1e-3

    def _means(self, rate: Waveform, middle: Floats) -> Floats:
        """Return the means of a rate over some steps: a row for each, of one value for all or one for each source."""
        return step_mean(rate, self.layout.dt, middle).reshape(len(middle), -1)

    def varying(self, times: StepTimes) -> Floats:
        """Return what passes of an interval in each of some steps (rows), where the rate changes."""
        return np.concatenate([self._changing(one, times) for one in self._waveforms], axis=1)

    def arrays(self, steps: int) -> dict[str, Array]:
        """Return the tables by name, with room for the rates of `steps` steps."""
        if not self.inputs:
            return {}
        constant = [self._constant(one) for one in self.inputs.values() if not isinstance(one.rate, Waveform)]
        found = {
            "chunks": write_rows(list(self._chunks()), SourceChunk),
            "renewals": write_rows(self.rows, Renewal),
            "advances": np.concatenate([*constant, np.zeros(steps * self.width + 1)]),
            "intervals": np.concatenate([self._intervals(one) for one in self.inputs.values()]),
        }
        return {_array(name): array for name, array in found.items()}

    def _intervals(self, one: RenewalInput) -> Floats:
        coefficients = renewal_coefficients(one.shape, one.dead_time / self.layout.dt)
        return np.stack(coefficients, axis=1).reshape(-1)

    def _chunks(self) -> Iterator[SourceChunk]:
        """Yield the units of work, some sources of one population each."""
        for row, one in enumerate(self.inputs.values()):
            for offset, size in self.layout.pieces(one.place):
                yield SourceChunk(source=one.place.sender(offset), offset=offset, size=size, drive=row)


def renewing_columns(layout: Layout) -> int:
    """Return the number of sources whose rates change in time for each apart."""
    sources: list[tuple[Any, int]] = [(place.population.model, place.size) for place in layout.sources(RENEWALS)]
    return sum(size for model, size in sources if has_columns(model.rate))


def _array(name: str) -> str:
    return array_name(name, kernel=RENEWALS)

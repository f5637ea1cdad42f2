"""Poisson events: the drives, which are private input to neurons, and the populations of Poisson sources."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.inputs.courses import Places, StepTimes, Write, consecutive, step_mean, window
from gpusyn.builder.layout import Layout
from gpusyn.builder.places import PlacedPopulation
from gpusyn.kernels.arrays import array_name
from gpusyn.kernels.records import NEVER, LimitSet, PoissonDrive, SourceChunk, write_rows
from gpusyn.network import stimulus
from gpusyn.neurons.sources import Source, most_poisson_events
from gpusyn.numerics.poisson import Pieces, pieces_of, poisson_limits
from gpusyn.numerics.rng import Stream, StreamPurpose, stream_key
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.waveform import Waveform
from gpusyn.utils.typing import Array, Floats, Integers

NO_WEIGHT = np.zeros(0)
LIMITS = "find_limits"  # the kernel that makes the limits of rates of their own


class Own(NamedTuple):
    """The elements `ids` of `size`, each of which has a rate of its own that changes in time; the others have none."""

    size: int
    ids: Places


class PoissonInput(NamedTuple):
    """A drive, or the input of Poisson sources, before its rates and weights have a place in the tables.

    Attributes
    ----------
    purpose, name : StreamPurpose and str
        Purpose and name of its random stream.
    rate : ndarray of float64, shape (1,) or (size,), or Waveform
        Mean events per step, one for all elements or one per element; or a waveform (Hz).
    pieces : Pieces
        How its counts are drawn, up to the largest rate that may be set.
    most_events : int
        Upper limit on the events of one element per step.
    input : int
        Index of the integer sum to which it adds, among those of its neurons.
    weight : ndarray, shape (1,) or (size,)
        Weight in quanta, one for all elements or one per element.
    start, stop : int
        First step, and the step after the last.
    own : Own or None
        The elements, if each has limits that change in time; `rate` is then for `own.ids`.
    """

    purpose: StreamPurpose
    name: str
    rate: Array | Waveform
    pieces: Pieces
    most_events: int
    input: int = 0
    weight: Array = NO_WEIGHT
    start: int = 0
    stop: int = NEVER
    own: Own | None = None

    @property
    def row(self) -> int:
        """Number of words of the limits of one rate."""
        return 2 * self.pieces.levels

    @property
    def course(self) -> Waveform | None:
        """The rate of all elements if it changes in time, so that each step has its limits."""
        return self.rate if isinstance(self.rate, Waveform) and self.own is None else None

    @property
    def sets(self) -> int:
        """Number of sets of limits, in all steps if the rate does not change."""
        return self.own.size if self.own else 1 if isinstance(self.rate, Waveform) else self.rate.size

    def means(self, middle: Floats, dt: float) -> Floats:
        """Return the mean events per step of `own.ids`, or of all elements, in the steps around some times."""
        if isinstance(self.rate, Waveform):
            means = step_mean(self.rate, dt, middle)
            means *= dt
            means *= 1e-3
            return means.reshape(len(middle), -1)
        return self.rate.reshape(1, -1)


class Reach(NamedTuple):
    """Neurons (or sources) of one population whose values begin at `offset` in a rate, and their row of the tables."""

    row: int
    place: PlacedPopulation
    ids: Integers
    offset: int


class PoissonTables:
    """The drives and Poisson sources of a layout.

    Attributes
    ----------
    seed, trial : int
        Seed and trial of the random streams.
    inputs : list of PoissonInput
        The input of each row.
    rows : list of PoissonDrive
        The drives, sorted by population, then one for each population of Poisson sources.
    drive_range : dict of str to (int, int)
        First and one past the last drive of each population.
    chunks : list of SourceChunk
        Units of work of the Poisson sources.
    """

    def __init__(
        self, layout: Layout, seed: int, trial: int, drives: Mapping[str, stimulus.Drive], models: Mapping[str, Source]
    ) -> None:
        self.layout, self.seed, self.trial = layout, seed, trial
        self.inputs: list[PoissonInput] = []
        self._reaches: dict[str, list[Reach]] = {}  # by the name of the drive, or of the population of sources
        self.drive_range: dict[str, tuple[int, int]] = {}
        for name, place in layout.populations.items():
            begin = len(self.inputs)
            for drive in drives.values():
                for ids, offset in _parts(drive, place):
                    self._add_drive(drive, Reach(len(self.inputs), place, ids, offset))
            self.drive_range[name] = begin, len(self.inputs)
        self.chunks: list[SourceChunk] = []
        for place in layout.sources("advance_poisson"):
            self.chunks += (
                SourceChunk(source=place.sender(offset), offset=offset, size=size, drive=len(self.inputs))
                for offset, size in layout.pieces(place)
            )
            name = place.population.name
            self._add_source(models[name], Reach(len(self.inputs), place, place.population.parts[0].ids, 0))
        self.rows = self._rows()

    def _add_drive(self, drive: stimulus.Drive, reach: Reach) -> None:
        """Add the drive of a part of a population: the others have rate 0 if each has its own, else weight 0."""
        layout, place = self.layout, reach.place
        weight = drive_weights(drive, self.seed)
        if weight.ndim:
            weight = weight[reach.offset : reach.offset + len(reach.ids)]
        own = _own(layout.net.drives[drive.name].rate, reach)
        if len(reach.ids) < place.size and (weight.ndim or not (own or isinstance(drive.rate, np.ndarray))):
            weight = _spread(weight, reach.ids, place.size)
        k = [r.name for r in place.population.receptors].index(drive.receptor)
        on, off = window(drive, layout.dt, f"Drive '{drive.name}'")
        self._reaches.setdefault(drive.name, []).append(reach)
        self.inputs.append(
            PoissonInput(
                purpose=StreamPurpose.DRIVE,
                name=f"{drive.name}\0{place.population.name}",
                rate=self._rate(drive.rate, reach, own),
                pieces=self._pieces(drive.rate_max),
                most_events=most_poisson_events(drive.rate_max, layout.dt),
                input=layout.groups[place.group].signature.layout()[k].input,
                weight=np.rint(np.ldexp(weight, -place.sums[k].quantum.exponent)),
                start=round(on / layout.dt),
                stop=NEVER if np.isinf(off) else round(off / layout.dt),
                own=own,
            )
        )

    def _add_source(self, model: Any, reach: Reach) -> None:
        """Add a population of Poisson sources."""
        name = reach.place.population.name
        self._reaches[name] = [reach]
        described: Any = reach.place.population.model
        own = _own(described.rate, reach)
        rate, pieces = self._rate(model.rate, reach, own), self._pieces(model.rate_bound)
        self.inputs.append(PoissonInput(StreamPurpose.SOURCE, name, rate, pieces, reach.place.most_events, own=own))

    def _rate(self, rate: float | Floats | Waveform, reach: Reach, own: Own | None) -> Array | Waveform:
        """Return the mean events per step of all neurons; or of each of them, 0 outside the part; or the waveform."""
        part = slice(reach.offset, reach.offset + len(reach.ids))
        if isinstance(rate, Waveform):
            return rate.part(part)
        if isinstance(rate, np.ndarray):
            rate = rate[part]
            if len(reach.ids) < reach.place.size and not own:
                rate = _spread(rate, reach.ids, reach.place.size)
        return np.asarray(np.asarray(rate, float) * self.layout.dt * 1e-3)

    def _pieces(self, rate_max: float) -> Pieces:
        """Return how the counts of rates up to a largest one (Hz) are drawn."""
        return pieces_of(rate_max * self.layout.dt * 1e-3)

    def with_rate(self, name: str, rate: float | Floats | Waveform) -> tuple[PoissonTables, list[Write]] | None:
        """Return the tables with another rate of a drive or a population of sources, and the values that differ.

        Return None if the tables of the new rate have other shapes.
        """
        changed, writes = copy.copy(self), []
        changed.inputs = list(self.inputs)
        for reach in self._reaches[name]:
            given = self.inputs[reach.row]
            before, after = given.rate, self._rate(rate, reach, given.own)
            changed.inputs[reach.row] = given._replace(rate=after)
            if given.own or (isinstance(before, Waveform) and isinstance(after, Waveform)):
                continue
            if isinstance(before, Waveform) or isinstance(after, Waveform) or before.shape != after.shape:
                return None
            writes.append(Write("drive_limits", _limits(changed.inputs[reach.row]), self.rows[reach.row].limits))
        return changed, writes

    def with_trial(self, trial: int) -> PoissonTables:
        """Return the tables with the random streams of another trial."""
        changed = copy.copy(self)
        changed.trial = trial
        changed.rows = changed._rows()
        return changed

    @property
    def waveforms(self) -> list[Waveform]:
        """Rates that change with time, each for all elements of a drive or all sources."""
        return [i.course for i in self.inputs if i.course]

    @property
    def own(self) -> list[PoissonInput]:
        """Inputs whose elements have rates of their own that change with time."""
        return [i for i in self.inputs if i.own]

    @property
    def n_constant(self) -> int:
        """Number of words of the limits that the host does not write in each step; the others follow them."""
        return sum(i.row * i.sets for i in self.inputs if not i.course)

    def _rows(self) -> list[PoissonDrive]:
        rows: list[PoissonDrive] = []
        constant, varying, weight = 0, self.n_constant, 0  # places of the next limits and weight
        time_step = sum(i.row for i in self.inputs if i.course)
        for i in self.inputs:
            varies = i.course is not None
            key = stream_key(self.seed, i.purpose, i.name, self.trial)
            rows.append(
                PoissonDrive(
                    key_low=key & 0xFFFFFFFF,
                    key_high=key >> 32,
                    input=i.input,
                    limits=varying if varies else constant,
                    limit_step=1 if i.own else 0 if isinstance(i.rate, Waveform) else i.rate.ndim,
                    level_step=i.sets,
                    time_step=time_step if varies else 0,
                    levels=i.pieces.levels,
                    pieces=i.pieces.number,
                    weight=weight if i.weight.size else 0,
                    weight_step=i.weight.ndim if i.weight.size else 0,
                    most_events=i.most_events,
                    start=i.start,
                    stop=i.stop,
                )
            )
            constant += 0 if varies else i.row * i.sets
            varying += i.row if varies else 0
            weight += i.weight.size
        return rows

    def varying_limits(self, times: StepTimes) -> Array:
        """Return the limits of the waveforms, one row per step."""
        rows = []
        for i in self.inputs:
            if i.course:
                mean = i.means(times.middle, self.layout.dt)[:, 0]
                rows.append(poisson_limits(mean, i.pieces).reshape(-1, len(mean)).T)
        return np.concatenate(rows, axis=1)

    def own_means(self, times: StepTimes) -> Floats:
        """Return the mean events of a piece of each element that has a rate of its own, one row per step."""
        found = np.zeros((len(times.middle), sum(i.sets for i in self.own)))
        place = 0
        for i in self.own:
            assert i.own
            own = found[:, place : place + i.own.size]
            own[:, i.own.ids] = i.means(times.middle, self.layout.dt) / i.pieces.number
            place += i.own.size
        return found

    def _limit_sets(self) -> list[LimitSet]:
        sets, mean = [], 0
        for i, row in zip(self.inputs, self.rows, strict=True):
            if i.own:
                sets.append(LimitSet(i.own.size, i.pieces.levels, row.limits, mean))
                mean += i.own.size
        return sets

    def drive_rows(self) -> dict[str, Array]:
        """Return the table of drives by its name."""
        return {"drives": write_rows(self.rows, PoissonDrive)}

    def arrays(self, steps: int) -> dict[str, Array]:
        """Return the tables by name, with room for the waveforms' limits in `steps` steps."""
        limits = [_limits(i) for i in self.inputs if not i.course]
        room = steps * sum(i.row for i in self.inputs if i.course) + 1  # no array may be empty
        weights = [np.atleast_1d(i.weight) for i in self.inputs]
        chunks = {array_name("chunks", kernel="advance_poisson"): write_rows(self.chunks, SourceChunk)}
        own = {array_name("sets", kernel=LIMITS): write_rows(self._limit_sets(), LimitSet)}
        return (
            (chunks if self.chunks else {})
            | (own if self.own else {})
            | {
                **self.drive_rows(),
                "drive_limits": np.concatenate([*limits, np.zeros(room, np.uint32)]),
                "drive_weight": np.concatenate([*weights, np.zeros(1)]).astype(self.layout.numbers.acc_dtype),
            }
        )


def _limits(given: PoissonInput) -> Array:
    """Return the limits of a rate that does not change; none yet where a kernel makes those of each step."""
    if isinstance(given.rate, Waveform) or given.own:
        return np.zeros(given.row * given.sets, np.uint32)
    return poisson_limits(given.rate, given.pieces).reshape(-1)


def has_columns(rate: float | Floats | Waveform) -> bool:
    """Return True if a rate changes in time for each element apart."""
    return isinstance(rate, Waveform) and rate.columns is not None


def is_apart(rate: float | Floats | Waveform) -> bool:
    """Return True if each element has a rate of its own, so that it is 0 outside a part of a population."""
    return isinstance(rate, np.ndarray) or has_columns(rate)


def _own(described: float | Floats | Waveform, reach: Reach) -> Own | None:
    """Return the elements, if the described rate changes for each of them apart; later ones may be any rates."""
    return Own(reach.place.size, consecutive(np.asarray(reach.ids))) if has_columns(described) else None


class OwnRates(NamedTuple):
    """The elements of a drive, or sources, that have rates of their own, and the words of their limits."""

    size: int
    words: int


def own_rates(layout: Layout) -> list[OwnRates]:
    """Return the drives and sources whose rates change in time for each element apart."""
    drives = [d for d in layout.net.drives.values() if has_columns(d.rate)]
    found = [(layout.populations[p.population.name].size, d.rate_max) for d in drives for p in d.target.parts]
    sources: list[tuple[Any, int]] = [(p.population.model, p.size) for p in layout.sources("advance_poisson")]
    found += [(size, model.rate_bound) for model, size in sources if has_columns(model.rate)]
    return [OwnRates(size, 2 * pieces_of(most * layout.dt * 1e-3).levels * size) for size, most in found]


def _parts(drive: stimulus.Drive, place: PlacedPopulation) -> Iterator[tuple[Integers, int]]:
    """Yield the neurons of a population that a drive reaches, and where their values begin in those of its target."""
    offset = 0
    for population, ids in drive.target.parts:
        if population is place.population:
            yield ids, offset
        offset += len(ids)


def drive_weights(drive: stimulus.Drive, seed: int) -> Floats:
    """Return the weights of a drive: one number, or one per neuron of its target."""
    given = drive.weight
    if isinstance(given, Distribution):
        given = given.checked_draw(
            Stream(stream_key(seed, StreamPurpose.WEIGHT, drive.name)), np.arange(drive.target.size)
        )
    return np.asarray(given, float)


def _spread(values: Any, ids: Array, size: int) -> Floats:
    """Return one value per neuron of a population: `values` at `ids`, 0 elsewhere."""
    everyone = np.zeros(size)
    everyone[ids] = values
    return everyone

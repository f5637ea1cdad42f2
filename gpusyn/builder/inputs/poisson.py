"""Poisson events: the drives, which are private input to neurons, and the populations of Poisson sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.inputs.courses import StepTimes, step_mean, window
from gpusyn.builder.layout import Layout, PlacedPopulation
from gpusyn.kernels.arrays import array_name
from gpusyn.kernels.records import CHUNK, NEVER, PoissonDrive, SourceChunk, write_rows
from gpusyn.network import stimulus
from gpusyn.neurons.sources import most_poisson_events
from gpusyn.numerics.rng import Stream, StreamPurpose, poisson_parameters, stream_key
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.waveform import Waveform
from gpusyn.utils.typing import Array, Floats

NO_WEIGHT = np.zeros(0)


class PoissonInput(NamedTuple):
    """A drive, or the input of Poisson sources, before its rates and weights have a place in the tables.

    Attributes
    ----------
    key : int
        Key of its random stream.
    rate : ndarray of float64, shape (1,) or (size,), or Waveform
        Mean events per step, one for all elements or one per element; or a waveform for all (Hz).
    most_events : int
        Upper limit on the events of one element per step.
    input : int
        Index of the integer sum to which it adds, among those of its neurons.
    weight : ndarray, shape (1,) or (size,)
        Weight in quanta, one for all elements or one per element.
    start, stop : int
        First step, and the step after the last.
    """

    key: int
    rate: Array | Waveform
    most_events: int
    input: int = 0
    weight: Array = NO_WEIGHT
    start: int = 0
    stop: int = NEVER


class PoissonTables:
    """The drives and Poisson sources of a layout.

    Attributes
    ----------
    rows : list of PoissonDrive
        The drives, sorted by population, then one for each population of Poisson sources.
    drive_range : dict of str to (int, int)
        First and one past the last drive of each population.
    chunks : list of SourceChunk
        Units of work of the Poisson sources.
    waveforms : list of Waveform
        Rates that change with time.
    n_constant : int
        Number of rates that do not change; those of waveforms follow them.
    """

    def __init__(self, layout: Layout, seed: int) -> None:
        self.layout = layout
        inputs: list[PoissonInput] = []
        self.drive_range: dict[str, tuple[int, int]] = {}
        for name, place in layout.populations.items():
            begin = len(inputs)
            inputs += _drives(layout, seed, place)
            self.drive_range[name] = begin, len(inputs)
        self.chunks: list[SourceChunk] = []
        for place in layout.sources("advance_poisson"):
            self.chunks += _chunks(place, len(inputs))
            inputs.append(_source(layout, seed, place))
        self.waveforms = [i.rate for i in inputs if isinstance(i.rate, Waveform)]
        self._means = [np.atleast_1d(i.rate) for i in inputs if not isinstance(i.rate, Waveform)]
        self._weights = [np.atleast_1d(i.weight) for i in inputs]
        self.n_constant = sum(len(mean) for mean in self._means)
        self.rows = self._rows(inputs)

    def _rows(self, inputs: list[PoissonInput]) -> list[PoissonDrive]:
        rows: list[PoissonDrive] = []
        rate, wave, weight = 0, 0, 0  # places of the next rate, waveform and weight
        for i in inputs:
            varies = isinstance(i.rate, Waveform)
            rows.append(
                PoissonDrive(
                    key_low=i.key & 0xFFFFFFFF,
                    key_high=i.key >> 32,
                    input=i.input,
                    rate=self.n_constant if varies else rate,
                    rate_step=0 if isinstance(i.rate, Waveform) else i.rate.ndim,
                    weight=weight if i.weight.size else 0,
                    weight_step=i.weight.ndim if i.weight.size else 0,
                    wave=wave if varies else -1,
                    n_waves=len(self.waveforms) if varies else 0,
                    most_events=i.most_events,
                    start=i.start,
                    stop=i.stop,
                )
            )
            rate += 0 if isinstance(i.rate, Waveform) else i.rate.size
            wave += varies
            weight += i.weight.size
        return rows

    def rates(self, times: StepTimes) -> tuple[Array, Array]:
        """Return the rates of the waveforms, one row per step: (mean and its exponential, pieces)."""
        dt = self.layout.dt
        mean = np.stack([step_mean(w, dt, times.middle) for w in self.waveforms], axis=1) * dt * 1e-3
        piece, p0, pieces, _ = poisson_parameters(mean.reshape(-1))
        return np.stack([piece, p0], axis=1), pieces

    def arrays(self, steps: int) -> dict[str, Array]:
        """Return the tables by name, with room for the waveforms' rates in `steps` steps."""
        room = steps * len(self.waveforms) + 1  # one more, because no array may be empty
        found = [poisson_parameters(mean) for mean in self._means]
        rates = [np.stack([piece, p0], axis=1) for piece, p0, _, _ in found]
        pieces = [pieces for _, _, pieces, _ in found]
        chunks = {array_name("chunks", kernel="advance_poisson"): write_rows(self.chunks, SourceChunk)}
        return (chunks if self.chunks else {}) | {
            "drives": write_rows(self.rows, PoissonDrive),
            "drive_rate": np.concatenate([*rates, np.zeros((room, 2))]).astype(np.float64),
            "drive_pieces": np.concatenate([*pieces, np.ones(room, np.int32)]).astype(np.int32),
            "drive_weight": np.concatenate([*self._weights, np.zeros(1)]).astype(self.layout.numbers.acc_dtype),
        }


def _drives(layout: Layout, seed: int, place: PlacedPopulation) -> Iterator[PoissonInput]:
    """Yield the drives of one population."""
    for drive in layout.net.drives.values():
        offset = 0
        for population, ids in drive.target.parts:
            if population is place.population:
                yield _drive(drive, layout, seed, place, np.asarray(ids), offset)
            offset += len(ids)


def _drive(
    drive: stimulus.Drive, layout: Layout, seed: int, place: PlacedPopulation, ids: Array, offset: int
) -> PoissonInput:
    """Return the drive of neurons `ids`, whose values begin at `offset` in those of its target.

    A drive of a part of a population has rate 0 (or weight 0) for the other neurons.
    """
    where = f"Drive '{drive.name}'"
    part = slice(offset, offset + len(ids))
    k = [r.name for r in place.population.receptors].index(drive.receptor)
    rate = drive.rate[part] if isinstance(drive.rate, np.ndarray) else drive.rate
    weight = _weight(drive, seed, part)
    if len(ids) < place.size:
        if weight.ndim or isinstance(rate, Waveform):
            weight = _spread(weight, ids, place.size)
        if not isinstance(rate, Waveform):
            rate = _spread(rate, ids, place.size)
    on, off = window(drive, layout.dt, where)
    return PoissonInput(
        key=stream_key(seed, StreamPurpose.DRIVE, f"{drive.name}\0{place.population.name}"),
        rate=rate if isinstance(rate, Waveform) else _mean(rate, layout.dt),
        most_events=most_poisson_events(drive.rate, layout.dt),
        input=layout.groups[place.group].signature.layout()[k].input,
        weight=np.rint(np.ldexp(weight, -place.rings[k].quantum.exponent)),
        start=round(on / layout.dt),
        stop=NEVER if np.isinf(off) else round(off / layout.dt),
    )


def _weight(drive: stimulus.Drive, seed: int, part: slice) -> Floats:
    """Return the weights of a part of a drive's target: one number, or one per neuron."""
    given = drive.weight
    if isinstance(given, Distribution):
        given = given.draw(Stream(stream_key(seed, StreamPurpose.WEIGHT, drive.name)), np.arange(drive.target.size))
    return np.asarray(given[part] if isinstance(given, np.ndarray) else given, float)


def _spread(values: Any, ids: Array, size: int) -> Floats:
    """Return one value per neuron of a population: `values` at `ids`, 0 elsewhere."""
    everyone = np.zeros(size)
    everyone[ids] = values
    return everyone


def _mean(rate: Any, dt: float) -> Floats:
    """Return the mean events per step of rates in Hz."""
    return np.asarray(np.asarray(rate, float) * dt * 1e-3)


def _source(layout: Layout, seed: int, place: PlacedPopulation) -> PoissonInput:
    """Return the input of a population of Poisson sources."""
    name, rate = place.population.name, place.population.model.rate
    return PoissonInput(
        key=stream_key(seed, StreamPurpose.SOURCE, name),
        rate=rate if isinstance(rate, Waveform) else _mean(rate, layout.dt),
        most_events=place.most_events,
    )


def _chunks(place: PlacedPopulation, drive: int) -> Iterator[SourceChunk]:
    """Yield the chunks of a population of Poisson sources, whose input is row `drive`."""
    for offset in range(0, place.size, CHUNK):
        yield SourceChunk(
            source=place.source + offset, offset=offset, size=min(CHUNK, place.size - offset), drive=drive
        )

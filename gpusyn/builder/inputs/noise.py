"""Injected currents that fluctuate: the tables of `gather_currents`."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.inputs.courses import window
from gpusyn.builder.layout import Layout
from gpusyn.builder.places import PlacedPopulation
from gpusyn.equations.noise import NoiseCoefficients, noise_coefficients
from gpusyn.kernels.arrays import Extents, array_name
from gpusyn.kernels.records import NEVER, NoiseCurrent, write_rows
from gpusyn.network.compartment_names import number_of
from gpusyn.network.populations import Part, Population
from gpusyn.network.stimulus import Injection
from gpusyn.numerics.rng import StreamPurpose, stream_key
from gpusyn.parameters.noise import Noise, OrnsteinUhlenbeck, WhiteNoise
from gpusyn.parameters.scalars import whole_steps
from gpusyn.utils.typing import Array, Floats

GATHER = "gather_currents"
NO_NOISE: Extents = {"noises": 0, "noisy neurons": 0, "noise coefficients": 0}


class Reach(NamedTuple):
    """Neurons of one population that an injection of noise reaches; their values begin at `offset` in its arrays."""

    injection: Injection
    place: PlacedPopulation
    part: Part
    offset: int

    @property
    def first(self) -> int:
        """Place of the first neuron in its population."""
        return int(self.part.span[0])

    @property
    def size(self) -> int:
        """Number of neurons from the first to the last; those between that are not reached have a noise of 0."""
        return int(self.part.span[-1]) + 1 - self.first

    @property
    def noise(self) -> Noise:
        """The noise."""
        assert isinstance(self.injection.current, Noise)
        return self.injection.current

    @property
    def rows(self) -> int:
        """Number of sets of coefficients: one for all neurons, or one for each."""
        own = any(isinstance(value, np.ndarray) for value in self.noise.values.values())
        return self.size if own or self.part.size < self.size else 1

    def coefficients(self, dt: float) -> Floats:
        """Return the coefficients, shape (coefficients, rows)."""
        values, own = self.noise.values, slice(self.offset, self.offset + self.part.size)
        mean, std, tau = (
            value[own] if isinstance(value, np.ndarray) else value
            for value in (values["mean"], values["std"], values.get("tau"))
        )
        c = noise_coefficients(dt, mean, std, tau)
        table = np.zeros((len(c), self.rows))
        table[:, self.part.ids - self.first if self.rows > 1 else slice(None)] = _rows(c, self.rows, self.part.size)
        return table


def _rows(c: NoiseCoefficients, rows: int, size: int) -> Floats:
    """Return coefficients with one value for all neurons, or one for each."""
    return np.stack([np.broadcast_to(np.asarray(one, np.float64), size if rows > 1 else 1) for one in c])


def reaches(layout: Layout, given: Mapping[str, Injection], *, everywhere: bool = False) -> Iterator[Reach]:
    """Yield the populations that noise reaches, in the order of the injections, with the neurons that have places.

    If `everywhere`, all neurons are meant.
    """
    for injection in given.values():
        if isinstance(injection.current, Noise):
            offset = 0
            for part in injection.target.parts:
                place = layout.populations[part.population.name]
                kept = slice(0, part.size) if everywhere else place.within(part.span)
                if kept.start < kept.stop:
                    yield Reach(injection, place, Part(part.population, part.span[kept]), offset + kept.start)
                offset += part.size


def noise_extents(layout: Layout) -> dict[int, Extents]:
    """Return the extents of the arrays of noise, by group."""
    found: dict[int, Extents] = {}
    for reach in reaches(layout, layout.net.injections):
        own = found.setdefault(reach.place.group, dict(NO_NOISE))
        own["noises"] += 1
        own["noisy neurons"] += reach.size
        own["noise coefficients"] += reach.rows * len(NoiseCoefficients._fields)
    return found


def noise_key(seed: int, trial: int, injection: Injection, population: Population) -> int:
    """Return the key of the numbers that an injection draws for the neurons of a population."""
    return stream_key(seed, StreamPurpose.CURRENT_NOISE, f"{injection.name}\0{population.name}", trial)


def check_noise(noise: Noise, dt: float, where: str) -> int:
    """Return the steps after which a noise gets a fresh number; refuse a time off the grid."""
    return whole_steps(noise.dt, dt, f"{where}: WhiteNoise.dt") if isinstance(noise, WhiteNoise) else 1


class NoiseTables:
    """The noise that is injected into the neurons of a layout, with the random streams of a trial."""

    def __init__(self, layout: Layout, seed: int, trial: int, given: Mapping[str, Injection]) -> None:
        self.layout, self.seed, self.trial, self.given = layout, seed, trial, given

    def replaced(self, given: Mapping[str, Injection]) -> NoiseTables:
        """Return the tables of other injections of the same names."""
        return NoiseTables(self.layout, self.seed, self.trial, given)

    def with_trial(self, trial: int) -> NoiseTables:
        """Return the tables with the random streams of another trial."""
        changed = copy.copy(self)
        changed.trial = trial
        return changed

    def arrays(self) -> dict[str, Array]:
        """Return the tables by name."""
        rows: dict[int, list[NoiseCurrent]] = {}
        tables: dict[int, list[Floats]] = {}
        for reach in reaches(self.layout, self.given):
            own = rows.setdefault(reach.place.group, []), tables.setdefault(reach.place.group, [])
            own[0].append(self._row(reach, own[0], sum(table.size for table in own[1])))
            own[1].append(reach.coefficients(self.layout.dt))
        real, found = self.layout.numbers.real_dtype, {}
        for group, own_rows in rows.items():
            coef: Any = np.concatenate([table.reshape(-1) for table in tables[group]])
            found[array_name("noises", kernel=GATHER, group=group)] = write_rows(own_rows, NoiseCurrent)
            found[array_name("noise_coef", kernel=GATHER, group=group)] = coef.astype(real)
        return found

    def _row(self, reach: Reach, before: list[NoiseCurrent], coef: int) -> NoiseCurrent:
        """Return the record of a noise, after those `before`, whose coefficients take up `coef` places."""
        injection, place, dt = reach.injection, reach.place, self.layout.dt
        where, group = f"Injection '{injection.name}'", self.layout.groups[place.group]
        key = noise_key(self.seed, self.trial, injection, place.population)
        on, off = window(injection, dt, where)
        first = place.first + reach.first
        return NoiseCurrent(
            key_low=key & 0xFFFFFFFF,
            key_high=key >> 32,
            first=first,
            size=reach.size,
            offset=reach.first,
            current=number_of(place.population, injection.compartment) * group.size + first,
            noise=sum(row.size for row in before),
            coef=coef,
            coef_step=int(reach.rows > 1),
            every=check_noise(reach.noise, dt, f"{where}.current"),
            lasts=int(isinstance(reach.noise, OrnsteinUhlenbeck)),
            start=round(on / dt),
            stop=NEVER if np.isinf(off) else round(off / dt),
        )

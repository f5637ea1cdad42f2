"""The tables of all input from outside, and the values that the host writes ahead of each chunk of steps."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gpusyn.builder.inputs.bath import BathTables, blocker_doses
from gpusyn.builder.inputs.courses import Column, StepTimes, Write, at_middle, step_times
from gpusyn.builder.inputs.currents import Clamps, Injections
from gpusyn.builder.inputs.noise import NoiseTables
from gpusyn.builder.inputs.poisson import LIMITS, PoissonTables
from gpusyn.builder.inputs.renewals import RenewalTables
from gpusyn.builder.inputs.spike_lists import SpikeLists
from gpusyn.builder.layout import Layout
from gpusyn.builder.plasticity.modulators import modulator_columns
from gpusyn.kernels.arrays import array_name
from gpusyn.network.stimulus import Clamp, Drive, Injection
from gpusyn.neurons.sources import RENEWALS, Source
from gpusyn.parameters.noise import Noise
from gpusyn.utils.typing import Array

SAMPLED = 1 << 14  # values that change in time, about so many of which the host samples at once


def _rows(
    array: str, sample: Callable[[StepTimes], Array], width: int, times: StepTimes, start: int = 0
) -> Iterator[Write]:
    """Yield the rows of an array from `start` on, of `width` values for each step, those of some steps at a time."""
    several = max(SAMPLED // width, 1)
    for first in range(0, len(times.middle), several):
        some = StepTimes(*(t[first : first + several] for t in times))
        yield Write(array, sample(some), start + first * width)


class InputTables:
    """All input of a layout, as it is in force; it does not change: `with_...` return tables with other inputs.

    Attributes
    ----------
    drives : dict of str to Drive
        Drives in force.
    models : dict of str to Source
        Models in force of the populations of spike sources.
    injections, noise, clamps, bath, poisson, renewals, spike_lists
        Tables of each kind of input.
    dose_columns : dict of OpenChannelBlocker to int
        Column of each blocker's dose.
    modulator_column : int
        First column of the modulators of learning that are waveforms.
    width : int
        Number of columns of the array of waves; at least `columns`. The first one is zero, and those of clamps and
        injections are the last ones, because their number can change.
    """

    def __init__(self, layout: Layout, seed: int, trial: int = 0) -> None:
        self.layout = layout
        self.drives: dict[str, Drive] = dict(layout.net.drives)
        models = {name: place.population.model for name, place in layout.populations.items()}
        self.models = {name: model for name, model in models.items() if isinstance(model, Source)}
        self.bath = BathTables(layout, 1)
        doses = blocker_doses(layout)
        first = 1 + len(self.bath.columns)
        self.dose_columns = {blocker: first + i for i, blocker in enumerate(doses)}
        self._doses: list[Column] = [at_middle(course) for course in doses.values()]
        self.modulator_column = first + len(doses)
        self._modulators = modulator_columns(layout)
        self.clamps = Clamps(layout, layout.net.clamps, self.modulator_column + len(self._modulators))
        self.injections = Injections(layout, layout.net.injections, self.clamps.first + self.clamps.width)
        self.noise = NoiseTables(layout, seed, trial, self.injections.given)
        self.poisson = PoissonTables(layout, seed, trial, self.drives, self.models)
        self.renewals = RenewalTables(layout, seed, trial, self.models)
        self.spike_lists = SpikeLists(layout, self.models)
        self.width = self.columns

    @property
    def columns(self) -> int:
        """Number of columns of the waves that are in use."""
        return self.injections.first + self.injections.width

    # ---- other inputs ----
    def with_injection(self, injection: Injection) -> InputTables:
        """Return the tables with another injection of the same name."""
        changed = copy.copy(self)
        changed.injections = self.injections.replaced(injection)
        if isinstance(injection.current, Noise):
            changed.noise = self.noise.replaced(changed.injections.given)
        changed.width = max(self.width, changed.columns)
        return changed

    def with_clamp(self, clamp: Clamp) -> InputTables:
        """Return the tables with another clamp of the same name."""
        changed = copy.copy(self)
        changed.clamps = self.clamps.replaced(clamp)
        if changed.clamps.width != self.clamps.width:
            first = changed.clamps.first + changed.clamps.width
            changed.injections = Injections(self.layout, self.injections.given, first)
            changed.width = max(self.width, changed.columns)
        return changed

    def with_poisson(
        self, drives: dict[str, Drive], models: dict[str, Source]
    ) -> tuple[InputTables, list[Write] | None]:
        """Return the tables with other drives and sources of the same names that have rates, and what differs.

        The values that differ are None if tables have other shapes.
        """
        changed = copy.copy(self)
        changed.drives, changed.models = {**self.drives, **drives}, {**self.models, **models}
        same_weights = all(drive.weight is self.drives[name].weight for name, drive in drives.items())
        rates = {name: drive.rate for name, drive in drives.items()} | {n: m.rate for n, m in models.items()}
        writes = changed._put_rates(rates) if same_weights else None
        if writes is None:
            seed, trial = self.poisson.seed, self.poisson.trial
            changed.poisson = PoissonTables(self.layout, seed, trial, changed.drives, changed.models)
            changed.renewals = RenewalTables(self.layout, seed, trial, changed.models)
        return changed, writes

    def _put_rates(self, rates: dict[str, Any]) -> list[Write] | None:
        """Take other rates of drives and sources, and return what differs; None if tables have other shapes."""
        writes: list[Write] = []
        for name, rate in rates.items():
            renews = name in self.renewals.inputs
            found = self.renewals.with_rate(name, rate) if renews else self.poisson.with_rate(name, rate)
            if found is None:
                return None
            if isinstance(found[0], RenewalTables):
                self.renewals = found[0]
            else:
                self.poisson = found[0]
            writes += found[1]
        return writes

    def with_lists(self, models: dict[str, Source], spike_lists: SpikeLists) -> InputTables:
        """Return the tables with other listed spikes, and the models of the sources that have them."""
        changed = copy.copy(self)
        changed.models, changed.spike_lists = models, spike_lists
        return changed

    def with_trial(self, trial: int, width: int) -> InputTables:
        """Return the tables with the random streams of another trial, for an array of waves of a larger width."""
        changed = copy.copy(self)
        changed.width = width
        if trial != self.poisson.trial:
            changed.poisson = self.poisson.with_trial(trial)
            changed.renewals = self.renewals.with_trial(trial)
            changed.noise = self.noise.with_trial(trial)
        return changed

    # ---- arrays ----
    def has_waves(self, population: str) -> bool:
        """Return True if any neuron of a population has a current that changes with time, or a clamp."""
        return population in self.injections.populations or population in self.clamps.populations

    def arrays(self, steps: int) -> dict[str, Array]:
        """Return the tables by name, with room for `steps` steps of the values that change with time."""
        return {
            "waves": self.waves(steps),
            **self.bath.arrays(),
            **self.noise.arrays(),
            **self.poisson.arrays(steps),
            **self.renewals.arrays(steps),
            **self.spike_lists.arrays(),
        }

    def waves(self, steps: int) -> Array:
        """Return the array of waves before any of them is sampled."""
        return np.zeros((steps, self.width), self.layout.numbers.real_dtype)

    def writes(self, start: int, steps: int) -> Iterator[Write]:
        """Yield the values that the arrays must hold before `steps` steps from step `start` on."""
        if self.spike_lists.exist:
            yield Write("listed_begin", self.spike_lists.begin(start, steps))
        times = step_times(start, steps, self.layout.dt)
        if self.columns > 1:
            yield from _rows("waves", self._sampled, self.width, times)
        if own := sum(i.sets for i in self.poisson.own):
            yield from _rows(array_name("means", kernel=LIMITS), self.poisson.own_means, own, times)
        if self.bath.width:
            yield Write("bath_kinetics", self.bath.kinetics_table(times).reshape(-1))
        if self.poisson.waveforms:
            yield Write("drive_limits", self.poisson.varying_limits(times), self.poisson.n_constant)
        if width := self.renewals.width:
            advances = array_name("advances", kernel=RENEWALS)
            yield from _rows(advances, self.renewals.varying, width, times, self.renewals.n_constant)

    def _sampled(self, times: StepTimes) -> Array:
        """Return the waves in some steps."""
        table = self.waves(len(times.middle))
        for k, column in enumerate([*self.bath.columns, *self._doses, *self._modulators], 1):
            table[:, k] = column(times)
        for several in (self.clamps, self.injections):
            if several.width:
                table[:, several.first : several.first + several.width] = several.sample(times)
        return table

"""The tables of all input from outside, and the values that the host writes ahead of each chunk of steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gpusyn.builder.inputs.bath import BathTables, blocker_doses
from gpusyn.builder.inputs.courses import Column, StepTimes, at_middle, step_times
from gpusyn.builder.inputs.currents import Clamps, Injections
from gpusyn.builder.inputs.poisson import PoissonTables
from gpusyn.builder.inputs.spike_lists import SpikeLists
from gpusyn.builder.layout import Layout
from gpusyn.utils.typing import Array


class Write(NamedTuple):
    """Values that replace those of a flattened array from `start` on."""

    array: str
    values: Array
    start: int = 0


class InputTables:
    """All input of a layout.

    Attributes
    ----------
    injections, clamps, bath, poisson, spike_lists
        Tables of each kind of input.
    columns : list of Column
        Columns of the waves: currents, command potentials, courses of the bath, doses of blockers.
    dose_columns : dict of OpenChannelBlocker to int
        Column of each blocker's dose.
    """

    def __init__(self, layout: Layout, seed: int) -> None:
        self.layout = layout
        self.injections = Injections(layout)
        self.clamps = Clamps(layout, len(self.injections.columns))
        stimuli = [*self.injections.columns, *self.clamps.columns]
        self.bath = BathTables(layout, len(stimuli))
        self.poisson = PoissonTables(layout, seed)
        self.spike_lists = SpikeLists(layout)
        doses = blocker_doses(layout)
        changing = [*stimuli, *self.bath.columns]
        self.dose_columns = {blocker: len(changing) + i for i, blocker in enumerate(doses)}
        self.columns: list[Column] = [*changing, *(at_middle(course) for course in doses.values())]

    def has_waves(self, population: str) -> bool:
        """Return True if any neuron of a population has a current that changes with time, or a clamp."""
        return population in self.injections.populations or population in self.clamps.populations

    def arrays(self, steps: int) -> dict[str, Array]:
        """Return the tables by name, with room for `steps` steps of the values that change with time."""
        return {
            "waves": np.zeros((steps, len(self.columns)), self.layout.numbers.real_dtype),
            **self.bath.arrays(),
            **self.poisson.arrays(steps),
            **self.spike_lists.arrays(),
        }

    def writes(self, start: int, steps: int) -> list[Write]:
        """Return the values that the arrays must hold before `steps` steps from step `start` on."""
        times = step_times(start, steps, self.layout.dt)
        found = []
        if self.spike_lists.exist:
            found.append(Write("listed_begin", self.spike_lists.begin(start, steps)))
        if len(self.columns) > 1:
            found.append(Write("waves", self._waves(times)))
        if self.bath.width:
            found.append(Write("bath_kinetics", self.bath.kinetics_table(times).reshape(-1)))
        if self.poisson.waveforms:
            rates, pieces = self.poisson.rates(times)
            found.append(Write("drive_rate", rates, 2 * self.poisson.n_constant))
            found.append(Write("drive_pieces", pieces, self.poisson.n_constant))
        return found

    def _waves(self, times: StepTimes) -> Array:
        """Return the value of each column in each step."""
        table = np.stack([column(times) for column in self.columns], axis=1)
        return table.astype(self.layout.numbers.real_dtype)

"""Receptors that the bath changes with time: factors of gates, magnesium, decay, and the doses of channel blockers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.gating.forms import lumped_form, target_coefficients
from gpusyn.builder.inputs.courses import (
    Column,
    Course,
    ReceptorBath,
    StepTimes,
    at_middle,
    blocker_dose,
    receptor_bath,
)
from gpusyn.builder.layout import Layout
from gpusyn.drugs import OpenChannelBlocker
from gpusyn.drugs.combined import blocker_of
from gpusyn.equations.kinetics import LUMPED
from gpusyn.kernels.records import Bath, write_rows
from gpusyn.kinetics import Kinetics
from gpusyn.utils.typing import Array, Floats

UNCHANGED = Bath(scale=-1, magnesium=-1, kinetics=-1)


class ChangingDecay(NamedTuple):
    """A kinetics whose decay the bath changes, and the place of its coefficients in a row of the table."""

    place: int
    kinetics: Kinetics
    quantum: float
    factor: Course  # factor of the time constant


class BathTables:
    """The receptors of a layout that change with time; their columns of the waves follow `first` others.

    Attributes
    ----------
    rows : list of Bath
        One row for each receptor of a population in which any receptor changes.
    begin : dict of str to int
        Row of the first receptor, by the name of such a population.
    columns : list of Column
        Columns of the waves from `first` on.
    decays : list of ChangingDecay
        The kinetics whose decay changes.
    width : int
        Number of coefficients of all changing decays in one step.
    """

    def __init__(self, layout: Layout, first: int) -> None:
        self.layout, self._first = layout, first
        self.rows: list[Bath] = []
        self.begin: dict[str, int] = {}
        self.columns: list[Column] = []
        self._courses: list[Course] = []  # one per column
        self.decays: list[ChangingDecay] = []
        self.width = 0
        for name, place in layout.populations.items():
            baths = [receptor_bath(r, layout.net.infusions.values(), layout.dt) for r in place.population.receptors]
            if any(baths):
                self.begin[name] = len(self.rows)
                for bath, receptor, sums in zip(baths, place.population.receptors, place.sums, strict=True):
                    self.rows.append(self._row(bath, receptor.kinetics, sums.quantum.value))

    def _row(self, bath: ReceptorBath, kinetics: Kinetics, quantum: float) -> Bath:
        return Bath(
            scale=self._column(bath.scale),
            magnesium=self._column(bath.magnesium),
            kinetics=self._decay(bath.decay, kinetics, quantum),
        )

    def _column(self, course: Course | None) -> int:
        """Return the column of the waves for a course; -1 if there is no course."""
        if course is None:
            return -1
        self._courses.append(course)
        self.columns.append(at_middle(course))
        return self._first + len(self.columns) - 1

    def _decay(self, factor: Course | None, kinetics: Kinetics, quantum: float) -> int:
        """Return the place of a changing decay's coefficients in a row of the table; -1 if it does not change."""
        if factor is None:
            return -1
        place = self.width
        self.decays.append(ChangingDecay(place, kinetics, quantum, factor))
        self.width += LUMPED[lumped_form(kinetics, on_synapses=False)].COEFS
        return place

    def scale(self, population: str, k: int, step: int) -> Any:
        """Return the factor of a receptor's gate in the step that ended at `step` (at 0: in the first step).

        Return None if the bath does not change the gate.
        """
        if population not in self.begin:
            return None
        column = self.rows[self.begin[population] + k].scale
        if column < 0:
            return None
        middle: Floats = np.array([max(step - 1, 0) + 0.5]) * self.layout.dt
        return self._courses[column - self._first](middle).astype(self.layout.numbers.real_dtype)[0]

    def kinetics_table(self, times: StepTimes) -> Array:
        """Return the coefficients of changing decays, shape (steps, width)."""
        table = np.zeros((len(times.middle), self.width))
        for place, kinetics, quantum, factor in self.decays:
            # the fastest decay, 1, is added so that the factors of a chunk do not affect each other's rounding
            factors, which = np.unique(np.concatenate([[1.0], factor(times.middle)]), return_inverse=True)
            slowed = target_coefficients(kinetics, self.layout.dt, quantum, slower=factors)
            coef = [np.broadcast_to(c, factors.shape) for c in slowed]
            table[:, place : place + len(coef)] = np.stack(coef, axis=1)[which[1:]]
        return table.astype(self.layout.numbers.real_dtype)

    def arrays(self) -> dict[str, Array]:
        """Return the tables by name."""
        return {"bath": write_rows(self.rows or [UNCHANGED], Bath)}


def blocker_doses(layout: Layout) -> dict[OpenChannelBlocker, Course]:
    """Return the dose, as a course in time, of each drug that blocks channels according to their use."""
    infusions = layout.net.infusions
    receptors = [r for pathway in layout.pathways for _, r in pathway.receptors(synaptic=True)]
    blockers = (blocker_of(receptor, infusions) for receptor in receptors)
    return {b: blocker_dose(b, infusions.values(), layout.dt) for b in blockers if b is not None}

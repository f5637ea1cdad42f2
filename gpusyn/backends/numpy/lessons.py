"""``kernels/lessons.cuh`` in numpy: what learning reads of routes, rows and synapses, and the units of weights."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gpusyn.backends.numpy.trains import Trains
from gpusyn.equations.plasticity.base import Rule
from gpusyn.kernels.records import Learning, Modulator, Route
from gpusyn.utils.typing import Array


class Lesson(NamedTuple):
    """A route along which spikes teach: sender, number, rule with its coefficients, trains of both sides, modulator."""

    sender: int
    route: Route
    learning: Learning
    number: int
    rule: Rule
    c: Any
    pre: Trains
    post: Trains
    modulator: Modulator | None


class Lessons(NamedTuple):
    """All routes along which spikes teach, and the ages at which they do."""

    lessons: list[Lesson]
    ages: list[int]


class Visits(NamedTuple):
    """Rows that are visited: their numbers, that of the spikes of each source before, and that of the present events.

    What has reached the synapses up to and with the step `since` is settled. Eligibilities are those of step `own` or
    later, and their gains are counted from step `base` on.
    """

    row: Array
    before: Array
    events: Array
    since: Array
    own: Array
    base: Array

    def part(self, which: Array) -> Visits:
        """Return the visits at `which`."""
        return Visits(*(field[which] for field in self))


class Synapses(NamedTuple):
    """Visited synapses: their places in the rows, their neurons, and the steps that these need to reach them."""

    place: Array
    neuron: Array
    dendritic: Array


def relative(lesson: Lesson, weight: Array) -> Array:
    """Return stored weights in units of the largest."""
    real = lesson.c[0].dtype
    w: Array = weight.astype(real) / real.type(lesson.learning.w_max)
    return w


def units(lesson: Lesson, change: Array) -> Array:
    """Return changes in units of the largest weight in those of stored weights, before the fraction is cut off.

    At most one largest weight is gained or lost; halves are rounded away from zero.
    """
    real = change.dtype.type
    d = np.minimum(np.maximum(change, real(-1)), real(1)) * real(lesson.learning.w_max)
    found: Array = np.where(d < 0, d - real(0.5), d + real(0.5))
    return found

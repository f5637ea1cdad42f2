"""Injected currents and voltage clamps: for each neuron a number, and the column of the waves that it follows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from gpusyn.builder.inputs.courses import Column, Course, StepTimes, Window, step_mean, window
from gpusyn.builder.layout import Layout, PlacedPopulation
from gpusyn.network.stimulus import Clamp, Injection
from gpusyn.parameters.scalars import whole_steps_array
from gpusyn.parameters.waveform import Waveform
from gpusyn.utils.typing import Array, Floats


class TimedCurrent(NamedTuple):
    """A current (pA) within a window: a course in time, or a constant number."""

    course: Course | None
    amount: float
    window: Window

    def sample(self, middle: Floats) -> Floats:
        """Return the current in the steps around the times `middle`, 0 outside the window."""
        value = self.course(middle) if self.course is not None else np.ones(len(middle))
        on, off = self.window
        return np.where((middle >= on) & (middle < off), self.amount * value, 0.0)


class Injections:
    """The injected currents of a layout.

    Attributes
    ----------
    current : list of ndarray
        For each group, the constant current (pA) of each of its neurons.
    wave : list of ndarray of int32
        For each group, the column of the waves that the current of each neuron follows (0: it is constant).
    columns : list of Column
        Columns of the waves from 0 on; column 0 is zero.
    populations : set of str
        Populations with a current that changes with time.
    """

    def __init__(self, layout: Layout) -> None:
        self.current = [np.zeros(group.size) for group in layout.groups]
        self.wave = [np.zeros(group.size, np.int32) for group in layout.groups]
        self.populations: set[str] = set()
        self._sums: list[tuple[TimedCurrent, ...]] = [()]  # one sum per column
        for injection in layout.net.injections.values():
            self._inject(injection, layout)
        self.columns: list[Column] = [_sum_of(currents) for currents in self._sums]

    def _inject(self, injection: Injection, layout: Layout) -> None:
        when = window(injection, layout.dt, f"Injection '{injection.name}'")
        offset = 0
        for population, ids in injection.target.parts:
            place = layout.populations[population.name]
            neurons = place.first + np.asarray(ids)
            amount = injection.current
            if isinstance(amount, np.ndarray):
                amount = amount[offset : offset + len(ids)]
            offset += len(ids)
            if isinstance(amount, Waveform):
                current = TimedCurrent(partial(step_mean, amount, layout.dt), 1.0, when)
                self._add(place, neurons, [current], np.zeros(len(ids), np.int64))
            elif when == (0.0, np.inf):
                self.current[place.group][neurons] += amount
            else:
                values, which = np.unique(np.broadcast_to(np.asarray(amount, float), len(ids)), return_inverse=True)
                self._add(place, neurons, [TimedCurrent(None, float(x), when) for x in values], which)

    def _add(self, place: PlacedPopulation, neurons: Array, currents: Sequence[TimedCurrent], which: Array) -> None:
        """Add the current currents[which] to each neuron; neurons with the same currents share a column."""
        self.populations.add(place.population.name)
        wave = self.wave[place.group]
        pair = wave[neurons].astype(np.int64) * len(currents) + which  # the previous column and the new current
        for key in np.unique(pair):
            before, added = divmod(int(key), len(currents))
            self._sums.append((*self._sums[before], currents[added]))
            wave[neurons[pair == key]] = len(self._sums) - 1


class Clamps:
    """The voltage clamps of a layout; their columns follow `first` others.

    Attributes
    ----------
    wave : list of ndarray of int32
        For each group, the column of the waves that holds each neuron's command potential (0: it is not clamped).
    start : list of ndarray
        For each group, the command potential (mV) of each clamped neuron at time 0.
    columns : list of Column
        The columns of the waves from `first` on.
    populations : set of str
        Populations with clamped neurons.
    """

    def __init__(self, layout: Layout, first: int) -> None:
        self.wave = [np.zeros(group.size, np.int32) for group in layout.groups]
        self.start = [np.zeros(group.size) for group in layout.groups]
        clamps = layout.net.clamps.values()
        self.columns: list[Column] = [_command(clamp, layout.dt) for clamp in clamps]
        self.populations = {population.name for clamp in clamps for population, _ in clamp.target.parts}
        for column, clamp in enumerate(clamps, first):
            for population, ids in clamp.target.parts:
                place = layout.populations[population.name]
                neurons = place.first + np.asarray(ids)
                self.wave[place.group][neurons] = column
                self.start[place.group][neurons] = _commanded(clamp.V, np.zeros(1), layout.dt)[0]


def _sum_of(currents: Sequence[TimedCurrent]) -> Column:
    """Return the column of a sum of currents, each its mean over the step."""

    def column(times: StepTimes) -> Floats:
        total = np.zeros(len(times.middle))
        for current in currents:
            total += current.sample(times.middle)
        return total

    return column


def check_command(clamp: Clamp, dt: float) -> None:
    """Refuse a command potential that jumps or bends off the time grid.

    A mean over the step, as currents have it, would be a potential at which the neuron is never held, and a value that
    is taken at the end of the step would lose a pulse within a step.
    """
    if isinstance(clamp.V, Waveform):
        whole_steps_array(clamp.V.times, dt, f"Clamp '{clamp.name}'.V: Waveform.times", low=-(2**40))


def _command(clamp: Clamp, dt: float) -> Column:
    """Return the column of a command potential, at the end of the step."""
    check_command(clamp, dt)
    return lambda times: _commanded(clamp.V, times.end, dt)


def _commanded(V: float | Waveform, t: Floats, dt: float) -> Floats:
    """Return a command potential at times on the grid; a jump counts from its own step on."""
    if not isinstance(V, Waveform):
        return np.full(len(t), V)
    # The time of a jump is on the grid within rounding, so steps are read between their times; lines, which do not
    # jump, are read as they have always been, a millionth of a step later, so that ramps keep their bits.
    later = 0.5 * dt if V.interpolation == "step" else 1e-6 * dt
    return V.sample(t + later, before=float(V.values[0]))

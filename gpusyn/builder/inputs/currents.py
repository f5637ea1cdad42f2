"""Injected currents and voltage clamps: for each neuron a number, and the column of the waves that it follows."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.inputs.courses import Column, Course, StepTimes, Window, step_mean, window
from gpusyn.builder.layout import Layout, PlacedPopulation
from gpusyn.network.compartment_names import number_of
from gpusyn.network.stimulus import Clamp, Injection
from gpusyn.parameters.noise import Noise
from gpusyn.parameters.scalars import whole_steps_array
from gpusyn.parameters.waveform import Waveform
from gpusyn.utils.typing import Array, Floats, Integers

ALWAYS = Window(0.0, np.inf)


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


class InjectedPart(NamedTuple):
    """The neurons of one population that an injection reaches; their values begin at `offset` in its current."""

    injection: str
    ids: Integers
    offset: int


class Injections:
    """The injected currents of a layout; their columns follow `first` others.

    Attributes
    ----------
    given : mapping of str to Injection
        Injections in force.
    wave : dict of int to ndarray of int32
        For each group with a current that changes with time, the column of the waves that the current of each
        compartment of each neuron follows (0: it is constant).
    columns : list of Column
        Columns of the waves from `first` on.
    populations : set of str
        Populations with a current that changes with time.
    """

    def __init__(self, layout: Layout, given: Mapping[str, Injection], first: int) -> None:
        self.layout, self.given, self.first = layout, given, first
        self.wave: dict[int, Array] = {}
        self.populations: set[str] = set()
        self._constant: dict[tuple[str, int], list[InjectedPart]] = {}  # by population and compartment
        self._constants: set[str] = set()  # names of the injections that never change
        self._sums: list[tuple[TimedCurrent, ...]] = [()]  # one sum per column, after one for constant currents
        for injection in given.values():
            self._inject(injection)
        self.columns: list[Column] = [_sum_of(currents) for currents in self._sums[1:]]
        for wave in self.wave.values():
            wave[wave > 0] += first - 1
            wave.flags.writeable = False

    def _inject(self, injection: Injection) -> None:
        if isinstance(injection.current, Noise):
            return  # its currents are gathered
        when = window(injection, self.layout.dt, f"Injection '{injection.name}'")
        offset = 0
        for population, ids in injection.target.parts:
            where = self.layout.populations[population.name], number_of(population, injection.compartment)
            amount = injection.current
            if isinstance(amount, Waveform):
                current = TimedCurrent(partial(step_mean, amount, self.layout.dt), 1.0, when)
                self._add(*where, ids, [current], np.zeros(len(ids), np.int64))
            elif when == ALWAYS:
                part = InjectedPart(injection.name, ids, offset)
                self._constant.setdefault((population.name, where[1]), []).append(part)
                self._constants.add(injection.name)
            else:
                own = amount[offset : offset + len(ids)] if isinstance(amount, np.ndarray) else amount
                values, which = np.unique(np.broadcast_to(np.asarray(own, float), len(ids)), return_inverse=True)
                self._add(*where, ids, [TimedCurrent(None, float(x), when) for x in values], which)
            offset += len(ids)

    def _add(
        self, place: PlacedPopulation, compartment: int, ids: Array, currents: Sequence[TimedCurrent], which: Array
    ) -> None:
        """Add the current currents[which] to a compartment of each neuron; those with the same ones share a column."""
        self.populations.add(place.population.name)
        group = self.layout.groups[place.group]
        wave = self.wave.setdefault(place.group, np.zeros(group.size * group.signature.compartments, np.int32))
        neurons = compartment * group.size + place.first + np.asarray(ids)
        pair = wave[neurons].astype(np.int64) * len(currents) + which  # the previous column and the new current
        for key in np.unique(pair):
            before, added = divmod(int(key), len(currents))
            self._sums.append((*self._sums[before], currents[added]))
            wave[neurons[pair == key]] = len(self._sums) - 1

    def constant(self, population: str, first: int, stop: int, compartment: int = 0) -> Floats:
        """Return the constant current (pA) into a compartment of the neurons `first` to `stop` of a population."""
        total = np.zeros(stop - first)
        for name, ids, offset in self._constant.get((population, compartment), ()):
            if ids[0] < stop and ids[-1] >= first:
                begin, end = np.searchsorted(ids, (first, stop)).tolist()
                amount: Any = self.given[name].current
                if isinstance(amount, np.ndarray):
                    amount = amount[offset + begin : offset + end]
                total[ids[begin:end] - first] += amount
        return total

    def replaced(self, injection: Injection) -> Injections:
        """Return the injections with another current of one of them."""
        given, is_noise = {**self.given, injection.name: injection}, isinstance(injection.current, Noise)
        if isinstance(injection.current, Waveform) or not (injection.name in self._constants or is_noise):
            return Injections(self.layout, given, self.first)
        changed = copy.copy(self)  # the neurons, and the columns of other currents, stay as they are
        changed.given = given
        return changed


class Clamps:
    """The voltage clamps of a layout; their columns follow `first` others.

    Attributes
    ----------
    given : mapping of str to Clamp
        Clamps in force.
    wave : list of ndarray of int32
        For each group, the column of the waves that holds the command potential of each compartment of each neuron (0:
        it is not clamped).
    start : ndarray
        Command potential (mV) at time 0 by column of the waves.
    columns : list of Column
        The columns of the waves from `first` on.
    populations : set of str
        Populations with clamped neurons.
    """

    def __init__(self, layout: Layout, given: Mapping[str, Clamp], first: int) -> None:
        self.dt, self.given = layout.dt, given
        self.start = np.zeros(first + len(given))
        self.columns: list[Column] = [_command(clamp, layout.dt) for clamp in given.values()]
        self.populations = {population.name for clamp in given.values() for population in clamp.target.populations}
        groups = {layout.populations[name].group for name in self.populations}
        none = np.zeros((), np.int32)  # takes no memory for each neuron
        sizes = [group.size * group.signature.compartments for group in layout.groups]
        self.wave: list[Array] = [
            np.zeros(n, np.int32) if g in groups else np.broadcast_to(none, n) for g, n in enumerate(sizes)
        ]
        for column, clamp in enumerate(given.values(), first):
            self.start[column] = _commanded(clamp.V, np.zeros(1), layout.dt)[0]
            for population, ids in clamp.target.parts:
                place = layout.populations[population.name]
                first = number_of(population, clamp.compartment) * layout.groups[place.group].size + place.first
                self.wave[place.group][first + np.asarray(ids)] = column

    def replaced(self, clamp: Clamp) -> Clamps:
        """Return the clamps with another command potential of one of them."""
        changed = copy.copy(self)
        changed.given = {**self.given, clamp.name: clamp}
        changed.columns = [_command(c, self.dt) for c in changed.given.values()]
        return changed


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

"""Injected currents and voltage clamps: for each neuron a number, and the column of the waves that it follows."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.inputs.courses import Course, Places, StepTimes, Window, consecutive, step_mean, window
from gpusyn.builder.layout import Layout
from gpusyn.builder.places import PlacedPopulation
from gpusyn.network.compartment_names import number_of
from gpusyn.network.stimulus import Clamp, Injection
from gpusyn.parameters.noise import Noise
from gpusyn.parameters.scalars import whole_steps_array
from gpusyn.parameters.waveform import Waveform
from gpusyn.utils.typing import Array, Floats, Integers

ALWAYS = Window(0.0, np.inf)


class TimedCurrent(NamedTuple):
    """Currents (pA) within a window: a course in time, whose values have a row for each step."""

    course: Course
    window: Window

    def sample(self, middle: Floats) -> Floats:
        """Return the currents in the steps around the times `middle`, 0 outside the window."""
        values = self.course(middle)
        on, off = self.window
        inside = (middle >= on) & (middle < off)
        return values if inside.all() else np.where(inside[:, np.newaxis], values, 0.0)


class Added(NamedTuple):
    """Currents into a compartment of some neurons of a population; `own` says which into each."""

    current: TimedCurrent
    place: PlacedPopulation
    compartment: int
    ids: Integers
    own: Integers


class Term(NamedTuple):
    """Currents that are a part of some columns of the waves; `own` says which of them in each column."""

    current: TimedCurrent
    columns: Places
    own: Places


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
    width : int
        Number of columns: one for all neurons with the same currents, and one for each column of a waveform.
    populations : set of str
        Populations with a current that changes with time.
    """

    def __init__(self, layout: Layout, given: Mapping[str, Injection], first: int) -> None:
        self.layout, self.given, self.first = layout, given, first
        self.populations: set[str] = set()
        self._constant: dict[tuple[str, int], list[InjectedPart]] = {}  # by population and compartment
        self._constants: set[str] = set()  # names of the injections that never change
        self._added: list[Added] = []
        for injection in given.values():
            self._inject(injection)
        self._terms: list[Term] = []
        self.wave, self.width = self._columns()

    def _inject(self, injection: Injection) -> None:
        if isinstance(injection.current, Noise):
            return  # its currents are gathered
        dt = self.layout.dt
        when = window(injection, dt, f"Injection '{injection.name}'")
        offset = 0
        for population, ids in injection.target.parts:
            place, compartment = self.layout.populations[population.name], number_of(population, injection.compartment)
            amount, stop = injection.current, offset + len(ids)
            if isinstance(amount, Waveform):
                course = partial(_in_columns, partial(step_mean, amount.part(slice(offset, stop)), dt))
                own = np.zeros(len(ids), np.int64) if amount.columns is None else np.arange(len(ids))
                self._add(place, compartment, ids, TimedCurrent(course, when), own)
            elif when == ALWAYS:
                part = InjectedPart(injection.name, ids, offset)
                self._constant.setdefault((population.name, compartment), []).append(part)
                self._constants.add(injection.name)
            else:
                values: Any = amount[offset:stop] if isinstance(amount, np.ndarray) else amount
                values, own = np.unique(np.broadcast_to(np.asarray(values, float), len(ids)), return_inverse=True)
                self._add(place, compartment, ids, TimedCurrent(partial(_held, values), when), own)
            offset = stop

    def _add(
        self, place: PlacedPopulation, compartment: int, ids: Integers, current: TimedCurrent, own: Integers
    ) -> None:
        """Add currents to a compartment of each neuron; `own` says which."""
        self.populations.add(place.population.name)
        self._added.append(Added(current, place, compartment, ids, own))

    def _columns(self) -> tuple[dict[int, Array], int]:
        """Return the column of each compartment of each neuron by group, and the number of columns.

        Every rank has the columns of all neurons.
        """
        sums: dict[tuple[str, int], Integers] = {}  # the number of the sum of currents that each neuron has
        count = 0
        for _, place, compartment, ids, own in self._added:
            sum_ = sums.setdefault((place.population.name, compartment), np.zeros(place.size, np.int64))
            found, which = np.unique(sum_[ids] * (own.max() + 1) + own, return_inverse=True)
            sum_[ids] = count + 1 + which
            count += len(found)
        used = np.unique(np.concatenate([np.zeros(1, np.int64), *sums.values()]))
        for current, place, compartment, ids, own in self._added:
            columns = np.searchsorted(used, sums[place.population.name, compartment][ids]) - 1
            self._terms.append(_term(current, columns, own))
        wave: dict[int, Array] = {}
        for (name, compartment), sum_ in sums.items():
            place = self.layout.populations[name]
            group, column = self.layout.groups[place.group], np.searchsorted(used, sum_[slice(*place.hull)])
            one = wave.setdefault(place.group, np.zeros(group.size * group.signature.compartments, np.int32))
            one[group.places(place, compartment)] = np.where(column > 0, column + self.first - 1, 0)
        for one in wave.values():
            one.flags.writeable = False
        return wave, len(used) - 1

    def sample(self, times: StepTimes) -> Floats:
        """Return the currents of all columns in each step, each its mean over the step."""
        total = np.zeros((len(times.middle), self.width))
        for current, columns, own in self._terms:
            total[:, columns] += current.sample(times.middle)[:, own]
        return total

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
    width : int
        Number of columns: one for each clamp, or for each of its neurons.
    populations : set of str
        Populations with clamped neurons.
    """

    def __init__(self, layout: Layout, given: Mapping[str, Clamp], first: int) -> None:
        self.layout, self.given, self.first = layout, given, first
        self.populations = {population.name for clamp in given.values() for population in clamp.target.populations}
        groups = {layout.populations[name].group for name in self.populations}
        none = np.zeros((), np.int32)  # takes no memory for each neuron
        sizes = [group.size * group.signature.compartments for group in layout.groups]
        self.wave: list[Array] = [
            np.zeros(n, np.int32) if g in groups else np.broadcast_to(none, n) for g, n in enumerate(sizes)
        ]
        column = first
        for clamp in given.values():
            check_command(clamp, layout.dt)
            own = int(clamp_columns(clamp) > 1)
            offset = 0
            for population, ids in clamp.target.parts:
                place = layout.populations[population.name]
                at = number_of(population, clamp.compartment) * layout.groups[place.group].size + place.first
                here = place.within(ids)
                self.wave[place.group][at + ids[here]] = column + own * (offset + np.arange(here.start, here.stop))
                offset += len(ids)
            column += clamp_columns(clamp)
        for wave in self.wave:
            wave.flags.writeable = False
        self.width = column - first
        self.start = np.concatenate([np.zeros(first), self._commands(np.zeros(1))[0]])

    def _commands(self, t: Floats) -> Floats:
        """Return the command potentials of all columns at times on the grid."""
        none = np.zeros((len(t), 0))
        return np.concatenate(
            [none, *(_commanded(clamp.V, t, self.layout.dt) for clamp in self.given.values())], axis=1
        )

    def sample(self, times: StepTimes) -> Floats:
        """Return the command potentials of all columns at the end of each step."""
        return self._commands(times.end)

    def replaced(self, clamp: Clamp) -> Clamps:
        """Return the clamps with another command potential of one of them."""
        given = {**self.given, clamp.name: clamp}
        if clamp_columns(clamp) != clamp_columns(self.given[clamp.name]):
            return Clamps(self.layout, given, self.first)
        check_command(clamp, self.layout.dt)
        changed = copy.copy(self)  # all columns stay where they are
        changed.given = given
        return changed


def _in_columns(course: Course, middle: Floats) -> Floats:
    """Return the values of a course as columns."""
    return course(middle).reshape(len(middle), -1)


def _held(values: Floats, middle: Floats) -> Floats:
    """Return the same values in all steps."""
    return np.broadcast_to(values, (len(middle), len(values)))


def _term(current: TimedCurrent, columns: Integers, own: Integers) -> Term:
    """Return what currents add to the columns of their neurons, each column once."""
    found, where = np.unique(columns, return_index=True)
    return Term(current, consecutive(found), consecutive(own[where]))


def clamp_columns(clamp: Clamp) -> int:
    """Return the number of columns of a clamp in the waves."""
    V = clamp.V
    return (V.columns or 1) if isinstance(V, Waveform) else np.size(V)


def check_command(clamp: Clamp, dt: float) -> None:
    """Refuse a command potential that jumps or bends off the time grid.

    A mean over the step, as currents have it, would be a potential at which the neuron is never held, and a value that
    is taken at the end of the step would lose a pulse within a step.
    """
    if isinstance(clamp.V, Waveform):
        whole_steps_array(clamp.V.times, dt, f"Clamp '{clamp.name}'.V: Waveform.times", low=-(2**40))


def _commanded(V: float | Floats | Waveform, t: Floats, dt: float) -> Floats:
    """Return command potentials at times on the grid, as columns; a jump counts from its own step on."""
    if not isinstance(V, Waveform):
        return np.broadcast_to(np.atleast_1d(V), (len(t), np.size(V)))
    # The time of a jump is on the grid within rounding, so steps are read between their times; lines, which do not
    # jump, are read as they have always been, a millionth of a step later, so that ramps keep their bits.
    at = t + (0.5 * dt if V.interpolation == "step" else 1e-6 * dt)
    return V.sample(np.maximum(at, V.times[0])).reshape(len(t), -1)

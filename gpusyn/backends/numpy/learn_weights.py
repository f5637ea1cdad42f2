"""``kernels/learn_weights.cu`` in numpy: weights that change by the spikes on both sides of their synapses.

A synapse is visited when a spike of its source reaches it. All postsynaptic spikes that have reached it since the last
visit then change the weight one after the other, and last the spike itself does. At a sweep, the synapses that no spike
reaches are visited too. No result depends on when postsynaptic spikes are settled.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from gpusyn.backends.numpy import pieces
from gpusyn.backends.numpy.deliver_spikes import prepare_routes, segment_bounds, spikes_of_ages
from gpusyn.backends.numpy.remember_spikes import sweeps
from gpusyn.backends.numpy.trains import Trains, trains_of
from gpusyn.equations.coefficients import read
from gpusyn.equations.plasticity import LEARNING_RULES
from gpusyn.equations.plasticity.base import Rule
from gpusyn.kernels.records import Clock, Learning, Route, read_rows
from gpusyn.kernels.signature import Signature
from gpusyn.kernels.synapse_words import unpack_late
from gpusyn.utils.typing import Array

RULES = list(LEARNING_RULES.values())  # indexed by the number of a rule


class Lesson(NamedTuple):
    """A route along which spikes teach: its sender, its rule with the coefficients, and the trains of both sides."""

    sender: int
    route: Route
    learning: Learning
    rule: Rule
    c: Any
    pre: Trains
    post: Trains


class Lessons(NamedTuple):
    """All routes along which spikes teach, and the ages at which they do."""

    lessons: list[Lesson]
    ages: list[int]


class Visits(NamedTuple):
    """Rows that are visited: their numbers, that of the spikes of each source before, and that of the present events.

    What has reached the synapses up to and with the step `since` is settled.
    """

    row: Array
    before: Array
    events: Array
    since: Array

    def part(self, which: Array) -> Visits:
        """Return the visits at `which`."""
        return Visits(*(field[which] for field in self))


class Synapses(NamedTuple):
    """Visited synapses: their places in the rows, their neurons, and the steps that these need to reach them."""

    place: Array
    neuron: Array
    dendritic: Array


def prepare_learning(a: SimpleNamespace, signature: Signature | None) -> Lessons:
    """Return the routes with their rules and trains."""
    sets, found = trains_of(a), []
    learnings = read_rows(a.learnings, Learning)
    for (sender, route), one in zip(prepare_routes(a, signature), learnings, strict=False):
        rule = RULES[one.rule]
        found.append(Lesson(sender, route, one, rule, read(rule.C, a.coef[one.coef :]), sets[one.pre], sets[one.post]))
    return Lessons(found, a.ages[: a.n_ages].tolist())


def learn_weights(a: SimpleNamespace, prepared: Lessons) -> None:
    """Change the weights of all synapses that spikes reach in this step, or of all synapses."""
    now = Clock(*a.clock.tolist()).now
    sweep = sweeps(a, now)
    spikes = list(spikes_of_ages(a, prepared.ages, now, int(a.spike_total[0])))
    for lesson in prepared.lessons:
        route, reached = lesson.route, [np.zeros(0, np.int64)]
        for found in spikes:
            mine = (found.sender == lesson.sender) & (found.age == route.age)
            mine &= (route.source <= found.source) & (found.source < route.source_end)
            row = found.source[mine].astype(np.int64) - route.source
            visit(a, lesson, row, found.number[mine], now, sweep.last)
            reached.append(row)
        if sweep.wanted:
            others = np.setdiff1d(np.arange(route.source_end - route.source), np.concatenate(reached))
            visit(a, lesson, others, np.zeros_like(others), now, sweep.last)


def settle(a: SimpleNamespace, lesson: Lesson, now: int) -> None:
    """Change the weights along a route by all postsynaptic spikes that have reached them until the end of a step."""
    sweep, row = sweeps(a, now), np.arange(lesson.route.source_end - lesson.route.source)
    visit(a, lesson, row, np.zeros_like(row), now, now if sweep.wanted else sweep.last)


def visit(a: SimpleNamespace, lesson: Lesson, row: Array, events: Array, now: int, last: int) -> None:
    """Visit rows whose sources have some events that reach the synapses now, or none; `last` is the last sweep."""
    route, one, pre = lesson.route, lesson.learning, lesson.pre
    who = row + route.source - pre.record.source
    before = pre.until(who, now - route.age) - (events > 0)
    since = np.maximum(pre.last(who, before) + route.age, max(last, int(a.settled[one.settled])))
    visits = Visits(row, before, events, since)
    for start, stop in pieces.parts(row.size * route.slices, pieces.SEGMENTS):
        which, part = np.divmod(np.arange(start, stop), route.slices)
        begin, length = segment_bounds(a, route, (row[which] * route.slices + part) * route.row_step)
        for segment, place in pieces.listed(length, pieces.SYNAPSES):
            synapses = _synapses(a, lesson, part[segment], begin[segment] + place)
            _learn(a, lesson, visits.part(which[segment]), synapses, now)


def _synapses(a: SimpleNamespace, lesson: Lesson, part: Array, place: Array) -> Synapses:
    """Return some synapses of a route, in parts of its slices."""
    route, one = lesson.route, lesson.learning
    target = (route.slice + part) * route.slice_size + a.targets[route.targets + place].astype(np.int64)
    late = unpack_late(a.late[route.late :], route.late_bits, place).astype(np.int64) if route.late >= 0 else 0
    return Synapses(place, target - one.offset, np.full(place.size, one.dendritic) + late)


def _learn(a: SimpleNamespace, lesson: Lesson, visits: Visits, synapses: Synapses, now: int) -> None:
    """Change the weights of visited synapses, by postsynaptic spikes and then by the presynaptic one."""
    place = lesson.route.weights + synapses.place
    weight = a.weights[place]
    neuron, dendritic = synapses.neuron, synapses.dendritic
    first = lesson.post.until(neuron, visits.since - dendritic)
    end = lesson.post.until(neuron, now - dendritic)
    for i in range(int((end - first).max(initial=0))):
        some = np.flatnonzero(first + i < end)
        change = _at_post(a, lesson, visits.part(some), neuron[some], dendritic[some], first[some] + i, weight[some])
        weight[some] = changed(lesson, weight[some], change)
    for i in range(int(visits.events.max(initial=0))):
        some = np.flatnonzero(i < visits.events)
        change = _at_pre(a, lesson, visits.part(some), neuron[some], dendritic[some], now, weight[some])
        weight[some] = changed(lesson, weight[some], change)
    a.weights[place] = weight


def _at_post(
    a: SimpleNamespace, lesson: Lesson, visits: Visits, neuron: Array, dendritic: Array, n: Array, weight: Array
) -> Array:
    """Return the changes by the postsynaptic spikes of number `n`."""
    pre, post = lesson.pre, lesson.post
    who = visits.row + lesson.route.source - pre.record.source
    own = post.last(neuron, n + 1)
    time = own + dendritic
    way = lesson.route.age + lesson.learning.early  # of presynaptic spikes
    earlier = visits.before - (pre.last(who, visits.before) + way >= time)
    change: Array = lesson.rule.at_post(
        relative(lesson, weight),
        pre.traces(who, earlier, time - (pre.last(who, earlier) + way)),
        post.traces(neuron, n, own - post.last(neuron, n)),
        lesson.c,
    )
    return change


def _at_pre(
    a: SimpleNamespace, lesson: Lesson, visits: Visits, neuron: Array, dendritic: Array, now: int, weight: Array
) -> Array:
    """Return the changes by the presynaptic spikes that are visited now."""
    pre, post = lesson.pre, lesson.post
    who = visits.row + lesson.route.source - pre.record.source
    time = now + lesson.learning.early
    seen = post.until(neuron, time - 1 - dendritic)
    change: Array = lesson.rule.at_pre(
        relative(lesson, weight),
        pre.traces(who, visits.before, now - lesson.route.age - pre.last(who, visits.before)),
        post.traces(neuron, seen, time - (post.last(neuron, seen) + dendritic)),
        lesson.c,
    )
    return change


def relative(lesson: Lesson, weight: Array) -> Array:
    """Return stored weights in units of the largest."""
    real = lesson.c[0].dtype
    w: Array = weight.astype(real) / real.type(lesson.learning.w_max)
    return w


def changed(lesson: Lesson, weight: Array, change: Array) -> Array:
    """Return stored weights after a change in units of the largest weight, rounded half away from zero."""
    w_max, real = lesson.learning.w_max, change.dtype.type
    d = np.minimum(np.maximum(change, real(-1)), real(1)) * real(w_max)
    d = np.where(d < 0, d - real(0.5), d + real(0.5))
    return np.clip(weight + d.astype(weight.dtype), 0, w_max)

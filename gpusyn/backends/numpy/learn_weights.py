"""``kernels/learn_weights.cu`` in numpy: weights that change by the spikes on both sides of their synapses.

A synapse is visited when a spike of its source reaches it. All postsynaptic spikes that have reached it since the last
visit then change the weight one after the other, and last the spike itself does. At a sweep, the synapses that no spike
reaches are visited too. No result depends on when postsynaptic spikes are settled.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from gpusyn.backends.numpy import drifting_lessons, pieces
from gpusyn.backends.numpy.deliver_spikes import Sent, due_synapses, prepare_routes, sent_along, spikes_of_ages
from gpusyn.backends.numpy.lessons import Lesson, Lessons, Synapses, Visits, relative, units
from gpusyn.backends.numpy.remember_spikes import sweeps
from gpusyn.backends.numpy.trains import decayed, trains_of
from gpusyn.equations.coefficients import read
from gpusyn.kernels.arrays import LONG_AGO
from gpusyn.kernels.records import Clock, Learning, Modulator, TraceDecay, read_rows
from gpusyn.kernels.signature import GIVEN_RULES, RuleSignature
from gpusyn.kernels.synapse_words import unpack_late
from gpusyn.numerics.portable_math import flush
from gpusyn.utils.typing import Array


def prepare_learning(a: SimpleNamespace, signature: RuleSignature | None) -> Lessons:
    """Return the routes with their rules and trains."""
    sets, rules = trains_of(a), (signature or GIVEN_RULES).rules
    found: list[Lesson] = []
    modulators = read_rows(a.modulators, Modulator)
    learnings = read_rows(a.learnings, Learning)
    for (sender, route), one in zip(prepare_routes(a, None), learnings, strict=False):
        rule = rules[one.rule]
        modulator = modulators[one.modulator] if rule.ELIGIBLE else None
        c = read(rule.C, a.coef[one.coef :])
        found.append(Lesson(sender, route, one, len(found), rule, c, sets[one.pre], sets[one.post], modulator))
    return Lessons(found, a.ages[: a.n_ages].tolist())


def learn_weights(a: SimpleNamespace, prepared: Lessons) -> None:
    """Change the weights of all synapses that spikes reach in this step, or of all synapses."""
    now = Clock(*a.clock.tolist()).now
    sweep = sweeps(a, now)
    spikes = list(spikes_of_ages(a, prepared.ages, now, int(a.spike_total[0])))
    for lesson in prepared.lessons:
        route, reached = lesson.route, [np.zeros(0, np.int64)]
        for found in spikes:
            for _, sent in sent_along([(lesson.sender, route)], found):
                visit(a, lesson, sent.row, sent.number, now, sweep.last)
                reached.append(sent.row)
        if sweep.wanted:
            others = np.setdiff1d(np.arange(route.source_end - route.source), np.concatenate(reached))
            visit(a, lesson, others, np.zeros_like(others), now, sweep.last)


def settle(
    a: SimpleNamespace, lesson: Lesson, row: Array, part: Array, place: Array, now: int, *, complete: bool = True
) -> None:
    """Change the weights of some synapses by all that has reached them until the end of a step.

    The synapses are given by their rows, parts of slices and places. What drifts between spikes goes on to the present
    if that is to be `complete`; else the last event has changed it last, so that no bit depends on the visit.
    """
    sweep = sweeps(a, now)
    last = now if sweep.wanted else sweep.last
    for start, stop in pieces.parts(place.size, pieces.SYNAPSES):
        some = slice(start, stop)
        visits = _visits(a, lesson, row[some], np.zeros(stop - start, np.int64), now, last, complete=complete)
        _learn(a, lesson, visits, _synapses(a, lesson, part[some], place[some]), now, complete=complete)


def calcium(a: SimpleNamespace, lesson: Lesson, row: Array, part: Array, place: Array, now: int) -> Array:
    """Return calcium of some synapses, given as to `settle`, at the end of a step."""
    return drifting_lessons.calcium(lesson, row, _synapses(a, lesson, part, place), now)


def visit(a: SimpleNamespace, lesson: Lesson, row: Array, events: Array, now: int, last: int) -> None:
    """Visit rows whose sources have some events that reach the synapses now, or none; `last` is the last sweep."""
    route, visits = lesson.route, _visits(a, lesson, row, events, now, last, complete=False)
    for due in due_synapses(a, route, Sent(row, np.zeros_like(row), events, np.zeros_like(row))):
        synapses = _synapses(a, lesson, due.slice, due.synapse)
        _learn(a, lesson, visits.part(due.sender), synapses, now, complete=False)


def _visits(
    a: SimpleNamespace, lesson: Lesson, row: Array, events: Array, now: int, last: int, *, complete: bool
) -> Visits:
    """Return the visits of rows; `last` is the last sweep. Those after all that happens in a step are `complete`."""
    route, pre = lesson.route, lesson.pre
    who = row + route.source - pre.record.source
    before = pre.until(who, now - route.age) - (events > 0)
    own = np.maximum(pre.last(who, before) + route.age, int(a.settled[lesson.learning.settled]))
    base = counted_from(lesson.modulator, now, complete=complete)
    return Visits(row, before, events, np.maximum(own, last), np.maximum(own, base), np.full_like(row, base))


def _synapses(a: SimpleNamespace, lesson: Lesson, part: Array, place: Array) -> Synapses:
    """Return some synapses of a route, in parts of its slices."""
    route, one = lesson.route, lesson.learning
    target = (route.slice + part) * route.slice_size + a.targets[route.targets + place].astype(np.int64)
    late = unpack_late(a.late[route.late :], route.late_bits, place).astype(np.int64) if route.late >= 0 else 0
    return Synapses(place, target - one.offset, np.full(place.size, one.dendritic) + late)


def counted_from(modulator: Modulator | None, now: int, *, complete: bool) -> int:
    """Return the step from which gains are counted: the last that settled all synapses, this one if `complete`."""
    if modulator is None:
        return LONG_AGO
    return now - (now & modulator.mask if complete else (now - 1 & modulator.mask) + 1)


def _learn(a: SimpleNamespace, lesson: Lesson, visits: Visits, synapses: Synapses, now: int, *, complete: bool) -> None:
    """Change the weights of visited synapses, by postsynaptic spikes and then by the presynaptic one."""
    if lesson.rule.DRIFTS:
        drifting_lessons.learn(a, lesson, visits, synapses, now, complete=complete)
        return
    neuron, dendritic = synapses.neuron, synapses.dendritic
    first = lesson.post.until(neuron, visits.since - dendritic)
    end = lesson.post.until(neuron, now - dendritic)
    weights = Weights(a, lesson, synapses)
    if lesson.modulator is not None:
        last = np.maximum(visits.own, lesson.post.last(neuron, first) + dendritic)
        weights = Eligibilities(a, lesson, synapses, last, visits.base)
    for i in range(int((end - first).max(initial=0))):
        some = np.flatnonzero(first + i < end)
        n, own = first[some] + i, dendritic[some]
        w = weights.stored[some]
        change = _at_post(a, lesson, visits.part(some), neuron[some], own, n, w)
        weights.change(some, lesson.post.last(neuron[some], n + 1) + own, change)
    for i in range(int(visits.events.max(initial=0))):
        some = np.flatnonzero(i < visits.events)
        w = weights.stored[some]
        change = _at_pre(a, lesson, visits.part(some), neuron[some], dendritic[some], now, w)
        weights.change(some, np.full(some.size, now), change)
    weights.write(now, complete=complete)


class Weights:
    """The weights of visited synapses, while spikes change them."""

    def __init__(self, a: SimpleNamespace, lesson: Lesson, synapses: Synapses) -> None:
        self.a, self.lesson = a, lesson
        self.place = lesson.route.weights + synapses.place
        self.stored: Array = a.weights[self.place]

    def change(self, some: Array, time: Array, change: Array) -> None:
        """Change some of them at a time (step)."""
        self.stored[some] = changed(self.lesson, self.stored[some], change)

    def write(self, now: int, *, complete: bool) -> None:
        """Write them back."""
        self.a.weights[self.place] = self.stored


class Eligibilities(Weights):
    """Eligibilities, each of a step `time` of its own, of which a modulator has made changes of weights until then."""

    def __init__(self, a: SimpleNamespace, lesson: Lesson, synapses: Synapses, time: Array, base: Array) -> None:
        super().__init__(a, lesson, synapses)
        self.c_place = lesson.learning.eligibility + synapses.place
        self.c: Array = a.eligibility[self.c_place]
        self.time, self.base = time, base

    def change(self, some: Array, time: Array, change: Array) -> None:
        """Change the eligibility at a time (step)."""
        self._advance(some, time)
        self.c[some] = flush(self.c[some] + change)

    def write(self, now: int, *, complete: bool) -> None:
        """Write weights and eligibilities back; advance them to this step if all synapses must be."""
        assert self.lesson.modulator is not None
        every = self.lesson.learning.scaled
        if complete or now & self.lesson.modulator.mask == 0 or (every and (now + 1) % every == 0):
            self._advance(np.arange(self.c.size), np.full(self.c.size, now))
        self.a.eligibility[self.c_place] = self.c
        super().write(now, complete=complete)

    def _advance(self, some: Array, time: Array) -> None:
        """Let the modulator change weights by what the eligibilities were up to a time."""
        a, modulator = self.a, self.lesson.modulator
        assert modulator is not None
        c, since, base = self.c[some], self.time[some], self.base[some]
        decay, growth = (TraceDecay(*row) for row in read_rows(a.traces, TraceDecay)[modulator.decay :][:2])
        gain = a.gains[modulator.gains + time - base] - a.gains[modulator.gains + since - base]
        change = c * (decayed(a, growth, since - base) * gain)
        self.stored[some] = changed(self.lesson, self.stored[some], change)
        self.c[some] = flush(c * decayed(a, decay, time - since))
        self.time[some] = time


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


def changed(lesson: Lesson, weight: Array, change: Array) -> Array:
    """Return stored weights after a change in units of the largest weight."""
    new: Array = np.clip(weight + units(lesson, change).astype(weight.dtype), 0, lesson.learning.w_max)
    return new

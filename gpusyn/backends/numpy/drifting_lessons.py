"""``kernels/drifting_lessons.cuh`` in numpy: weights that calcium moves between spikes.

The weight of a synapse is known at its last event: a spike of either side that has reached it, or calcium of a
presynaptic one, which comes later. From one event to the next calcium decays, and the weight moves by a known law. In a
visit all events up to the present step are gone through; what follows the last one is left to the next visit, so that
no bit depends on visits. At a spike of the source the weight goes on to the present, because it is read.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from gpusyn.backends.numpy.lessons import Lesson, Synapses, Visits, relative, units
from gpusyn.equations.plasticity.calcium import CalciumRule
from gpusyn.kernels.records import NEVER
from gpusyn.numerics.normal_quantile import normal_quantile
from gpusyn.numerics.philox import philox, uniform32
from gpusyn.utils.typing import Array, Floats


def learn(a: SimpleNamespace, lesson: Lesson, visits: Visits, synapses: Synapses, now: int, *, complete: bool) -> None:
    """Change the weights of visited synapses by all events until now; a `complete` visit goes on to the present.

    The noise of a time that no event has ended is left out.
    """
    state = Drifting(a, lesson, visits, synapses)
    while (some := np.flatnonzero((following := state.following()) <= now)).size:
        state.advance(some, following[some], noisy=True)
        state.let_in(some)
    present = np.flatnonzero(visits.events)
    state.advance(present, np.full(present.size, now + lesson.learning.early), noisy=True)
    if complete:
        state.advance(np.arange(following.size), np.full(following.size, now), noisy=False)
    state.write()


def calcium(lesson: Lesson, row: Array, synapses: Synapses, now: int) -> Array:
    """Return calcium of synapses in some rows at the end of a step."""
    pre, post, learning, c = lesson.pre, lesson.post, lesson.learning, lesson.c
    who, back = row + lesson.route.source - pre.record.source, synapses.dendritic
    there = lesson.route.age + learning.early + learning.lag
    n, m = pre.until(who, now - there), post.until(synapses.neuron, now - back)
    x = pre.traces(who, n, now - there - pre.last(who, n))[0]
    y = post.traces(synapses.neuron, m, now - back - post.last(synapses.neuron, m))[0]
    found: Array = c.C_pre * x + c.C_post * y
    return found


class Drifting:
    """Visited synapses at their last events: the times (steps), and the numbers of spikes whose calcium has come.

    Attributes
    ----------
    stored : ndarray
        Weights in units of stored weights, with what their bounds cut off.
    """

    def __init__(self, a: SimpleNamespace, lesson: Lesson, visits: Visits, synapses: Synapses) -> None:
        self._a, self._lesson, learning = a, lesson, lesson.learning
        self._who = visits.row + lesson.route.source - lesson.pre.record.source
        self._neuron, self._back = synapses.neuron, synapses.dendritic
        arrival = lesson.route.age + learning.early
        self._there = arrival + learning.lag
        self._pre = lesson.pre.until(self._who, visits.since - self._there)
        self._post = lesson.post.until(self._neuron, visits.since - self._back)
        last = np.maximum(lesson.pre.last(self._who, visits.before) + arrival, int(a.settled[learning.settled]))
        self._time = np.maximum(last, np.maximum(self._there_last(), self._back_last()))
        self._place, self._noisy = lesson.route.weights + synapses.place, learning.noisy + synapses.place
        self.stored: Array = a.weights[self._place]
        if learning.noisy >= 0:
            self.stored = self.stored + a.excess[self._noisy]

    def _there_last(self, more: int = 0) -> Array:
        """Return when the last presynaptic calcium came, or that of as many spikes later."""
        found: Array = self._lesson.pre.last(self._who, self._pre + more) + self._there
        return found

    def _back_last(self, more: int = 0) -> Array:
        """Return when the last postsynaptic calcium came, or that of as many spikes later."""
        found: Array = self._lesson.post.last(self._neuron, self._post + more) + self._back
        return found

    def following(self) -> Array:
        """Return the times of the next events."""
        pre, post = self._lesson.pre, self._lesson.post
        there = np.where(self._pre < pre.counts(self._who), self._there_last(1), NEVER)
        return np.minimum(there, np.where(self._post < post.counts(self._neuron), self._back_last(1), NEVER))

    def let_in(self, some: Array) -> None:
        """Let in the calcium that comes at the present times of some synapses."""
        following = self.following()[some]
        there, back = self._there_last(1)[some], self._back_last(1)[some]
        due = following == self._time[some]
        self._pre[some] += due & (there == following)
        self._post[some] += due & (back == following)

    def advance(self, some: Array, to: Array, *, noisy: bool) -> None:
        """Let the weights of some synapses drift to a time."""
        lesson, c, since = self._lesson, self._lesson.c, self._time[some]
        elapsed = np.maximum(to - since, 0)
        time = elapsed.astype(c.dt.dtype) * c.dt
        pre = lesson.pre.traces(self._who[some], self._pre[some], since - self._there_last()[some])
        post = lesson.post.traces(self._neuron[some], self._post[some], since - self._back_last()[some])
        rule = lesson.rule
        assert isinstance(rule, CalciumRule)
        above = rule.above(pre[0], post[0], time, c)
        normal = np.zeros((2, some.size))
        if noisy and lesson.learning.noisy >= 0:
            moved = np.flatnonzero(above.some)
            normal[:, moved] = self._normal(some[moved], to[moved])
        w = relative(lesson, self.stored[some])
        self._change(some, rule.drift(w, above, time, c, (normal[0], normal[1])))
        self._time[some] = since + elapsed

    def _normal(self, some: Array, to: Array) -> Floats:
        """Return two standard normal numbers for each synapse and time."""
        key, number = int(self._a.keys[self._lesson.number]), self._a.number[self._noisy[some]]
        words = philox(key, number, to & 0xFFFFFFFF, to >> 32, 0)
        return np.array([normal_quantile(uniform32(word)) for word in words[:2]])

    def _change(self, some: Array, change: Array) -> None:
        """Change weights, within their bounds, or with noise within as much below and above them."""
        w_max, noisy = self._lesson.learning.w_max, self._lesson.learning.noisy >= 0
        least, most = (-w_max, 2 * w_max) if noisy else (0, w_max)
        stored, d = self.stored[some], units(self._lesson, change).astype(self.stored.dtype)
        # Room is made before the change, so that no sum exceeds a word.
        self.stored[some] = np.clip(stored, least - np.minimum(d, 0), most - np.maximum(d, 0)) + d

    def write(self) -> None:
        """Write them back."""
        weights = np.clip(self.stored, 0, self._lesson.learning.w_max)
        self._a.weights[self._place] = weights
        if self._lesson.learning.noisy >= 0:
            self._a.excess[self._noisy] = self.stored - weights

"""Plain loops over the events of one synapse, in double precision: what every rule of plasticity means.

They are written from the papers and from the conventions of the interface, and share nothing with the library but its
descriptions of rules. Times are whole steps. At the synapse, a presynaptic spike counts `axonal` steps after it was
made, and a postsynaptic one `delay - axonal` steps after it was made. What meets at the synapse at the same time counts
neither way: all of it sees the traces of what came before. Postsynaptic spikes change the weight first, so that a
presynaptic one delivers what they have made of it; but where nothing of the delay is dendritic, the presynaptic one
comes first, because what it delivers must be known before the neuron can spike in that step. Weights are clipped to
[0, w_max] at each event.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import gpusyn as gs


class Synapse(NamedTuple):
    """One synapse: its weight at the start and the largest one, its delay and the axonal part (steps), dt (ms)."""

    w0: float
    w_max: float
    delay: int
    axonal: int = 0
    dt: float = 0.1

    @property
    def early(self) -> int:
        """By how many steps a presynaptic spike is read before it counts: 1 if it comes before the neuron's own."""
        return int(self.axonal == self.delay)


class Learned(NamedTuple):
    """The weight after the last event, and for each presynaptic spike the step of delivery and the delivered weight."""

    weight: float
    delivered: list[tuple[int, float]]


class Trace:
    """A trace that decays, and to which spikes add 1; with `nearest` they set it to 1."""

    def __init__(self, tau: float, nearest: bool = False) -> None:
        self.tau, self.nearest, self.value, self.time = tau, nearest, 0.0, 0.0

    def at(self, t: float) -> float:
        """The value at a time (ms) that is not before the last spike."""
        return self.value * math.exp(-(t - self.time) / self.tau)

    def add(self, t: float, count: int) -> None:
        """Let spikes arrive."""
        self.value, self.time = (1.0 if self.nearest else self.at(t) + count), t


def power(x: float, mu: float) -> float:
    """x^mu of a part of w_max; 0^0 is 1, so that mu = 0 is additive."""
    return 1.0 if mu == 0.0 else x**mu if x > 0.0 else 0.0


class Pair:
    """Song, Miller & Abbott (2000), Gutig et al. (2003): r after presynaptic spikes, o after postsynaptic ones."""

    def __init__(self, rule: gs.STDP, w_max: float) -> None:
        nearest = rule.pairing == "nearest"
        self.rule, self.w_max = rule, w_max
        self.pre, self.post = [Trace(rule.tau_plus, nearest)], [Trace(rule.tau_minus, nearest)]

    def at_post(self, w: float, pre: Sequence[float], post: Sequence[float]) -> float:
        """The change of a weight at a postsynaptic spike."""
        return self.rule.A_plus * self.w_max * power(1.0 - w / self.w_max, self.rule.mu_plus) * pre[0]

    def at_pre(self, w: float, pre: Sequence[float], post: Sequence[float]) -> float:
        """The change of a weight at a presynaptic spike."""
        return -self.rule.A_minus * self.w_max * power(w / self.w_max, self.rule.mu_minus) * post[0]


class Triplet:
    """Pfister & Gerstner (2006): r1 and r2 after presynaptic spikes, o1 and o2 after postsynaptic ones."""

    def __init__(self, rule: gs.TripletSTDP, w_max: float) -> None:
        self.rule, self.w_max = rule, w_max
        self.pre, self.post = (
            [Trace(rule.tau_plus), Trace(rule.tau_x)],
            [Trace(rule.tau_minus), Trace(rule.tau_y)],
        )

    def at_post(self, w: float, pre: Sequence[float], post: Sequence[float]) -> float:
        """The change of a weight at a postsynaptic spike."""
        (r1, _), (_, o2) = pre, post
        return self.w_max * r1 * (self.rule.A2_plus + self.rule.A3_plus * o2)

    def at_pre(self, w: float, pre: Sequence[float], post: Sequence[float]) -> float:
        """The change of a weight at a presynaptic spike."""
        (_, r2), (o1, _) = pre, post
        return -self.w_max * o1 * (self.rule.A2_minus + self.rule.A3_minus * r2)


class Inhibitory:
    """Vogels, Sprekeler, Zenke, Clopath & Gerstner (2011): x after presynaptic spikes, y after postsynaptic ones."""

    def __init__(self, rule: gs.InhibitorySTDP, w_max: float) -> None:
        self.rule, self.alpha = rule, 2.0 * rule.rate / 1000.0 * rule.tau
        self.pre, self.post = [Trace(rule.tau)], [Trace(rule.tau)]

    def at_post(self, w: float, pre: Sequence[float], post: Sequence[float]) -> float:
        """The change of a weight at a postsynaptic spike."""
        return self.rule.eta * pre[0]

    def at_pre(self, w: float, pre: Sequence[float], post: Sequence[float]) -> float:
        """The change of a weight at a presynaptic spike."""
        return self.rule.eta * (post[0] - self.alpha)


LOOPS: dict[type, Any] = {gs.STDP: Pair, gs.TripletSTDP: Triplet, gs.InhibitorySTDP: Inhibitory}


class Meeting(NamedTuple):
    """What meets at a synapse in one step: how many postsynaptic and presynaptic spikes."""

    step: int
    post: int
    pre: int


def meetings(synapse: Synapse, pre: Iterable[int], post: Iterable[int], until: int | None) -> list[Meeting]:
    """Everything that reaches a synapse until a step, in order, from the steps in which spikes were made."""
    last = math.inf if until is None else until
    there = [spike + synapse.axonal for spike in pre if spike + synapse.axonal <= last + synapse.early]
    back = [spike + synapse.delay - synapse.axonal for spike in post]
    back = [step for step in back if step <= last]
    return [Meeting(step, back.count(step), there.count(step)) for step in sorted({*there, *back})]


def learned(rule: Any, synapse: Synapse, pre: Sequence[int], post: Sequence[int], until: int | None = None) -> Learned:
    """What a rule makes of a synapse until a step (or of all spikes), with the steps in which spikes were made."""
    loop, w, delivered = LOOPS[type(rule)](rule, synapse.w_max), synapse.w0, []
    for meeting in meetings(synapse, pre, post, until):
        t = meeting.step * synapse.dt
        before = [trace.at(t) for trace in loop.pre], [trace.at(t) for trace in loop.post]
        arrival = meeting.step - synapse.axonal + synapse.delay
        for side in ("pre", "post") if synapse.early else ("post", "pre"):
            change, count = (loop.at_pre, meeting.pre) if side == "pre" else (loop.at_post, meeting.post)
            for _ in range(count):
                w = clipped(w + change(w, *before), synapse.w_max)
            delivered += [(arrival, w)] * count if side == "pre" else []
        for traces, count in ((loop.pre, meeting.pre), (loop.post, meeting.post)):
            for trace in traces if count else ():
                trace.add(t, count)
    return Learned(w, delivered)


def clipped(w: float, w_max: float) -> float:
    """A weight within its bounds."""
    return min(max(w, 0.0), w_max)


# ---- three factors ----


class Dopamine:
    """Izhikevich (2007): c' = -c/tau_c + what pairs add, d' = (m - d)/tau_d, w' = c d, with m in 1/ms.

    Between two changes everything is integrated in closed form.
    """

    def __init__(self, rule: gs.DopamineSTDP, synapse: Synapse) -> None:
        self.rule, self.synapse = rule, synapse
        self.c, self.d, self.w, self.time = 0.0, 0.0, synapse.w0, 0.0

    def advance(self, t: float, m: float = 0.0) -> None:
        """Go on to a time (ms), while the modulator has the rate m (Hz)."""
        h, m = t - self.time, m / 1000.0
        tau_c, tau_d = self.rule.tau_eligibility, self.rule.tau_dopamine
        both = 1.0 / (1.0 / tau_c + 1.0 / tau_d)
        # d = m + (d0 - m) exp(-s/tau_d), c = c0 exp(-s/tau_c): the integral of their product over s
        change = self.c * (m * tau_c * -math.expm1(-h / tau_c) + (self.d - m) * both * -math.expm1(-h / both))
        self.w = clipped(self.w + change, self.synapse.w_max)
        self.c *= math.exp(-h / tau_c)
        self.d = m + (self.d - m) * math.exp(-h / tau_d)
        self.time = t


def learned_by_reward(
    rule: gs.DopamineSTDP,
    synapse: Synapse,
    pre: Sequence[int],
    post: Sequence[int],
    *,
    spikes: Sequence[int] = (),
    rates: Sequence[float] = (),
    until: int,
) -> Learned:
    """What dopamine makes of a synapse, with the spikes of the modulator, or its rate (Hz) in each step.

    A spike of the modulator acts in the step in which it is made, after what meets at the synapse in that step.
    """
    pairs, state, delivered = Pair(rule.stdp, synapse.w_max), Dopamine(rule, synapse), []
    at = {meeting.step: meeting for meeting in meetings(synapse, pre, post, until)}
    for step in range(1, until + 1):
        t = step * synapse.dt
        state.advance(t, rates[step - 1] if len(rates) else 0.0)
        meeting = at.get(step, Meeting(step, 0, 0))
        before = [trace.at(t) for trace in pairs.pre], [trace.at(t) for trace in pairs.post]
        state.c += meeting.post * pairs.at_post(state.w, *before) + meeting.pre * pairs.at_pre(state.w, *before)
        for traces, count in ((pairs.pre, meeting.pre), (pairs.post, meeting.post)):
            for trace in traces if count else ():
                trace.add(t, count)
        state.d += spikes.count(step) / rule.tau_dopamine
        delivered += [(step - synapse.axonal + synapse.delay, state.w)] * meeting.pre
    return Learned(state.w, delivered)


# ---- release ----


def released(U: float, tau_rec: float, tau_facil: float, spikes: Sequence[int], dt: float = 0.1) -> list[float]:
    """Tsodyks & Markram (1997), Markram, Wang & Tsodyks (1998): the part u x of a weight that each spike delivers.

    u rests at 0 and x at 1; a spike lets u grow first, and then releases u x.
    """
    u, x, last, parts = 0.0, 1.0, None, []
    for spike in spikes:
        if last is not None:
            h = (spike - last) * dt
            u *= math.exp(-h / tau_facil) if tau_facil > 0.0 else 0.0
            x = 1.0 - (1.0 - x) * math.exp(-h / tau_rec)
        u += U * (1.0 - u)
        parts.append(u * x)
        x -= u * x
        last = spike
    return parts


def variance_of_a_quantum(cv: float) -> float:
    """The variance of a size in mean quanta: normal around 1 with the standard deviation cv, kept within 0 and 2."""
    if cv == 0.0:
        return 0.0
    edge = 1.0 / cv
    density = math.exp(-0.5 * edge * edge) / math.sqrt(2.0 * math.pi)
    return cv * cv * (1.0 - 2.0 * edge * density / math.erf(edge / math.sqrt(2.0)))


class Moments(NamedTuple):
    """Amplitudes of a train of spikes in units of the weight: means, and their covariances by pair of spikes."""

    mean: list[float]
    covariance: list[list[float]]


def moments(
    n: int, cv: float, U: float, tau_rec: float, tau_facil: float, spikes: Sequence[int], dt: float = 0.1
) -> Moments:
    """Fuhrmann, Segev, Markram & Tsodyks (2002): amplitudes of n sites that release and recover each by itself.

    Site by site, a release at spike j leaves the site empty; the probabilities of what follows are those of a site that
    is known to be empty then. `tau_rec` of 0 means that sites are always full: `U` is then the probability of release.
    """
    count = len(spikes)
    p = [U] * count  # of release from a full site
    for k in range(1, count):
        if tau_rec > 0.0:
            h = (spikes[k] - spikes[k - 1]) * dt
            p[k] = U + (1.0 - U) * p[k - 1] * (math.exp(-h / tau_facil) if tau_facil > 0.0 else 0.0)

    def full(after: int) -> list[float]:
        """How probably a site is full before each spike, if it is empty after one of them (-1: full at first)."""
        found = [1.0] * count
        state = 0.0 if after >= 0 else 1.0
        for k in range(after + 1, count):
            if k > 0:
                h = (spikes[k] - spikes[k - 1]) * dt
                state = 1.0 - (1.0 - state) * (math.exp(-h / tau_rec) if tau_rec > 0.0 else 0.0)
            found[k] = state
            state *= 1.0 - p[k]
        return found

    release = [x * u for x, u in zip(full(-1), p, strict=True)]
    covariance = [[0.0] * count for _ in range(count)]
    for j in range(count):
        again = full(j)
        covariance[j][j] = release[j] * (1.0 + variance_of_a_quantum(cv) - release[j]) / n
        for k in range(j + 1, count):
            both = release[j] * again[k] * p[k]
            covariance[j][k] = covariance[k][j] = (both - release[j] * release[k]) / n
    return Moments(release, covariance)

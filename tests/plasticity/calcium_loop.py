"""Calcium of one synapse, and what it makes of rho, in double precision: written from Graupner & Brunel (2012).

`course` goes from event to event with a Runge-Kutta method whose steps are so short that it is exact for every purpose
here, and shares nothing with the library. `occupancy` and `change_of_strength` are the paper's closed forms for pairs
of spikes that go on for ever, or for some time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import gpusyn as gs
from tests.plasticity.plain_loops import Synapse

STEPS = 24  # of Runge and Kutta in one piece


class Course(NamedTuple):
    """The weight at the end, and the times (ms) for which calcium was above theta_d and above theta_p."""

    weight: float
    above_d: float
    above_p: float


def moved(rho: float, time: float, p: float, d: float, tau: float) -> float:
    """Return rho after a time in which potentiation and depression have these rates (1/tau)."""

    def slope(x: float) -> float:
        return (-x * (1.0 - x) * (0.5 - x) + p * (1.0 - x) - d * x) / tau

    h = time / STEPS
    for _ in range(STEPS):
        a = slope(rho)
        b = slope(rho + h / 2 * a)
        c = slope(rho + h / 2 * b)
        rho += h / 6 * (a + 2 * b + 2 * c + slope(rho + h * c))
    return rho


def jumps(rule: gs.CalciumSTDP, synapse: Synapse, pre: Sequence[int], post: Sequence[int]) -> dict[int, float]:
    """Return by how much calcium jumps, by step, from the steps in which spikes were made."""
    found: dict[int, float] = {}
    for step in pre:
        at = step + synapse.axonal + round(rule.D / synapse.dt)
        found[at] = found.get(at, 0.0) + rule.C_pre
    for step in post:
        at = step + synapse.delay - synapse.axonal
        found[at] = found.get(at, 0.0) + rule.C_post
    return found


def calcium(
    rule: gs.CalciumSTDP, synapse: Synapse, pre: Sequence[int], post: Sequence[int], steps: Sequence[int]
) -> list[float]:
    """Return calcium at the end of steps: a sum of exponentials, one of each jump that has come."""
    found = jumps(rule, synapse, pre, post)
    tau = rule.tau_Ca / synapse.dt
    return [sum(size * math.exp((at - step) / tau) for at, size in found.items() if at <= step) for step in steps]


def course(rule: gs.CalciumSTDP, synapse: Synapse, pre: Sequence[int], post: Sequence[int], until: int) -> Course:
    """Return what calcium has made of a synapse without noise until a step."""
    w1, w0 = synapse.w_max, synapse.w_max / rule.b
    rho, calcium, now, above = (synapse.w0 - w0) / (w1 - w0), 0.0, 0, {"d": 0.0, "p": 0.0}
    events = jumps(rule, synapse, pre, post)
    for step in [*(step for step in sorted(events) if step <= until), until]:
        length = (step - now) * synapse.dt
        time = {}
        for name, theta in (("d", rule.theta_d), ("p", rule.theta_p)):
            time[name] = min(rule.tau_Ca * math.log(calcium / theta), length) if calcium > theta else 0.0
            above[name] += time[name]
        edges = sorted({0.0, *time.values(), length})
        for a, b in pairwise(edges):
            p, d = rule.gamma_p * (a < time["p"]), rule.gamma_d * (a < time["d"])
            pieces = max(1, math.ceil((b - a) / rule.tau / 0.2), math.ceil((p + d) * (b - a) / rule.tau / 0.2))
            for _ in range(pieces):
                rho = moved(rho, (b - a) / pieces, p, d, rule.tau)
        calcium = calcium * math.exp(-length / rule.tau_Ca) + events.pop(step, 0.0)
        now = step
    return Course(w0 + rho * (w1 - w0), above["d"], above["p"])


def occupancy(rule: gs.CalciumSTDP, lag: float, rate: float = 1.0) -> tuple[float, float]:
    """Return the fractions of time above theta_d and theta_p in pairs (lag = t_post - t_pre, ms) that go on for ever.

    Calcium of one period is the sum over all former ones, a geometric series.
    """
    period = 1000.0 / rate
    size = {"pre": rule.C_pre, "post": rule.C_post}
    at = {"pre": rule.D % period, "post": lag % period}
    events = sorted(at, key=lambda name: at[name])
    left = 1.0 - math.exp(-period / rule.tau_Ca)
    fractions = []
    for theta in (rule.theta_d, rule.theta_p):
        time = 0.0
        for k, name in enumerate(events):
            following = at[events[1]] if k == 0 else at[events[0]] + period
            since = {other: (at[name] - at[other]) % period for other in events}
            since[name] = 0.0
            calcium = sum(size[other] * math.exp(-since[other] / rule.tau_Ca) for other in events) / left
            if calcium > theta:
                time += min(rule.tau_Ca * math.log(calcium / theta), following - at[name])
        fractions.append(time / period)
    return fractions[0], fractions[1]


class Normal(NamedTuple):
    """The mean and the variance of rho."""

    mean: float
    variance: float


def distribution(rule: gs.CalciumSTDP, above: tuple[float, float], time: float, rho: float) -> Normal:
    """Return the distribution of rho after a time (ms) in pairs that hold calcium above thresholds for such fractions.

    The paper's mean over a period, without the cubic.
    """
    d, p = rule.gamma_d * above[0], rule.gamma_p * above[1]
    left = math.exp(-time * (d + p) / rule.tau)
    mean = p / (d + p)
    return Normal(
        mean + (rho - mean) * left, rule.sigma**2 * sum(above) / (2.0 * (d + p)) * (1.0 - left**2)
    )  # fmt: skip


def change_of_strength(rule: gs.CalciumSTDP, above: tuple[float, float], time: float, weak: float = 0.5) -> float:
    """Return the mean strength after pairs for a time (ms) over that before; `weak` is the fraction of weak synapses.

    Those that noise has taken beyond 1/2 end in the other state.
    """

    def beyond(rho: float) -> float:
        after = distribution(rule, above, time, rho)
        return 0.5 * (1.0 + math.erf((after.mean - 0.5) / math.sqrt(2.0 * after.variance)))

    strong = beyond(0.0) * weak + beyond(1.0) * (1.0 - weak)
    return (1.0 - strong + rule.b * strong) / (weak + (1.0 - weak) * rule.b)

"""A whole protocol of learning by calcium as one system of differential equations, solved by scipy.

The system holds the potential of the neuron, the gates of one synapse's two receptors, the calcium in its spine and its
weight (Shouval, Bear & Cooper 2002). It is written from the paper's equations and shares nothing with the library.
Times are ms, potentials mV, conductances nS, calcium uM above rest; a weight W is in units of its largest value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from scipy.integrate import solve_ivp


class Rule(NamedTuple):
    """Constants of calcium and of learning: those of the paper, with a gain that fits gates with a peak of 1."""

    tau_Ca: float = 50.0
    G: float = 1e-3
    V_Ca: float = 130.0
    bap: float = 100.0
    bap_fast: float = 0.75
    tau_fast: float = 3.0
    tau_slow: float = 25.0
    bap_delay: float = 0.0
    theta_d: float = 0.35
    theta_p: float = 0.55
    beta: float = 80.0
    P1: float = 100.0
    P2: float = 1e-5
    P4: float = 1000.0
    speed: float = 1.0


PAPER = Rule()


def sigmoid(x: float) -> float:
    """1 / (1 + e^-x), for any x."""
    return 1.0 / (1.0 + math.exp(-x)) if x > -700.0 else 0.0


def omega(Ca: float, rule: Rule = PAPER) -> float:
    """Where calcium draws the weight to."""
    return 0.25 + sigmoid(rule.beta * (Ca - rule.theta_p)) - 0.25 * sigmoid(rule.beta * (Ca - rule.theta_d))


def eta(Ca: float, rule: Rule = PAPER) -> float:
    """How fast (1/ms)."""
    return rule.speed / (rule.P1 / (rule.P2 + Ca**3) + rule.P4)


def unblocked(V: float, Mg: float) -> float:
    """Fraction of the channels that magnesium leaves open (Jahr & Stevens 1990)."""
    return 1.0 / (1.0 + Mg / 3.57 * math.exp(-0.062 * V))


class Gate(Protocol):
    """A gate with two states, the first of which is the open fraction."""

    def slope(self, t: float, y: Sequence[float]) -> tuple[float, float]:
        """Return the derivatives of both states."""

    def event(self, t: float, y: np.ndarray) -> np.ndarray:
        """Return both states after an event at t."""

    def edges(self, t: float) -> list[float]:
        """Return the times at which the slope jumps after an event at t."""


class Exponential:
    """Jumps by 1 and decays."""

    def __init__(self, tau: float) -> None:
        self.tau = tau

    def slope(self, t: float, y: Sequence[float]) -> tuple[float, float]:
        return -y[0] / self.tau, 0.0

    def event(self, t: float, y: np.ndarray) -> np.ndarray:
        return y + np.array([1.0, 0.0])

    def edges(self, t: float) -> list[float]:
        return []


class DualExponential:
    """Rises and decays to and from a peak of 1."""

    def __init__(self, tau_rise: float, tau_decay: float) -> None:
        self.tau_rise, self.tau_decay = tau_rise, tau_decay
        peak = math.log(tau_decay / tau_rise) / (1.0 / tau_rise - 1.0 / tau_decay)
        top = math.exp(-peak / tau_decay) - math.exp(-peak / tau_rise)
        self.jump = (1.0 / tau_rise - 1.0 / tau_decay) / top

    def slope(self, t: float, y: Sequence[float]) -> tuple[float, float]:
        return y[1] - y[0] / self.tau_decay, -y[1] / self.tau_rise

    def event(self, t: float, y: np.ndarray) -> np.ndarray:
        return y + np.array([0.0, self.jump])

    def edges(self, t: float) -> list[float]:
        return []


class FirstOrder:
    """Opens by alpha [T] while a pulse of transmitter lasts, and closes by beta (Destexhe et al. 1994)."""

    def __init__(self, alpha: float, beta: float, T_max: float, T_dur: float) -> None:
        self.alpha, self.beta, self.T_max, self.T_dur = alpha, beta, T_max, T_dur
        self.end = -math.inf

    def slope(self, t: float, y: Sequence[float]) -> tuple[float, float]:
        T = self.T_max if t < self.end else 0.0
        return self.alpha * T * (1.0 - y[0]) - self.beta * y[0], 0.0

    def event(self, t: float, y: np.ndarray) -> np.ndarray:
        self.end = t + self.T_dur
        return y

    def edges(self, t: float) -> list[float]:
        return [t + self.T_dur]


class Cell(NamedTuple):
    """A leaky neuron whose spikes are given, with the synapse's conductances; or one that is clamped at a potential."""

    C_m: float = 200.0
    g_L: float = 10.0
    E_L: float = -70.0
    V_reset: float = -70.0
    t_ref: float = 2.0
    g_AMPA: float = 0.0  # if W is 1
    tau_AMPA: float = 2.0
    g_NMDA: float = 0.0
    E_rev: float = 0.0
    clamp: float | None = None


LEAKY = Cell()


class Course(NamedTuple):
    """What came out at the times of reading, each an array: potential, gate of NMDA, calcium, weight."""

    V: np.ndarray
    s: np.ndarray
    Ca: np.ndarray
    W: np.ndarray


V, A, S, H, CA, W = range(6)


def back_propagated(since: float, rule: Rule) -> float:
    """What a spike of the neuron adds to the potential of the spine, a time after it has reached it."""
    fast, slow = rule.bap_fast, 1.0 - rule.bap_fast
    return rule.bap * (fast * math.exp(-since / rule.tau_fast) + slow * math.exp(-since / rule.tau_slow))


def protocol(
    arrivals: Sequence[float],
    posts: Sequence[float],
    at: Sequence[float],
    gate: Gate,
    rule: Rule = PAPER,
    cell: Cell = LEAKY,
    W0: float = 0.25,
    Mg: float = 1.0,
    factor: float = 1.0,
    ahead: float = 0.0,
    accuracy: float = 1e-10,
) -> Course:
    """Let events arrive at a synapse and its neuron spike at given times; read at the times `at`.

    `factor` is the part of the receptor that drugs and a lack of glycine leave. An event carries the weight that the
    synapse had `ahead` ms before. What happens at a time of reading is in what is read.
    """
    reached = [post + rule.bap_delay for post in posts]
    sent = {t: t - ahead for t in arrivals}
    edges = {*arrivals, *sent.values(), *posts, *reached, *(post + cell.t_ref for post in posts)}
    edges |= {edge for t in arrivals for edge in gate.edges(t)}
    y = np.array([cell.E_L if cell.clamp is None else cell.clamp, 0.0, 0.0, 0.0, 0.0, W0])
    read, t = {}, 0.0
    for stop in sorted(edges | set(at)):
        last = max((time for time in reached if time <= t), default=-math.inf)
        moves = cell.clamp is None and not any(post <= t < post + cell.t_ref for post in posts)

        def slopes(time: float, y: np.ndarray, last: float = last, moves: bool = moves) -> list[float]:
            s, V_s = factor * y[S], y[V] + back_propagated(time - last, rule)
            dCa = -y[CA] / rule.tau_Ca + rule.G * s * unblocked(V_s, Mg) * (rule.V_Ca - V_s)
            dW = eta(y[CA], rule) * (omega(y[CA], rule) - y[W])
            g = cell.g_AMPA * y[A] + cell.g_NMDA * s * unblocked(y[V], Mg)
            dV = (cell.g_L * (cell.E_L - y[V]) + g * (cell.E_rev - y[V])) / cell.C_m if moves else 0.0
            return [dV, -y[A] / cell.tau_AMPA, *gate.slope(time, y[S : H + 1]), dCa, dW]

        if stop > t:  # from just after what happens at t to just before what happens at `stop`
            inner = (np.nextafter(t, stop), np.nextafter(stop, t))
            found = solve_ivp(slopes, inner, y, method="DOP853", rtol=accuracy, atol=1e-3 * accuracy)
            assert found.success, found.message
            y, t = found.y[:, -1], stop
        if stop in arrivals:
            y[S : H + 1] = gate.event(stop, y[S : H + 1])
            y[A] += y[W] if ahead == 0.0 else read[sent[stop]][W]
        if stop in posts and cell.clamp is None:
            y[V] = cell.V_reset
        read[stop] = y.copy()
    rows = np.array([read[time] for time in at])
    return Course(rows[:, V], factor * rows[:, S], rows[:, CA], rows[:, W])

"""The calcium and the weight of one spine as a plain loop over steps, written from the description alone.

The gate is in closed form; what is second order in the step is written as the page on plasticity says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def area(kinetics: Any, t: float) -> float:
    """The integral of the response to an event, from 0 to t (ms): its peak is 1."""
    if t <= 0:
        return 0.0
    if hasattr(kinetics, "tau"):
        return float(kinetics.tau * (1.0 - math.exp(-t / kinetics.tau)))
    rise, decay = kinetics.tau_rise, kinetics.tau_decay
    peak = rise * decay / (decay - rise) * math.log(decay / rise)
    top = math.exp(-peak / decay) - math.exp(-peak / rise)
    return float((decay * (1.0 - math.exp(-t / decay)) - rise * (1.0 - math.exp(-t / rise))) / top)


def spine(
    arrivals: Sequence[float], V: Sequence[float], spikes: Sequence[float], dt: float, *, kinetics: Any, rule: Any,
    W: float = 0.25, Mg: Callable[[float], float] = lambda t: 1.0, part: Callable[[float], float] = lambda t: 1.0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """The calcium (uM) and the weight (in units of w_max) after each step.

    Events reach the synapse at `arrivals`, V are the potentials of the target from time 0 on, and `spikes` its spikes.
    `Mg` is the magnesium (mM) in the middle of a step, and `part` what drugs and glycine leave of the gate.
    """
    Ca, found = 0.0, []
    for n in range(len(V) - 1):
        begin, middle, end = n * dt, (n + 0.5) * dt, (n + 1) * dt
        s = sum(area(kinetics, end - t) - area(kinetics, begin - t) for t in arrivals) / dt
        fires = any(abs(t - end) < 1e-6 for t in spikes)
        v = V[n] if fires else 0.5 * (V[n] + V[n + 1])
        there = [t + rule.bap_delay for t in spikes if t + rule.bap_delay <= begin + 1e-6]
        if there:
            fast, slow = (math.exp(-(middle - there[-1]) / tau) for tau in (rule.tau_fast, rule.tau_slow))
            v += rule.bap * (rule.part_fast * fast + (1.0 - rule.part_fast) * slow)
        B = 1.0 / (1.0 + Mg(middle) / 3.57 * math.exp(-0.062 * v))
        flow = rule.G * s * part(middle) * B * max(rule.V_Ca - v, 0.0)
        e = math.exp(-dt / rule.tau_Ca)
        before, Ca = Ca, e * Ca + (1.0 - e) * rule.tau_Ca * flow
        x = rule.speed * dt * float(rule.eta(0.5 * (before + Ca)))
        W += (float(rule.omega(0.5 * (before + Ca))) - W) * x / (1.0 + 0.5 * x)
        found.append((Ca, W))
    calcium, weight = np.array(found).T
    return calcium, weight

"""One record for each neuron model: all that the parametrised tests need to know of it.

LIF and GLIF have none: they are solved exactly, and have tests of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import gpusyn as gs

Draw = Callable[[Any, dict[str, Any], float, int], Any]


@dataclass(frozen=True)
class NeuronRecord:
    """What tests know of a neuron model.

    Attributes
    ----------
    equation : callable
        From a model: slopes ``f(t, y, I)`` of V and the other states, their start, the threshold, and the reset that
        follows a spike (None: V is not reset).
    units : dict
        Units of the variables.
    quiet : NeuronModel
        Its V moves without a spike.
    spiking : tuple of NeuronModel
        Five spikes and more in 195 ms.
    stronger : NeuronModel
        Four neurons under more and more current.
    strong : float
        A current that makes spikes (pA).
    receptors : {"lumped", "currents", "mixed"}
        Which of the sets of receptors in drafts.py it gets in drawn networks.
    draw : callable
        A model with drawn parameters: from a `Draft`, parameters that all models have, E_L and the number of neurons.
    jump : tuple, optional
        A model that spikes; its variable that jumps at a spike, by how much, and the V after it.
    of_spikes_alone : tuple of str
        Parameters that only tell which crossings are spikes, and do not act on V.
    """

    equation: Callable[[Any], tuple[Any, ...]]
    units: dict[str, str]
    quiet: Any
    spiking: tuple[Any, ...]
    stronger: Any
    strong: float
    receptors: str
    draw: Draw
    jump: tuple[Any, str, float, float] | None = None
    of_spikes_alone: tuple[str, ...] = ()


CURRENTS = np.array([0.0, 300.0, 600.0, 1200.0])


def adex(p):
    def slope(t, y, I):
        V, w = y
        upstroke = p.Delta_T * np.exp((V - p.V_T) / p.Delta_T)
        return [(p.g_L * (upstroke - (V - p.E_L)) - w + I) / p.C_m, (p.a * (V - p.E_L) - w) / p.tau_w]

    return slope, [p.E_L, 0.0], p.V_peak, lambda y: [p.V_reset, y[1] + p.b]


def draw_adex(draft, given, rest, size):
    own = {"Delta_T": draft.pick(0.5, 2.0), "a": draft.number(-5.0, 20.0), "b": draft.number(0.0, 100.0)}
    own["tau_w"] = draft.pick(0.01, draft.numbers(20.0, 200.0, size))
    return gs.AdEx(**given, **own, V_T=rest + 10, V_reset=rest - 5, V_peak=rest + draft.pick(12.0, 20.0, 40.0))


def izhikevich(p):
    def slope(t, y, I):
        V, u = y
        return [0.04 * V * V + 5.0 * V + 140.0 - u + I / p.C_m, p.a * (p.b * V - u)]

    return slope, [p.c, p.b * p.c], p.V_peak, lambda y: [p.c, y[1] + p.d]


def draw_izhikevich(draft, given, rest, size):
    given = {k: v for k, v in given.items() if k not in ("g_L", "E_L")}
    return gs.Izhikevich(**given, c=gs.Uniform(-68.0, -50.0), d=draft.pick(2.0, draft.numbers(0.0, 8.0, size)))


def hodgkin_huxley(p):
    def rates(V):
        u = V - p.V_T
        return (
            (0.32 * (13 - u) / np.expm1((13 - u) / 4), 0.28 * (u - 40) / np.expm1((u - 40) / 5)),
            (0.128 * np.exp((17 - u) / 18), 4.0 / (1.0 + np.exp((40 - u) / 5))),
            (0.032 * (15 - u) / np.expm1((15 - u) / 5), 0.5 * np.exp((10 - u) / 40)),
        )

    def slope(t, y, I):
        V, m, h, n = y
        sodium, potassium = p.g_Na * m**3 * h * (V - p.E_Na), p.g_K * n**4 * (V - p.E_K)
        gates = [a * (1.0 - x) - b * x for x, (a, b) in zip((m, h, n), rates(V), strict=True)]
        return [(-p.g_L * (V - p.E_L) - sodium - potassium + I) / p.C_m, *gates]

    return slope, [p.E_L, *(a / (a + b) for a, b in rates(p.E_L))], p.V_th, None


def draw_hodgkin_huxley(draft, given, rest, size):
    return gs.HodgkinHuxley(**given, g_K=draft.pick(6000.0, draft.numbers(1e3, 9e3, size)), V_T=rest + 10)


RECORDS = {
    "AdEx": NeuronRecord(
        equation=adex,
        units={"V": "mV", "w": "pA"},
        quiet=gs.AdEx(I_e=450.0, a=20.0, tau_w=20.0),
        spiking=(gs.AdEx(I_e=800.0), gs.AdEx.regular_bursting()),
        stronger=gs.AdEx(I_e=2.5 * CURRENTS),
        strong=900.0,
        receptors="lumped",
        draw=draw_adex,
        jump=(gs.AdEx(I_e=1500.0, t_ref=2.0), "w", 80.5, -70.6),
    ),
    "Izhikevich": NeuronRecord(
        equation=izhikevich,
        units={"V": "mV", "u": "mV/ms"},
        quiet=gs.Izhikevich(I_e=2.0),
        spiking=(
            gs.Izhikevich(I_e=12.0),
            gs.Izhikevich.fast_spiking(I_e=12.0),
            gs.Izhikevich.chattering(I_e=10.0),
        ),
        stronger=gs.Izhikevich(I_e=CURRENTS, C_m=50.0),
        strong=15.0,
        receptors="currents",
        draw=draw_izhikevich,
        jump=(gs.Izhikevich(I_e=20.0, t_ref=2.0), "u", 8.0, -65.0),
    ),
    "HodgkinHuxley": NeuronRecord(
        equation=hodgkin_huxley,
        units={"V": "mV", "m": "1", "h": "1", "n": "1"},
        quiet=gs.HodgkinHuxley(I_e=-80.0),
        spiking=(gs.HodgkinHuxley(I_e=300.0),),
        stronger=gs.HodgkinHuxley(I_e=CURRENTS),
        strong=200.0,
        receptors="mixed",
        draw=draw_hodgkin_huxley,
        of_spikes_alone=("V_th", "t_ref"),
    ),
}

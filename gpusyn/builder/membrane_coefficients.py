"""The numbers of each neuron model that its kernel multiplies by, and where its own states start.

Parameters come by name, each a number or an array of one value a neuron; coefficients in the order of kernels/neurons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusyn.numerics.portable_math import exp, expm1, exprel

Floats = NDArray[np.float64]
Parameters = Mapping[str, Any]


def _double(x: Any) -> Floats:
    return np.asarray(x, np.float64)


def _decay(dt: float, rate: Any) -> list[Floats]:
    """What a relaxation loses over a step, and over half of one: exp(-rate dt) - 1."""
    return [expm1(_double(-dt * rate)), expm1(_double(-0.5 * dt * rate))]


def _lif(dt: float, p: Parameters) -> list[Floats]:
    return [_double(p["g_L"]), dt / _double(p["C_m"])]


def _exact_lif(dt: float, p: Parameters) -> list[Floats]:
    x = -dt * _double(p["g_L"]) / _double(p["C_m"])
    return [expm1(x), -expm1(x) / _double(p["g_L"])]


def _adex(dt: float, p: Parameters) -> list[Any]:
    return [
        p["g_L"],
        dt / p["C_m"],
        p["V_T"] - p["E_L"],
        1 / p["Delta_T"],
        p["g_L"] * p["Delta_T"],
        p["a"],
        p["b"],
        *_decay(dt, 1 / p["tau_w"]),
        p["V_peak"] - p["E_L"],
    ]


def _izhikevich(dt: float, p: Parameters) -> list[Any]:
    c = p["c"]
    return [
        dt,
        1 / p["C_m"],
        0.08 * c + 5.0,
        (0.04 * c + 5.0) * c + 140.0,
        p["b"],
        p["b"] * c,
        p["d"],
        *_decay(dt, p["a"]),
        p["V_peak"] - c,
    ]


def _hodgkin_huxley(dt: float, p: Parameters) -> list[Any]:
    return [
        p["g_L"],
        dt / p["C_m"],
        dt,
        p["V_T"] - p["E_L"],
        p["g_Na"],
        p["E_Na"] - p["E_L"],
        p["g_K"],
        p["E_K"] - p["E_L"],
    ]


#: Own coefficients of a neuron model, from the step (ms) and the parameters.
OWN: dict[str, Callable[[float, Parameters], list[Any]]] = {
    "LIF": _lif,
    "ExactLIF": _exact_lif,
    "AdEx": _adex,
    "Izhikevich": _izhikevich,
    "HodgkinHuxley": _hodgkin_huxley,
}


def _steady_gates(V: Floats, p: Parameters) -> list[Floats]:
    """m, h and n of a Hodgkin-Huxley neuron that has been at V for long (Traub and Miles 1991)."""
    u = V - _double(p["V_T"])
    rates = (
        (1.28 / exprel((13.0 - u) / 4), 1.4 / exprel((u - 40.0) / 5)),
        (0.128 * exp((17.0 - u) / 18), 4.0 / (1.0 + exp((40.0 - u) / 5))),
        (0.16 / exprel((15.0 - u) / 5), 0.5 * exp((10.0 - u) / 40)),
    )
    return [opening / (opening + closing) for opening, closing in rates]


#: A model's own states that do not move at a potential V (mV), in the order of its STATES.
STEADY: dict[str, Callable[[Floats, Parameters], list[Any]]] = {
    "LIF": lambda V, p: [],
    "AdEx": lambda V, p: [p["a"] * (V - p["E_L"])],
    "Izhikevich": lambda V, p: [p["b"] * V],
    "HodgkinHuxley": _steady_gates,
}

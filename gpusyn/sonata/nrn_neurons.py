"""Artificial cells of NEURON as nodes of SONATA circuits, with the model files that BMTK's bionet reads.

m of NEURON's IntFire1 has no unit; 1 of it is 1 mV of V in gpusyn, and so is 1 of a weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gpusyn.errors import ParameterError
from gpusyn.neurons import LIF
from gpusyn.parameters.scalars import real
from gpusyn.receptors import DeltaReceptor
from gpusyn.sonata.template_classes import Cell, Parameter, Template, Values, Variable

__all__ = ["NRN_NEURONS"]

ABOVE_ONE = 1.0 + 2.0**-23  # IntFire1 spikes at m > 1, gs.LIF at V >= V_th: the next number in single precision
NAMES = {"tau": "tau_m", "refrac": "t_ref"}  # in the files (s), and in gpusyn (ms)
LIMITS: dict[str, dict[str, Any]] = {"tau": {"above": 0.0}, "refrac": {"low": 0.0}}
VARIABLES = {name: Variable("V", "1") for name in ("m", "V", "v", "V_m")}


def intfire1(p: Values) -> Cell:
    """Return NEURON's IntFire1: with g_L = 1 nS, C_m (pF) is the time constant (ms)."""
    model = LIF(C_m=p["tau_m"], g_L=1.0, E_L=0.0, V_th=ABOVE_ONE, V_reset=0.0, t_ref=p["t_ref"])
    return Cell(model, (DeltaReceptor("delta"),), "delta", "delta", True, VARIABLES, membrane=False)


def milliseconds(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a model file, which has them in seconds; its `type` says what model_template says."""
    unknown = given.keys() - NAMES.keys() - {"type"}
    if unknown:
        raise ParameterError(f"{min(unknown)!r} is no parameter of nrn:IntFire1; known here: tau, refrac, in seconds")
    kept = {name: real(given[name], name, unit="s", **LIMITS[name]) for name in NAMES if name in given}
    return {NAMES[name]: value * 1e3 for name, value in kept.items()}


NRN_NEURONS: dict[str, Template] = {
    "nrn:IntFire1": Template(
        {"tau_m": Parameter(10.0, "ms"), "t_ref": Parameter(5.0, "ms")},
        (),
        intfire1,
        {},
        "tau and refrac in its files are in seconds; events act at whole steps, those of one step together, and during "
        "the refractory time m is 0 (NEURON: each event at its own time, and m is 2)",
        milliseconds,
    ),
}

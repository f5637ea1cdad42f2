"""Synapses of NEST as edges of SONATA circuits; defaults are those of NEST 3.10."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.errors import ParameterError
from gpusyn.plasticity import STDP, TsodyksMarkram
from gpusyn.sonata.template_classes import Parameter, Synapse
from gpusyn.utils.typing import Floats

__all__ = ["NEST_SYNAPSES"]

Given = dict[str, float | Floats]


def _check_rest(p: Given, **rest: float | Floats) -> None:
    """Refuse a state at the start that is not that of rest."""
    for name, value in rest.items():
        if not np.all(np.isnan(p[name]) | (p[name] == value)):
            said = "U" if value is p["U"] else f"{value:g}"
            raise ParameterError(f"{name}: must be {said}, the state of rest; leave it out")


def active(p: Given) -> dict[str, Any]:
    """Return NEST's tsodyks_synapse, from rest on."""
    _check_rest(p, u=0.0, x=1.0, y=0.0)
    rule = TsodyksMarkram(U=p["U"], tau_rec=p["tau_rec"], tau_facil=p["tau_fac"], tau_psc=p["tau_psc"])
    return {"plasticity": rule}


def short_term(p: Given) -> dict[str, Any]:
    """Return NEST's tsodyks2_synapse, from rest on."""
    _check_rest(p, u=p["U"], x=1.0)
    return {"plasticity": TsodyksMarkram(U=p["U"], tau_rec=p["tau_rec"], tau_facil=p["tau_fac"])}


def pair_rule(p: Given) -> dict[str, Any]:
    """Return NEST's stdp_synapse; tau_minus is that of the nodes."""
    rate = float(p["lambda"])
    rule = STDP(
        A_plus=rate,
        A_minus=float(p["alpha"]) * rate,
        tau_plus=float(p["tau_plus"]),
        tau_minus=float(p["tau_minus"]),
        mu_plus=float(p["mu_plus"]),
        mu_minus=float(p["mu_minus"]),
    )
    return {"plasticity": rule, "w_max": p["Wmax"]}


RESOURCES = {
    "U": Parameter(0.5, "1"),
    "tau_rec": Parameter(800.0, "ms"),
    "tau_fac": Parameter(0.0, "ms"),
    "u": Parameter(None, "1"),
    "x": Parameter(1.0, "1", quiet=True),
}
STATES = {
    "U": Parameter(0.5, "1"),
    "tau_psc": Parameter(3.0, "ms"),
    "tau_rec": Parameter(800.0, "ms"),
    "tau_fac": Parameter(0.0, "ms"),
    "u": Parameter(0.0, "1", quiet=True),
    "x": Parameter(1.0, "1", quiet=True),
    "y": Parameter(0.0, "1", quiet=True),
}
PAIRS = {
    "lambda": Parameter(0.01, "1"),
    "alpha": Parameter(1.0, "1"),
    "mu_plus": Parameter(1.0, "1"),
    "mu_minus": Parameter(1.0, "1"),
    "tau_plus": Parameter(20.0, "ms"),
    "Wmax": Parameter(100.0, "of the weight"),
}
FIRST = "the first spike delivers U of the weight; in NEST it delivers `u`, which is 0.5 unless the files give it"

NEST_SYNAPSES: dict[str, Synapse] = {
    "static_synapse": Synapse(weight=1.0, delay=1.0),
    "tsodyks_synapse": Synapse(1.0, 1.0, STATES, tuple(STATES), None, active),
    "tsodyks2_synapse": Synapse(1.0, 1.0, RESOURCES, ("U", "tau_rec", "tau_fac", "u", "x"), None, short_term, FIRST),
    "stdp_synapse": Synapse(1.0, 1.0, PAIRS, (), None, pair_rule),
    "stdp_synapse_hom": Synapse(1.0, 1.0, PAIRS, (), None, pair_rule),
}

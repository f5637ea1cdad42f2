"""GLIF neurons of NEST and of the Allen Institute as nodes of SONATA circuits.

``nest:glif_psc`` has files with the parameters of NEST 3.10; ``nest:glif_lif_psc`` and the like, as BMTK names them,
have the files of the Allen Cell Types Database, in SI units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from gpusyn.errors import ParameterError
from gpusyn.kinetics import Alpha
from gpusyn.neurons import GLIF
from gpusyn.receptors import CurrentReceptor
from gpusyn.sonata.template_classes import Cell, Initial, Parameter, Template, Values, Variable

__all__ = ["GLIF_NEURONS"]

PORTS = 8  # most receptors of a neuron
FLAGS = ("spike_dependent_threshold", "after_spike_currents", "adapting_threshold")
LEVELS = {(0, 0, 0): 1, (1, 0, 0): 2, (0, 1, 0): 3, (1, 1, 0): 4, (1, 1, 1): 5}  # by the three flags
COMMON = ("C_m", "E_L", "V_th", "V_reset", "t_ref")
SPIKES = ("th_spike_add", "th_spike_decay", "voltage_reset_fraction", "voltage_reset_add")
VOLTAGE = ("th_voltage_index", "th_voltage_decay")
PAIRS = ("asc_decay", "asc_amps", "asc_r")
PADDED = {"asc_decay": 1.0, "asc_amps": 0.0, "asc_r": 1.0}  # a second after-spike current that is not there
ALLEN_PORTS = (5.5, 8.5, 2.8, 5.8)  # time constants (ms) that BMTK gives these models

VARIABLES = {name: Variable("V", "mV") for name in ("V_m", "v", "V")}
THRESHOLDS = {"threshold_spike": Variable("theta_spike", "mV"), "threshold_voltage": Variable("theta_voltage", "mV")}


def cell(level: int, p: Values) -> Cell:
    """Return a neuron of a level, with a current for each time constant."""
    given = {name: p[name] for name in COMMON}
    if level in (2, 4, 5):
        given |= {name: p[name] for name in SPIKES}
    if level >= 3:
        given |= {name: (p[f"{name}_1"], p[f"{name}_2"]) for name in PAIRS}
    if level == 5:
        given |= {name: p[name] for name in VOLTAGE}
    if level not in (1, 3):
        del given["V_reset"]
    model = GLIF(level=level, g_L=p["g"], **given)
    taus = {k: p[f"tau_syn_{k}"] for k in range(1, PORTS + 1) if p[f"tau_syn_{k}"]}
    receptors = tuple(CurrentReceptor(f"port_{k}", kinetics=Alpha(tau)) for k, tau in taus.items())
    types = {k: f"port_{k}" for k in taus}
    known = VARIABLES | {name: one for name, one in THRESHOLDS.items() if one.name in model.STATES}
    lacking = f"they need a receptor_type in dynamics_params, from 1 to {len(taus)}, as in NEST"
    return Cell(model, receptors, None, None, True, known, types, tau_minus=p["tau_minus"], lacking=lacking)


def psc(p: Values) -> Cell:
    """Return NEST's glif_psc, whose flags tell the level."""
    flags = int(p[FLAGS[0]]), int(p[FLAGS[1]]), int(p[FLAGS[2]])
    if flags not in LEVELS:
        said = ", ".join(f"{name} {bool(flag)}" for name, flag in zip(FLAGS, flags, strict=True))
        raise ParameterError(f"nest:glif_psc: {said} are not those of one of the five levels; correct them")
    return cell(LEVELS[flags], p)


def numbers(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of NEST's glif_psc with one name for each element of a list.

    ``asc_init`` has no effect in NEST, which reads its initial currents in ``ASCurrents``; nor have the parameters of
    after-spike currents where there are none.
    """
    found = {key: value for key, value in given.items() if key not in (*PAIRS, "tau_syn", "asc_init", "ASCurrents")}
    for flag in FLAGS:
        if flag in found:
            if found[flag] not in (True, False):
                raise ParameterError(f"{flag} must be true or false")
            found[flag] = float(found[flag])
    if "tau_syn" in given:
        found |= ports(given["tau_syn"])
    if given.get("after_spike_currents"):
        found |= currents({name: given[name] for name in (*PAIRS, "ASCurrents") if name in given})
    return found


def ports(taus: Sequence[float]) -> dict[str, float]:
    """Return the time constants of all receptors; 0 stands for one that is not there."""
    taus = list(taus) if isinstance(taus, Sequence) else [taus]
    if not 0 < len(taus) <= PORTS:
        raise ParameterError(f"tau_syn has {len(taus)} values, from 1 to {PORTS} are possible")
    return {f"tau_syn_{k}": float(tau) for k, tau in enumerate(taus, 1)}


def currents(lists: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the parameters of the two after-spike currents; where there is one, the other has no amplitude."""
    lengths = {len(values) for values in lists.values()}
    if lengths == {1} and set(PAIRS[:2]) <= set(lists):
        lists = {name: [values[0], PADDED.get(name, 0.0)] for name, values in lists.items()}
    elif lengths - {2}:
        raise ParameterError(
            f"{', '.join(lists)} have {', '.join(str(len(values)) for values in lists.values())} values; gpusyn's GLIF "
            "neuron has two after-spike currents, or one"
        )
    return {f"{name}_{k}": float(value) for name, values in lists.items() for k, value in enumerate(values, 1)}


def allen(level: int, given: Mapping[str, Any]) -> dict[str, float]:
    """Return NEST's parameters of a model file of the Allen Cell Types Database, as BMTK finds them."""
    try:
        coeffs = given["coeffs"]
        found = {
            "V_th": coeffs["th_inf"] * given["th_inf"] * 1e3 + given["El_reference"] * 1e3,
            "g": coeffs["G"] / given["R_input"] * 1e9,
            "E_L": given["El"] * 1e3 + given["El_reference"] * 1e3,
            "C_m": coeffs["C"] * given["C"] * 1e12,
            "t_ref": given["spike_cut_length"] * given["dt"] * 1e3,
            "V_reset": given["El_reference"] * 1e3,
        }
        if level >= 3:
            amps = [
                one * scale * 1e12 for one, scale in zip(given["asc_amp_array"], coeffs["asc_amp_array"], strict=True)
            ]
            found |= currents({"asc_decay": [1.0 / tau * 1e-3 for tau in given["asc_tau_array"]], "asc_amps": amps})
        if level in (2, 4, 5):
            threshold, reset = (given[f"{name}_method"]["params"] for name in ("threshold_dynamics", "voltage_reset"))
            found |= {"th_spike_add": threshold["a_spike"] * 1e3, "th_spike_decay": threshold["b_spike"] * 1e-3}
            found |= {"voltage_reset_fraction": reset["a"], "voltage_reset_add": reset["b"] * 1e3}
        if level == 5:
            found["th_voltage_index"] = threshold["a_voltage"] * coeffs["a"] * 1e-3
            found["th_voltage_decay"] = threshold["b_voltage"] * coeffs["b"] * 1e-3
    except KeyError as error:
        raise ParameterError(f"it has no {error}, as files of the Allen Cell Types Database") from None
    return found


def units(taus: Sequence[float]) -> dict[str, Parameter]:
    """Return the parameters that all templates have, with the defaults of NEST, and some time constants."""
    facts = {
        "C_m": (58.72, "pF"), "g": (9.43, "nS"), "E_L": (-78.85, "mV"), "V_th": (-51.68, "mV"),
        "V_reset": (-78.85, "mV"), "t_ref": (3.75, "ms"), "th_spike_add": (0.37, "mV"),
        "th_spike_decay": (0.009, "1/ms"), "voltage_reset_fraction": (0.2, "1"), "voltage_reset_add": (18.51, "mV"),
        "asc_decay_1": (0.003, "1/ms"), "asc_decay_2": (0.1, "1/ms"), "asc_amps_1": (-9.18, "pA"),
        "asc_amps_2": (-198.94, "pA"), "asc_r_1": (1.0, "1"), "asc_r_2": (1.0, "1"),
        "th_voltage_index": (0.005, "1/ms"), "th_voltage_decay": (0.09, "1/ms"),
    }  # fmt: skip
    found = {name: Parameter(*fact, quiet=name not in ("C_m", "g", "E_L", "V_th")) for name, fact in facts.items()}
    for k in range(1, PORTS + 1):
        found[f"tau_syn_{k}"] = Parameter(taus[k - 1] if k <= len(taus) else 0.0, "ms", quiet=k > len(taus))
    return found | {"tau_minus": Parameter(20.0, "ms", quiet=True)}


TAUS = (*(f"tau_syn_{k}" for k in range(1, PORTS + 1)), "tau_minus")
STATES = {
    "ASCurrents_1": Initial(None, "pA", "asc_1"),
    "ASCurrents_2": Initial(None, "pA", "asc_2"),
    "threshold_spike": Initial(None, "mV", "theta_spike"),
    "threshold_voltage": Initial(None, "mV", "theta_voltage"),
}
ALLEN_NAMES = ("lif", "lif_r", "lif_asc", "lif_r_asc", "lif_r_asc_a")  # by level


def allen_template(level: int) -> Template:
    """Return the template of a level in the files of the Allen Institute; V starts at rest, as in BMTK."""
    plain: Callable[[Mapping[str, Any]], Mapping[str, Any]] = partial(allen, level)
    rest = {"V_m": Initial(None, "mV", "V")}
    return Template(units(ALLEN_PORTS), TAUS, partial(cell, level), rest, plain=plain)


GLIF_NEURONS: dict[str, Template] = {
    "nest:glif_psc": Template(
        units((2.0,)) | {flag: Parameter(0.0, "1") for flag in FLAGS},
        (*TAUS, *FLAGS),
        psc,
        {"V_m": Initial(-78.85, "mV", "V")} | STATES,
        plain=numbers,
    ),
    **{f"nest:glif_{name}_psc": allen_template(level) for level, name in enumerate(ALLEN_NAMES, 1)},
}

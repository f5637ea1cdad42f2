"""Point neurons of NEST as nodes of SONATA circuits.

Defaults are those of NEST 3.10 (https://nest-simulator.readthedocs.io). A model of NEST keeps its default V_m when E_L
is given, so V starts there, wherever E_L is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gpusyn.errors import ParameterError
from gpusyn.kinetics import Alpha, Exponential
from gpusyn.neurons import LIF, AdEx, HodgkinHuxley, Izhikevich, NeuronModel
from gpusyn.receptors import AMPA, GABA_A, CurrentReceptor, DeltaReceptor
from gpusyn.sonata.template_classes import Cell, Initial, Parameter, Template, Values, Variable
from gpusyn.utils.typing import Floats

__all__ = ["NEST_NEURONS"]

Kind = type[Alpha] | type[Exponential]

MEMBRANE = {name: Variable("V", "mV") for name in ("V_m", "v", "V")}
# A current is positive outward in gpusyn; NEST's I_syn is positive inward.
CURRENTS = {"I_syn_ex": Variable("I_ex", "pA", -1.0), "I_syn_in": Variable("I_in", "pA", -1.0)}
CONDUCTANCES = {"g_ex": Variable("g_ex", "nS"), "g_in": Variable("g_in", "nS")}
ADAPTATION = {"w": Variable("w", "pA")}
GATES = {"Act_m": Variable("m", "1"), "Inact_h": Variable("h", "1"), "Act_n": Variable("n", "1")}


def currents(model: NeuronModel, kind: Kind, p: Values, own: Mapping[str, Variable]) -> Cell:
    """Return a neuron with two synaptic currents, whose peaks are the weights (pA)."""
    receptors = (
        CurrentReceptor("ex", kinetics=kind(p["tau_syn_ex"])),
        CurrentReceptor("in", kinetics=kind(p["tau_syn_in"])),
    )
    known = MEMBRANE | CURRENTS | dict(own)
    return Cell(model, receptors, "ex", "in", True, known, tau_minus=p["tau_minus"])


def conductances(model: NeuronModel, kind: Kind, p: Values, own: Mapping[str, Variable]) -> Cell:
    """Return a neuron with two synaptic conductances, whose peaks are the weights (nS)."""
    receptors = (
        AMPA(name="ex", kinetics=kind(p["tau_syn_ex"]), E_rev=p["E_ex"]),
        GABA_A(name="in", kinetics=kind(p["tau_syn_in"]), E_rev=p["E_in"]),
    )
    known = MEMBRANE | CONDUCTANCES | dict(own)
    return Cell(model, receptors, "ex", "in", False, known, tau_minus=p["tau_minus"])


def jumps(model: NeuronModel, own: Mapping[str, Variable], tau_minus: float = 20.0) -> Cell:
    """Return a neuron whose V a spike makes jump by the weight (mV); what arrives while V is held is lost."""
    return Cell(model, (DeltaReceptor("delta"),), "delta", "delta", True, MEMBRANE | dict(own), tau_minus=tau_minus)


def nothing_waits(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the contents of a model file without `refractory_input`, which must be false."""
    if given.get("refractory_input", False):
        raise ParameterError(
            "refractory_input: what waits for the end of the refractory time decays in NEST, but not with "
            "gs.DeltaReceptor(refractory='keep'); set it to false"
        )
    return {name: value for name, value in given.items() if name != "refractory_input"}


def leaky(p: Values, leak: float | Floats) -> LIF:
    """Return the LIF neuron with NEST's parameters and a leak conductance (nS)."""
    return LIF(g_L=leak, **{name: p[name] for name in ("C_m", "E_L", "V_th", "V_reset", "t_ref", "I_e")})


def adaptive(p: Values) -> AdEx:
    """Return the AdEx neuron with the parameters of NEST's aeif models, whose V_th is V_T."""
    own = ("C_m", "g_L", "E_L", "Delta_T", "tau_w", "a", "b", "V_reset", "V_peak", "t_ref", "I_e")
    return AdEx(V_T=p["V_th"], **{name: p[name] for name in own})


def psc_alpha(p: Values) -> Cell:
    """Return NEST's iaf_psc_alpha."""
    return currents(leaky(p, p["C_m"] / p["tau_m"]), Alpha, p, {})


def psc_exp(p: Values) -> Cell:
    """Return NEST's iaf_psc_exp."""
    return currents(leaky(p, p["C_m"] / p["tau_m"]), Exponential, p, {})


def psc_delta(p: Values) -> Cell:
    """Return NEST's iaf_psc_delta."""
    return jumps(leaky(p, p["C_m"] / p["tau_m"]), {}, p["tau_minus"])


def cond_alpha(p: Values) -> Cell:
    """Return NEST's iaf_cond_alpha."""
    return conductances(leaky(p, p["g_L"]), Alpha, p, {})


def cond_exp(p: Values) -> Cell:
    """Return NEST's iaf_cond_exp."""
    return conductances(leaky(p, p["g_L"]), Exponential, p, {})


def aeif_psc_alpha(p: Values) -> Cell:
    """Return NEST's aeif_psc_alpha."""
    return currents(adaptive(p), Alpha, p, ADAPTATION)


def aeif_psc_exp(p: Values) -> Cell:
    """Return NEST's aeif_psc_exp."""
    return currents(adaptive(p), Exponential, p, ADAPTATION)


def aeif_psc_delta(p: Values) -> Cell:
    """Return NEST's aeif_psc_delta."""
    return jumps(adaptive(p), ADAPTATION, p["tau_minus"])


def aeif_cond_alpha(p: Values) -> Cell:
    """Return NEST's aeif_cond_alpha."""
    return conductances(adaptive(p), Alpha, p, ADAPTATION)


def aeif_cond_exp(p: Values) -> Cell:
    """Return NEST's aeif_cond_exp."""
    return conductances(adaptive(p), Exponential, p, ADAPTATION)


def izhikevich(p: Values) -> Cell:
    """Return NEST's izhikevich."""
    model = Izhikevich(a=p["a"], b=p["b"], c=p["c"], d=p["d"], V_peak=p["V_th"], I_e=p["I_e"])
    return jumps(model, {"U_m": Variable("u", "mV/ms")})


def traub(p: Values) -> Cell:
    """Return NEST's hh_cond_exp_traub; V_T + 30 mV is what V must pass for a spike."""
    own = ("C_m", "g_L", "E_L", "g_Na", "E_Na", "g_K", "E_K", "V_T", "t_ref", "I_e")
    model = HodgkinHuxley(V_th=p["V_T"] + 30.0, **{name: p[name] for name in own})
    return conductances(model, Exponential, p, GATES)


def units(**parameters: tuple[float, str]) -> dict[str, Parameter]:
    """Return parameters by name, each from its default and its unit."""
    return {name: Parameter(*facts) for name, facts in parameters.items()}


COMMON = {"tau_minus": Parameter(20.0, "ms", quiet=True)}
DECAYS = units(tau_syn_ex=(0.2, "ms"), tau_syn_in=(2.0, "ms"))
REVERSALS = units(E_ex=(0.0, "mV"), E_in=(-85.0, "mV"))
LEAKY = units(
    C_m=(250.0, "pF"), tau_m=(10.0, "ms"), E_L=(-70.0, "mV"), V_th=(-55.0, "mV"), V_reset=(-70.0, "mV"),
    t_ref=(2.0, "ms"), I_e=(0.0, "pA"),
)  # fmt: skip
PSC = LEAKY | units(tau_syn_ex=(2.0, "ms"), tau_syn_in=(2.0, "ms")) | COMMON
COND = units(
    C_m=(250.0, "pF"), g_L=(16.6667, "nS"), E_L=(-70.0, "mV"), V_th=(-55.0, "mV"), V_reset=(-60.0, "mV"),
    t_ref=(2.0, "ms"), I_e=(0.0, "pA"),
) | DECAYS | REVERSALS | COMMON  # fmt: skip
ADAPTIVE = units(
    C_m=(281.0, "pF"), g_L=(30.0, "nS"), E_L=(-70.6, "mV"), V_th=(-50.4, "mV"), Delta_T=(2.0, "mV"),
    tau_w=(144.0, "ms"), a=(4.0, "nS"), b=(80.5, "pA"), V_reset=(-60.0, "mV"), V_peak=(0.0, "mV"), t_ref=(0.0, "ms"),
    I_e=(0.0, "pA"),
)  # fmt: skip
AEIF = ADAPTIVE | DECAYS | COMMON
IZHIKEVICH = units(
    a=(0.02, "1/ms"), b=(0.2, "1/ms"), c=(-65.0, "mV"), d=(8.0, "mV/ms"), V_th=(30.0, "mV"), I_e=(0.0, "pA")
)
TRAUB = units(
    C_m=(200.0, "pF"), g_L=(10.0, "nS"), E_L=(-60.0, "mV"), g_Na=(20000.0, "nS"), E_Na=(50.0, "mV"),
    g_K=(6000.0, "nS"), E_K=(-90.0, "mV"), V_T=(-63.0, "mV"), t_ref=(2.0, "ms"), I_e=(0.0, "pA"),
    tau_syn_ex=(5.0, "ms"), tau_syn_in=(10.0, "ms"), E_ex=(0.0, "mV"), E_in=(-80.0, "mV"),
) | COMMON  # fmt: skip

TAUS = ("tau_syn_ex", "tau_syn_in", "tau_minus")
ALL = (*TAUS, "E_ex", "E_in")
V_LIF, V_AEIF = {"V_m": Initial(-70.0, "mV", "V")}, {"V_m": Initial(-70.6, "mV", "V")}
V_IZHIKEVICH, V_TRAUB = {"V_m": Initial(-65.0, "mV", "V")}, {"V_m": Initial(-60.0, "mV", "V")}
W = {"w": Initial(0.0, "pA", "w")}
U = {"U_m": Initial(-13.0, "mV/ms", "u")}
# The gates of NEST are not at rest in the beginning: they are those of V - V_T = -60 mV.
OPEN = {
    "Act_m": Initial(9.895563096746586e-09, "1", "m"),
    "Inact_h": Initial(0.999999999106396, "1", "h"),
    "Act_n": Initial(2.551577051602551e-07, "1", "n"),
}
STEPS = "gpusyn integrates to second order, NEST by steps of Euler: spikes differ by an error of the order of dt"
SOLVER = "gpusyn integrates by steps of dt, NEST by adapted ones: spikes differ by an error of the order of dt"
PEAK = "a spike is stamped where V passes V_T + 30 mV upwards, in NEST at the peak behind it"

NEST_NEURONS: dict[str, Template] = {
    "nest:iaf_psc_alpha": Template(PSC, TAUS, psc_alpha, V_LIF),
    "nest:iaf_psc_exp": Template(PSC, TAUS, psc_exp, V_LIF),
    "nest:iaf_psc_delta": Template(LEAKY | COMMON, ("tau_minus",), psc_delta, V_LIF, plain=nothing_waits),
    "nest:iaf_cond_alpha": Template(COND, ALL, cond_alpha, V_LIF),
    "nest:iaf_cond_exp": Template(COND, ALL, cond_exp, V_LIF),
    "nest:aeif_psc_alpha": Template(AEIF, TAUS, aeif_psc_alpha, V_AEIF | W, SOLVER),
    "nest:aeif_psc_exp": Template(AEIF, TAUS, aeif_psc_exp, V_AEIF | W, SOLVER),
    "nest:aeif_psc_delta": Template(
        ADAPTIVE | COMMON, ("tau_minus",), aeif_psc_delta, V_AEIF | W, SOLVER, plain=nothing_waits
    ),
    "nest:aeif_cond_alpha": Template(AEIF | REVERSALS, ALL, aeif_cond_alpha, V_AEIF | W, SOLVER),
    "nest:aeif_cond_exp": Template(AEIF | REVERSALS, ALL, aeif_cond_exp, V_AEIF | W, SOLVER),
    "nest:izhikevich": Template(IZHIKEVICH, (), izhikevich, V_IZHIKEVICH | U, STEPS),
    "nest:hh_cond_exp_traub": Template(TRAUB, ALL, traub, V_TRAUB | OPEN, PEAK),
}

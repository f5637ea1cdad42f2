"""PyNN's standard cell types, each with the model, the receptors and the variables of gpusyn that it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from pyNN import errors
from pyNN.standardmodels import cells, receptors

from gpusyn.neurons import LIF as LeakyNeuron
from gpusyn.neurons import AdEx, HodgkinHuxley, NeuronModel
from gpusyn.neurons import Izhikevich as IzhikevichNeuron
from gpusyn.pynn.translation import (
    GAP,
    THOUSAND,
    Formula,
    Neuron,
    Response,
    Values,
    Variable,
    both,
    conductance_alpha,
    conductance_beta,
    conductance_exp,
    current_alpha,
    current_exp,
    fixed,
    kept,
    same,
    scaled,
)
from gpusyn.receptors import DeltaReceptor, Receptor

__all__ = [
    "LIF",
    "AdExp",
    "AlphaPSR",
    "BetaPSR",
    "CondAlphaPostSynapticResponse",
    "CondBetaPostSynapticResponse",
    "CondExpPostSynapticResponse",
    "CurrExpPostSynapticResponse",
    "EIF_cond_alpha_isfa_ista",
    "EIF_cond_exp_isfa_ista",
    "ExpPSR",
    "HH_cond_exp",
    "IF_cond_alpha",
    "IF_cond_exp",
    "IF_cond_exp_gsfa_grr",
    "IF_curr_alpha",
    "IF_curr_delta",
    "IF_curr_exp",
    "IF_facets_hardware1",
    "Izhikevich",
    "PointNeuron",
]


CONDUCTANCES = {"gsyn_exc": Variable("g_excitatory", 1e-3), "gsyn_inh": Variable("g_inhibitory", 1e-3)}
# A current is positive outward in gpusyn, and inward in PyNN.
CURRENTS = {"isyn_exc": Variable("I_excitatory", -1e-3), "isyn_inh": Variable("I_inhibitory", -1e-3)}
POTENTIAL = {"v": Variable("V")}

LEAKY = {
    "C_m": scaled("cm"),
    "g_L": Formula("1000 cm / tau_m", lambda p: THOUSAND * p["cm"] / p["tau_m"]),
    "E_L": same("v_rest"),
    "V_th": same("v_thresh"),
    "V_reset": same("v_reset"),
    "t_ref": same("tau_refrac"),
    "I_e": scaled("i_offset"),
}
ADAPTIVE = {name: formula for name, formula in LEAKY.items() if name != "V_th"} | {
    "V_T": same("v_thresh"),
    "V_peak": same("v_spike"),
    "Delta_T": same("delta_T"),
    "tau_w": same("tau_w"),
    "a": same("a"),
    "b": scaled("b"),
}
# NEST's hh_cond_exp_traub has the same threshold and refractory time.
TRAUB = {
    "C_m": scaled("cm"),
    "g_L": scaled("g_leak"),
    "E_L": same("e_rev_leak"),
    "g_Na": scaled("gbar_Na"),
    "E_Na": same("e_rev_Na"),
    "g_K": scaled("gbar_K"),
    "E_K": same("e_rev_K"),
    "V_T": same("v_offset"),
    "V_th": Formula("v_offset + 30", lambda p: p["v_offset"] + 30.0),
    "t_ref": fixed(2.0),
    "I_e": scaled("i_offset"),
}
IZHIKEVICH = {name: same(name) for name in ("a", "b", "c", "d")} | {"I_e": scaled("i_offset")}
FACETS = {
    "C_m": fixed(200.0),
    "g_L": same("g_leak"),
    "E_L": same("v_rest"),
    "V_th": same("v_thresh"),
    "V_reset": same("v_reset"),
    "t_ref": fixed(1.0),
}


EXP_E, ALPHA_E = both(conductance_exp, "tau_syn", "e_rev"), both(conductance_alpha, "tau_syn", "e_rev")
EXP_I, ALPHA_I = both(current_exp, "tau_syn"), both(current_alpha, "tau_syn")
JUMPS = both(DeltaReceptor, factor=1.0)
STANDARD = ("excitatory", "inhibitory", GAP)


class IF_curr_exp(Neuron, cells.IF_curr_exp):
    """A gs.LIF with currents that decay exponentially."""

    kind, formulas, responses, receptor_types = LeakyNeuron, LEAKY, EXP_I, STANDARD
    variables = POTENTIAL | CURRENTS
    recordable: ClassVar = ["spikes", "v", "isyn_exc", "isyn_inh"]


class IF_curr_alpha(Neuron, cells.IF_curr_alpha):
    """A gs.LIF with currents that follow an alpha function."""

    kind, formulas, responses, receptor_types = LeakyNeuron, LEAKY, ALPHA_I, STANDARD
    variables = POTENTIAL | CURRENTS
    recordable: ClassVar = ["spikes", "v", "isyn_exc", "isyn_inh"]


class IF_curr_delta(Neuron, cells.IF_curr_delta):
    """A gs.LIF whose V jumps; weights are in mV."""

    kind, formulas, responses, receptor_types = LeakyNeuron, LEAKY, JUMPS, STANDARD
    variables = POTENTIAL


class IF_cond_exp(Neuron, cells.IF_cond_exp):
    """A gs.LIF with conductances that decay exponentially."""

    kind, formulas, responses, receptor_types = LeakyNeuron, LEAKY, EXP_E, STANDARD
    variables = POTENTIAL | CONDUCTANCES


class IF_cond_alpha(Neuron, cells.IF_cond_alpha):
    """A gs.LIF with conductances that follow an alpha function."""

    kind, formulas, responses, receptor_types = LeakyNeuron, LEAKY, ALPHA_E, STANDARD
    variables = POTENTIAL | CONDUCTANCES


class IF_facets_hardware1(Neuron, cells.IF_facets_hardware1):
    """A gs.LIF of 200 pF with conductances that decay exponentially."""

    kind, formulas, receptor_types = LeakyNeuron, FACETS, STANDARD
    responses = (
        Response("excitatory", ("tau_syn_E",), lambda name, tau: conductance_exp(name, tau, 0.0)),
        EXP_E[1],
    )
    variables = POTENTIAL | CONDUCTANCES


class IF_cond_exp_gsfa_grr(Neuron, cells.IF_cond_exp_gsfa_grr):
    """A gs.LIF with conductances that decay exponentially, two of which its own spikes open.

    A spike reaches its own cell a step later, as large as what it opened is by then; meanwhile V is held.
    """

    kind, formulas, responses, receptor_types = LeakyNeuron, LEAKY, EXP_E, STANDARD
    own: ClassVar = {
        "q_sfa": Response("sfa", ("tau_sfa", "e_rev_sfa"), conductance_exp),
        "q_rr": Response("rr", ("tau_rr", "e_rev_rr"), conductance_exp),
    }
    variables = POTENTIAL | CONDUCTANCES | {"g_s": Variable("g_sfa"), "g_r": Variable("g_rr")}

    def checked(self, p: Values, dt: float, where: str) -> NeuronModel:
        """Return gpusyn's model; errors are PyNN's.

        Raises
        ------
        InvalidParameterValueError
            If gpusyn refuses a value, or a refractory time is so short that V moves before the conductances do.
        """
        if np.any(np.asarray(p["tau_refrac"]) < dt * (1.0 - 1e-6)):
            raise errors.InvalidParameterValueError(
                f"{where}: tau_refrac must be at least a time step, {dt:g} ms (got {np.min(p['tau_refrac']):g})"
            )
        for name in self.own:
            if np.any(np.asarray(p[name]) < 0.0):
                raise errors.InvalidParameterValueError(f"{where}: {name} must be >= 0 nS (got {np.min(p[name]):g})")
        return super().checked(p, dt, where)


class EIF_cond_exp_isfa_ista(Neuron, cells.EIF_cond_exp_isfa_ista):
    """A gs.AdEx with conductances that decay exponentially."""

    kind, formulas, responses, receptor_types = AdEx, ADAPTIVE, EXP_E, STANDARD
    variables = POTENTIAL | CONDUCTANCES | {"w": Variable("w", 1e-3)}


class EIF_cond_alpha_isfa_ista(Neuron, cells.EIF_cond_alpha_isfa_ista):
    """A gs.AdEx with conductances that follow an alpha function."""

    kind, formulas, responses, receptor_types = AdEx, ADAPTIVE, ALPHA_E, STANDARD
    variables = POTENTIAL | CONDUCTANCES | {"w": Variable("w", 1e-3)}


class HH_cond_exp(Neuron, cells.HH_cond_exp):
    """A gs.HodgkinHuxley with conductances that decay exponentially."""

    kind, formulas, responses, receptor_types = HodgkinHuxley, TRAUB, EXP_E, STANDARD
    variables = POTENTIAL | CONDUCTANCES | {name: Variable(name) for name in "mhn"}
    recordable: ClassVar = ["spikes", "v", "gsyn_exc", "gsyn_inh", "m", "h", "n"]


class Izhikevich(Neuron, cells.Izhikevich):
    """A gs.Izhikevich whose V jumps; weights are in mV."""

    kind, formulas, responses, receptor_types = IzhikevichNeuron, IZHIKEVICH, JUMPS, STANDARD
    variables = POTENTIAL | {"u": Variable("u")}


# ---- neurons that users compose ----
class LIF(cells.LIF):
    """The membrane of a gs.LIF."""

    kind, formulas, variables = LeakyNeuron, LEAKY, POTENTIAL
    translations = kept(cells.LIF.default_parameters)


class AdExp(cells.AdExp):
    """The membrane of a gs.AdEx."""

    kind, formulas, variables = AdEx, ADAPTIVE, POTENTIAL | {"w": Variable("w", 1e-3)}
    translations = kept(cells.AdExp.default_parameters)


class Composed:
    """What the back end needs of a receptor of a composed neuron."""

    make: Callable[..., Receptor]
    numbers: tuple[str, ...]
    decay = 0
    recorded: Mapping[str, Variable]

    def __init_subclass__(cls, **given: Any) -> None:
        """Let PyNN keep its names and units."""
        super().__init_subclass__(**given)
        cls.translations = kept(cls.default_parameters)  # type: ignore[attr-defined]
        cls.recordable = list(cls.recorded)  # type: ignore[attr-defined]

    translations: Any


class CurrExpPostSynapticResponse(Composed, receptors.CurrExpPostSynapticResponse):
    """A gs.CurrentReceptor that decays exponentially."""

    make, numbers, recorded = staticmethod(current_exp), ("tau_syn",), {"isyn": Variable("I_", -1e-3)}


class CondExpPostSynapticResponse(Composed, receptors.CondExpPostSynapticResponse):
    """A conductance that decays exponentially."""

    make, numbers, recorded = staticmethod(conductance_exp), ("tau_syn", "e_syn"), {"gsyn": Variable("g_", 1e-3)}


class CondAlphaPostSynapticResponse(Composed, receptors.CondAlphaPostSynapticResponse):
    """A conductance that follows an alpha function."""

    make, numbers, recorded = staticmethod(conductance_alpha), ("tau_syn", "e_syn"), {"gsyn": Variable("g_", 1e-3)}


class CondBetaPostSynapticResponse(Composed, receptors.CondBetaPostSynapticResponse):
    """A conductance that is the difference of two exponentials."""

    numbers, decay = ("tau_rise", "tau_decay", "e_syn"), 1
    make, recorded = staticmethod(conductance_beta), {"gsyn": Variable("g_", 1e-3)}


ExpPSR, AlphaPSR, BetaPSR = CondExpPostSynapticResponse, CondAlphaPostSynapticResponse, CondBetaPostSynapticResponse


class PointNeuron(Neuron, cells.PointNeuron):
    """A membrane with receptors of any names."""

    @property
    def kind(self) -> type[NeuronModel]:  # type: ignore[override]
        """Model of the membrane."""
        found: type[NeuronModel] = self.neuron.kind
        return found

    @property
    def formulas(self) -> Mapping[str, Formula]:  # type: ignore[override]
        """Formulas of the membrane."""
        found: Mapping[str, Formula] = self.neuron.formulas
        return found

    @property
    def responses(self) -> tuple[Response, ...]:  # type: ignore[override]
        """Receptors, in the order of their names."""
        return tuple(
            Response(name, tuple(f"{name}.{number}" for number in one.numbers), one.make, decay=one.decay)
            for name, one in sorted(self.post_synaptic_receptors.items())
        )

    @property
    def variables(self) -> Mapping[str, Variable]:  # type: ignore[override]
        """Variables of the membrane, and of the receptors with their names before the dot."""
        found = dict(self.neuron.variables)
        for name, one in self.post_synaptic_receptors.items():
            found |= {f"{name}.{k}": Variable(f"{v.name}{name}", v.factor) for k, v in one.recorded.items()}
        return found

    @property
    def translations(self) -> Any:
        """PyNN's names and units, which are kept."""
        names = [*self.neuron.default_parameters]
        for name, one in self.post_synaptic_receptors.items():
            names += [f"{name}.{number}" for number in one.numbers]
        return kept(names)

    @translations.setter
    def translations(self, given: Any) -> None:
        pass

    def get_parameter_names(self) -> list[str]:
        """Return the parameters of the membrane, and of the receptors with their names before the dot."""
        return list(self.translations)

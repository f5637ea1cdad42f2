"""PyNN's standard cell types, and how gpusyn expresses each: its neuron model, receptors and variables.

PyNN's names and units (nF, nA, uS) are kept wherever PyNN reads them; they become gpusyn's when a network is built.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np
from pyNN import errors
from pyNN.standardmodels import build_translations, cells, receptors

from gpusyn.errors import GpusynError
from gpusyn.kinetics import Alpha, DualExponential, Exponential
from gpusyn.neurons import (
    LIF as LeakyNeuron,
)
from gpusyn.neurons import (
    AdEx,
    GammaSource,
    HodgkinHuxley,
    NeuronModel,
    PoissonSource,
    SpikeSource,
)
from gpusyn.neurons import (
    Izhikevich as IzhikevichNeuron,
)
from gpusyn.receptors import AMPA, CurrentReceptor, DeltaReceptor, Receptor

THOUSAND = 1e3  # nF, nA and uS are 1000 pF, pA and nS
GAP = "source_section.gap"  # PyNN's receptor type of electrical synapses
FOREVER = 1e9  # ms: PyNN's duration of a source that never stops is beyond
SHARE = 0.99e3  # of a second that dead times may fill, where rates may grow
Values = Mapping[str, Any]  # PyNN's parameters of some cells, each a number or an array


class Formula(NamedTuple):
    """How a parameter of gpusyn follows from PyNN's, in words and as a function."""

    words: str
    value: Callable[[Values], Any]


class Variable(NamedTuple):
    """A variable of gpusyn, and by what PyNN's is larger."""

    name: str
    factor: float = 1.0


class Response(NamedTuple):
    """A receptor type: the PyNN parameters of which it is made, and gpusyn's unit of weight in PyNN's."""

    name: str
    numbers: tuple[str, ...]
    make: Callable[..., Receptor]
    factor: float = THOUSAND

    def receptor(self, p: Values) -> Receptor:
        """Return the receptor of gpusyn; cells with other numbers have another one."""
        return self.make(self.name, *(float(np.ravel(p[number])[0]) for number in self.numbers))


def same(name: str) -> Formula:
    """Return a formula that takes over a parameter."""
    return Formula(name, lambda p: p[name])


def scaled(name: str) -> Formula:
    """Return a formula that changes the unit of a parameter."""
    return Formula(f"1000 {name}", lambda p: THOUSAND * p[name])


def fixed(value: float) -> Formula:
    """Return a formula of a number that PyNN does not give."""
    return Formula(f"{value:g}, fixed", lambda p: value)


# ---- receptors: (name, numbers in the order of Response.numbers) ----
def conductance_exp(name: str, tau: float, e_rev: float) -> Receptor:
    """Return a conductance that decays exponentially."""
    return AMPA(name=name, kinetics=Exponential(tau), E_rev=e_rev)


def conductance_alpha(name: str, tau: float, e_rev: float) -> Receptor:
    """Return a conductance that follows an alpha function."""
    return AMPA(name=name, kinetics=Alpha(tau), E_rev=e_rev)


def conductance_beta(name: str, tau_rise: float, tau_decay: float, e_rev: float) -> Receptor:
    """Return a conductance that is the difference of two exponentials."""
    return AMPA(name=name, kinetics=DualExponential(tau_rise, tau_decay), E_rev=e_rev)


def current_exp(name: str, tau: float) -> Receptor:
    """Return a current that decays exponentially."""
    return CurrentReceptor(name, kinetics=Exponential(tau))


def current_alpha(name: str, tau: float) -> Receptor:
    """Return a current that follows an alpha function."""
    return CurrentReceptor(name, kinetics=Alpha(tau))


def both(make: Callable[..., Receptor], *numbers: str, factor: float = THOUSAND) -> tuple[Response, Response]:
    """Return the excitatory and the inhibitory receptor; `numbers` lack the ending of each."""
    return (
        Response("excitatory", tuple(f"{number}_E" for number in numbers), make, factor),
        Response("inhibitory", tuple(f"{number}_I" for number in numbers), make, factor),
    )


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


def whole_steps(t_ref: Any, dt: float) -> Any:
    """Return refractory times as whole steps, the next larger number of them, as NEST does."""
    return np.ceil(np.asarray(t_ref, np.float64) / dt - 1e-6) * dt


class Cell:
    """What the back end needs of a cell type, beside what PyNN does.

    Attributes
    ----------
    kind : type of NeuronModel
        gpusyn's model.
    responses : tuple of Response
        Receptors, in PyNN's order.
    """

    kind: ClassVar[type[NeuronModel]]
    responses: tuple[Response, ...] = ()
    default_parameters: dict[str, Any]
    parameter_space: Any

    def __init_subclass__(cls, **given: Any) -> None:
        """Let PyNN keep its names and units."""
        super().__init_subclass__(**given)
        if isinstance(getattr(cls, "default_parameters", None), dict) and "translations" not in vars(cls):
            cls.translations = build_translations(*((name, name) for name in cls.default_parameters))

    translations: Any

    @property
    def shared(self) -> tuple[str, ...]:
        """Parameters of which gpusyn has one number for each population."""
        return tuple(dict.fromkeys(number for one in self.responses for number in one.numbers))

    def receptors(self, p: Values) -> list[Receptor]:
        """Return gpusyn's receptors of cells that share their numbers."""
        return [one.receptor(p) for one in self.responses]

    def checked_receptors(self, p: Values, where: str) -> None:
        """Refuse numbers that no receptor of gpusyn can have.

        Raises
        ------
        InvalidParameterValueError
            If gpusyn refuses a value.
        """
        for one in self.responses:
            try:
                one.receptor(p)
            except GpusynError as error:
                raise errors.InvalidParameterValueError(
                    f"{where}: {error} [{type(self).__name__}: {one.name} is made of {', '.join(one.numbers)}]"
                ) from error

    def model(self, p: Values, dt: float) -> NeuronModel:
        """Return gpusyn's model of some cells."""
        raise NotImplementedError

    def checked(self, p: Values, dt: float, where: str) -> NeuronModel:
        """Return gpusyn's model; errors are PyNN's.

        Raises
        ------
        InvalidParameterValueError
            If gpusyn refuses a value.
        """
        try:
            return self.model(p, dt)
        except GpusynError as error:
            raise errors.InvalidParameterValueError(f"{where}: {self.in_words(str(error))}") from error

    def in_words(self, message: str) -> str:
        """Return an error of gpusyn with what its names are in PyNN."""
        return message


class Neuron(Cell):
    """A cell type with a membrane."""

    formulas: Mapping[str, Formula]
    variables: Mapping[str, Variable]

    def native(self, p: Values, dt: float) -> dict[str, Any]:
        """Return the parameters of gpusyn's model of some cells."""
        found = {name: formula.value(p) for name, formula in self.formulas.items()}
        if "t_ref" in found:
            found["t_ref"] = whole_steps(found["t_ref"], dt)
        return {name: v if np.ndim(v) else float(v) for name, v in found.items()}

    def model(self, p: Values, dt: float) -> NeuronModel:
        """Return gpusyn's model of some cells."""
        return self.kind(**self.native(p, dt))

    def in_words(self, message: str) -> str:
        """Return an error of gpusyn with what its names are in PyNN."""
        told = set(re.findall(r"\w+", message))
        named = [f"{name} = {one.words}" for name, one in self.formulas.items() if name in told - {"a", "b"}]
        return f"{message} [{type(self).__name__}: {', '.join(named)}]" if named else message


class Source(Cell):
    """A cell type that only emits spikes."""


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
    translations = build_translations(*((name, name) for name in cells.LIF.default_parameters))


class AdExp(cells.AdExp):
    """The membrane of a gs.AdEx."""

    kind, formulas, variables = AdEx, ADAPTIVE, POTENTIAL | {"w": Variable("w", 1e-3)}
    translations = build_translations(*((name, name) for name in cells.AdExp.default_parameters))


class Composed:
    """What the back end needs of a receptor of a composed neuron."""

    make: Callable[..., Receptor]
    numbers: tuple[str, ...]
    recorded: Mapping[str, Variable]

    def __init_subclass__(cls, **given: Any) -> None:
        """Let PyNN keep its names and units."""
        super().__init_subclass__(**given)
        cls.translations = build_translations(*((name, name) for name in cls.default_parameters))  # type: ignore[attr-defined]
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

    numbers = ("tau_rise", "tau_decay", "e_syn")
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
            Response(name, tuple(f"{name}.{number}" for number in one.numbers), one.make)
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
        return build_translations(*((name, name) for name in names))

    @translations.setter
    def translations(self, given: Any) -> None:
        pass

    def get_parameter_names(self) -> list[str]:
        """Return the parameters of the membrane, and of the receptors with their names before the dot."""
        return list(self.translations)


# ---- sources ----
class RateSource(Source):
    """A source that draws its spikes at a rate between `start` and `start + duration`."""

    def rates(self, p: Values) -> Any:
        """Return the rates of some cells while they are active (Hz)."""
        return p["rate"]

    def bounded(self, p: Values, bound: float | None) -> NeuronModel:
        """Return gpusyn's model of some cells, whose rates may grow up to a bound (Hz)."""
        raise NotImplementedError

    def model(self, p: Values, dt: float) -> NeuronModel:
        """Return gpusyn's model of some cells."""
        return self.bounded(p, None)


class SpikeSourcePoisson(RateSource, cells.SpikeSourcePoisson):
    """A gs.PoissonSource."""

    def bounded(self, p: Values, bound: float | None) -> NeuronModel:
        """Return gpusyn's model of some cells, whose rates may grow up to a bound (Hz)."""
        return PoissonSource(p["rate"], rate_max=bound)


class SpikeSourcePoissonRefractory(RateSource, cells.SpikeSourcePoissonRefractory):
    """A gs.PoissonSource with a dead time."""

    @property
    def shared(self) -> tuple[str, ...]:
        """The dead time."""
        return ("tau_refrac",)

    def bounded(self, p: Values, bound: float | None) -> NeuronModel:
        """Return gpusyn's model of some cells, whose rates may grow up to a bound (Hz)."""
        dead = float(np.ravel(p["tau_refrac"])[0])
        if bound is not None and dead > 0.0:
            bound = max(min(bound, SHARE / dead), float(np.max(p["rate"])))
        return PoissonSource(p["rate"], dead_time=dead, rate_max=bound)


class SpikeSourceGamma(RateSource, cells.SpikeSourceGamma):
    """A gs.GammaSource."""

    def rates(self, p: Values) -> Any:
        """Return the rates of some cells while they are active (Hz)."""
        return p["beta"] / p["alpha"]

    def bounded(self, p: Values, bound: float | None) -> NeuronModel:
        """Return gpusyn's model of some cells, whose rates may grow up to a bound (Hz)."""
        return GammaSource(self.rates(p), shape=np.asarray(p["alpha"], np.float64), rate_max=bound)


class SpikeSourceArray(Source, cells.SpikeSourceArray):
    """A gs.SpikeSource."""

    def model(self, p: Values, dt: float) -> NeuronModel:
        """Return gpusyn's model of some cells, each with a list of times."""
        return SpikeSource(tuple(p["spike_times"]))

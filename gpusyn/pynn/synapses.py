"""PyNN's standard synapse types, and the plasticity of gpusyn that each is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pyNN import errors
from pyNN.standardmodels import synapses

from gpusyn.errors import GpusynError
from gpusyn.plasticity import STDP, InhibitorySTDP, Plasticity, QuantalRelease, TsodyksMarkram
from gpusyn.pynn.state import state
from gpusyn.pynn.translation import kept

__all__ = [
    "AdditivePotentiationMultiplicativeDepression",
    "AdditiveWeightDependence",
    "ElectricalSynapse",
    "GutigWeightDependence",
    "MultiQuantalSynapse",
    "MultiplicativeWeightDependence",
    "STDPMechanism",
    "SimpleStochasticSynapse",
    "SpikePairRule",
    "StaticSynapse",
    "StochasticTsodyksMarkramSynapse",
    "TsodyksMarkramSynapse",
    "Vogels2011Rule",
]


class Named:
    """Parameters keep PyNN's names and units; they become gpusyn's when a network is built."""

    default_parameters: dict[str, Any]
    translations: Any

    def __init_subclass__(cls, **given: Any) -> None:
        """Let PyNN keep its names and units."""
        super().__init_subclass__(**given)
        if isinstance(getattr(cls, "default_parameters", None), dict):
            cls.translations = kept(cls.default_parameters)


class Synapse(Named):
    """What the back end needs of a synapse type.

    Attributes
    ----------
    per_synapse : tuple of str
        Parameters that gpusyn takes for each synapse. Of the others, beside weight and delay, it takes one number, so
        that synapses with different ones become projections of their own.
    learns : bool
        Whether weights change with time.
    at_first : dict of str to tuple of float or str
        Values of variables, numbers or names of parameters, that say that a synapse is rested, as it is at t = 0.
    of_target : str
        Name by which `plasticity` gets the time constant of the target's receptor, empty if it needs none.
    """

    parameter_checks: Mapping[str, Callable[..., None]]
    per_synapse: ClassVar[tuple[str, ...]] = ()
    learns = False
    at_first: ClassVar[Mapping[str, tuple[float | str, ...]]] = {}
    of_target = ""

    def plasticity(self, p: Mapping[str, Any], factor: float) -> list[Plasticity]:
        """Return gpusyn's plasticity; `factor` makes gpusyn's weights of PyNN's."""
        return []

    def scale(self, p: Mapping[str, Any]) -> float:
        """Return by what gpusyn's weight is larger, beside the unit."""
        return 1.0

    def check(self, p: Mapping[str, Any]) -> None:
        """Refuse numbers that gpusyn's plasticity cannot have, in PyNN's names and units.

        Raises
        ------
        InvalidParameterValueError
            If gpusyn refuses a value.
        """
        try:
            self.plasticity(p, 1.0)
        except GpusynError as error:
            _, _, told = str(error).partition(".")  # behind the name of gpusyn's class
            told = f"rho{told.removeprefix('rate')}" if told.startswith("rate:") else told
            raise errors.InvalidParameterValueError(f"{type(self).__name__}.{told}") from error

    def largest(self, p: Mapping[str, Any]) -> float | None:
        """Return the largest weight that the synapse may get by itself."""
        return None

    def _get_minimum_delay(self) -> float:
        return state.min_delay


def short_term(p: Mapping[str, Any]) -> TsodyksMarkram:
    """Return gpusyn's rule; what is released is active if there is a tau_psc."""
    return TsodyksMarkram(U=p["U"], tau_rec=p["tau_rec"], tau_facil=p["tau_facil"], tau_psc=p.get("tau_psc"))


class StaticSynapse(Synapse, synapses.StaticSynapse):
    """A synapse whose weight stays."""


class TsodyksMarkramSynapse(Synapse, synapses.TsodyksMarkramSynapse):
    """A gs.TsodyksMarkram; what is released is active with the time constant of the target's receptor."""

    per_synapse = ("U", "tau_rec", "tau_facil", "tau_psc")
    at_first: ClassVar = {"u": (0.0, "U"), "x": (1.0,), "y": (0.0,)}
    of_target = "tau_psc"

    def plasticity(self, p: Mapping[str, Any], factor: float) -> list[Plasticity]:
        """Return gpusyn's plasticity."""
        return [short_term(p)]


class SimpleStochasticSynapse(Synapse, synapses.SimpleStochasticSynapse):
    """A gs.QuantalRelease of one quantum."""

    def plasticity(self, p: Mapping[str, Any], factor: float) -> list[Plasticity]:
        """Return gpusyn's plasticity."""
        return [QuantalRelease(n=1, p=p["p"])]


class StochasticTsodyksMarkramSynapse(Synapse, synapses.StochasticTsodyksMarkramSynapse):
    """A gs.TsodyksMarkram with a gs.QuantalRelease of one quantum."""

    per_synapse = ("U", "tau_rec", "tau_facil")

    def plasticity(self, p: Mapping[str, Any], factor: float) -> list[Plasticity]:
        """Return gpusyn's plasticity."""
        return [short_term(p), QuantalRelease(n=1)]


class MultiQuantalSynapse(Synapse, synapses.MultiQuantalSynapse):
    """A gs.TsodyksMarkram with a gs.QuantalRelease of n quanta; PyNN's weight is that of one quantum."""

    per_synapse = ("U", "tau_rec", "tau_facil")
    at_first: ClassVar = {"u": (0.0, "U"), "a": ("n",)}

    def plasticity(self, p: Mapping[str, Any], factor: float) -> list[Plasticity]:
        """Return gpusyn's plasticity."""
        return [short_term(p), QuantalRelease(n=int(p["n"]))]

    def scale(self, p: Mapping[str, Any]) -> float:
        """Return the number of quanta."""
        return float(p["n"])


class ElectricalSynapse(Synapse, synapses.ElectricalSynapse):
    """A gap junction of gpusyn; weights are conductances (uS)."""


# ---- learning ----
class Additive:
    """Powers of the weight in the changes of a rule of pairs."""

    mu: ClassVar[tuple[float, float]] = (0.0, 0.0)

    def powers(self, p: Mapping[str, Any]) -> tuple[float, float]:
        """Return the powers at potentiation and at depression."""
        return self.mu


class AdditiveWeightDependence(Named, Additive, synapses.AdditiveWeightDependence):
    """Changes that do not depend on the weight."""


class MultiplicativeWeightDependence(Named, Additive, synapses.MultiplicativeWeightDependence):
    """Changes in proportion to the distance from the bounds."""

    mu = (1.0, 1.0)


class AdditivePotentiationMultiplicativeDepression(
    Named, Additive, synapses.AdditivePotentiationMultiplicativeDepression
):
    """Depression in proportion to the weight."""

    mu = (0.0, 1.0)


class GutigWeightDependence(Named, Additive, synapses.GutigWeightDependence):
    """Changes by powers of the distance from the bounds."""

    def powers(self, p: Mapping[str, Any]) -> tuple[float, float]:
        """Return the powers at potentiation and at depression."""
        return p["mu_plus"], p["mu_minus"]


class SpikePairRule(Named, synapses.SpikePairRule):
    """A gs.STDP of all pairs."""

    make: ClassVar[Callable[..., Plasticity]] = staticmethod(
        lambda p, powers, factor, axonal: STDP(
            A_plus=p["A_plus"],
            A_minus=p["A_minus"],
            tau_plus=p["tau_plus"],
            tau_minus=p["tau_minus"],
            mu_plus=powers[0],
            mu_minus=powers[1],
            axonal=axonal,
        )
    )


class Vogels2011Rule(Named, synapses.Vogels2011Rule):
    """A gs.InhibitorySTDP; eta is in the unit of weights."""

    make: ClassVar[Callable[..., Plasticity]] = staticmethod(
        lambda p, powers, factor, axonal: InhibitorySTDP(
            eta=factor * p["eta"], tau=p["tau"], rate=p["rho"], axonal=axonal
        )
    )


class STDPMechanism(Synapse, synapses.STDPMechanism):
    """A rule of learning of gpusyn."""

    base_translations = kept(("weight", "delay", "dendritic_delay_fraction"))
    learns = True

    def __init__(
        self,
        timing_dependence: Any = None,
        weight_dependence: Any = None,
        voltage_dependence: Any = None,
        dendritic_delay_fraction: float = 1.0,
        weight: Any = 0.0,
        delay: Any = None,
    ) -> None:
        if voltage_dependence is not None:
            raise errors.NoModelAvailableError("STDPMechanism: pyNN.gpusyn has no voltage_dependence; leave it out")
        for part, kind in ((timing_dependence, "timing_dependence"), (weight_dependence, "weight_dependence")):
            if not isinstance(part, Named):
                raise errors.NoModelAvailableError(f"STDPMechanism: {kind} must be one of pyNN.gpusyn (got {part!r})")
        super().__init__(timing_dependence, weight_dependence, None, dendritic_delay_fraction, weight, delay)

    def _build_translations(self) -> None:
        self.translations = dict(self.base_translations)
        for part in (self.timing_dependence, self.weight_dependence):
            self.translations |= part.translations

    def plasticity(self, p: Mapping[str, Any], factor: float) -> list[Plasticity]:
        """Return gpusyn's rule.

        Raises
        ------
        NoModelAvailableError
            If the smallest weight is not 0.
        """
        if p["w_min"] != 0.0:
            raise errors.NoModelAvailableError(
                f"{type(self.weight_dependence).__name__}: w_min must be 0, because weights of gpusyn learn between 0 "
                f"and w_max (got {p['w_min']:g})"
            )
        powers = self.weight_dependence.powers(p)
        return [self.timing_dependence.make(p, powers, factor, 1.0 - p["dendritic_delay_fraction"])]

    def largest(self, p: Mapping[str, Any]) -> float | None:
        """Return the upper bound of the weights."""
        return float(p["w_max"])

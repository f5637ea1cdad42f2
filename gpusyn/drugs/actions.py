"""Actions of a drug on a class of receptors."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from gpusyn.parameters.scalars import one_of, public, real
from gpusyn.receptors import RECEPTORS

__all__ = [
    "Action",
    "CompetitiveAntagonist",
    "DecayModulator",
    "GlycineSiteAntagonist",
    "NonCompetitiveAntagonist",
    "OpenChannelBlocker",
]


class Action:
    """Base class of all actions of a drug on one class of receptors.

    An action applies to every receptor of the class, whatever the receptor's name within its population. A subclass is
    a class of its own.

    Attributes
    ----------
    receptor : str
        Class of the receptors, such as ``"AMPA"``.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If a number is out of range.
    UnknownNameError
        If there is no such class of receptors, or it has no channels.
    """

    receptor: str
    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {}

    def __post_init__(self) -> None:
        kind = type(self).__name__
        channels = [name for name, cls in RECEPTORS.items() if cls.weight_unit == "nS"]
        move = "; one of your own needs gs.receptors.RECEPTORS[name] = its class first"
        one_of(self.receptor, channels, f"{kind}.receptor", move)
        for entry in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            if entry.name in self.LIMITS:
                value = real(getattr(self, entry.name), f"{kind}.{entry.name}", **self.LIMITS[entry.name])
                object.__setattr__(self, entry.name, value)


_CONCENTRATION = {"unit": "uM", "above": 0.0}


@public
@dataclass(frozen=True)
class CompetitiveAntagonist(Action):
    """Antagonist at the transmitter's binding site: it leaves a fraction 1/(1 + c/K) of the receptors free.

    The transmitter is present at a synapse too briefly to displace the drug, so receptors that were bound before a
    spike stay bound (Lindquist et al. 2005, for gabazine). Drugs that bind to the same site compete for the receptors:
    1/(1 + c1/K1 + c2/K2).

    Parameters
    ----------
    receptor : str
        Class of receptors that the drug acts on.
    K : float
        Dissociation constant (uM), > 0.

    Raises
    ------
    UnknownNameError
        If there is no such class of receptors.
    ParameterError
        If `K` is out of range.
    """

    receptor: str
    K: float

    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {"K": _CONCENTRATION}


@public
@dataclass(frozen=True)
class NonCompetitiveAntagonist(Action):
    """Antagonist at a binding site of its own: it leaves a fraction 1/(1 + (c/IC50)^n) of the receptors free.

    The fraction multiplies the fractions that other drugs leave free.

    Parameters
    ----------
    receptor : str
        Class of receptors that the drug acts on.
    IC50 : float
        Concentration that leaves half of the receptors free (uM), > 0.
    n : float
        Hill coefficient, > 0 and at most 10.

    Raises
    ------
    UnknownNameError
        If there is no such class of receptors.
    ParameterError
        If a number is out of range.
    """

    receptor: str
    IC50: float
    n: float = 1.0

    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {"IC50": _CONCENTRATION, "n": {"above": 0.0, "high": 10.0}}


@public
@dataclass(frozen=True)
class GlycineSiteAntagonist(Action):
    """Antagonist at the glycine site of NMDA receptors: it multiplies the EC50 of glycine by 1 + c/K (Gaddum 1937).

    Glycine is always present, so the two are in equilibrium. A receptor without ``glycine=`` is saturated with
    glycine, and no concentration of the drug has an effect on it.

    Parameters
    ----------
    K : float
        Dissociation constant (uM), > 0.

    Raises
    ------
    ParameterError
        If `K` is out of range.
    """

    K: float
    receptor: str = field(default="NMDA", init=False, repr=False)

    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {"K": _CONCENTRATION}


@public
@dataclass(frozen=True)
class DecayModulator(Action):
    """Modulator that prolongs the decay and leaves the peak as it is: tau_decay times 1 + extra c/(c + EC50).

    Without transmitter it has no effect.

    Parameters
    ----------
    receptor : str
        Class of receptors that the drug acts on.
    extra : float
        Relative increase of the decay time constant at saturation, 0 to 100.
    EC50 : float
        Concentration that gives half of the increase (uM), > 0.

    Raises
    ------
    UnknownNameError
        If there is no such class of receptors.
    ParameterError
        If a number is out of range.
    """

    receptor: str
    extra: float
    EC50: float

    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {"extra": {"low": 0.0, "high": 100.0}, "EC50": _CONCENTRATION}


@public
@dataclass(frozen=True)
class OpenChannelBlocker(Action):
    """Blocker that enters open channels, so that the block grows with use.

    A fraction U of the channels of each synapse is unblocked. With the gate s (at most 1) and the concentration c of
    the drug,

        dU/dt = -k_on c P_open s U + k_off(V) (escape + (1 - escape) s) (1 - U),
        k_off(V) = k_off exp(z_delta F (V - V0)/(RT)) at 21 C (Woodhull 1973).

    The channel closes over the drug and traps it. If `escape` is above 0, part of the drug leaves through closed
    channels. Without the drug or without release of transmitter, U stays 1.

    Parameters
    ----------
    receptor : str
        Class of receptors that the drug acts on.
    k_on : float
        Binding rate of an open channel (1/(uM ms)), > 0; 1 /(uM s) is 0.001 /(uM ms).
    k_off : float
        Unbinding rate at V0 from channels that the transmitter keeps activated (1/ms), >= 0.
    z_delta : float
        Charge of the drug times the fraction of the membrane's field that it crosses, -10 to 10; 0: the block does not
        depend on the voltage.
    V0 : float
        Potential at which `k_off` holds (mV).
    escape : float
        Rate of unbinding from closed channels relative to activated ones, from 0 (the drug is trapped) to 1.
    P_open : float
        Probability that an unblocked channel is open when the gate is 1, > 0 and at most 1. Use 1 if `k_on` was
        measured on the whole current, because it then includes this probability.

    Raises
    ------
    UnknownNameError
        If there is no such class of receptors.
    ParameterError
        If a number is out of range.
    """

    receptor: str
    k_on: float
    k_off: float
    z_delta: float = 0.0
    V0: float = -70.0
    escape: float = 0.0
    P_open: float = 1.0

    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {
        "k_on": {"unit": "1/(uM ms)", "above": 0.0},
        "k_off": {"unit": "1/ms", "low": 0.0},
        "z_delta": {"low": -10.0, "high": 10.0},
        "V0": {"unit": "mV", "low": -1e3, "high": 1e3, "potential": True},
        "escape": {"low": 0.0, "high": 1.0},
        "P_open": {"above": 0.0, "high": 1.0},
    }

"""What a drug can do to a class of receptors."""

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
    """Base class of what a drug does to receptors of one class, whatever their names in populations.

    Attributes
    ----------
    receptor : str
        Class of the receptors, such as ``"AMPA"``.
    """

    receptor: str
    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {}

    def __post_init__(self) -> None:
        kind = type(self).__name__
        channels = [name for name, cls in RECEPTORS.items() if not cls.is_current]
        one_of(self.receptor, channels, f"{kind}.receptor")
        for entry in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            if entry.name in self.LIMITS:
                value = real(getattr(self, entry.name), f"{kind}.{entry.name}", **self.LIMITS[entry.name])
                object.__setattr__(self, entry.name, value)


_CONCENTRATION = {"unit": "uM", "above": 0.0}


@public
@dataclass(frozen=True)
class CompetitiveAntagonist(Action):
    """Binds where the transmitter does, before it comes: free receptors 1/(1 + c/K).

    Transmitter is at a synapse too briefly to displace it, so the share that was bound stays bound (pre-bound rule;
    Lindquist et al. 2005 for gabazine). Drugs that share the site share the receptors: 1/(1 + c1/K1 + c2/K2).

    Parameters
    ----------
    receptor : str
        Class of receptors that it acts on.
    K : float
        Dissociation constant (uM), > 0.
    """

    receptor: str
    K: float

    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {"K": _CONCENTRATION}


@public
@dataclass(frozen=True)
class NonCompetitiveAntagonist(Action):
    """Binds at a site of its own: free receptors 1/(1 + (c/IC50)^n), times what other drugs leave.

    Parameters
    ----------
    receptor : str
        Class of receptors that it acts on.
    IC50 : float
        Concentration that leaves half (uM), > 0.
    n : float
        Hill coefficient, > 0.
    """

    receptor: str
    IC50: float
    n: float = 1.0

    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {"IC50": _CONCENTRATION, "n": {"above": 0.0, "high": 10.0}}


@public
@dataclass(frozen=True)
class GlycineSiteAntagonist(Action):
    """Competes with glycine for its site on NMDA receptors: the EC50 of glycine grows by 1 + c/K (Gaddum 1937).

    Glycine is there all the time, so this is an equilibrium. A receptor without ``glycine=`` is saturated with it, and
    no finite concentration displaces it there.

    Parameters
    ----------
    K : float
        Dissociation constant (uM), > 0.
    """

    K: float
    receptor: str = field(default="NMDA", init=False, repr=False)

    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {"K": _CONCENTRATION}


@public
@dataclass(frozen=True)
class DecayModulator(Action):
    """Prolongs the decay at the same peak: tau_decay times 1 + extra c/(c + EC50); nothing without transmitter.

    Parameters
    ----------
    receptor : str
        Class of receptors that it acts on.
    extra : float
        Growth of the decay time constant at saturation, as a fraction, >= 0.
    EC50 : float
        Concentration for half of that (uM), > 0.
    """

    receptor: str
    extra: float
    EC50: float

    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {"extra": {"low": 0.0, "high": 100.0}, "EC50": _CONCENTRATION}


@public
@dataclass(frozen=True)
class OpenChannelBlocker(Action):
    """Enters channels that are open, so that block grows with use.

    Of the channels of a synapse a fraction U is unblocked, and with a gate s (at most 1) and the drug's concentration c

        dU/dt = -k_on c P_open s U + k_off(V) (escape + (1 - escape) s) (1 - U),
        k_off(V) = k_off exp(z_delta F (V - V0)/(RT)) at 21 C (Woodhull 1973).

    The channel closes over the drug and traps it; where `escape` is above 0 a part leaves through closed channels.
    Without drug or without release U stays 1.

    Parameters
    ----------
    receptor : str
        Class of receptors that it acts on.
    k_on : float
        Binding rate of an open channel (1/(uM ms)), > 0; 1 /(uM s) is 0.001 /(uM ms).
    k_off : float
        Unbinding rate at V0 from channels that the transmitter holds activated (1/ms), >= 0.
    z_delta : float
        Charge times share of the field that the drug passes; 0: no dependence on the voltage.
    V0 : float
        Potential of `k_off` (mV).
    escape : float
        Share of the unbinding that works through closed channels, 0 (all trapped) to 1.
    P_open : float
        Probability that an unblocked channel is open when the gate is 1, > 0 to 1. It is 1 for a `k_on` that was
        measured on the whole current, which holds the probability already.
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

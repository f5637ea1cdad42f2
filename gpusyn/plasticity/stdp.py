"""Rules by which pairs of spikes change weights."""

from __future__ import annotations

from dataclasses import dataclass

from gpusyn.equations.plasticity.inhibitory import InhibitoryCoefficients
from gpusyn.equations.plasticity.pair import PairCoefficients
from gpusyn.parameters.scalars import one_of, public, real
from gpusyn.plasticity.base import LearningRule, Trace, TracePair

__all__ = ["STDP", "InhibitorySTDP"]

PAIRINGS = "all", "nearest"


@public
@dataclass(frozen=True)
class STDP(LearningRule):
    """Pairs of spikes change the weight by their order and distance (Song, Miller & Abbott 2000; Gutig et al. 2003).

    A postsynaptic spike adds A_plus w_max (1 - w/w_max)^mu_plus times the presynaptic trace, and a presynaptic spike
    takes away A_minus w_max (w/w_max)^mu_minus times the postsynaptic trace. Pairs that reach the synapse at the same
    time count neither way. Weights stay in [0, w_max], where w_max is given to :meth:`gpusyn.Network.connect`.

    Parameters
    ----------
    A_plus, A_minus : float
        Amplitudes (in units of w_max), >= 0.
    tau_plus, tau_minus : float
        Time constants of the presynaptic and of the postsynaptic trace (ms), > 0.
    mu_plus, mu_minus : float
        Powers, >= 0: additive with 0, multiplicative with 1.
    pairing : {"all", "nearest"}
        Whether a spike is paired with all spikes of the other side before it, or with the last one alone.
    learns : str or Receptor, optional
        Receptor whose weight changes; needed if the projection has several.
    axonal : float
        Part of the delay, 0 to 1, before the synapse; with 0, as in NEST, all of it is dendritic.

    Raises
    ------
    ArgumentError
        If a parameter has the wrong type.
    ParameterError
        If a parameter is out of range.
    UnknownNameError
        If the pairing is unknown.

    Examples
    --------
    >>> STDP(A_plus=0.005, A_minus=0.00525).traces.pre
    (Trace(tau=20.0, nearest=False),)
    """

    A_plus: float = 0.01
    A_minus: float = 0.0105
    tau_plus: float = 20.0
    tau_minus: float = 20.0
    mu_plus: float = 0.0
    mu_minus: float = 0.0
    pairing: str = "all"
    learns: str | None = None
    axonal: float = 0.0
    struct = "PairRule"

    def __post_init__(self) -> None:
        self._check_numbers("", "A_plus", "A_minus", "mu_plus", "mu_minus", low=0.0)
        self._check_numbers("ms", "tau_plus", "tau_minus", above=0.0)
        one_of(self.pairing, PAIRINGS, self._where("pairing"))
        if self.mu_plus == self.mu_minus == 0:
            object.__setattr__(self, "struct", "AdditiveRule")  # faster than powers of 0
        self._check_place()

    @property
    def traces(self) -> TracePair:
        """The presynaptic trace, and the postsynaptic one."""
        nearest = self.pairing == "nearest"
        return TracePair((Trace(self.tau_plus, nearest),), (Trace(self.tau_minus, nearest),))

    def coefficients(self, w_max: float) -> PairCoefficients:
        """Return the amplitudes and powers."""
        return PairCoefficients(self.A_plus, self.A_minus, self.mu_plus, self.mu_minus)


@public
@dataclass(frozen=True)
class InhibitorySTDP(LearningRule):
    """Inhibition that learns to hold its targets at a rate (Vogels, Sprekeler, Zenke, Clopath & Gerstner 2011).

    A postsynaptic spike adds eta times the presynaptic trace. A presynaptic spike adds eta times the postsynaptic trace
    less alpha = 2 rate tau. Weights stay in [0, w_max].

    Parameters
    ----------
    eta : float
        Change of the weight for a trace of 1 (nS, pA of a CurrentReceptor, mV of a DeltaReceptor), >= 0.
    tau : float
        Time constant of both traces (ms), > 0.
    rate : float
        Rate of the targets at which the weights rest (Hz), >= 0.
    learns : str or Receptor, optional
        Receptor whose weight changes; needed if the projection has several.
    axonal : float
        Part of the delay, 0 to 1, before the synapse; with 0, as in NEST, all of it is dendritic.

    Raises
    ------
    ArgumentError
        If a parameter has the wrong type.
    ParameterError
        If a parameter is out of range.

    Examples
    --------
    >>> InhibitorySTDP(eta=0.01, tau=20.0, rate=3.0).coefficients(w_max=10.0)
    InhibitoryCoefficients(eta=0.001, alpha=0.12)
    """

    eta: float = 0.01
    tau: float = 20.0
    rate: float = 3.0
    learns: str | None = None
    axonal: float = 0.0
    struct = "InhibitoryRule"

    def __post_init__(self) -> None:
        self._check_numbers("", "eta", low=0.0)
        self._check_numbers("ms", "tau", above=0.0)
        object.__setattr__(self, "rate", real(self.rate, self._where("rate"), unit="Hz", low=0.0))
        self._check_place()

    @property
    def traces(self) -> TracePair:
        """The presynaptic trace, and the postsynaptic one."""
        return TracePair((Trace(self.tau),), (Trace(self.tau),))

    def coefficients(self, w_max: float) -> InhibitoryCoefficients:
        """Return eta in units of w_max, and alpha."""
        return InhibitoryCoefficients(self.eta / w_max, 2.0 * self.rate * 1e-3 * self.tau)

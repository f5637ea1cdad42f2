"""The rule by which triplets of spikes change weights."""

from __future__ import annotations

from dataclasses import dataclass

from gpusyn.equations.plasticity.triplet import TripletCoefficients
from gpusyn.parameters.scalars import public
from gpusyn.plasticity.base import LearningRule, Trace, TracePair

__all__ = ["TripletSTDP"]


@public
@dataclass(frozen=True)
class TripletSTDP(LearningRule):
    """Pairs and triplets of spikes change the weight (Pfister & Gerstner 2006), all to all.

    A postsynaptic spike adds r1 (A2_plus + A3_plus o2), and a presynaptic spike takes away o1 (A2_minus + A3_minus r2),
    in units of w_max. r1 and r2 are presynaptic traces with the time constants tau_plus and tau_x, o1 and o2
    postsynaptic ones with tau_minus and tau_y; all are those just before the spike. Weights stay in [0, w_max].

    The defaults are those of the visual cortex, minimal model. For other data see the paper's tables 3 and 4.

    Parameters
    ----------
    A2_plus, A2_minus : float
        Amplitudes of pairs (in units of w_max), >= 0.
    A3_plus, A3_minus : float
        Amplitudes of triplets (in units of w_max), >= 0.
    tau_plus, tau_x, tau_minus, tau_y : float
        Time constants of the traces (ms), > 0.
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
    >>> TripletSTDP().traces.post
    (Trace(tau=33.7, nearest=False), Trace(tau=114.0, nearest=False))
    """

    A2_plus: float = 0.0
    A2_minus: float = 7.1e-3
    A3_plus: float = 6.5e-3
    A3_minus: float = 0.0
    tau_plus: float = 16.8
    tau_x: float = 101.0
    tau_minus: float = 33.7
    tau_y: float = 114.0
    learns: str | None = None
    axonal: float = 0.0
    struct = "TripletRule"

    def __post_init__(self) -> None:
        self._check_numbers("", "A2_plus", "A2_minus", "A3_plus", "A3_minus", low=0.0)
        self._check_numbers("ms", "tau_plus", "tau_x", "tau_minus", "tau_y", above=0.0)
        self._check_place()

    @property
    def traces(self) -> TracePair:
        """The traces r1 and r2 of presynaptic spikes, and o1 and o2 of postsynaptic ones."""
        return TracePair((Trace(self.tau_plus), Trace(self.tau_x)), (Trace(self.tau_minus), Trace(self.tau_y)))

    def coefficients(self, w_max: float) -> TripletCoefficients:
        """Return the amplitudes."""
        return TripletCoefficients(self.A2_plus, self.A2_minus, self.A3_plus, self.A3_minus)

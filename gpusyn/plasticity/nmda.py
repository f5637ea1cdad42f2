"""Learning from the calcium that enters each synapse through its own NMDA receptors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gpusyn.errors import ParameterError
from gpusyn.numerics.portable_math import exp
from gpusyn.parameters.scalars import public
from gpusyn.parameters.units import as_floats
from gpusyn.plasticity.base import WeightRule
from gpusyn.utils.typing import Floats

__all__ = ["NMDAPlasticity"]

STEEPEST = 80.0  # of beta (theta_d + theta_p): float32 holds exp of it


@public
@dataclass(frozen=True)
class NMDAPlasticity(WeightRule):
    """Calcium through the NMDA receptors of each synapse makes its weight grow or shrink (Shouval, Bear & Cooper 2002).

    The calcium of a spine (uM above rest) follows Ca' = -Ca/tau_Ca + G s B(V_s) (V_Ca - V_s), where s is the gate of
    the synapse's own receptors (1 at the peak after one event), on which drugs and glycine act as on the current, and B
    is what magnesium leaves open; the weight of the current plays no part. V_s is the potential of the target, plus
    what is left in the spine of its last spike: bap (part_fast e^(-t/tau_fast) + (1 - part_fast) e^(-t/tau_slow)). The
    weight W, in units of w_max, goes to omega(Ca) with the rate eta(Ca): W' = eta (omega - W). Moderate calcium makes
    it shrink and much calcium makes it grow; without any it goes back to W_rest, within hours.

    Parameters
    ----------
    calcium : str or Receptor
        Receptor through which calcium enters; the projection has to reach it.
    learns : str or Receptor, optional
        Receptor whose weight changes; None if the projection has only one.
    speed : float
        Factor of eta, >= 0.
    tau_Ca : float
        Time constant of calcium (ms), > 0.
    G : float
        Calcium that enters through an open gate (uM/(ms mV)), >= 0.
    V_Ca : float
        Reversal potential of calcium (mV). Above it none flows out.
    bap : float
        Size of a spike in the spine (mV), >= 0; 0 if it does not get there.
    part_fast : float
        Part of it that decays fast, 0 to 1.
    tau_fast, tau_slow : float
        Time constants of its parts (ms), > 0.
    bap_delay : float
        Time from the soma to the spine (ms), >= 0.
    theta_d, theta_p : float
        Calcium above which weights shrink, and grow (uM), with 0 <= theta_d <= theta_p.
    beta : float
        Steepness of both thresholds (1/uM), > 0; beta (theta_d + theta_p) is at most 80.
    W_rest : float
        Weight without calcium, 0 to 1 (in units of w_max).
    P1, P2, P4 : float
        Numbers of eta = 1/(P1/(P2 + Ca^3) + P4): P1 (ms uM^3) and P2 (uM^3), both > 0, and P4 (ms), >= 0.

    Raises
    ------
    ArgumentError
        If a parameter has the wrong type.
    ParameterError
        If a parameter is out of range.

    Examples
    --------
    >>> rule = NMDAPlasticity(speed=10.0)
    >>> rule.omega([0.2, 0.45, 0.8]).round(4).tolist()
    [0.25, 0.0004, 1.0]
    """

    calcium: str = "NMDA"
    learns: str | None = "AMPA"
    speed: float = 1.0
    tau_Ca: float = 50.0
    G: float = 1e-3
    V_Ca: float = 130.0
    bap: float = 100.0
    part_fast: float = 0.75
    tau_fast: float = 3.0
    tau_slow: float = 25.0
    bap_delay: float = 0.0
    theta_d: float = 0.35
    theta_p: float = 0.55
    beta: float = 80.0
    W_rest: float = 0.25
    P1: float = 100.0
    P2: float = 1e-5
    P4: float = 1000.0
    role: ClassVar[str] = "learning"
    RECEPTORS: ClassVar[tuple[str, ...]] = ("calcium", "learns")
    variables: ClassVar[Mapping[str, str]] = {"Ca": "uM"}

    def __post_init__(self) -> None:
        self._check_receptor("calcium")
        self._check_learns()
        self._check_numbers("", "speed", low=0.0)
        self._check_numbers("ms", "tau_Ca", "tau_fast", "tau_slow", above=0.0)
        self._check_numbers("uM/(ms mV)", "G", low=0.0)
        self._check_numbers("mV", "V_Ca")
        self._check_numbers("mV", "bap", low=0.0)
        self._check_numbers("ms", "bap_delay", "P4", low=0.0)
        self._check_numbers("uM", "theta_d", "theta_p", low=0.0)
        self._check_numbers("1/uM", "beta", above=0.0)
        self._check_numbers("", "part_fast", "W_rest", low=0.0, high=1.0)
        self._check_numbers("ms uM^3", "P1", above=0.0)
        self._check_numbers("uM^3", "P2", above=0.0)
        if self.theta_d > self.theta_p:
            raise ParameterError(
                f"{self._where('theta_d')}: must be at most theta_p, because less calcium makes weights shrink than "
                f"grow (got {self.theta_d:g} and theta_p={self.theta_p:g} uM); exchange them"
            )
        if self.beta * (self.theta_d + self.theta_p) > STEEPEST:
            raise ParameterError(
                f"{self._where('beta')}: must be at most {STEEPEST / (self.theta_d + self.theta_p):g} per uM for these "
                f"thresholds, so that exp(beta theta) is a number (got {self.beta:g}); give a smaller one"
            )

    @public
    def omega(self, Ca: Any) -> Floats:
        """Return the weight, in units of w_max, to which calcium leads.

        Parameters
        ----------
        Ca : float or array_like
            Calcium above rest (uM).

        Returns
        -------
        ndarray of float64

        Raises
        ------
        ArgumentError
            If `Ca` is not made of numbers.
        ParameterError
            If it is masked, or a quantity of another dimension.
        """
        x = as_floats(Ca, self._where("omega().Ca"), "uM", "must be a number or an array")
        with np.errstate(over="ignore"):  # endless calcium is far above both thresholds
            grown, shrunk = (_sigmoid(self.beta * (x - theta)) for theta in (self.theta_p, self.theta_d))
        found: Floats = self.W_rest + grown - self.W_rest * shrunk
        return found

    @public
    def eta(self, Ca: Any) -> Floats:
        """Return the rate (1/ms) at which a weight goes to `omega`, without `speed`.

        Parameters
        ----------
        Ca : float or array_like
            Calcium above rest (uM).

        Returns
        -------
        ndarray of float64

        Raises
        ------
        ArgumentError
            If `Ca` is not made of numbers.
        ParameterError
            If it is masked, or a quantity of another dimension.
        """
        x = as_floats(Ca, self._where("eta().Ca"), "uM", "must be a number or an array")
        with np.errstate(over="ignore"):  # with endless calcium, P4 alone is left
            found: Floats = 1.0 / (self.P1 / (self.P2 + x**3) + self.P4)
        return found


def _sigmoid(x: Floats) -> Floats:
    found: Floats = 1.0 / (1.0 + exp(-np.asarray(x)))
    return found

"""The rule of calcium above thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

from gpusyn.equations.plasticity.calcium import CalciumRuleCoefficients
from gpusyn.numerics.portable_math import log_of
from gpusyn.parameters.scalars import one_of, public
from gpusyn.plasticity.base import LearningRule, Trace, TracePair

__all__ = ["CalciumSTDP"]

# Graupner & Brunel (2012), SI tables 1 and 2, in the order of the fields.
PUBLISHED = {
    "DP": (20.0, 1.0, 2.0, 13.7, 1.0, 1.3, 200.0, 321.808, 2.8284, 150e3, 5.0),
    "DPD": (20.0, 0.9, 0.9, 4.6, 1.0, 1.3, 250.0, 550.0, 2.8284, 150e3, 5.0),
    "DPD'": (20.0, 1.0, 2.0, 2.2, 1.0, 2.5, 50.0, 600.0, 2.8284, 150e3, 5.0),
    "P": (20.0, 2.0, 2.0, 0.0, 1.0, 1.3, 160.0, 257.447, 2.8284, 150e3, 5.0),
    "D": (20.0, 0.6, 0.6, 0.0, 1.0, 1.3, 500.0, 550.0, 5.6568, 150e3, 5.0),
    "D'": (20.0, 1.0, 2.0, 0.0, 1.0, 3.5, 60.0, 600.0, 2.8284, 150e3, 5.0),
    "hippocampal slices": (
        48.8373, 1.0, 0.275865, 18.8008, 1.0, 1.3, 313.0965, 1645.59, 9.1844, 688.355e3, 5.28145,
    ),
    "hippocampal cultures": (
        11.9536, 0.58156, 1.76444, 10.0, 1.0, 1.3, 61.141, 113.6545, 2.5654, 33.7596e3, 36.0263,
    ),
    "cortical slices": (
        22.6936, 0.5617539, 1.23964, 4.6098, 1.0, 1.3, 331.909, 725.085, 3.3501, 346.3615e3, 5.40988,
    ),
}  # fmt: skip


@public
@dataclass(frozen=True)
class CalciumSTDP(LearningRule):
    """Calcium of spikes moves a synapse between two stable states (Graupner & Brunel 2012).

    Calcium c of the synapse decays with tau_Ca. A presynaptic spike adds C_pre to it, D after it has reached the
    synapse, and a postsynaptic one adds C_post. The efficacy rho obeys

        tau rho' = -rho (1 - rho) (1/2 - rho) + gamma_p (1 - rho) [c > theta_p] - gamma_d rho [c > theta_d]
                   + sigma sqrt(tau ([c > theta_d] + [c > theta_p])) noise

    with white noise of its own for each synapse. The weight is w0 + rho (w1 - w0), where w1 is w_max and w0 is w_max/b:
    0 and 1, the stable states of rho, are a weak and a strong synapse. The first weight says what rho is at first.
    Weights stay in [0, w_max]; what noise makes of rho beyond these is remembered, from -w_max to 2 w_max.

    Times above the thresholds are exact, and so is each part of the equation; the parts are composed in second order,
    which is wrong by less than 1e-7 of rho for a spike of the published sets. D is rounded to whole time steps. The
    defaults are the set "DP"; :meth:`published` has the others. The paper gives tau in seconds.

    Parameters
    ----------
    tau_Ca : float
        Time constant of calcium (ms), > 0.
    C_pre, C_post : float
        Calcium that a spike adds (in units of the threshold theta_d of the paper), >= 0.
    D : float
        Delay of presynaptic calcium (ms), >= 0.
    theta_d, theta_p : float
        Thresholds of calcium for depression and for potentiation, > 0.
    gamma_d, gamma_p : float
        Rates of depression and of potentiation above their thresholds (1/tau), >= 0.
    sigma : float
        Size of the noise, >= 0; with 0 there is none, and nothing is stored for it.
    tau : float
        Time constant of rho (ms), > 0.
    b : float
        Ratio of the strong to the weak weight, > 1.
    learns : str or Receptor, optional
        Receptor whose weight changes; needed if the projection has several.
    axonal : float
        Part of the delay, 0 to 1, before the synapse; with 0 all of it is dendritic.

    Raises
    ------
    ArgumentError
        If a parameter has the wrong type.
    ParameterError
        If a parameter is out of range.

    Examples
    --------
    >>> CalciumSTDP(sigma=0.0).theta_p
    1.3
    """

    tau_Ca: float = 20.0
    C_pre: float = 1.0
    C_post: float = 2.0
    D: float = 13.7
    theta_d: float = 1.0
    theta_p: float = 1.3
    gamma_d: float = 200.0
    gamma_p: float = 321.808
    sigma: float = 2.8284
    tau: float = 150e3
    b: float = 5.0
    learns: str | None = None
    axonal: float = 0.0
    struct = "CalciumRule"
    variables: ClassVar[Mapping[str, str]] = {"Ca": "1"}

    def __post_init__(self) -> None:
        self._check_numbers("ms", "tau_Ca", "tau", above=0.0)
        self._check_numbers("ms", "D", low=0.0)
        self._check_numbers("", "C_pre", "C_post", "gamma_d", "gamma_p", "sigma", low=0.0)
        self._check_numbers("", "theta_d", "theta_p", above=0.0)
        self._check_numbers("", "b", above=1.0)
        self._check_place()

    @classmethod
    @public
    def published(cls, name: str, **changes: Any) -> CalciumSTDP:
        """Return the rule with a set of parameters of the paper.

        Parameters
        ----------
        name : {"DP", "DPD", "DPD'", "P", "D", "D'", "hippocampal slices", "hippocampal cultures", "cortical slices"}
            Name of the set: the six windows of its figure 2, and its three fits to experiments.
        **changes
            Parameters that are different.

        Returns
        -------
        CalciumSTDP

        Raises
        ------
        ArgumentError
            If the name is not a string, or a parameter has the wrong type.
        ParameterError
            If a parameter is out of range.
        UnknownNameError
            If there is no such set, or no such parameter.

        Examples
        --------
        >>> CalciumSTDP.published("cortical slices", sigma=0.0).tau
        346361.5
        """
        parameters = [field.name for field in fields(cls)]
        for changed in changes:
            one_of(changed, parameters, "CalciumSTDP.published()")
        return replace(cls(*PUBLISHED[one_of(name, PUBLISHED, "CalciumSTDP.published().name")]), **changes)

    @property
    def traces(self) -> TracePair:
        """Calcium of presynaptic and of postsynaptic spikes, in units of what one adds."""
        return TracePair((Trace(self.tau_Ca),), (Trace(self.tau_Ca),))

    def coefficients(self, w_max: float) -> CalciumRuleCoefficients:
        """Return the numbers of the equations, for time steps of 1 ms."""
        return CalciumRuleCoefficients(
            C_pre=self.C_pre, C_post=self.C_post, tau_Ca=self.tau_Ca, log_d=log_of(self.theta_d),
            log_p=log_of(self.theta_p), depression=self.gamma_d / self.tau, potentiation=self.gamma_p / self.tau,
            cubic=0.5 / self.tau, noise=self.sigma**2 / self.tau, low=1.0 / self.b, span=1.0 - 1.0 / self.b, dt=1.0,
        )  # fmt: skip

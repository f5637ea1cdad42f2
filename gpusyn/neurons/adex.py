"""The adaptive exponential integrate-and-fire neuron."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from gpusyn.equations.effects import Real
from gpusyn.equations.neurons import neuron
from gpusyn.neurons.base import Membrane, decays
from gpusyn.numerics.portable_math import exp, exprel, flush
from gpusyn.parameters.scalars import public
from gpusyn.parameters.table import Parameter
from gpusyn.utils.typing import Array

if TYPE_CHECKING:
    from gpusyn.parameters.distributions import Distribution

__all__ = ["AdEx"]


class AdExCoefficients(NamedTuple):
    """Coefficients of `AdEx`; potentials relative to E_L."""

    g_L: Any
    dt_C: Any  # dt / C_m
    V_T: Any
    per_Delta_T: Any  # 1 / Delta_T
    g_L_Delta_T: Any
    a: Any
    b: Any
    decay: Any  # exp(-dt / tau_w) - 1
    half_decay: Any  # exp(-dt / 2 tau_w) - 1
    V_peak: Any


@neuron
class AdEx(Membrane):
    """Adaptive exponential integrate-and-fire neuron (Brette and Gerstner 2005, whose values are the defaults).

    C dV/dt = -g_L (V - E_L) + g_L Delta_T exp((V - V_T)/Delta_T) - w - sum I_syn + I_e and
    tau_w dw/dt = a (V - E_L) - w. The neuron spikes when V >= V_peak: V is set to V_reset and held there for t_ref, and
    w is increased by b. The adaptation current `w` (pA) starts at a (V - E_L).

    Parameters
    ----------
    C_m : float, array or Distribution
        Membrane capacitance (pF), > 0.
    g_L : float, array or Distribution
        Leak conductance (nS), > 0.
    E_L, V_T : float, array or Distribution
        Resting potential, and the potential at which the upstroke begins (mV).
    Delta_T : float, array or Distribution
        Slope factor of the upstroke (mV), > 0.
    tau_w : float, array or Distribution
        Time constant of the adaptation (ms), > 0.
    a : float, array or Distribution
        Subthreshold adaptation (nS).
    b : float, array or Distribution
        Increase of w at each spike (pA).
    V_reset, V_peak : float, array or Distribution
        Potential after a spike, and the potential at which the upstroke is cut off (mV); V_reset < V_peak. With V_peak
        at or above V_T + 5 Delta_T, the cut moves a spike by at most exp(-5) C/g_L, 0.06 ms with these defaults.
    t_ref : float, array or Distribution
        Refractory time (ms), >= 0, a multiple of dt; drawn times are rounded to one.
    I_e : float, array or Distribution
        Constant current (pA), positive inward.

    Raises
    ------
    ArgumentError
        If a value is not a number, an array or a distribution.
    ParameterError
        If a value is out of range, two arrays differ in length, or V_reset is not below V_peak.

    Examples
    --------
    >>> AdEx.regular_bursting().b
    100.0
    """

    COEFFICIENTS: ClassVar[type[NamedTuple]] = AdExCoefficients
    THRESHOLD: ClassVar[str] = "V_peak"
    STATES: ClassVar[dict[str, str]] = {"w": "pA"}
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        Parameter("C_m", 281.0, "pF", "membrane capacitance"),
        Parameter("g_L", 30.0, "nS", "leak conductance"),
        Parameter("E_L", -70.6, "mV", "resting potential"),
        Parameter("V_T", -50.4, "mV", "potential at which the upstroke begins"),
        Parameter("Delta_T", 2.0, "mV", "slope factor of the upstroke"),
        Parameter("tau_w", 144.0, "ms", "time constant of the adaptation"),
        Parameter("a", 4.0, "nS", "subthreshold adaptation"),
        Parameter("b", 80.5, "pA", "increase of w at each spike"),
        Parameter("V_reset", -70.6, "mV", "potential after a spike"),
        Parameter("V_peak", -40.4, "mV", "potential at which the upstroke is cut off"),
        Parameter("t_ref", 0.0, "ms", "refractory time"),
        Parameter("I_e", 0.0, "pA", "constant current, positive inward"),
    )
    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {
        "C_m": {"above": 0.0},
        "g_L": {"above": 0.0},
        "E_L": {"potential": True},
        "V_T": {"potential": True},
        "Delta_T": {"above": 0.0},
        "tau_w": {"above": 0.0},
        "a": {},
        "b": {},
        "V_reset": {"potential": True},
        "V_peak": {"potential": True},
        "t_ref": {"low": 0.0},
        "I_e": {},
    }

    @public
    def __init__(
        self,
        *,
        C_m: float | npt.ArrayLike | Distribution = 281.0,
        g_L: float | npt.ArrayLike | Distribution = 30.0,
        E_L: float | npt.ArrayLike | Distribution = -70.6,
        V_T: float | npt.ArrayLike | Distribution = -50.4,
        Delta_T: float | npt.ArrayLike | Distribution = 2.0,
        tau_w: float | npt.ArrayLike | Distribution = 144.0,
        a: float | npt.ArrayLike | Distribution = 4.0,
        b: float | npt.ArrayLike | Distribution = 80.5,
        V_reset: float | npt.ArrayLike | Distribution = -70.6,
        V_peak: float | npt.ArrayLike | Distribution = -40.4,
        t_ref: float | npt.ArrayLike | Distribution = 0.0,
        I_e: float | npt.ArrayLike | Distribution = 0.0,
    ) -> None:
        self._take(C_m, g_L, E_L, V_T, Delta_T, tau_w, a, b, V_reset, V_peak, t_ref, I_e)

    @classmethod
    @public
    def regular_bursting(cls, *, I_e: float | npt.ArrayLike | Distribution = 210.0) -> AdEx:
        """Return a neuron that bursts regularly (Naud, Marcille, Clopath and Gerstner 2008).

        Parameters
        ----------
        I_e : float, array or Distribution
            Constant current (pA), positive inward.

        Returns
        -------
        AdEx

        Raises
        ------
        ArgumentError
            If the current is not a number, an array or a distribution.
        ParameterError
            If the current is not finite.
        """
        given = {"tau_w": 120.0, "a": 2.0, "b": 100.0, "V_reset": -46.0, "V_peak": -40.0}
        return cls(C_m=200.0, g_L=10.0, E_L=-58.0, V_T=-50.0, Delta_T=2.0, I_e=I_e, **given)

    # ---- equations: v by an exponential step of the linearised equation, w at the middle of the step ----
    @staticmethod
    def coefficients(dt: float, p: Mapping[str, Any]) -> AdExCoefficients:
        """Return the coefficients for a step (ms)."""
        decay, half_decay = decays(dt, 1 / p["tau_w"])
        return AdExCoefficients(
            g_L=p["g_L"],
            dt_C=dt / p["C_m"],
            V_T=p["V_T"] - p["E_L"],
            per_Delta_T=1 / p["Delta_T"],
            g_L_Delta_T=p["g_L"] * p["Delta_T"],
            a=p["a"],
            b=p["b"],
            decay=decay,
            half_decay=half_decay,
            V_peak=p["V_peak"] - p["E_L"],
        )

    @staticmethod
    def steady(V: Array, p: Mapping[str, Any]) -> list[Any]:
        """Return [w] with w = a (V - E_L) (pA)."""
        return [p["a"] * (V - p["E_L"])]

    @staticmethod
    def leak(c: AdExCoefficients) -> Real:
        """Return g_L."""
        return c.g_L

    @staticmethod
    def advance(v: Array, x: Any, c: AdExCoefficients, G: Real, D: Real) -> Array:
        """Return V + F(v) (exp(J) - 1) / J, at most V_peak."""
        limit = v.dtype.type(30)
        middle = x.w + (x.w - c.a * v) * c.half_decay
        steep = (v - c.V_T) * c.per_Delta_T
        steep = np.where(steep > limit, limit, steep)
        upstroke = exp(steep)
        slope = (c.g_L * upstroke - G) * c.dt_C
        rise = (((D - G * v) + c.g_L_Delta_T * upstroke) - middle) * c.dt_C
        reached = v + rise * exprel(slope)
        stopped: Array = np.where(reached > c.V_peak, c.V_peak, reached)
        return stopped

    @staticmethod
    def follow(x: Any, v: Array, reached: Array, fired: Array, c: AdExCoefficients) -> None:
        """Relax w towards a times the mean v; add b at a spike."""
        relaxed = x.w + (x.w - c.a * (v.dtype.type(0.5) * (v + reached))) * c.decay
        x.w[:] = flush(np.where(fired, relaxed + c.b, relaxed))

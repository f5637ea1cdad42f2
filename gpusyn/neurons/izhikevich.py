"""Izhikevich's simple model of spiking neurons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from gpusyn.equations.effects import Real
from gpusyn.equations.neurons import neuron
from gpusyn.neurons.base import Membrane, decays
from gpusyn.numerics.portable_math import exprel, flush
from gpusyn.parameters.scalars import public
from gpusyn.parameters.table import Parameter
from gpusyn.utils.typing import Array

if TYPE_CHECKING:
    from gpusyn.parameters.distributions import Distribution

__all__ = ["Izhikevich"]


class IzhikevichCoefficients(NamedTuple):
    """Coefficients of `Izhikevich`, with v relative to c: dv/dt = 0.04 v^2 + linear v + constant - u + I."""

    dt: Any
    per_C: Any  # 1 / C_m
    linear: Any
    constant: Any
    b: Any
    b_c: Any  # b c
    d: Any
    decay: Any  # exp(-a dt) - 1
    half_decay: Any  # exp(-a dt / 2) - 1
    V_peak: Any  # relative to c


@neuron
class Izhikevich(Membrane):
    """Simple model of a spiking neuron (Izhikevich 2003); the defaults are those of its regular spiking cell.

    dV/dt = 0.04 V^2 + 5 V + 140 - u + I, du/dt = a (b V - u). The neuron spikes when V >= V_peak: V is set to c and
    held there for t_ref, and u is increased by d. The recovery variable `u` (mV/ms) starts at b V; V starts at c.

    In the paper, I is in mV/ms. Here, I_e and the currents of receptors are in pA and are divided by C_m, so that with
    the default of 1 pF a current of 10 pA is the paper's I = 10. The integration is of second order. The script of the
    paper (steps of 1 ms, V in two halves) has not converged and gives fewer spikes.

    Parameters
    ----------
    a : float, array or Distribution
        Rate of recovery (1/ms), > 0.
    b : float, array or Distribution
        Sensitivity of u to V (1/ms).
    c : float, array or Distribution
        Potential after a spike (mV), below V_peak.
    d : float, array or Distribution
        Increase of u at each spike (mV/ms).
    C_m : float, array or Distribution
        Capacitance by which currents are divided (pF), > 0.
    V_peak : float, array or Distribution
        Potential at which the upstroke is cut off (mV).
    t_ref : float, array or Distribution
        Refractory time (ms), >= 0, a multiple of dt; drawn times are rounded to one.
    I_e : float, array or Distribution
        Constant current (pA), positive inward.

    Raises
    ------
    ArgumentError
        If a value is not a number, an array or a distribution.
    ParameterError
        If a value is out of range, two arrays differ in length, or c is not below V_peak.

    Examples
    --------
    >>> Izhikevich(I_e=10.0)
    Izhikevich(a=0.02, b=0.2, c=-65, d=8, C_m=1, V_peak=30, t_ref=0, I_e=10)
    >>> Izhikevich.fast_spiking().a
    0.1
    """

    COEFFICIENTS: ClassVar[type[NamedTuple]] = IzhikevichCoefficients
    REST: ClassVar[str] = "c"
    THRESHOLD: ClassVar[str] = "V_peak"
    RESET: ClassVar[str] = "c"
    STATES: ClassVar[dict[str, str]] = {"u": "mV/ms"}
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        Parameter("a", 0.02, "1/ms", "rate of recovery"),
        Parameter("b", 0.2, "1/ms", "sensitivity of u to V"),
        Parameter("c", -65.0, "mV", "potential after a spike"),
        Parameter("d", 8.0, "mV/ms", "increase of u at each spike"),
        Parameter("C_m", 1.0, "pF", "capacitance by which currents are divided"),
        Parameter("V_peak", 30.0, "mV", "potential at which the upstroke is cut off"),
        Parameter("t_ref", 0.0, "ms", "refractory time"),
        Parameter("I_e", 0.0, "pA", "constant current, positive inward"),
    )
    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {
        "a": {"above": 0.0},
        "b": {},
        "c": {"potential": True},
        "d": {},
        "C_m": {"above": 0.0},
        "V_peak": {"potential": True},
        "t_ref": {"low": 0.0},
        "I_e": {},
    }

    @public
    def __init__(
        self,
        *,
        a: float | npt.ArrayLike | Distribution = 0.02,
        b: float | npt.ArrayLike | Distribution = 0.2,
        c: float | npt.ArrayLike | Distribution = -65.0,
        d: float | npt.ArrayLike | Distribution = 8.0,
        C_m: float | npt.ArrayLike | Distribution = 1.0,
        V_peak: float | npt.ArrayLike | Distribution = 30.0,
        t_ref: float | npt.ArrayLike | Distribution = 0.0,
        I_e: float | npt.ArrayLike | Distribution = 0.0,
    ) -> None:
        self._take(a, b, c, d, C_m, V_peak, t_ref, I_e)

    @classmethod
    @public
    def fast_spiking(cls, *, I_e: float | npt.ArrayLike | Distribution = 0.0) -> Izhikevich:
        """Return a fast spiking interneuron (Izhikevich 2003).

        Parameters
        ----------
        I_e : float, array or Distribution
            Constant current (pA), positive inward.

        Returns
        -------
        Izhikevich

        Raises
        ------
        ArgumentError
            If the current is not a number, an array or a distribution.
        ParameterError
            If the current is not finite.
        """
        return cls(a=0.1, b=0.2, c=-65.0, d=2.0, I_e=I_e)

    @classmethod
    @public
    def chattering(cls, *, I_e: float | npt.ArrayLike | Distribution = 0.0) -> Izhikevich:
        """Return a chattering cell, which fires bursts of closely spaced spikes (Izhikevich 2003).

        Parameters
        ----------
        I_e : float, array or Distribution
            Constant current (pA), positive inward.

        Returns
        -------
        Izhikevich

        Raises
        ------
        ArgumentError
            If the current is not a number, an array or a distribution.
        ParameterError
            If the current is not finite.
        """
        return cls(a=0.02, b=0.2, c=-50.0, d=2.0, I_e=I_e)

    # ---- equations: the same method as AdEx ----
    @staticmethod
    def coefficients(dt: float, p: Mapping[str, Any]) -> IzhikevichCoefficients:
        """Return the coefficients for a step (ms)."""
        c = p["c"]
        decay, half_decay = decays(dt, p["a"])
        return IzhikevichCoefficients(
            dt=dt,
            per_C=1 / p["C_m"],
            linear=0.08 * c + 5.0,
            constant=(0.04 * c + 5.0) * c + 140.0,
            b=p["b"],
            b_c=p["b"] * c,
            d=p["d"],
            decay=decay,
            half_decay=half_decay,
            V_peak=p["V_peak"] - c,
        )

    @staticmethod
    def steady(V: Array, p: Mapping[str, Any]) -> list[Any]:
        """Return [u] with u = b V (mV/ms)."""
        return [p["b"] * V]

    @staticmethod
    def leak(c: IzhikevichCoefficients) -> Real:
        """Return 0, because G comes from receptors alone."""
        return c.dt.dtype.type(0)

    @staticmethod
    def advance(v: Array, x: Any, c: IzhikevichCoefficients, G: Real, D: Real) -> Array:
        """Return V + F(v) (exp(J) - 1) / J, at most V_peak."""
        real = v.dtype.type
        middle = x.u + (x.u - (c.b * v + c.b_c)) * c.half_decay
        slope = ((real(0.08) * v + c.linear) - G * c.per_C) * c.dt
        rise = ((((real(0.04) * v + c.linear) * v + c.constant) - middle) + (D - G * v) * c.per_C) * c.dt
        reached = v + rise * exprel(slope)
        stopped: Array = np.where(reached > c.V_peak, c.V_peak, reached)
        return stopped

    @staticmethod
    def follow(x: Any, v: Array, reached: Array, fired: Array, c: IzhikevichCoefficients) -> None:
        """Relax u towards b times the mean V; add d at a spike."""
        relaxed = x.u + (x.u - (c.b * (v.dtype.type(0.5) * (v + reached)) + c.b_c)) * c.decay
        x.u[:] = flush(np.where(fired, relaxed + c.d, relaxed))

"""The leaky integrate-and-fire neuron."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from gpusyn.equations.effects import Real
from gpusyn.equations.neurons import neuron
from gpusyn.neurons.base import Membrane
from gpusyn.numerics import propagators
from gpusyn.numerics.portable_math import expm1
from gpusyn.parameters.scalars import public
from gpusyn.parameters.table import Parameter
from gpusyn.utils.typing import Array

if TYPE_CHECKING:
    from gpusyn.parameters.distributions import Distribution

__all__ = ["LIF"]


class LIFCoefficients(NamedTuple):
    """Coefficients of `LIF`."""

    g_L: Any
    dt_C: Any  # dt / C_m


class ExactLIFCoefficients(NamedTuple):
    """Coefficients of `ExactLIF`, with P = exp(-dt g_L / C_m)."""

    decay: Any  # P - 1
    gain: Any  # (1 - P) / g_L: mV per pA that flows for the whole step


@neuron
class LIF(Membrane):
    """Leaky integrate-and-fire neuron: C dV/dt = -g_L (V - E_L) - sum I_syn + I_e (Lapicque 1907).

    The neuron spikes when V >= V_th: V is set to V_reset and held there for t_ref.

    Parameters
    ----------
    C_m : float, array or Distribution
        Membrane capacitance (pF), > 0.
    g_L : float, array or Distribution
        Leak conductance (nS), > 0.
    E_L, V_th, V_reset : float, array or Distribution
        Resting, threshold and reset potential (mV); V_reset < V_th.
    t_ref : float, array or Distribution
        Refractory time (ms), >= 0, a multiple of dt; drawn times are rounded to one.
    I_e : float, array or Distribution
        Constant current (pA), positive inward.

    Raises
    ------
    ArgumentError
        If a value is not a number, an array or a distribution.
    ParameterError
        If a value is out of range, two arrays differ in length, or V_reset is not below V_th.

    Examples
    --------
    >>> LIF(V_th=-50.0)
    LIF(C_m=200, g_L=10, E_L=-70, V_th=-50, V_reset=-70, t_ref=2, I_e=0)
    >>> LIF.parameters()[3]
    Parameter(name='V_th', default=-55.0, unit='mV', meaning='threshold')
    """

    COEFFICIENTS: ClassVar[type[NamedTuple]] = LIFCoefficients
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        Parameter("C_m", 200.0, "pF", "membrane capacitance"),
        Parameter("g_L", 10.0, "nS", "leak conductance"),
        Parameter("E_L", -70.0, "mV", "resting potential"),
        Parameter("V_th", -55.0, "mV", "threshold"),
        Parameter("V_reset", -70.0, "mV", "potential after a spike"),
        Parameter("t_ref", 2.0, "ms", "refractory time"),
        Parameter("I_e", 0.0, "pA", "constant current, positive inward"),
    )
    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {
        "C_m": {"above": 0.0},
        "g_L": {"above": 0.0},
        "E_L": {"potential": True},
        "V_th": {"potential": True},
        "V_reset": {"potential": True},
        "t_ref": {"low": 0.0},
        "I_e": {},
    }

    @public
    def __init__(
        self,
        *,
        C_m: float | npt.ArrayLike | Distribution = 200.0,
        g_L: float | npt.ArrayLike | Distribution = 10.0,
        E_L: float | npt.ArrayLike | Distribution = -70.0,
        V_th: float | npt.ArrayLike | Distribution = -55.0,
        V_reset: float | npt.ArrayLike | Distribution = -70.0,
        t_ref: float | npt.ArrayLike | Distribution = 2.0,
        I_e: float | npt.ArrayLike | Distribution = 0.0,
    ) -> None:
        self._take(C_m, g_L, E_L, V_th, V_reset, t_ref, I_e)

    def equations(self, *, only_currents: bool) -> str:
        """Return ``"ExactLIF"`` if every input is a linear current, which has a closed form, else ``"LIF"``."""
        return "ExactLIF" if only_currents else "LIF"

    # ---- equations: exponential Euler with each gate's mean over the step ----
    @staticmethod
    def coefficients(dt: float, p: Mapping[str, Any]) -> Any:
        """Return the coefficients for a step (ms)."""
        return LIFCoefficients(g_L=p["g_L"], dt_C=dt / np.asarray(p["C_m"], np.float64))

    @staticmethod
    def leak(c: Any) -> Real:
        """Return g_L."""
        return c.g_L

    @staticmethod
    def advance(v: Array, x: Any, c: Any, G: Real, D: Real) -> Array:
        """Relax v to D / G at the rate G / C."""
        v_inf = D / G
        moved: Array = v + (v - v_inf) * expm1(-(c.dt_C * G))
        return moved


@neuron
class ExactLIF(LIF):
    """The exact equations of :class:`LIF` for inputs that are linear currents; gates are propagators into v."""

    COEFFICIENTS: ClassVar[type[NamedTuple]] = ExactLIFCoefficients
    EXACT: ClassVar[bool] = True

    @staticmethod
    def coefficients(dt: float, p: Mapping[str, Any]) -> Any:
        """Return the coefficients for a step (ms)."""
        g_L = np.asarray(p["g_L"], np.float64)
        decay = propagators.expm1(-dt * g_L / np.asarray(p["C_m"], np.float64))
        return ExactLIFCoefficients(decay=decay, gain=-decay / g_L)

    @staticmethod
    def leak(c: Any) -> Real:
        """Return 0, which is never read."""
        return c.decay.dtype.type(0)

    @staticmethod
    def drive(current: Array, c: Any) -> Real:
        """Return (1 - P) / g_L I."""
        return c.gain * current

    @staticmethod
    def advance(v: Array, x: Any, c: Any, G: Real, D: Real) -> Array:
        """Return V + ((P - 1) v + D); the small number is computed first."""
        moved: Array = v + (c.decay * v + D)
        return moved

"""The leaky integrate-and-fire neuron."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from gpusyn.equations.effects import Real
from gpusyn.equations.neurons import neuron
from gpusyn.errors import ParameterError
from gpusyn.neurons.base import Membrane, decays
from gpusyn.numerics import propagators
from gpusyn.numerics.portable_math import expm1, flush
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


class AdaptiveLIFCoefficients(NamedTuple):
    """Coefficients of `AdaptiveLIF`: those of `LIF`, then those of the threshold."""

    g_L: Any
    dt_C: Any
    jump: Any  # of theta at a spike
    theta_decay: Any  # exp(-dt / tau_theta) - 1


class ExactAdaptiveLIFCoefficients(NamedTuple):
    """Coefficients of `ExactAdaptiveLIF`: those of `ExactLIF`, then those of the threshold."""

    decay: Any
    gain: Any
    jump: Any
    theta_decay: Any


@neuron
class LIF(Membrane):
    """Leaky integrate-and-fire neuron: C dV/dt = -g_L (V - E_L) - sum I_syn + I_e (Lapicque 1907).

    The neuron spikes when V >= V_th: V is set to V_reset and held there for t_ref.

    With `theta_jump` and `tau_theta`, the threshold adapts: the neuron spikes when V >= V_th + theta. The state `theta`
    (mV) starts at 0, jumps by `theta_jump` at each spike, and decays with the time constant `tau_theta`, also while the
    neuron is refractory.

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
    theta_jump : float, array or Distribution, optional
        Increase of the threshold at each spike (mV), >= 0. Without it, the threshold is constant.
    tau_theta : float, array or Distribution, optional
        Time constant of that increase (ms), > 0; given if, and only if, `theta_jump` is.

    Raises
    ------
    ArgumentError
        If a value is not a number, an array or a distribution.
    ParameterError
        If a value is out of range, two arrays differ in length, V_reset is not below V_th, or only one of theta_jump
        and tau_theta is given.

    Examples
    --------
    >>> LIF(V_th=-50.0)
    LIF(C_m=200, g_L=10, E_L=-70, V_th=-50, V_reset=-70, t_ref=2, I_e=0)
    >>> LIF.parameters()[3]
    Parameter(name='V_th', default=-55.0, unit='mV', meaning='threshold')
    >>> LIF(theta_jump=2.0, tau_theta=100.0).STATES
    {'theta': 'mV'}
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
        Parameter("theta_jump", None, "mV", "increase of the threshold at each spike"),
        Parameter("tau_theta", None, "ms", "time constant of that increase"),
    )
    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {
        "C_m": {"above": 0.0},
        "g_L": {"above": 0.0},
        "E_L": {"potential": True},
        "V_th": {"potential": True},
        "V_reset": {"potential": True},
        "t_ref": {"low": 0.0},
        "I_e": {},
        "theta_jump": {"low": 0.0},
        "tau_theta": {"above": 0.0},
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
        theta_jump: float | npt.ArrayLike | Distribution | None = None,
        tau_theta: float | npt.ArrayLike | Distribution | None = None,
    ) -> None:
        if (theta_jump is None) != (tau_theta is None):
            given, lacking = ("tau_theta", "theta_jump") if theta_jump is None else ("theta_jump", "tau_theta")
            raise ParameterError(f"LIF.{lacking}: missing beside {given}; give both, or none for a constant threshold")
        self._take(C_m, g_L, E_L, V_th, V_reset, t_ref, I_e, theta_jump, tau_theta)
        if theta_jump is not None:
            self._set(STATES={"theta": "mV"})

    def equations(self, *, only_currents: bool) -> str:
        """Return the struct for the inputs and the threshold: linear currents have a closed form."""
        return f"{'Exact' if only_currents else ''}{'Adaptive' if self.STATES else ''}LIF"

    # ---- equations: exponential Euler with each gate's mean over the step ----
    @staticmethod
    def coefficients(dt: float, p: Mapping[str, Any]) -> Any:
        """Return the coefficients for a step (ms)."""
        return LIFCoefficients(g_L=p["g_L"], dt_C=dt / np.asarray(p["C_m"], np.float64))

    @staticmethod
    def steady(V: Array, p: Mapping[str, Any]) -> list[Any]:
        """Return [theta], which is 0, if the threshold adapts."""
        return [np.zeros_like(V)] if "theta_jump" in p else []

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


class AdaptiveThreshold:
    """A threshold that jumps at each spike and relaxes to V_th, for equations whose threshold is constant."""

    STATES: ClassVar[dict[str, str]] = {"theta": "mV"}

    @staticmethod
    def adapt(x: Any, v: Array, current: Array, held: Array, c: Any) -> None:
        """Let theta decay."""
        x.theta[:] = flush(x.theta + x.theta * c.theta_decay)

    @staticmethod
    def reaches(v: Array, x: Any, threshold: Real, c: Any) -> Array:
        """Return where V >= V_th + theta."""
        above: Array = v >= threshold + x.theta
        return above

    @staticmethod
    def follow(x: Any, v: Array, reached: Array, fired: Array, c: Any) -> None:
        """Increase theta at a spike."""
        x.theta[:] = flush(np.where(fired, x.theta + c.jump, x.theta))


def _of_threshold(dt: float, p: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the jump of theta, and its relative change over a step (ms)."""
    return p["theta_jump"], decays(dt, 1 / np.asarray(p["tau_theta"], np.float64))[0]


@neuron
class AdaptiveLIF(AdaptiveThreshold, LIF):
    """The equations of :class:`LIF` with a threshold that adapts."""

    COEFFICIENTS: ClassVar[type[NamedTuple]] = AdaptiveLIFCoefficients

    @staticmethod
    def coefficients(dt: float, p: Mapping[str, Any]) -> Any:
        """Return the coefficients for a step (ms)."""
        return AdaptiveLIFCoefficients._make((*LIF.coefficients(dt, p), *_of_threshold(dt, p)))


@neuron
class ExactAdaptiveLIF(AdaptiveThreshold, ExactLIF):
    """The equations of :class:`ExactLIF` with a threshold that adapts."""

    COEFFICIENTS: ClassVar[type[NamedTuple]] = ExactAdaptiveLIFCoefficients

    @staticmethod
    def coefficients(dt: float, p: Mapping[str, Any]) -> Any:
        """Return the coefficients for a step (ms)."""
        return ExactAdaptiveLIFCoefficients._make((*ExactLIF.coefficients(dt, p), *_of_threshold(dt, p)))

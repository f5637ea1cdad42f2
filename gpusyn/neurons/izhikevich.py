"""Izhikevich's simple model of spiking neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy.typing as npt

from gpusyn.neurons.base import Membrane
from gpusyn.parameters.scalars import public
from gpusyn.parameters.table import Parameter

if TYPE_CHECKING:
    from gpusyn.parameters.distributions import Distribution

__all__ = ["Izhikevich"]


class Izhikevich(Membrane):
    """Simple model of a spiking neuron (Izhikevich 2003); the defaults are its regular spiking cell.

    dV/dt = 0.04 V^2 + 5 V + 140 - u + I, du/dt = a (b V - u). At V >= V_peak it spikes: V is set to c and held there
    for t_ref, and u grows by d. The recovery variable `u` (mV/ms) starts at b V; V starts at c.

    I of the paper is in mV/ms: the currents of receptors and I_e, in pA, are divided by C_m. With the default of
    1 pF a current of 10 pA is the paper's I = 10. Time is integrated to second order: the paper's own script (steps
    of 1 ms, V in two halves) has not converged, and gives fewer spikes.

    Parameters
    ----------
    a : float, array or Distribution
        Rate of recovery (1/ms), > 0.
    b : float, array or Distribution
        Sensitivity of u to V (1/ms).
    c : float, array or Distribution
        Potential after a spike (mV), below V_peak.
    d : float, array or Distribution
        What a spike adds to u (mV/ms).
    C_m : float, array or Distribution
        Capacitance that currents are divided by (pF), > 0.
    V_peak : float, array or Distribution
        Potential at which the upstroke is cut (mV).
    t_ref : float, array or Distribution
        Refractory time (ms), >= 0, a multiple of dt.
    I_e : float, array or Distribution
        Constant current (pA), positive inward.

    Raises
    ------
    ParameterError
        If a value is out of range, two arrays differ in length, or c is not below V_peak.

    Examples
    --------
    >>> Izhikevich(I_e=10.0)
    Izhikevich(a=0.02, b=0.2, c=-65, d=8, C_m=1, V_peak=30, t_ref=0, I_e=10)
    >>> Izhikevich.fast_spiking().a
    0.1
    """

    REST: ClassVar[str] = "c"
    THRESHOLD: ClassVar[str] = "V_peak"
    RESET: ClassVar[str] = "c"
    STATES: ClassVar[dict[str, str]] = {"u": "mV/ms"}
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        Parameter("a", 0.02, "1/ms", "rate of recovery"),
        Parameter("b", 0.2, "1/ms", "sensitivity of u to V"),
        Parameter("c", -65.0, "mV", "potential after a spike"),
        Parameter("d", 8.0, "mV/ms", "what a spike adds to u"),
        Parameter("C_m", 1.0, "pF", "capacitance that currents are divided by"),
        Parameter("V_peak", 30.0, "mV", "potential at which the upstroke is cut"),
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
        """Fast spiking interneuron (Izhikevich 2003)."""
        return cls(a=0.1, b=0.2, c=-65.0, d=2.0, I_e=I_e)

    @classmethod
    @public
    def chattering(cls, *, I_e: float | npt.ArrayLike | Distribution = 0.0) -> Izhikevich:
        """Chattering cell: bursts of closely spaced spikes (Izhikevich 2003)."""
        return cls(a=0.02, b=0.2, c=-50.0, d=2.0, I_e=I_e)

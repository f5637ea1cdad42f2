"""A Hodgkin-Huxley neuron of the cortex and hippocampus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from gpusyn.equations.effects import Real
from gpusyn.equations.neurons import neuron
from gpusyn.neurons.base import Membrane
from gpusyn.numerics.portable_math import exp, expm1, exprel, flush
from gpusyn.parameters.scalars import public
from gpusyn.parameters.table import Parameter
from gpusyn.utils.typing import Array

if TYPE_CHECKING:
    from gpusyn.parameters.distributions import Distribution

__all__ = ["HodgkinHuxley"]


class HodgkinHuxleyCoefficients(NamedTuple):
    """Coefficients of `HodgkinHuxley`; potentials relative to E_L."""

    g_L: Any
    dt_C: Any  # dt / C_m
    dt: Any
    V_T: Any
    g_Na: Any
    E_Na: Any
    g_K: Any
    E_K: Any


@neuron
class HodgkinHuxley(Membrane):
    """Hodgkin-Huxley neuron with the channels of Traub and Miles (1991), in the form of Brette et al. (2007).

    C dV/dt = -g_L (V - E_L) - g_Na m^3 h (V - E_Na) - g_K n^4 (V - E_K) - sum I_syn + I_e, where the rates of the gates
    m, h and n depend on U = V - V_T. The defaults are those of the cell of the COBAHH benchmark. The gates `m`, `h` and
    `n` start at their steady state for the initial V.

    The equations themselves produce the action potential: V is neither reset nor held. A spike is emitted when V
    crosses V_th upwards, but not within t_ref after the previous spike.

    Parameters
    ----------
    C_m : float, array or Distribution
        Membrane capacitance (pF), > 0.
    g_L : float, array or Distribution
        Leak conductance (nS), > 0.
    E_L : float, array or Distribution
        Reversal potential of the leak (mV).
    g_Na, E_Na, g_K, E_K : float, array or Distribution
        Maximal conductance (nS), >= 0, and reversal potential (mV) of the sodium and the potassium channels.
    V_T : float, array or Distribution
        Shift of the rates along V (mV); it moves the threshold.
    V_th : float, array or Distribution
        Potential whose upward crossing is a spike (mV).
    t_ref : float, array or Distribution
        Time after a spike during which no other spike is emitted (ms), >= 0, a multiple of dt; drawn times are rounded
        to one.
    I_e : float, array or Distribution
        Constant current (pA), positive inward.

    Raises
    ------
    ArgumentError
        If a value is not a number, an array or a distribution.
    ParameterError
        If a value is out of range, or two arrays differ in length.

    Examples
    --------
    >>> HodgkinHuxley(I_e=-40.0).E_K
    -90.0
    """

    COEFFICIENTS: ClassVar[type[NamedTuple]] = HodgkinHuxleyCoefficients
    RESET: ClassVar[str] = ""
    STATES: ClassVar[dict[str, str]] = {"m": "1", "h": "1", "n": "1"}
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        Parameter("C_m", 200.0, "pF", "membrane capacitance"),
        Parameter("g_L", 10.0, "nS", "leak conductance"),
        Parameter("E_L", -60.0, "mV", "reversal potential of the leak"),
        Parameter("g_Na", 20000.0, "nS", "maximal sodium conductance"),
        Parameter("E_Na", 50.0, "mV", "reversal potential of sodium"),
        Parameter("g_K", 6000.0, "nS", "maximal potassium conductance"),
        Parameter("E_K", -90.0, "mV", "reversal potential of potassium"),
        Parameter("V_T", -63.0, "mV", "shift of the rates along V"),
        Parameter("V_th", -20.0, "mV", "potential whose upward crossing is a spike"),
        Parameter("t_ref", 3.0, "ms", "time after a spike during which no other spike is emitted"),
        Parameter("I_e", 0.0, "pA", "constant current, positive inward"),
    )
    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {
        "C_m": {"above": 0.0},
        "g_L": {"above": 0.0},
        "E_L": {"potential": True},
        "g_Na": {"low": 0.0},
        "E_Na": {"potential": True},
        "g_K": {"low": 0.0},
        "E_K": {"potential": True},
        "V_T": {"potential": True},
        "V_th": {"potential": True},
        "t_ref": {"low": 0.0},
        "I_e": {},
    }

    @public
    def __init__(
        self,
        *,
        C_m: float | npt.ArrayLike | Distribution = 200.0,
        g_L: float | npt.ArrayLike | Distribution = 10.0,
        E_L: float | npt.ArrayLike | Distribution = -60.0,
        g_Na: float | npt.ArrayLike | Distribution = 20000.0,
        E_Na: float | npt.ArrayLike | Distribution = 50.0,
        g_K: float | npt.ArrayLike | Distribution = 6000.0,
        E_K: float | npt.ArrayLike | Distribution = -90.0,
        V_T: float | npt.ArrayLike | Distribution = -63.0,
        V_th: float | npt.ArrayLike | Distribution = -20.0,
        t_ref: float | npt.ArrayLike | Distribution = 3.0,
        I_e: float | npt.ArrayLike | Distribution = 0.0,
    ) -> None:
        self._take(C_m, g_L, E_L, g_Na, E_Na, g_K, E_K, V_T, V_th, t_ref, I_e)

    # ---- equations: the gates first, exactly for a constant v; then v by exponential Euler with the new gates ----
    @staticmethod
    def coefficients(dt: float, p: Mapping[str, Any]) -> HodgkinHuxleyCoefficients:
        """Return the coefficients for a step (ms)."""
        return HodgkinHuxleyCoefficients(
            g_L=p["g_L"],
            dt_C=dt / p["C_m"],
            dt=dt,
            V_T=p["V_T"] - p["E_L"],
            g_Na=p["g_Na"],
            E_Na=p["E_Na"] - p["E_L"],
            g_K=p["g_K"],
            E_K=p["E_K"] - p["E_L"],
        )

    @staticmethod
    def steady(V: Array, p: Mapping[str, Any]) -> list[Any]:
        """Return m, h and n of a neuron that has been at V for a long time."""
        u = V - np.asarray(p["V_T"], np.float64)
        rates = (
            (1.28 / exprel((13.0 - u) / 4), 1.4 / exprel((u - 40.0) / 5)),
            (0.128 * exp((17.0 - u) / 18), 4.0 / (1.0 + exp((40.0 - u) / 5))),
            (0.16 / exprel((15.0 - u) / 5), 0.5 * exp((10.0 - u) / 40)),
        )
        return [opening / (opening + closing) for opening, closing in rates]

    @staticmethod
    def leak(c: HodgkinHuxleyCoefficients) -> Real:
        """Return g_L."""
        return c.g_L

    @staticmethod
    def rates(u: Array) -> tuple[tuple[Array, Array], ...]:
        """Return the opening and closing rates of the gates.

        Parameters
        ----------
        u : ndarray
            V - V_T (mV).

        Returns
        -------
        tuple of three pairs of ndarray
            Opening and closing rate (1/ms) of m, h and n, each of the shape of `u`.
        """
        real = u.dtype.type
        return (
            (
                real(1.28) / exprel((real(13) - u) * real(0.25)),
                real(1.4) / exprel((u - real(40)) * real(0.2)),
            ),
            (
                real(0.128) * exp((real(17) - u) / real(18)),
                real(4) / (real(1) + exp((real(40) - u) * real(0.2))),
            ),
            (
                real(0.16) / exprel((real(15) - u) * real(0.2)),
                real(0.5) * exp((real(10) - u) * real(0.025)),
            ),
        )

    @staticmethod
    def advance(v: Array, x: Any, c: HodgkinHuxleyCoefficients, G: Real, D: Real) -> Array:
        """Move the gates, then relax v to D / G at the rate G / C."""
        for gate, (opening, closing) in zip((x.m, x.h, x.n), HodgkinHuxley.rates(v - c.V_T), strict=True):
            rate = opening + closing
            gate[:] = flush(gate + (gate - opening / rate) * expm1(-(rate * c.dt)))
        sodium, potassium = c.g_Na * (((x.m * x.m) * x.m) * x.h), c.g_K * ((x.n * x.n) * (x.n * x.n))
        G = (G + sodium) + potassium
        D = (D + sodium * c.E_Na) + potassium * c.E_K
        v_inf = D / G
        moved: Array = v + (v - v_inf) * expm1(-(c.dt_C * G))
        return moved

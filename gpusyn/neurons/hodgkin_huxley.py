"""A Hodgkin-Huxley neuron of the cortex and hippocampus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy.typing as npt

from gpusyn.neurons.base import Membrane
from gpusyn.parameters.scalars import public
from gpusyn.parameters.table import Parameter

if TYPE_CHECKING:
    from gpusyn.parameters.distributions import Distribution

__all__ = ["HodgkinHuxley"]


class HodgkinHuxley(Membrane):
    """Hodgkin-Huxley neuron with the channels of Traub and Miles (1991), in the form of Brette et al. (2007).

    C dV/dt = -g_L (V - E_L) - g_Na m^3 h (V - E_Na) - g_K n^4 (V - E_K) - sum I_syn + I_e, with rates of the gates
    m, h and n at U = V - V_T. The defaults are the cell of the COBAHH benchmark. The gates `m`, `h` and `n`
    start at their steady state for the initial V.

    V makes the action potential by itself: nothing resets or holds it. A spike is emitted when V passes V_th upwards,
    and none within t_ref after it.

    Parameters
    ----------
    C_m : float, array or Distribution
        Membrane capacitance (pF), > 0.
    g_L : float, array or Distribution
        Leak conductance (nS), > 0.
    E_L : float, array or Distribution
        Reversal potential of the leak (mV).
    g_Na, E_Na, g_K, E_K : float, array or Distribution
        Largest conductance (nS), >= 0, and reversal potential (mV) of the sodium and the potassium channels.
    V_T : float, array or Distribution
        Potential that the rates are shifted by (mV); it moves the threshold.
    V_th : float, array or Distribution
        Potential whose upward passing is a spike (mV).
    t_ref : float, array or Distribution
        Time after a spike in which no other is emitted (ms), >= 0, a multiple of dt.
    I_e : float, array or Distribution
        Constant current (pA), positive inward.

    Raises
    ------
    ParameterError
        If a value is out of range, or two arrays differ in length.

    Examples
    --------
    >>> HodgkinHuxley(I_e=-40.0).E_K
    -90.0
    """

    RESET: ClassVar[str] = ""
    STATES: ClassVar[dict[str, str]] = {"m": "1", "h": "1", "n": "1"}
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        Parameter("C_m", 200.0, "pF", "membrane capacitance"),
        Parameter("g_L", 10.0, "nS", "leak conductance"),
        Parameter("E_L", -60.0, "mV", "reversal potential of the leak"),
        Parameter("g_Na", 20000.0, "nS", "largest sodium conductance"),
        Parameter("E_Na", 50.0, "mV", "reversal potential of sodium"),
        Parameter("g_K", 6000.0, "nS", "largest potassium conductance"),
        Parameter("E_K", -90.0, "mV", "reversal potential of potassium"),
        Parameter("V_T", -63.0, "mV", "potential that the rates are shifted by"),
        Parameter("V_th", -20.0, "mV", "potential whose upward passing is a spike"),
        Parameter("t_ref", 3.0, "ms", "time after a spike in which no other is emitted"),
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

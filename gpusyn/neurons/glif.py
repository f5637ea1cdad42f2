"""Generalized leaky integrate-and-fire neurons of the Allen Institute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from gpusyn.equations.effects import Real
from gpusyn.equations.neurons import neuron
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.neurons.lif import LIF, ExactLIF
from gpusyn.numerics.portable_math import flush
from gpusyn.numerics.propagators import exp, expm1
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.scalars import integer, public, show
from gpusyn.parameters.table import Parameter
from gpusyn.utils.typing import Array, Floats

if TYPE_CHECKING:
    Value = float | npt.ArrayLike | Distribution

__all__ = ["GLIF"]

# The states of each level, in the order of Generalized.STATES.
SPIKE_THRESHOLD, CURRENTS, VOLTAGE_THRESHOLD = (2, 4, 5), (3, 4, 5), (5,)
OF_LEVELS = {
    "asc_1": CURRENTS, "asc_2": CURRENTS, "theta_spike": SPIKE_THRESHOLD, "theta_voltage": VOLTAGE_THRESHOLD,
}  # fmt: skip


class GLIFCoefficients(NamedTuple):
    """Coefficients of `GLIF`: those of `LIF`, then those of after-spike currents, threshold and reset."""

    g_L: Any
    dt_C: Any
    mean_1: Any  # mean of an after-spike current over a step, for 1 pA at its start
    mean_2: Any
    decay_1: Any  # exp(-dt asc_decay) - 1
    decay_2: Any
    kept_1: Any  # asc_r exp(-t_ref asc_decay): what a spike leaves of an after-spike current
    kept_2: Any
    amp_1: Any  # what a spike adds to it
    amp_2: Any
    spike_decay: Any  # exp(-dt th_spike_decay) - 1
    spike_kept: Any  # what a spike leaves of the threshold's part
    spike_add: Any
    voltage_decay: Any  # exp(-dt th_voltage_decay) - 1
    per_v: Any  # growth of theta_voltage over a step, per mV of v at its start
    per_current: Any  # the same, per pA that flows for the whole step
    reset_fraction: Any  # of v before the spike
    reset_add: Any


class ExactGLIFCoefficients(NamedTuple):
    """Coefficients of `ExactGLIF`: those of `ExactLIF`, then those of `GLIFCoefficients` from the third one."""

    decay: Any
    gain: Any
    mean_1: Any
    mean_2: Any
    decay_1: Any
    decay_2: Any
    kept_1: Any
    kept_2: Any
    amp_1: Any
    amp_2: Any
    spike_decay: Any
    spike_kept: Any
    spike_add: Any
    voltage_decay: Any
    per_v: Any
    per_current: Any
    reset_fraction: Any
    reset_add: Any


class Generalized(LIF):
    """After-spike currents and an adaptive threshold, on the equations of V of a LIF neuron."""

    STATES: ClassVar[dict[str, str]] = {"asc_1": "pA", "asc_2": "pA", "theta_spike": "mV", "theta_voltage": "mV"}

    @classmethod
    def advance(cls, v: Array, x: Any, c: Any, G: Real, D: Real) -> Array:
        """Advance V with the after-spike currents added to D."""
        return super().advance(v, x, c, G, D + cls.drive(_after_spikes(x, c), c))

    @staticmethod
    def adapt(x: Any, v: Array, current: Array, held: Array, c: Any) -> None:
        """Advance both parts of the threshold, then the after-spike currents, where V is not held."""
        I, voltage = current + _after_spikes(x, c), x.theta_voltage
        followed = voltage + ((voltage * c.voltage_decay + c.per_v * v) + c.per_current * I)
        x.theta_voltage[:] = np.where(held, voltage, flush(followed))
        decays = ((x.theta_spike, c.spike_decay), (x.asc_1, c.decay_1), (x.asc_2, c.decay_2))
        for state, decay in decays:
            state[:] = np.where(held, state, flush(state + state * decay))

    @staticmethod
    def reaches(v: Array, x: Any, threshold: Real, c: Any) -> Array:
        """Return where V > V_th + theta_spike + theta_voltage."""
        above: Array = v > (x.theta_spike + x.theta_voltage) + threshold
        return above

    @staticmethod
    def restart(v: Array, reset: Real, c: Any) -> Real:
        """Return a fraction of V before the spike, and a constant."""
        return flush(c.reset_fraction * v + c.reset_add)

    @staticmethod
    def follow(x: Any, v: Array, reached: Array, fired: Array, c: Any) -> None:
        """Let a spike change the threshold and the after-spike currents."""
        jumps = (
            (x.theta_spike, c.spike_kept, c.spike_add),
            (x.asc_1, c.kept_1, c.amp_1),
            (x.asc_2, c.kept_2, c.amp_2),
        )
        for state, kept, added in jumps:
            state[:] = np.where(fired, flush(state * kept + added), state)


def _after_spikes(x: Any, c: Any) -> Any:
    """Return the mean of the after-spike currents over the step that begins (pA)."""
    return c.mean_1 * x.asc_1 + c.mean_2 * x.asc_2


def _of_spikes(dt: float, p: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the coefficients that `GLIFCoefficients` has beside those of `LIFCoefficients`."""
    level = p["level"]
    means, decays, kept, amps = [], [], [], []
    for k in (1, 2):
        rate, has = np.asarray(p[f"asc_decay_{k}"], np.float64), float(level in CURRENTS)
        decays.append(has * expm1(-dt * rate))
        means.append(has * -expm1(-dt * rate) / (dt * rate))
        kept.append(has * p[f"asc_r_{k}"] * exp(-rate * p["t_ref"]))
        amps.append(has * p[f"asc_amps_{k}"])
    spike: tuple[Any, ...] = 0.0, 0.0, 0.0
    reset: tuple[Any, ...] = 0.0, p["V_reset"] - p["E_L"]
    if level in SPIKE_THRESHOLD:
        rate = np.asarray(p["th_spike_decay"], np.float64)
        spike = expm1(-dt * rate), exp(-rate * p["t_ref"]), p["th_spike_add"]
        reset = p["voltage_reset_fraction"], p["voltage_reset_add"]
    voltage: tuple[Any, ...] = _followed(dt, p) if level in VOLTAGE_THRESHOLD else (0.0, 0.0, 0.0)
    return (*means, *decays, *kept, *amps, *spike, *voltage, *reset)


def _followed(dt: float, p: Mapping[str, Any]) -> tuple[Floats, Floats, Floats]:
    """Return what a step makes of theta_voltage: per mV of itself, per mV of V, per pA that flows for the whole step.

    This is the exact solution of theta' = a (V - E_L) - b theta while V relaxes with g_L / C_m.
    """
    a, b, g_L = (np.asarray(p[name], np.float64) for name in ("th_voltage_index", "th_voltage_decay", "g_L"))
    leak = g_L / p["C_m"]
    # a (exp(-leak dt) - exp(-b dt)) / (b - leak), whose limit where the rates are equal is a dt exp(-b dt)
    apart = np.abs(b - leak) * dt
    near = apart < 1e-9
    mean = np.where(near, 1.0 - 0.5 * apart, -expm1(-apart) / np.where(near, 1.0, apart))
    per_v = a * dt * exp(-np.minimum(b, leak) * dt) * mean
    decay = expm1(-b * dt)
    return decay, per_v, (a * -decay / b - per_v) / g_L


def _pair(given: Any, name: str) -> tuple[Any, Any]:
    """Return the values of the two after-spike currents.

    Raises
    ------
    ArgumentError
        If no sequence is given.
    ParameterError
        If there are not two values.
    """
    where = f"GLIF.{name}"
    listed = given.ndim > 0 if isinstance(given, np.ndarray) else isinstance(given, Sequence)
    if not listed or isinstance(given, (str, bytes)):
        raise ArgumentError(f"{where}: must be two values, one for each after-spike current (got {show(given)})")
    try:
        count: float = len(given)
    except OverflowError:  # of a range beyond all memory
        count = inf
    if count != 2:
        raise ParameterError(
            f"{where}: must be two values, because a GLIF neuron has two after-spike currents, as in all models of the "
            f"Allen Institute (got {count}); give a current that is not there an amplitude of 0"
        )
    return given[0], given[1]


@neuron
class GLIF(Generalized):
    """Generalized leaky integrate-and-fire neuron: the five levels of Teeter et al. (2018), as in NEST's glif_psc.

    C dV/dt = -g_L (V - E_L) - sum I_syn + I_asc + I_e. The neuron spikes when V is above V_th + theta_spike +
    theta_voltage, and V is held for t_ref. The levels are

    1. LIF: V is reset to V_reset, and the threshold is V_th;
    2. LIF-R: V is reset to E_L + voltage_reset_fraction (V - E_L) + voltage_reset_add with V of the step before the
       spike, and the threshold has a part that each spike increases, theta_spike;
    3. LIF-ASC: as 1, with two after-spike currents that add up to I_asc;
    4. LIF-R-ASC: 2 and 3 together;
    5. LIF-R-ASC-A: as 4, and the threshold has a part that follows V: d theta_voltage/dt = th_voltage_index (V - E_L) -
       th_voltage_decay theta_voltage.

    A level does not use the parameters of parts that it lacks, so that one set of parameters can be tried at each.

    States are `theta_spike` and `theta_voltage` (mV) and the after-spike currents `asc_1` and `asc_2` (pA, positive
    inward), those that the level has; they are 0 at the start. They decay with the rates that are parameters, and stand
    still during the refractory time; a spike makes theta_spike exp(-th_spike_decay t_ref) theta_spike + th_spike_add,
    and an after-spike current asc_r exp(-asc_decay t_ref) times itself, plus asc_amps. If all receptors are currents, a
    step is exact, but for theta_voltage, which takes synaptic currents into account through V at the start of each
    step, as in NEST. The defaults are those of NEST's glif_psc, a cell of the mouse's visual cortex.

    Parameters
    ----------
    level : {5, 4, 3, 2, 1}
        Level of the model.
    C_m : float, array or Distribution
        Membrane capacitance (pF), > 0.
    g_L : float, array or Distribution
        Leak conductance (nS), > 0; `g` in NEST.
    E_L, V_th : float, array or Distribution
        Resting potential, and the threshold without its two parts that change (mV).
    V_reset : float, array or Distribution
        Reset potential of levels 1 and 3 (mV); V_reset < V_th.
    t_ref : float, array or Distribution
        Refractory time (ms), >= 0. V is held until the step at or after its end; drawn times are rounded to a step.
    I_e : float, array or Distribution
        Constant current (pA), positive inward.
    th_spike_add : float, array or Distribution
        Increase of theta_spike at each spike (mV).
    th_spike_decay : float, array or Distribution
        Rate at which theta_spike decays (1/ms), > 0.
    voltage_reset_fraction : float, array or Distribution
        Part of V - E_L that a spike leaves, between 0 and 1.
    voltage_reset_add : float, array or Distribution
        What a spike adds to it (mV).
    asc_decay : pair of float, array or Distribution
        Rates at which the after-spike currents decay (1/ms), > 0.
    asc_amps : pair of float, array or Distribution
        What a spike adds to them (pA).
    asc_r : pair of float, array or Distribution
        Fractions of them that a spike leaves, between 0 and 1. The parameters of each current are ``asc_decay_1``,
        ``asc_decay_2`` and so on in `parameters()` and for `sim.get` and `sim.set`.
    th_voltage_index : float, array or Distribution
        Rate at which theta_voltage follows V (1/ms).
    th_voltage_decay : float, array or Distribution
        Rate at which theta_voltage decays (1/ms), > 0.

    Attributes
    ----------
    level : int
        Level of the model.

    Raises
    ------
    ArgumentError
        If a value is not a number, an array or a distribution, or a pair is none.
    ParameterError
        If a value is out of range, two arrays differ in length, there are not two after-spike currents, V_reset is not
        below V_th, or the reset of levels 2, 4 and 5 leaves V above the highest threshold that spikes lead to.

    Examples
    --------
    >>> GLIF(level=3, asc_amps=(-9.18, -198.94)).asc_amps_2
    -198.94
    >>> GLIF(level=4).STATES
    {'asc_1': 'pA', 'asc_2': 'pA', 'theta_spike': 'mV'}
    """

    COEFFICIENTS: ClassVar[type[NamedTuple]] = GLIFCoefficients
    CHOICES: ClassVar[tuple[str, ...]] = ("level",)
    BETWEEN_STEPS: ClassVar[bool] = True
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        Parameter("level", 5.0, "", "level of the model, 1 to 5"),
        Parameter("C_m", 58.72, "pF", "membrane capacitance"),
        Parameter("g_L", 9.43, "nS", "leak conductance"),
        Parameter("E_L", -78.85, "mV", "resting potential"),
        Parameter("V_th", -51.68, "mV", "threshold without its parts that change"),
        Parameter("V_reset", -78.85, "mV", "potential after a spike (levels 1, 3)"),
        Parameter("t_ref", 3.75, "ms", "refractory time"),
        Parameter("I_e", 0.0, "pA", "constant current, positive inward"),
        Parameter("th_spike_add", 0.37, "mV", "increase of theta_spike at a spike (levels 2, 4, 5)"),
        Parameter("th_spike_decay", 0.009, "1/ms", "decay rate of theta_spike (2, 4, 5)"),
        Parameter("voltage_reset_fraction", 0.2, "", "part of V - E_L that a spike leaves (2, 4, 5)"),
        Parameter("voltage_reset_add", 18.51, "mV", "what a spike adds to it (2, 4, 5)"),
        Parameter("asc_decay_1", 0.003, "1/ms", "decay rate of asc_1 (3, 4, 5)"),
        Parameter("asc_decay_2", 0.1, "1/ms", "decay rate of asc_2 (3, 4, 5)"),
        Parameter("asc_amps_1", -9.18, "pA", "what a spike adds to asc_1 (3, 4, 5)"),
        Parameter("asc_amps_2", -198.94, "pA", "what a spike adds to asc_2 (3, 4, 5)"),
        Parameter("asc_r_1", 1.0, "", "part of asc_1 that a spike leaves (3, 4, 5)"),
        Parameter("asc_r_2", 1.0, "", "part of asc_2 that a spike leaves (3, 4, 5)"),
        Parameter("th_voltage_index", 0.005, "1/ms", "rate at which theta_voltage follows V (5)"),
        Parameter("th_voltage_decay", 0.09, "1/ms", "decay rate of theta_voltage (5)"),
    )
    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {
        "level": {"low": 1.0, "high": 5.0},
        "C_m": {"above": 0.0},
        "g_L": {"above": 0.0},
        "E_L": {"potential": True},
        "V_th": {"potential": True},
        "V_reset": {"potential": True},
        "t_ref": {"low": 0.0},
        "I_e": {},
        "th_spike_add": {},
        "th_spike_decay": {"above": 0.0},
        "voltage_reset_fraction": {"low": 0.0, "high": 1.0},
        "voltage_reset_add": {},
        "asc_decay_1": {"above": 0.0},
        "asc_decay_2": {"above": 0.0},
        "asc_amps_1": {},
        "asc_amps_2": {},
        "asc_r_1": {"low": 0.0, "high": 1.0},
        "asc_r_2": {"low": 0.0, "high": 1.0},
        "th_voltage_index": {},
        "th_voltage_decay": {"above": 0.0},
    }

    @public
    def __init__(
        self,
        *,
        level: int = 5,
        C_m: Value = 58.72,
        g_L: Value = 9.43,
        E_L: Value = -78.85,
        V_th: Value = -51.68,
        V_reset: Value = -78.85,
        t_ref: Value = 3.75,
        I_e: Value = 0.0,
        th_spike_add: Value = 0.37,
        th_spike_decay: Value = 0.009,
        voltage_reset_fraction: Value = 0.2,
        voltage_reset_add: Value = 18.51,
        asc_decay: Sequence[Value] | npt.NDArray[Any] = (0.003, 0.1),
        asc_amps: Sequence[Value] | npt.NDArray[Any] = (-9.18, -198.94),
        asc_r: Sequence[Value] | npt.NDArray[Any] = (1.0, 1.0),
        th_voltage_index: Value = 0.005,
        th_voltage_decay: Value = 0.09,
    ) -> None:
        level = integer(level, "GLIF.level", low=1, high=5)
        self._set(STATES={name: unit for name, unit in Generalized.STATES.items() if level in OF_LEVELS[name]})
        self._take(
            level, C_m, g_L, E_L, V_th, V_reset, t_ref, I_e, th_spike_add, th_spike_decay, voltage_reset_fraction,
            voltage_reset_add, *_pair(asc_decay, "asc_decay"), *_pair(asc_amps, "asc_amps"), *_pair(asc_r, "asc_r"),
            th_voltage_index, th_voltage_decay,
        )  # fmt: skip

    def equations(self, *, only_currents: bool) -> str:
        """Return ``"ExactGLIF"`` if every input is a linear current, which has a closed form, else ``"GLIF"``."""
        return "ExactGLIF" if only_currents else "GLIF"

    def check_reset(self, given: Mapping[str, Any], where: str) -> None:
        """Check that V is below the threshold after a spike, after many of them at levels with theta_spike.

        Raises
        ------
        ParameterError
            If it is not.
        """
        if given["level"] not in SPIKE_THRESHOLD:
            super().check_reset(given, where)
            return
        names = ("V_th", "E_L", "th_spike_add", "th_spike_decay", "t_ref", "voltage_reset_fraction",
                 "voltage_reset_add")  # fmt: skip
        if any(isinstance(given[name], Distribution) for name in names):
            return  # until values are drawn
        V_th, E_L, add, rate, t_ref, fraction, plus = (np.asarray(given[name], np.float64) for name in names)
        with np.errstate(divide="ignore", invalid="ignore"):
            # theta_spike after a spike at the end of every t_ref
            built = np.where(add == 0.0, 0.0, add / np.abs(expm1(-rate * t_ref)))
            wrong = plus >= (1.0 - fraction) * (V_th - E_L + built)
        if wrong.any():
            k = int(np.argmax(wrong))
            highest = np.broadcast_to(V_th + built, wrong.shape).flat[k]
            raise ParameterError(
                f"{where}: voltage_reset_fraction and voltage_reset_add leave V above the threshold"
                f"{f' at neuron {k}' if wrong.ndim else ''}, even after many spikes, when it is at {highest:g} mV, and "
                "the neuron would never stop spiking; lower one of them"
            )

    def check_drawn_reset(self, drawn: Mapping[str, Any], where: str) -> None:
        """Check drawn values as `check_reset` does.

        Raises
        ------
        ParameterError
            If V would not be below the threshold after a spike.
        """
        if drawn["level"] in SPIKE_THRESHOLD:
            self.check_reset(drawn, where)
        else:
            super().check_drawn_reset(drawn, where)

    # ---- equations: those of the LIF neuron, and of what spikes change ----
    @staticmethod
    def coefficients(dt: float, p: Mapping[str, Any]) -> Any:
        """Return the coefficients for a step (ms)."""
        return GLIFCoefficients(*LIF.coefficients(dt, p), *_of_spikes(dt, p))

    @staticmethod
    def steady(V: Array, p: Mapping[str, Any]) -> list[Any]:
        """Return the states, which are 0 at the start."""
        return [np.zeros_like(V) for _ in Generalized.STATES]


@neuron
class ExactGLIF(Generalized, ExactLIF):
    """The exact equations of :class:`GLIF` for inputs that are linear currents; gates are propagators into v."""

    COEFFICIENTS: ClassVar[type[NamedTuple]] = ExactGLIFCoefficients

    @staticmethod
    def coefficients(dt: float, p: Mapping[str, Any]) -> Any:
        """Return the coefficients for a step (ms)."""
        return ExactGLIFCoefficients(*ExactLIF.coefficients(dt, p), *_of_spikes(dt, p))

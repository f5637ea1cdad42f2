"""Linear kinetics: the response to several spikes is the sum of the responses to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gpusyn.errors import ParameterError
from gpusyn.kinetics.base import Kinetics
from gpusyn.parameters.scalars import public


@public
@dataclass(frozen=True)
class Exponential(Kinetics):
    """An exponential decay w exp(-t/tau) after a jump by the weight w at the spike.

    Parameters
    ----------
    tau : float
        Decay time constant (ms), > 0.

    Raises
    ------
    ArgumentError
        If a parameter is not a number.
    ParameterError
        If a parameter is out of range.

    Examples
    --------
    >>> Exponential(5)
    Exponential(tau=5.0)
    """

    tau: float
    kind: ClassVar[str] = "exponential"
    time_names: ClassVar[tuple[str, ...]] = ("tau",)


@public
@dataclass(frozen=True)
class Alpha(Kinetics):
    """The alpha function w (t/tau) exp(1 - t/tau), which peaks with w at t = tau (Rall 1967).

    Parameters
    ----------
    tau : float
        Time of the peak (ms), > 0.

    Raises
    ------
    ArgumentError
        If a parameter is not a number.
    ParameterError
        If a parameter is out of range.

    Examples
    --------
    >>> Alpha(2)
    Alpha(tau=2.0)
    """

    tau: float
    kind: ClassVar[str] = "alpha"
    rises: ClassVar[bool] = True
    time_names: ClassVar[tuple[str, ...]] = ("tau",)


@public
@dataclass(frozen=True)
class DualExponential(Kinetics):
    """The difference of two exponentials, normalised so that it peaks with w.

    Parameters
    ----------
    tau_rise, tau_decay : float
        Time constants (ms), 0 < tau_rise <= tau_decay; if they are equal, it is the alpha function.

    Raises
    ------
    ArgumentError
        If a parameter is not a number.
    ParameterError
        If a time constant is out of range, or ``tau_rise > tau_decay``.

    Examples
    --------
    >>> DualExponential(0.5, 5)
    DualExponential(tau_rise=0.5, tau_decay=5.0)
    """

    tau_rise: float
    tau_decay: float
    kind: ClassVar[str] = "dual"
    rises: ClassVar[bool] = True
    time_names: ClassVar[tuple[str, ...]] = ("tau_rise", "tau_decay")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tau_rise > self.tau_decay:
            raise ParameterError(
                f"kinetics.DualExponential.tau_rise: must be at most tau_decay = {self.tau_decay:g} ms "
                f"(got {self.tau_rise:g}); exchange the two"
            )

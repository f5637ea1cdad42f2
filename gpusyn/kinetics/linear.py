"""Linear kinetics: the answer to many spikes is the sum of the answers to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gpusyn.errors import ParameterError
from gpusyn.kinetics.base import Kinetics
from gpusyn.parameters.scalars import public


@public
@dataclass(frozen=True)
class Exponential(Kinetics):
    """A jump of w at the spike, then exp(-t/tau).

    Parameters
    ----------
    tau : float
        Decay time constant (ms), > 0.

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
    """

    tau: float
    kind: ClassVar[str] = "alpha"
    rises: ClassVar[bool] = True
    time_names: ClassVar[tuple[str, ...]] = ("tau",)


@public
@dataclass(frozen=True)
class DualExponential(Kinetics):
    """The difference of two exponentials, normalised to peak with w.

    Parameters
    ----------
    tau_rise, tau_decay : float
        Time constants (ms), 0 < tau_rise <= tau_decay; with both equal it is the alpha function.

    Raises
    ------
    ParameterError
        If ``tau_rise > tau_decay``.
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

"""NMDA gates that saturate (Wang 1999)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gpusyn.errors import ParameterError
from gpusyn.kinetics.base import Kinetics
from gpusyn.parameters.scalars import flag, public


@public
@dataclass(frozen=True)
class Saturating(Kinetics):
    """A gate that saturates: x' = -x/tau_rise, S' = -S/tau_decay + alpha x (1 - S), and x += 1 at each spike.

    Wang (1999), Brunel & Wang (2001). The conductance is w S, and S stays below 1 without `jump`.

    Parameters
    ----------
    alpha : float
        Opening rate (1/ms) per unit of x, > 0.
    tau_rise, tau_decay : float
        Time constants of x and S (ms), 0 < tau_rise < tau_decay.
    jump : bool
        If True, replace the rise by a jump at the spike, S += k0 + k1 S, as NEST's ``iaf_bw_2001`` does. This is exact
        for a spike long after the previous one; in regular trains S is 1.6 to 2 % too large on average. In a burst S
        approaches -k0/k1, which exceeds 1: it is 1.026 with the default parameters.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If a parameter is out of range, or ``tau_rise >= tau_decay``.

    Examples
    --------
    >>> Saturating.NMDA()
    Saturating(alpha=0.5, tau_rise=2.0, tau_decay=100.0, jump=False)
    """

    alpha: float = 0.5
    tau_rise: float = 2.0
    tau_decay: float = 100.0
    jump: bool = False
    linear: ClassVar[bool] = False
    units: ClassVar[dict[str, str]] = {"alpha": "1/ms"}
    rate_names: ClassVar[tuple[str, ...]] = ("alpha",)
    time_names: ClassVar[tuple[str, ...]] = ("tau_rise", "tau_decay")

    def __post_init__(self) -> None:
        super().__post_init__()
        flag(self.jump, self._where("jump"))
        if self.tau_rise >= self.tau_decay:
            raise ParameterError(
                f"{self._where('tau_rise')}: must be below tau_decay = {self.tau_decay:g} ms (got {self.tau_rise:g}); "
                "exchange the two"
            )

    @property
    def kind(self) -> str:  # type: ignore[override]
        """Short name of the scheme: ``"saturating"``, or ``"jump"``."""
        return "jump" if self.jump else "saturating"

    @classmethod
    @public
    def NMDA(cls) -> Saturating:
        """Return NMDA of Wang (1999) and Brunel & Wang (2001): 0.5 /ms, 2 and 100 ms."""
        return cls()

"""Homeostasis: all weights onto a neuron grow or shrink together until it fires at a rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gpusyn.errors import ParameterError
from gpusyn.parameters.grid import interval
from gpusyn.parameters.scalars import public, real
from gpusyn.plasticity.base import WeightRule

__all__ = ["HomeostaticScaling"]

SELDOM = 1000.0  # ms, the longest interval between two scalings unless it is given


@public
@dataclass(frozen=True)
class HomeostaticScaling(WeightRule):
    """All weights onto a neuron are multiplied by one factor, which holds its rate (Turrigiano et al. 1998).

    w' = w (rate - r)/(rate tau), where r is the rate of the neuron, low-passed with `tau_rate`; it begins at `rate`. At
    every whole multiple of `every`, all weights of the projection onto neuron i are multiplied by
    exp(every (rate - r_i)/(rate tau)), with r_i of just before. So the ratios of weights onto one neuron are kept,
    except where a weight would exceed w_max. A rule of learning may change the same weights in between.

    Parameters
    ----------
    rate : float
        Rate of the targets at which the weights rest (Hz), > 0.
    tau : float
        Time constant with which the weights of a silent neuron grow (ms), > 0; much longer than `tau_rate`, lest
        rates oscillate.
    tau_rate : float
        Time constant over which rates are measured (ms), > 0.
    every : float, optional
        Interval between two scalings (ms), at most `tau`; by default a tenth of `tau`, but at most `tau_rate` and 1 s.
    learns : str or Receptor, optional
        Receptor whose weight changes; needed if the projection has several and no rule of learning names one.

    Raises
    ------
    ArgumentError
        If a parameter has the wrong type.
    ParameterError
        If a parameter is out of range.

    Examples
    --------
    >>> HomeostaticScaling(rate=5.0, tau=100_000.0).tau_rate
    1000.0
    """

    rate: float
    tau: float
    tau_rate: float = 1000.0
    every: float | None = None
    learns: str | None = None
    role: ClassVar[str] = "scaling"

    def __post_init__(self) -> None:
        self._check_numbers("Hz", "rate", above=0.0)
        self._check_numbers("ms", "tau", "tau_rate", above=0.0)
        if self.every is not None:
            every = real(interval(self.every), self._where("every"), unit="ms", above=0.0)
            if every > self.tau:
                raise ParameterError(
                    f"{self._where('every')}: must be at most tau = {self.tau:g} ms, or weights would overshoot (got "
                    f"{every:g}); leave it out, or use a smaller one"
                )
            object.__setattr__(self, "every", every)
        self._check_learns()

    @property
    def interval(self) -> float:
        """Interval between two scalings (ms): `every`, or what is chosen if it is not given."""
        return self.every if self.every is not None else min(0.1 * self.tau, self.tau_rate, SELDOM)

"""The range that a number may have, and the magnitudes that suggest that it was given in an SI unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gpusyn.errors import ParameterError
from gpusyn.utils.messages import LOGGER
from gpusyn.utils.typing import Bools, Floats

LARGEST = 1e30  # beyond this, a product of two values overflows in single precision
SMALLEST = 1e-12  # "> 0" means at least this much: reciprocals stay finite in single precision

# A number this small was almost surely given in the SI unit: unit -> (suspicious below, SI unit, factor).
_SI_MISTAKES = {
    "nS": (1e-6, "siemens", "1e9"),
    "pF": (1e-6, "farads", "1e12"),
    "pA": (1e-6, "amperes", "1e12"),
}
_LEAST_CAPACITANCE = 1.0  # pF; no neuron has so little, but a model without dimensions may
_LOWEST_POTENTIAL = -1000.0  # mV; a threshold may be higher than any potential, so that it is never reached
_MOST_MILLIMOLAR = 100.0  # twice the magnesium of sea water
_VOLTS_BELOW = 0.5  # a potential this close to 0 was almost surely given in volts


@dataclass(frozen=True)
class Limits:
    """Finite numbers x of `unit` with `low` <= x <= `high` and `above` < x < `below`.

    With `potential`, magnitudes that look like volts are refused. With `tiny`, none is too small to be meant. `if_low`
    and `if_high` tell the user what to do about a number below `low` or above `high`; they end the message.

    >>> Limits("nS", low=0).words()
    'a finite number of nS >= 0'
    >>> Limits("nS", low=0).check(np.array([1.0, -2.0]), "weight")
    Traceback (most recent call last):
        ...
    gpusyn.errors.ParameterError: weight[1]: must be a finite number of nS >= 0 (got -2, 1 wrong of 2 values)
    """

    unit: str = ""
    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None
    potential: bool = False
    if_low: str = ""
    if_high: str = ""
    tiny: bool = False

    def words(self) -> str:
        """Return a description of the numbers that are allowed."""
        signs = ((">=", self.low), (">", self.above), ("<=", self.high), ("<", self.below))
        parts = [f"{sign} {limit:g}" for sign, limit in signs if limit is not None]
        text = f"a finite number of {self.unit}" if self.unit else "a finite number"
        return f"{text} {' and '.join(parts)}" if parts else text

    def inside(self, array: Floats) -> Bools:
        """Return a mask of the values that are finite and in range."""
        good: Bools = np.abs(array) <= LARGEST  # False for NaN as well
        if self.low is not None:
            good &= array >= self.low
        if self.high is not None:
            good &= array <= self.high
        if self.above is not None:
            good &= array >= SMALLEST if self.above == 0 else array > self.above
        if self.below is not None:
            good &= array < self.below
        return good

    def check(self, array: Floats, where: str) -> None:
        """Raise a ParameterError that names the first wrong value of an array of one or two dimensions."""
        good = self.inside(array)
        if good.all():
            self._check_plausible(array.reshape(-1), where)
            return
        index = np.unravel_index(int(np.flatnonzero(~good)[0]), array.shape)
        number = float(array[index])
        place = where if array.shape == (1,) else f"{where}[{', '.join(map(str, index))}]"
        many = "" if array.size == 1 else f", {int((~good).sum())} wrong of {array.size} values"
        allowed = self.words()
        if np.isfinite(number) and abs(number) > LARGEST:
            allowed += f", at most {LARGEST:g} in size"
        elif self.above == 0 and 0 < number < SMALLEST:
            allowed += f", at least {SMALLEST:g}"
        raise ParameterError(f"{place}: must be {allowed} (got {number:.10g}{many}){self._move(number)}")

    def _move(self, number: float) -> str:
        """Return the advice for a wrong number, preceded by a semicolon."""
        move = ""
        if self.low is not None and number < self.low:
            move = self.if_low
        elif self.high is not None and number > self.high:
            move = self.if_high
        return f"; {move}" if move else ""

    def _check_plausible(self, array: Floats, where: str) -> None:
        largest = float(np.abs(array).max(initial=0.0))
        given = f"got {array[0]:.10g}" if len(array) == 1 else f"the largest of {len(array)} is {largest:.10g}"
        if self.potential and 0 < largest < _VOLTS_BELOW:
            raise ParameterError(f"{where}: looks like volts; gpusyn uses mV ({given}); multiply by 1000")
        below, si, factor = _SI_MISTAKES.get(self.unit, (0.0, "", ""))
        if 0 < largest < below and not self.tiny:
            raise ParameterError(f"{where}: looks like {si}; gpusyn uses {self.unit} ({given}); multiply by {factor}")
        if self.unit == "pF" and 0 < largest < _LEAST_CAPACITANCE:
            LOGGER.warning(f"{where}: looks like nF, as in PyNN; gpusyn uses pF ({given}); multiply by 1000")
        if self.potential and array.min(initial=0.0) < _LOWEST_POTENTIAL:
            LOGGER.warning(f"{where}: {array.min():.10g} mV is far below the potential of any membrane")
        if self.unit == "mM" and largest > _MOST_MILLIMOLAR:
            LOGGER.warning(f"{where}: {largest:.10g} mM is more than any bath has; divide by 1000 if it is in uM")

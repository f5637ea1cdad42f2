"""Rows G4 to G9: times of calcium above two thresholds in pairs of spikes, and where calcium takes a weight."""

from __future__ import annotations

import math

import gpusyn as gs
from tests.helpers.validation.lab import Lab, row
from tests.helpers.validation.learning import TENTH, change

SPEED = 0.01  # 1/ms, at which rho goes to 1 above the threshold
FIRST, PERIOD, DT = 100.0, 1000.0, 0.1  # ms


def fraction(lab: Lab, theta: float, lag: float) -> float:
    """The fraction of a second for which a pair of spikes holds calcium of the set DP above a threshold.

    Only potentiation is left, and tau is so long that nothing happens below the threshold, so that rho tells the time
    above it. With b = 2 the first weight, half of w_max, is rho = 0.
    """
    rule = gs.CalciumSTDP.published("DP", gamma_d=0.0, gamma_p=SPEED * 1e15, tau=1e15, sigma=0.0, b=2.0, theta_p=theta)
    rho = 2.0 * TENTH * change(lab, rule, [FIRST, FIRST + PERIOD / 2], [FIRST + lag], DT)  # calcium is gone by then
    return -math.log1p(-rho) / SPEED / PERIOD


def pair(number: int, lag: float) -> None:
    """Register the rows of a lag (ms)."""
    for letter, theta in (("a", gs.CalciumSTDP().theta_d), ("b", gs.CalciumSTDP().theta_p)):
        row(f"G{number}{letter}", steps=4)(lambda lab, theta=theta: fraction(lab, theta, lag))


for k, apart in enumerate((20.0, -20.0, 60.0), start=4):
    pair(k, apart)


@row("G7")
def g7(lab):
    return gs.NMDAPlasticity().omega(0.2)


@row("G8")
def g8(lab):
    return gs.NMDAPlasticity().omega(0.45)


@row("G9")
def g9(lab):
    return gs.NMDAPlasticity().omega(0.8)

"""The equations of a dendrite, the twin of ``kernels/dendrites.cuh``: a passive membrane beside the soma.

C dv/dt = D - G v + g_c v_soma, with v of the dendrite and of the soma counted from the same potential; G has g_c in it.
Operations have the order of the kernels, because the order determines the bits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from gpusyn.equations.effects import Real
from gpusyn.numerics.portable_math import expm1
from gpusyn.utils.typing import Array


class DendriteCoefficients(NamedTuple):
    """Coefficients of one dendrite."""

    leak: Any  # g_L + g_c (nS): G without receptors
    drive: Any  # g_L (E_L - rest) (pA): D without currents and receptors; rest is the potential of which v is counted
    g_c: Any  # coupling conductance (nS)
    half_dt_C: Any  # dt / (2 C_m)


def dendrite_coefficients(dt: float, p: Any, rest: Any) -> DendriteCoefficients:
    """Return the coefficients of a dendrite for a step (ms) and its parameters by name; v is counted from `rest`."""
    return DendriteCoefficients(
        leak=p["g_L"] + p["g_c"], drive=p["g_L"] * (p["E_L"] - rest), g_c=p["g_c"], half_dt_C=0.5 * dt / p["C_m"]
    )


def half_step(v: Array, G: Real, D: Real, soma: Array, c: DendriteCoefficients) -> Array:
    """Return v half a step later: it relaxes to (D + g_c v_soma) / G at the rate G / C."""
    v_inf = (D + c.g_c * soma) / G
    moved: Array = v + (v - v_inf) * expm1(-(c.half_dt_C * G))
    return moved

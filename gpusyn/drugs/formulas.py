"""Equations of pharmacology, the same that infusions follow. Concentrations in uM; arrays give arrays.

References
----------
Gaddum (1937), The quantitative effects of antagonistic drugs, J Physiol 89:7P-9P. Arunlakshana & Schild (1959), Some
quantitative uses of drug antagonists, Br J Pharmacol 14:48-58. Cheng & Prusoff (1973), Biochem Pharmacol 22:3099-3108.
Leff & Dougall (1993), Further concerns over Cheng-Prusoff analysis, Trends Pharmacol Sci 14:110-112. Woodhull (1973),
Ionic blockage of sodium channels in nerve, J Gen Physiol 61:687-708.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gpusyn.numerics import portable_math
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import public, real
from gpusyn.parameters.units import as_floats
from gpusyn.receptors.nernst import ROOM, thermal_voltage
from gpusyn.utils.typing import Floats

__all__ = ["cheng_prusoff", "dose_ratio", "gaddum", "hill", "remaining", "woodhull"]

Number = Any  # a float, or an array of them


def power(x: Number, n: float) -> Number:
    """x^n of numbers >= 0, the same bits on every machine."""
    if n == 1.0:
        return x
    safe = np.where(x > 0, x, 1.0)
    return _plain(np.where(x > 0, portable_math.exp(n * portable_math.log(safe)), 0.0))


def _plain(array: Floats) -> Number:
    return array if array.ndim else float(array)


def _dose(value: Any, where: str) -> Number:
    array = as_floats(value, where, "uM", "must be a number or an array of numbers of uM >= 0")
    Limits("uM", low=0.0).check(array.ravel(), where)
    return _plain(array)


@public
def hill(concentration: npt.ArrayLike, EC50: float, n: float = 1.0) -> Number:
    """Response c^n/(c^n + EC50^n), between 0 and 1.

    >>> hill(1.0, EC50=1.0, n=1.4)
    0.5
    """
    c = _dose(concentration, "hill().concentration")
    return response(c, real(EC50, "hill().EC50", unit="uM", above=0.0), real(n, "hill().n", above=0.0, high=10.0))


def response(c: Number, EC50: Number, n: float) -> Number:
    """`hill` of checked numbers; it is 0 without agonist, whatever its affinity."""
    x = power(c / EC50, n)
    return x / (1.0 + x)


@public
def remaining(concentration: npt.ArrayLike, K: float, n: float = 1.0) -> Number:
    """Fraction of receptors that an antagonist leaves free: 1/(1 + (c/K)^n).

    It holds for a non-competitive antagonist, K its IC50; and for a competitive one at a synapse, where transmitter is
    there too briefly (some 1 mM for 1 ms) to displace it: receptors are pre-bound.

    >>> round(remaining(50.0, K=1.4), 4)
    0.0272
    """
    c = _dose(concentration, "remaining().concentration")
    return free(c, real(K, "remaining().K", unit="uM", above=0.0), real(n, "remaining().n", above=0.0, high=10.0))


def free(c: Number, K: float, n: float) -> Number:
    """`remaining` of checked numbers."""
    return 1.0 / (1.0 + power(c / K, n))


@public
def dose_ratio(concentration: npt.ArrayLike, K_b: float) -> Number:
    """Factor on the agonist that restores its effect beside a competitive antagonist: 1 + c/K_b (Schild).

    >>> round(dose_ratio(50.0, K_b=1.4), 2)
    36.71
    """
    c = _dose(concentration, "dose_ratio().concentration")
    return 1.0 + c / real(K_b, "dose_ratio().K_b", unit="uM", above=0.0)


@public
def gaddum(agonist: npt.ArrayLike, antagonist: npt.ArrayLike, *, EC50: float, K_b: float, n: float = 1.0) -> Number:
    """Response to an agonist beside a competitive antagonist, both at equilibrium.

    A^n/(A^n + (EC50 (1 + B/K_b))^n) (Gaddum 1937). It describes a bath, not a synapse: see :func:`remaining`.

    Parameters
    ----------
    agonist, antagonist : float or array
        Concentrations A and B (uM).
    EC50 : float
        Concentration of agonist for half the response (uM).
    K_b : float
        Dissociation constant of the antagonist (uM).
    n : float
        Hill coefficient of the agonist.

    Examples
    --------
    >>> round(gaddum(10.0, 50.0, EC50=2.3, K_b=1.4, n=1.5), 4)
    0.0392
    """
    ratio = dose_ratio(antagonist, K_b)
    half = real(EC50, "gaddum().EC50", unit="uM", above=0.0)
    return response(_dose(agonist, "gaddum().agonist"), half * ratio, real(n, "gaddum().n", above=0.0, high=10.0))


@public
def cheng_prusoff(K_b: float, agonist: npt.ArrayLike, EC50: float, n: float = 1.0) -> Number:
    """IC50 (uM) of a competitive antagonist beside this much agonist (uM).

    K_b ((2 + (A/EC50)^n)^(1/n) - 1) (Leff & Dougall 1993), which is K_b (1 + A/EC50) for n = 1 (Cheng & Prusoff 1973).

    >>> cheng_prusoff(1.4, agonist=2.3, EC50=2.3)
    2.8
    """
    half = real(EC50, "cheng_prusoff().EC50", unit="uM", above=0.0)
    slope = real(n, "cheng_prusoff().n", above=0.0, high=10.0)
    x = power(_dose(agonist, "cheng_prusoff().agonist") / half, slope)
    return real(K_b, "cheng_prusoff().K_b", unit="uM", above=0.0) * (power(2.0 + x, 1.0 / slope) - 1.0)


@public
def woodhull(K: float, V: npt.ArrayLike, *, V0: float = -70.0, z_delta: float, temperature: float = ROOM) -> Number:
    """Constant of a blocker within the membrane's field at potential V: K exp(z delta F (V - V0)/(RT)).

    Parameters
    ----------
    K : float
        IC50 (uM), or unbinding rate, at V0.
    V : float or array
        Membrane potential (mV).
    V0 : float
        Where K was measured (mV).
    z_delta : float
        Charge of the blocker times the share of the field that it passes, from outside.
    temperature : float
        In degrees Celsius.

    Examples
    --------
    >>> round(woodhull(0.8, -20.0, z_delta=0.8), 3)
    3.876
    """
    where = "woodhull()"
    at = as_floats(V, f"{where}.V", "mV", "must be a number or an array of numbers of mV")
    Limits("mV", low=-1e3, high=1e3, potential=True).check(at.ravel(), f"{where}.V")
    slope = real(z_delta, f"{where}.z_delta", low=-10.0, high=10.0) / thermal_voltage(temperature)
    factor = portable_math.exp(slope * (at - real(V0, f"{where}.V0", unit="mV", potential=True)))
    return _plain(np.asarray(real(K, f"{where}.K", above=0.0) * factor))

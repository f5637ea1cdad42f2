"""Equations of pharmacology; infusions follow the same equations.

Concentrations are in uM. A number gives a float, an array gives an array of float64 of the same shape.

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

from gpusyn.errors import ParameterError
from gpusyn.numerics import portable_math
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import public, real
from gpusyn.parameters.units import as_floats
from gpusyn.receptors.nernst import ROOM, thermal_voltage
from gpusyn.utils.typing import Floats

__all__ = ["cheng_prusoff", "dose_ratio", "gaddum", "hill", "remaining", "woodhull"]

Number = Any  # a float, or an array of them


def power(x: Number, n: float) -> Number:
    """Return x^n for x >= 0, with the same bits on every machine."""
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
    """Return the response to an agonist, c^n/(c^n + EC50^n).

    Parameters
    ----------
    concentration : float or array_like
        Concentration c of the agonist (uM), >= 0.
    EC50 : float
        Concentration that gives half of the response (uM), > 0.
    n : float
        Hill coefficient, > 0 and at most 10.

    Returns
    -------
    float or ndarray
        Response from 0 to 1, of the shape of `concentration`.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Examples
    --------
    >>> hill(1.0, EC50=1.0, n=1.4)
    0.5
    """
    c = _dose(concentration, "hill().concentration")
    return response(c, real(EC50, "hill().EC50", unit="uM", above=0.0), real(n, "hill().n", above=0.0, high=10.0))


def response(c: Number, EC50: Number, n: float) -> Number:
    """Return `hill` of checked numbers; without agonist it is 0."""
    x = power(c / EC50, n)
    return x / (1.0 + x)


@public
def remaining(concentration: npt.ArrayLike, K: float, n: float = 1.0) -> Number:
    """Return the fraction of receptors that an antagonist leaves free, 1/(1 + (c/K)^n).

    The equation holds for a non-competitive antagonist, where K is its IC50. It also holds for a competitive
    antagonist at a synapse: the transmitter is present too briefly (about 1 mM for 1 ms) to displace the antagonist.

    Parameters
    ----------
    concentration : float or array_like
        Concentration c of the antagonist (uM), >= 0.
    K : float
        Dissociation constant, or IC50 (uM), > 0.
    n : float
        Hill coefficient, > 0 and at most 10.

    Returns
    -------
    float or ndarray
        Fraction from 0 to 1, of the shape of `concentration`.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Examples
    --------
    >>> round(remaining(50.0, K=1.4), 4)
    0.0272
    """
    c = _dose(concentration, "remaining().concentration")
    return free(c, real(K, "remaining().K", unit="uM", above=0.0), real(n, "remaining().n", above=0.0, high=10.0))


def free(c: Number, K: float, n: float) -> Number:
    """Return `remaining` of checked numbers."""
    return 1.0 / (1.0 + power(c / K, n))


@public
def dose_ratio(concentration: npt.ArrayLike, K_b: float) -> Number:
    """Return the dose ratio of a competitive antagonist, 1 + c/K_b (Arunlakshana & Schild 1959).

    An agonist has its former effect again when its concentration is multiplied by this factor.

    Parameters
    ----------
    concentration : float or array_like
        Concentration c of the antagonist (uM), >= 0.
    K_b : float
        Dissociation constant of the antagonist (uM), > 0.

    Returns
    -------
    float or ndarray
        Factor >= 1, of the shape of `concentration`.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Examples
    --------
    >>> round(dose_ratio(50.0, K_b=1.4), 2)
    36.71
    """
    c = _dose(concentration, "dose_ratio().concentration")
    return 1.0 + c / real(K_b, "dose_ratio().K_b", unit="uM", above=0.0)


@public
def gaddum(agonist: npt.ArrayLike, antagonist: npt.ArrayLike, *, EC50: float, K_b: float, n: float = 1.0) -> Number:
    """Return the response to an agonist in the presence of a competitive antagonist, both at equilibrium.

    The response is A^n/(A^n + (EC50 (1 + B/K_b))^n) (Gaddum 1937). It describes a bath; for a synapse, see
    :func:`remaining`.

    Parameters
    ----------
    agonist, antagonist : float or array_like
        Concentrations A and B (uM), >= 0.
    EC50 : float
        Concentration of the agonist that gives half of the response (uM), > 0.
    K_b : float
        Dissociation constant of the antagonist (uM), > 0.
    n : float
        Hill coefficient of the agonist, > 0 and at most 10.

    Returns
    -------
    float or ndarray
        Response from 0 to 1, of the shape of the concentrations together.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Examples
    --------
    >>> round(gaddum(10.0, 50.0, EC50=2.3, K_b=1.4, n=1.5), 4)
    0.0392
    """
    ratio = dose_ratio(antagonist, K_b)
    half = real(EC50, "gaddum().EC50", unit="uM", above=0.0)
    dose = _dose(agonist, "gaddum().agonist")
    try:
        np.broadcast_shapes(np.shape(dose), np.shape(ratio))
    except ValueError:
        raise ParameterError(
            f"gaddum(): agonist and antagonist must have one shape, or one of them a single value "
            f"(got shapes {np.shape(dose)} and {np.shape(ratio)})"
        ) from None
    return response(dose, half * ratio, real(n, "gaddum().n", above=0.0, high=10.0))


@public
def cheng_prusoff(K_b: float, agonist: npt.ArrayLike, EC50: float, n: float = 1.0) -> Number:
    """Return the IC50 of a competitive antagonist in the presence of an agonist.

    It is K_b ((2 + (A/EC50)^n)^(1/n) - 1) (Leff & Dougall 1993), or K_b (1 + A/EC50) for n = 1 (Cheng & Prusoff 1973).

    Parameters
    ----------
    K_b : float
        Dissociation constant of the antagonist (uM), > 0.
    agonist : float or array_like
        Concentration A of the agonist (uM), >= 0.
    EC50 : float
        Concentration of the agonist that gives half of the response (uM), > 0.
    n : float
        Hill coefficient of the agonist, > 0 and at most 10.

    Returns
    -------
    float or ndarray
        IC50 (uM), of the shape of `agonist`.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Examples
    --------
    >>> cheng_prusoff(1.4, agonist=2.3, EC50=2.3)
    2.8
    """
    half = real(EC50, "cheng_prusoff().EC50", unit="uM", above=0.0)
    slope = real(n, "cheng_prusoff().n", above=0.0, high=10.0)
    x = power(_dose(agonist, "cheng_prusoff().agonist") / half, slope)
    return real(K_b, "cheng_prusoff().K_b", unit="uM", above=0.0) * (power(2.0 + x, 1.0 / slope) - 1.0)


@public
def woodhull(K: float, V: npt.ArrayLike, *, V0: float = -70.0, z_delta: float, temperature: float = ROOM) -> Number:
    """Return the constant of a blocker within the membrane's field, K exp(z delta F (V - V0)/(RT)) (Woodhull 1973).

    Parameters
    ----------
    K : float
        IC50 (uM) or unbinding rate (1/ms) at V0, > 0.
    V : float or array_like
        Membrane potential (mV).
    V0 : float
        Potential at which K was measured (mV).
    z_delta : float
        Charge of the blocker times the fraction of the field that it crosses from outside, -10 to 10.
    temperature : float
        Temperature (degrees Celsius).

    Returns
    -------
    float or ndarray
        Constant at V in the unit of `K`, of the shape of `V`.

    Raises
    ------
    ParameterError
        If a number is out of range.

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

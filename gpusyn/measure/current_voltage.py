"""Measures of a current-voltage relation: reversal potential, slope conductance, negative slope."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.errors import ParameterError
from gpusyn.measure.sampled_trace import summit
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import one_of, public
from gpusyn.parameters.units import as_floats
from gpusyn.utils.typing import Floats


@public
def reversal_potential(V: Any, I: Any, *, method: str = "interpolate") -> float:
    """Return the potential at which a current-voltage relation is zero.

    Parameters
    ----------
    V, I : array_like, shape (n,)
        Potentials (mV, in any order) and currents (pA).
    method : {"interpolate", "line"}
        ``"interpolate"`` draws a straight line between the two points on either side of zero, ``"line"`` the
        least-squares line through all points.

    Returns
    -------
    float
        Reversal potential (mV).

    Raises
    ------
    ParameterError
        If the shapes differ, a potential occurs twice, the current does not change its sign exactly once, or the line
        is flat.
    UnknownNameError
        If the method is unknown.

    Examples
    --------
    >>> reversal_potential([-80.0, -60.0, -40.0], [-10.0, 10.0, 30.0])
    -70.0
    """
    where = "measure.reversal_potential()"
    x, y = _relation(V, I, where)
    if one_of(method, ("interpolate", "line"), f"{where}.method") == "line":
        slope, offset = np.polynomial.polynomial.polyfit(x - x.mean(), y, 1)[::-1]
        if abs(slope) * float(np.ptp(x)) <= 1e-9 * float(np.abs(y).max(initial=0.0)):
            raise ParameterError(
                f"{where}: the line through the points is flat and has no zero; measure over another range"
            )
        return float(x.mean() - offset / slope)
    # Consecutive points at which the current is exactly zero count as one crossing, at their middle.
    sign = np.sign(y)
    zeros, away = np.flatnonzero(sign == 0), np.flatnonzero(sign != 0)
    turns = np.flatnonzero(sign[away[1:]] != sign[away[:-1]])
    touches = len(zeros) > 0 and len(away) > 0 and int(np.ptp(zeros)) == len(zeros) - 1
    if len(turns) > 1 or (len(turns) == 0 and not touches):
        raise ParameterError(
            f"{where}: the current must change its sign exactly once "
            f"(got {len(turns)} times between {x[0]:g} and {x[-1]:g} mV); "
            "measure over another range, or give method='line'"
        )
    if not len(turns):
        return float(x[zeros].mean())
    a, b = int(away[turns[0]]), int(away[turns[0] + 1])
    if b > a + 1:
        return float(x[a + 1 : b].mean())
    return float(x[a] - y[a] * (x[b] - x[a]) / (y[b] - y[a]))


@public
def slope_conductance(V: Any, I: Any) -> Floats:
    """Return dI/dV at each point of a current-voltage relation, in the order of increasing V.

    The differences are accurate to second order.

    Parameters
    ----------
    V, I : array_like, shape (n,)
        Potentials (mV, in any order) and currents (pA), at least three.

    Returns
    -------
    ndarray of float64, shape (n,)
        Slope conductance (nS).

    Raises
    ------
    ParameterError
        If the shapes differ, there are fewer than three points, or a potential occurs twice.
    """
    x, y = _relation(V, I, "measure.slope_conductance()", least=3)
    return np.asarray(np.gradient(y, x, edge_order=2))


@public
def negative_slope(V: Any, I: Any) -> tuple[float, float] | None:
    """Return the bounds of the region in which the current decreases while V increases, if there is one.

    If there are several regions, return the one with the largest decrease. A bound inside the range of V is the
    extremum of the curve through the points; a bound at an end of the range is that end.

    Parameters
    ----------
    V, I : array_like, shape (n,)
        Potentials (mV, in any order) and currents (pA), at least three.

    Returns
    -------
    (float, float) or None
        Lower and upper bound (mV); ``None`` if the current never decreases.

    Raises
    ------
    ParameterError
        If the shapes differ or a potential occurs twice.
    """
    x, y = _relation(V, I, "measure.negative_slope()")
    falls = np.concatenate([[False], np.diff(y) < 0, [False]])
    edges = np.flatnonzero(falls[1:] != falls[:-1]).reshape(-1, 2)
    if not len(edges):
        return None
    a, b = (int(k) for k in edges[np.argmax(y[edges[:, 0]] - y[edges[:, 1]])])
    upper = x[b] if b == len(x) - 1 else summit(x, y.max() - y, b)[0]
    lower = x[a] if a == 0 else summit(x, y - y.min(), a)[0]
    return float(lower), float(upper)


def _relation(V: Any, I: Any, where: str, *, least: int = 2) -> tuple[Floats, Floats]:
    """Return a checked current-voltage relation, sorted by V."""
    x = as_floats(V, f"{where}.V", "mV", "must be potentials in mV")
    y = as_floats(I, f"{where}.I", "pA", "must be currents in pA")
    if x.ndim != 1 or x.shape != y.shape or len(x) < least:
        raise ParameterError(
            f"{where}: V and I must be two arrays of the same length with at least {least} points "
            f"(got shapes {x.shape} and {y.shape})"
        )
    Limits("mV").check(x, f"{where}.V")
    Limits().check(y, f"{where}.I")
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    if (np.diff(x) <= 0).any():
        raise ParameterError(f"{where}.V: a potential occurs twice; average its currents first")
    return x, y

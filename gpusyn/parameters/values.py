"""Checks of parameters that are one number, an array of one value per neuron or synapse, or a distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.parameters.distributions import Distribution, Uniform
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import frozen
from gpusyn.parameters.units import as_floats
from gpusyn.utils.typing import Floats


def values(
    value: Any,
    size: int | None,
    where: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    below: float | None = None,
    potential: bool = False,
    if_low: str = "",
    per: str = "neuron",
    drawn: bool = True,
) -> float | Floats | Distribution:
    """Return a number, a read-only array of one value per neuron (or `per`), or a distribution.

    Parameters
    ----------
    value : number, quantity, sequence, array or Distribution
        Value that the user gave.
    size : int or None
        Length that an array must have; ``None`` if it is not known yet.
    where, unit, low, high, above, below, potential
        As in :func:`real`. A distribution is refused here if its mean, or for Uniform any of its range, is out of
        range. The values are checked when they are drawn (:func:`check_drawn`).
    if_low : str
        Advice for a user whose value is below `low`, for the message.
    per : str
        Name of the thing to which one value belongs, for the message.
    drawn : bool
        If False, distributions are refused.

    Returns
    -------
    float, ndarray of float64 (size,) or Distribution

    Examples
    --------
    >>> values([1, 2], 2, "PoissonSource.rate", unit="Hz", low=0)
    array([1., 2.])
    >>> values([1, 2], 3, "PoissonSource.rate", unit="Hz", low=0)
    Traceback (most recent call last):
        ...
    gpusyn.errors.ParameterError: PoissonSource.rate: must be a number, a distribution or an array of 3
    values, \
one per neuron (got 2 values)
    """
    limits = Limits(unit, low, high, above, below, potential, if_low=if_low)
    if isinstance(value, Distribution):
        if not drawn:
            raise ArgumentError(
                f"{where}: must be {limits.words()} or an array (got {value!r}); "
                f"draw one value per {per} with numpy and give the array"
            )
        given: Distribution = value.in_unit(unit, where)
        _check_distribution(given, limits, where)
        return given
    or_array = f", an array (one per {per}) or a distribution" if drawn else f" or an array (one per {per})"
    array = as_floats(value, where, unit, f"must be {limits.words()}{or_array}")
    if array.ndim == 0:
        limits.check(array.reshape(1), where)
        return float(array)
    if array.ndim != 1 or (len(array) == 0 if size is None else len(array) != size):
        many = "values" if size is None else f"{size} value{'s' if size != 1 else ''}"
        found = f"{len(array)} values" if array.ndim == 1 else f"an array of shape {array.shape}"
        or_drawn = ", a distribution" if drawn else ""
        raise ParameterError(f"{where}: must be a number{or_drawn} or an array of {many}, one per {per} (got {found})")
    limits.check(array, where)
    return frozen(array)


def check_drawn(
    array: Floats,
    where: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> None:
    """Check values drawn from a distribution against the limits of their parameter."""
    try:
        Limits(unit, low, high, above, below).check(array, where)
    except ParameterError as error:
        raise ParameterError(f"{error}; it is drawn from a distribution: give that low= and high=") from None


def _check_distribution(value: Distribution, limits: Limits, where: str) -> None:
    """Refuse a distribution whose mean (for Uniform, whose range) is out of range or implausible."""
    probes = value.bounds() if isinstance(value, Uniform) else (value.mean_value(),)
    try:
        for probe in probes:
            limits.check(np.array([probe], dtype=np.float64), where)
    except ParameterError as error:
        raise ParameterError(f"{error}; in {value!r}") from None

"""Numbers, sequences and quantities with units, as float64 arrays in gpusyn's units."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.utils.calls import show
from gpusyn.utils.typing import Floats


def as_floats(value: Any, where: str, unit: str, must: str) -> Floats:
    """Return a float64 array of any dimension; `must` describes for the message what is allowed.

    Bool, str, None, complex and other objects are refused. Quantities of pint, astropy and unyt (``.to(unit)``) and of
    quantities and neo (``.rescale(unit)``), alone or inside lists, are converted to `unit`.

    Raises
    ------
    ArgumentError
        If the value contains anything but real numbers.
    ParameterError
        If a quantity has another dimension, or a masked array has masked values.

    Examples
    --------
    >>> as_floats([1, 2.5], "LIF.V_th", "mV", "must be a number")
    array([1. , 2.5])
    """
    plain = _plain(value, where, unit)
    if isinstance(plain, list) and any(isinstance(item, (bool, np.bool_)) for item in plain):
        raise ArgumentError(f"{where}: {must} (got {show(value)}, which contains True or False)")
    if isinstance(plain, np.ma.MaskedArray) and np.ma.is_masked(plain):
        raise ParameterError(f"{where}: {must} (got a masked array); fill the masked values")
    if isinstance(plain, int) and abs(plain) > 10**30:  # numpy would store it as an object
        raise ParameterError(f"{where}: {must}, at most 1e30 in size (got {show(value)})")
    try:
        array = np.asarray(plain)
    except (TypeError, ValueError, RuntimeError):
        array = np.empty(0, dtype=object)
    empty = isinstance(plain, (list, tuple)) and len(plain) == 0
    if array.dtype.kind not in "iuf" and not empty:
        raise ArgumentError(f"{where}: {must} (got {show(value)})")
    return array.astype(np.float64)


def _plain(value: Any, where: str, unit: str) -> Any:
    """Return a value with all its quantities, which may be inside lists, as numbers in gpusyn's unit.

    numpy would take the number of a quantity in a list and forget the unit.
    """
    if type(value) is np.ndarray and value.dtype == object:
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(item, where, unit) for item in value]
    return _without_unit(value, where, unit)


def _without_unit(value: Any, where: str, unit: str) -> Any:
    """Return the number of a quantity in gpusyn's unit; return anything else as it is."""
    if type(value) in (int, float, str, np.ndarray) or isinstance(value, np.generic):
        return value
    if hasattr(value, "has_same_dimensions"):  # Brian2 keeps SI values and has no .to()
        raise ArgumentError(
            f"{where}: must be a plain number in {unit or 'no unit'} (got {show(value)}); "
            f"divide the Brian2 quantity by its unit, as in x/brian2.{unit or 'second'}"
        )
    if not (hasattr(value, "units") or hasattr(value, "unit")):
        return value
    convert = getattr(value, "to", None) or getattr(value, "rescale", None)
    if convert is None:
        return value
    try:
        converted = convert(unit if unit else "dimensionless")
    except Exception as error:  # each units package has its own exception class
        raise ParameterError(f"{where}: must be in {unit or 'no unit'} (got {show(value)}): {error}") from None
    for attribute in ("magnitude", "value"):
        if hasattr(converted, attribute):
            return np.asarray(getattr(converted, attribute))
    return np.asarray(converted)

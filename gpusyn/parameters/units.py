"""Numbers, sequences and quantities with units, as float64 arrays in gpusyn's units."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.utils.calls import attribute, show
from gpusyn.utils.typing import Array, Floats, Integers

DEPTH = 3  # of lists in lists; no value has more dimensions

# What pint, quantities, astropy and unyt all understand, for gpusyn's units that one of them does not know.
_SAID = {
    "nS": "nA/V",
    "mM": "mol/m**3",
    "uM": "mmol/m**3",
    "1/(mM*ms)": "m**3/(mol*ms)",
    "uM/ms": "mmol/(m**3*ms)",
}
_UNITS = ("", "ms", "mV", "nS", "pA", "pF", "Hz", "mM", "mV/ms")  # one of each dimension
_MULTIPLES = {"uM": ("mM", 1e3), "1/ms": ("Hz", 1e-3)}  # the others: how many of them make one of those


def as_floats(value: Any, where: str, unit: str, must: str, *, copy: bool = True) -> Floats:
    """Return a float64 array of any dimension; `must` describes for the message what is allowed.

    Bool, str, None, complex and other objects are refused. Quantities of pint, astropy and unyt (``.to(unit)``) and of
    quantities and neo (``.rescale(unit)``), alone or inside lists, are converted to `unit`. Without `copy` it may
    be the given array itself.

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
    array = as_array(plain, where, must)
    if array.dtype.kind not in "iuf":
        raise ArgumentError(f"{where}: {must} (got {show(value)})")
    return as_type(array, np.float64, where, must, copy=copy)


def as_array(value: Any, where: str, must: str) -> Array:
    """Return any value as numpy sees it; one that numpy cannot take, such as a ragged list, as an array of objects.

    Raises
    ------
    ParameterError
        If the values do not fit into the memory.
    """
    try:
        return np.asarray(value)
    except MemoryError:
        raise ParameterError(f"{where}: {must} (got {show(value)}, more values than fit into the memory)") from None
    except Exception:  # numpy has several classes for it, and an object's own __array__ may raise any
        return np.full(1, None, dtype=object)


def as_integers(value: Any, where: str, must: str, *, wide: bool = False) -> Integers:
    """Return an int64 array of any dimension; it may be the given array itself.

    If `wide` is True, numbers of which some need 64 bits stay uint64.

    Raises
    ------
    ArgumentError
        If the value contains anything but whole numbers; floats are refused too.
    ParameterError
        If a number needs more than 63 bits, or the values do not fit into the memory.

    Examples
    --------
    >>> as_integers(range(3), "FromArrays.pre", "must be whole numbers")
    array([0, 1, 2])
    """
    given = as_array(value, where, must)
    if given.dtype.kind not in "iu" and (given.size or given.dtype.kind != "f"):
        move = "; convert them with .astype(int)" if given.dtype.kind == "f" else ""
        raise ArgumentError(f"{where}: {must} (got {show(value)}){move}")
    found: Integers = as_type(given, np.int64, where, must, copy=False)
    if given.dtype == np.uint64 and (found < 0).any():
        if wide:
            return as_type(given, np.uint64, where, must, copy=False)
        raise ParameterError(f"{where}: {must} below 2^63 (got {int(given.max())})")
    return found


def as_type(array: Array, dtype: npt.DTypeLike, where: str, must: str, *, copy: bool = True) -> Array:
    """Return an array of numbers in another type; a number that is too large for a float becomes infinite.

    Raises
    ------
    ParameterError
        If the values do not fit into the memory.
    """
    try:
        with np.errstate(over="ignore"):
            return array.astype(dtype, copy=copy or not array.flags.c_contiguous)  # broadcast arrays may be endless
    except MemoryError:
        raise ParameterError(f"{where}: {must} (got {show(array)}, more values than fit into the memory)") from None


def _plain(value: Any, where: str, unit: str, depth: int = DEPTH) -> Any:
    """Return a value with all its quantities, which may be inside lists, as numbers in gpusyn's unit.

    numpy would take the number of a quantity in a list and forget the unit.
    """
    if type(value) is np.ndarray and value.dtype == object:
        value = value.tolist()
    if isinstance(value, (list, tuple)) and depth:
        return [_plain(item, where, unit, depth - 1) for item in value]
    return _without_unit(value, where, unit)


def _without_unit(value: Any, where: str, unit: str) -> Any:
    """Return the number of a quantity in gpusyn's unit; return anything else as it is."""
    if type(value) in (int, float, str, np.ndarray) or isinstance(value, np.generic):
        return value
    if attribute(value, "has_same_dimensions"):  # Brian2 keeps SI values and has no .to()
        raise ArgumentError(
            f"{where}: must be a plain number{f' in {unit}' if unit else ''} (got {show(value)}); "
            f"divide the Brian2 quantity by gpusyn's unit, as in x/brian2.{unit or 'mV'}"
        )
    if not _is_quantity(value):
        return value
    try:
        return _converted(value, unit)
    except Exception as error:  # each units package has its own exception class
        raise ParameterError(f"{where}: must be in {unit or 'no unit'} (got {show(value)}): {error}") from None


def _is_quantity(value: Any) -> bool:
    """Return True for a quantity of pint, quantities, astropy or unyt, and for what converts itself like one."""
    if type(value) in (int, float, str, np.ndarray) or isinstance(value, np.generic):
        return False
    has_unit = attribute(value, "units") is not None or attribute(value, "unit") is not None
    return has_unit and (attribute(value, "to") or attribute(value, "rescale")) is not None


def _converted(quantity: Any, unit: str) -> Any:
    """Return the number of a quantity in `unit`; it raises what its package raises if the dimension is another."""
    convert = attribute(quantity, "to") or attribute(quantity, "rescale")
    converted = convert(_SAID.get(unit, unit))
    for name in ("magnitude", "value"):
        if (number := attribute(converted, name)) is not None:
            return number
    return converted


def unit_of(value: Any, where: str) -> str | None:
    """Return the unit in which gpusyn keeps quantities that may be inside lists; None for plain numbers.

    It serves objects that hold numbers before it is known of what: see :func:`conversion`.

    Raises
    ------
    ParameterError
        If gpusyn has no unit of that dimension, or plain numbers other than 0 are among the quantities.
    """
    items = _items(value)
    quantity = next((item for item in items if _is_quantity(item)), None)
    if quantity is None:
        return None
    plain = [item for item in items if not _is_quantity(item) and show(item) not in ("0", "0.0")]
    if plain:
        raise ParameterError(
            f"{where}: must have units throughout or nowhere (got {show(plain[0])} beside {show(quantity)})"
        )
    for unit in _UNITS:
        try:
            _converted(quantity, unit)
        except Exception:  # each units package has its own exception class
            continue
        return unit
    known = ", ".join(unit for unit in (*_UNITS, *_MULTIPLES) if unit)
    raise ParameterError(f"{where}: must be in a unit like one of gpusyn's, {known} (got {show(quantity)})")


def _items(value: Any, depth: int = DEPTH) -> list[Any]:
    """Return the single values of a list in which lists may be."""
    if type(value) is np.ndarray and value.dtype == object:
        value = value.tolist()
    if isinstance(value, (list, tuple)) and depth:
        return [item for part in value for item in _items(part, depth - 1)]
    return [value]


def conversion(own: str | None, unit: str, given: object, where: str) -> float:
    """Return the factor from the unit of :func:`unit_of` to the one that is needed; 1 for plain numbers.

    Raises
    ------
    ParameterError
        If the two have different dimensions; `given` is shown in the message.

    Examples
    --------
    >>> conversion("mM", "uM", None, "NMDA.glycine")
    1000.0
    """
    base, factor = _MULTIPLES.get(unit, (unit, 1.0))
    if own not in (None, base):
        raise ParameterError(f"{where}: must be in {unit or 'no unit'} (got {show(given)} in {own or 'no unit'})")
    return 1.0 if own is None else factor

"""Checks of single values that users give, and the wording of the errors.

All functions take the value and then ``where``, the place as the user knows it, such as ``"LIF.C_m"`` or
``"Projection 'I->E'.delay"``. They return the value in plain form: a Python ``float``, ``int`` or ``str``, or a
read-only copy as a numpy array. Wrong values raise :class:`~gpusyn.errors.ParameterError`, objects of a wrong type
raise :class:`~gpusyn.errors.ArgumentError`, and unknown names raise :class:`~gpusyn.errors.UnknownNameError`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from gpusyn.errors import ArgumentError, ParameterError, UnknownNameError
from gpusyn.parameters.grid import off_grid
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.units import as_floats
from gpusyn.utils.calls import attribute, nearest, public, show
from gpusyn.utils.typing import Array, Floats, Integers

_BLOCK = 1 << 16  # times that are checked at a time

__all__ = [
    "check_steps",
    "flag",
    "frozen",
    "instance",
    "integer",
    "listed",
    "nearest",
    "object_name",
    "one_of",
    "public",
    "random_key",
    "real",
    "show",
    "whole_steps",
    "whole_steps_array",
]


KEY_BITS = 8192
LONGEST_NAME = 1000  # letters
MOST_ITEMS = 10**6  # of an iterable that need not end


def one_of(name: Any, allowed: Iterable[str], where: str, move: str = "") -> str:
    """Return `name` if it is one of the `allowed` names; `move` ends the message for others.

    >>> one_of("AMPPA", ["AMPA", "NMDA"], "Network.connect().receptor")
    Traceback (most recent call last):
        ...
    gpusyn.errors.UnknownNameError: Network.connect().receptor: unknown name 'AMPPA' (did you mean 'AMPA'?); \
known here: AMPA, NMDA
    """
    known = list(allowed)
    listed = ", ".join(known) if known else "(nothing)"
    if not isinstance(name, str):
        hint = nearest(attribute(name, "__name__") or show(name), known)  # numpy.float32 and 32 are "single"
        raise ArgumentError(f"{where}: must be one of the names {listed} (got {show(name)}){hint}")
    if name not in known:
        raise UnknownNameError(f"{where}: unknown name {show(name)}{nearest(name, known)}; known here: {listed}{move}")
    return name


def object_name(value: Any, where: str) -> str:
    """Return a name that can be a group name in a SONATA file: not empty, no ``/``, no control characters."""
    if not isinstance(value, str):
        raise ArgumentError(f"{where}: must be a str (got {show(value)})")
    if not value or value != value.strip() or value in (".", ".."):
        raise ParameterError(
            f"{where}: must be a non-empty name without blanks at its ends (got {show(value)}); choose another"
        )
    if len(value) > LONGEST_NAME:
        raise ParameterError(
            f"{where}: must have at most {LONGEST_NAME} letters (got {len(value)}, {show(value)}); choose a shorter one"
        )
    if "/" in value or not value.isprintable():
        raise ParameterError(
            f"{where}: must not contain '/' or control characters, since it names a group in result files "
            f"(got {show(value)}); replace them, for example by '_'"
        )
    return value


def flag(value: Any, where: str) -> bool:
    """Return ``True`` or ``False``; refuse numbers."""
    if not isinstance(value, (bool, np.bool_)):
        raise ArgumentError(f"{where}: must be True or False (got {show(value)})")
    return bool(value)


def instance(value: Any, kinds: type | tuple[type, ...], where: str, allowed: str) -> Any:
    """Return `value` if its class is one of `kinds` or a subclass; `allowed` describes these for the message.

    A mock that claims another class is refused.
    """
    if not issubclass(type(value), kinds):
        forgot = isinstance(value, type) and issubclass(value, kinds)
        hint = f"; this is the class itself: write {value.__name__}(...)" if forgot else ""
        if isinstance(value, str):
            known = set(_names(kinds))
            hint = f"; write {value}(...), without quotes" if value in known else nearest(value, sorted(known))
        raise ArgumentError(f"{where}: must be {allowed} (got {show(value)}){hint}")
    return value


def _names(kinds: type | tuple[type, ...]) -> Iterator[str]:
    """Yield the names of classes and of their subclasses."""
    for kind in kinds if isinstance(kinds, tuple) else (kinds,):
        yield kind.__name__
        yield from _names(tuple(type.__subclasses__(kind)))


def listed(value: Any, where: str, allowed: str) -> list[Any]:
    """Return the items of an iterable; `allowed` describes it for the message."""
    try:
        items = list(itertools.islice(iter(value), MOST_ITEMS + 1))
    except Exception:  # whatever its own __iter__ raises
        raise ArgumentError(f"{where}: must be {allowed} (got {show(value)})") from None
    if len(items) > MOST_ITEMS:
        raise ParameterError(f"{where}: must be {allowed}, at most {MOST_ITEMS} of them (got {show(value)})")
    return items


def integer(value: Any, where: str, *, low: int | None = None, high: int | None = None) -> int:
    """Return a whole number as an ``int``; refuse bool, float and str.

    >>> integer(np.int32(7), "Population 'E'.size", low=1)
    7
    >>> integer(2.0, "Population 'E'.size", low=1)
    Traceback (most recent call last):
        ...
    gpusyn.errors.ArgumentError: Population 'E'.size: must be a whole number >= 1 (got 2.0); write 2
    """
    limits = " and".join(f" {sign} {limit}" for sign, limit in ((">=", low), ("<=", high)) if limit is not None)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    # numpy counts a timedelta64 among the integers.
    if isinstance(value, (bool, np.bool_, np.timedelta64)) or not isinstance(value, (int, np.integer)):
        whole = isinstance(value, (float, np.floating)) and float(value).is_integer()
        hint = f"; write {show(int(value))}" if whole else ""
        raise ArgumentError(f"{where}: must be a whole number{limits} (got {show(value)}){hint}")
    number = int(value)
    if (low is not None and number < low) or (high is not None and number > high):
        raise ParameterError(f"{where}: must be a whole number{limits} (got {show(number)})")
    return number


def random_key(value: Any, where: str) -> int:
    """Return a key of random streams: a whole number >= 0 that is not too long for Python to write.

    >>> random_key(2**200, "Simulator.seed") == 2**200
    True
    """
    number = integer(value, where, low=0)
    if number.bit_length() > KEY_BITS:
        raise ParameterError(f"{where}: must have at most {KEY_BITS} bits (got {number.bit_length()})")
    return number


def real(
    value: Any,
    where: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    below: float | None = None,
    potential: bool = False,
) -> float:
    """Return one finite number as a ``float``.

    Parameters
    ----------
    value : number or quantity
        Bool, str and arrays of more than one value are refused; quantities with units are converted.
    where : str
        Place of the value, for the message.
    unit : str
        Unit in gpusyn (ms, mV, nS, pA, pF, Hz, mM, uM); ``""``: a pure number.
    low, high : float, optional
        Inclusive limits.
    above, below : float, optional
        Exclusive limits.
    potential : bool
        If True, the number is a membrane potential, and values that look like volts are refused.

    Returns
    -------
    float

    Raises
    ------
    ArgumentError
        If the value is not a number.
    ParameterError
        If the value is not finite, is out of range, or looks like volts, siemens, farads or amperes.

    Examples
    --------
    >>> real(200, "LIF.C_m", unit="pF", above=0)
    200.0
    >>> real(-0.07, "LIF.E_L", unit="mV", potential=True)
    Traceback (most recent call last):
        ...
    gpusyn.errors.ParameterError: LIF.E_L: looks like volts; gpusyn uses mV (got -0.07); multiply by 1000
    """
    limits = Limits(unit, low, high, above, below, potential)
    array = as_floats(value, where, unit, f"must be {limits.words()}")
    if array.ndim:
        raise ArgumentError(f"{where}: must be {limits.words()}, one number (got {show(value)})")
    limits.check(array.reshape(1), where)
    return float(array)


def whole_steps(value_ms: Any, dt: float, where: str, *, low: int = 1) -> int:
    """Return a time in steps of `dt`; it must lie on the time grid (see :func:`off_grid`).

    >>> whole_steps(1.5, 0.1, "Projection 'I->E'.delay")
    15
    >>> whole_steps(0.25, 0.1, "Projection 'I->E'.delay")
    Traceback (most recent call last):
        ...
    gpusyn.errors.ParameterError: Projection 'I->E'.delay: must be a multiple of dt = 0.1 ms (got 0.25); \
the nearest are 0.2 and 0.3 ms
    """
    return int(whole_steps_array(np.array([real(value_ms, where, unit="ms")]), dt, where, low=low)[0])


def whole_steps_array(times: Floats, dt: float, where: str, *, low: int = 1) -> Integers:
    """Return an array of times in steps of `dt`, as :func:`whole_steps` does for one time."""
    check_steps(times, dt, where, low=low)
    return np.rint(times / dt).astype(np.int64)


def check_steps(times: Floats, dt: float, where: str, *, low: int = 1) -> None:
    """Refuse an array of times unless each is a whole number of steps of `dt`, at least `low`."""
    for start in range(0, len(times), _BLOCK):
        part = times[start : start + _BLOCK]
        wrong = off_grid(part, dt) | (np.rint(part / dt) < low)
        if wrong.any():
            _refuse_time(times, start + int(np.flatnonzero(wrong)[0]), dt, where, low)


def _refuse_time(times: Floats, index: int, dt: float, where: str, low: int) -> NoReturn:
    """Refuse one of several times, which is not a whole number of steps or too few."""
    place = where if len(times) == 1 else f"{where}[{index}]"
    given = f"(got {times[index]:.10g})"
    if off_grid(times[index : index + 1], dt)[0]:
        floor = max(float(np.floor(times[index] / dt)), float(low))
        choices = f"the nearest are {floor * dt:.10g} and {(floor + 1) * dt:.10g} ms"
        if len(times) > 1:
            choices += f"; np.rint(times / {dt:.10g}) * {dt:.10g} rounds them all"
        raise ParameterError(f"{place}: must be a multiple of dt = {dt:.10g} ms {given}; {choices}")
    least = f"dt = {dt:.10g} ms" if low == 1 else f"{low * dt:.10g} ms"
    raise ParameterError(f"{place}: must be at least {least} {given}; give a longer time or a smaller dt")


def frozen(array: npt.ArrayLike, dtype: npt.DTypeLike = np.float64) -> Array:
    """Return a read-only, contiguous copy."""
    copy = np.array(array, dtype=dtype, order="C")
    copy.flags.writeable = False
    return copy

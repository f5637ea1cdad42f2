"""Coefficients by name: one NamedTuple per struct, whose fields name the same places in Python and in CUDA.

A field is a `Number`, or for a scheme of M components a `Vector` of M or a `Matrix` of M x M numbers. The last field
may be a `Rest`, which has any number of numbers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Annotated, Any, NamedTuple, TypeAlias, TypeVar, get_type_hints

import numpy as np

from gpusyn.errors import ArgumentError
from gpusyn.utils.typing import Array

Number: TypeAlias = Any
Vector = Annotated[Array, 1]
Matrix = Annotated[Array, 2]
Rest = Annotated[Array, None]
Coefficients = TypeVar("Coefficients", bound=tuple[Any, ...])


class Field(NamedTuple):
    """One field: its name, and the power of M that is its size (None: all that remain)."""

    name: str
    power: int | None


@functools.cache
def fields_of(kind: type[tuple[Any, ...]]) -> tuple[Field, ...]:
    """Return the fields of a coefficient tuple, in order."""
    hints = get_type_hints(kind, include_extras=True)
    names = hints if hasattr(kind, "_fields") else ()
    return tuple(Field(name, getattr(hints[name], "__metadata__", (0,))[0]) for name in names)


def count(kind: type[tuple[Any, ...]], m: int = 1) -> int:
    """Return the number of coefficients for schemes of `m` components, without the rest."""
    return sum(m**field.power for field in fields_of(kind) if field.power is not None)


@functools.cache
def _slices(kind: type[tuple[Any, ...]], m: int) -> tuple[tuple[int, int | None, int | None], ...]:
    """Return begin, end and power of each field."""
    found: list[tuple[int, int | None, int | None]] = []
    begin = 0
    for field in fields_of(kind):
        end = None if field.power is None else begin + m**field.power
        found.append((begin, end, field.power))
        begin = end or begin
    return tuple(found)


def read(kind: type[Coefficients], c: Array, m: int = 1) -> Coefficients:
    """Return the coefficients that begin at ``c[0]`` by name.

    Parameters
    ----------
    kind : type
        NamedTuple of the coefficients.
    c : ndarray, shape (coefficients, ...)
        One row of coefficients, or one column per neuron.
    m : int
        Number of components of the scheme, for vectors and matrices.

    Examples
    --------
    >>> class Decay(NamedTuple):
    ...     decay: Number
    ...     jump: Number
    >>> read(Decay, np.array([0.5, 2.0, 7.0])) == Decay(decay=0.5, jump=2.0)
    True
    """
    return kind(*_parts(c, _slices(kind, m), m))


def _parts(c: Array, slices: tuple[tuple[int, int | None, int | None], ...], m: int) -> Iterator[Any]:
    for begin, end, power in slices:
        if power == 0:
            yield c[begin]
        elif power == 2:
            yield c[begin:end].reshape(m, m, *c.shape[1:])
        else:
            yield c[begin:end]


def flat(c: tuple[Any, ...]) -> list[Any]:
    """Return the coefficients in the order of their struct; a number may be an array of one value per neuron."""
    out: list[Any] = []
    for field, value in zip(fields_of(type(c)), c, strict=True):
        out += [value] if field.power == 0 else [float(x) for x in np.ravel(value)]
    return out


def by_name(make: Callable[[], Any], kind: Any, where: str, page: str) -> tuple[Any, ...]:
    """Return the coefficients that a model makes, if they are those of its struct.

    Parameters
    ----------
    make : callable
        Function that makes them.
    kind : type
        NamedTuple that it must return.
    where, page : str
        The model's function, and the page about such models, for the message.

    Raises
    ------
    ArgumentError
        If they are of another type, or a name is missing or unknown.
    """
    wanted = f"{where}: must return {kind.__name__}({', '.join(f'{name}=...' for name in kind._fields)})"
    try:
        found = make()
    except TypeError as error:
        if f"{kind.__name__}.__new__() " not in str(error):  # not about names
            raise
        raise ArgumentError(f"{wanted} ({error}); name every coefficient ({page})") from error
    if type(found).__name__ == kind.__name__ and type(found) is not kind:
        raise ArgumentError(
            f"{wanted}, returned one of another definition; if the class was defined again, make the model and its "
            f"network again ({page})"
        )
    if not isinstance(found, kind):
        raise ArgumentError(f"{wanted}, returned a {type(found).__name__}; name every coefficient ({page})")
    checked: tuple[Any, ...] = found
    return checked

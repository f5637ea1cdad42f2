"""Errors for wrong arguments that suggest the nearest keyword, and the wording that all checks share."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import inspect
import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gpusyn.errors import ArgumentError
from gpusyn.utils.foreign_names import foreign_hint
from gpusyn.utils.immutable import Immutable

Wrapped = TypeVar("Wrapped", bound=Callable[..., Any])


def show(value: object) -> str:
    """Return a short form of a value for an error message.

    >>> show(np.float64(0.25)), show("AMPA"), show(list(range(1000)))[:14]
    ('0.25', "'AMPA'", '[0, 1, 2, 3, 4')
    """
    try:
        if isinstance(value, np.generic) and value.dtype.kind not in "mM":  # times would lose their unit
            value = value.item()
        if type(value) is np.ndarray:  # a quantity or a masked array is one too, and says more itself
            return f"array of shape {value.shape}, {value.dtype}" if value.size > 6 else repr(value.tolist())
        text = " ".join(repr(value).split())
    except Exception:  # whatever the object raises, or a number of more digits than Python writes
        return f"<{type(value).__name__} that cannot be printed>"
    return text if len(text) <= 60 else text[:57] + "..."


def attribute(value: object, name: str) -> Any:
    """Return an attribute of an object of any kind, None if it has none or raises instead.

    >>> attribute("E", "size") is None
    True
    """
    try:
        return getattr(value, name, None)
    except Exception:
        return None


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the closest allowed name, or an empty string.

    A name from another simulator is answered with gpusyn's way of saying it.

    >>> nearest("recptor", ["weight", "receptor"]), nearest("synapse", ["weight", "receptor"])
    (" (did you mean 'receptor'?)", " (did you mean 'receptor'?)")
    """
    own = list(allowed)
    by_fold: dict[str, str] = {}
    for item in own:
        by_fold.setdefault(item.casefold(), item)
    folded, hint = name.casefold(), foreign_hint(name, own)
    if hint is not None and (folded not in by_fold or (hint and len(name) == 1)):  # C is not c
        return hint
    close = difflib.get_close_matches(folded, by_fold, n=1, cutoff=0.6)
    return f" (did you mean {by_fold[close[0]]!r}?)" if close else ""


def no_attribute(owner: object, name: str, known: Iterable[str]) -> AttributeError:
    """Return the error for an attribute that an object or a module does not have."""
    kind = f"module {owner.__name__!r}" if isinstance(owner, ModuleType) else f"{type(owner).__name__!r} object"
    hint = "" if name.startswith("_") else nearest(name, known)
    # Python adds a hint of its own, by looks alone, to an error that has no obj.
    return AttributeError(f"{kind} has no attribute {name!r}{hint}", obj=owner)


def getattr_of(module: str, known: Iterable[str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module, which answers the names of other packages' attributes."""

    def absent(name: str) -> Any:
        raise no_attribute(sys.modules[module], name, known)

    return absent


class Hinting:
    """Base class of objects that answer the names of other simulators' attributes with their own."""

    if not TYPE_CHECKING:  # hidden from type checkers, which would take any name for an attribute

        def __getattr__(self, name: str) -> Any:
            raise no_attribute(self, name, (own for own in dir(self) if not own.startswith("_")))


def public(obj: Wrapped) -> Wrapped:
    """Make wrong arguments of a function, method or class raise :class:`~gpusyn.errors.ArgumentError`.

    A frozen dataclass then also raises an ImmutableError where it would raise an error of its own. A class that users
    do not make themselves has an attribute `_MADE_BY`, the call that makes it, for the message.

    >>> @public
    ... def connect(pre, post, *, receptor=None): ...
    >>> connect("E", "I", recptor="AMPA")
    Traceback (most recent call last):
        ...
    gpusyn.errors.ArgumentError: connect(): unknown argument 'recptor' (did you mean 'receptor'?); \
it takes pre, post, receptor
    """
    if inspect.isclass(obj):
        obj.__init__ = _with_checked_call(obj.__init__, "__init__")  # type: ignore[method-assign]
        if dataclasses.is_dataclass(obj):
            obj.__setattr__, obj.__delattr__ = Immutable.__setattr__, Immutable.__delattr__  # type: ignore
        return obj
    return _with_checked_call(obj, obj.__qualname__.rpartition("<locals>.")[2])


def _with_checked_call(function: Wrapped, name: str) -> Wrapped:
    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError:  # of the call, before anything was done, or of the function itself
            signature = inspect.signature(function)
            try:
                signature.bind(*args, **kwargs)
            except TypeError as error:
                place = _call_name(signature, name, args)
                raise ArgumentError(_explain_call(signature, place, args, kwargs, error)) from None
            raise

    return checked  # type: ignore[return-value]


def _call_name(signature: inspect.Signature, name: str, args: tuple[Any, ...]) -> str:
    """Return the name of the call as the user wrote it: for a method, with the class of the object, not the base."""
    first = next(iter(signature.parameters), "")
    if args and first in ("self", "cls"):
        owner = args[0] if first == "cls" else type(args[0])
        own = name.rpartition(".")[2]
        return owner.__name__ if own == "__init__" else f"{owner.__name__}.{own}"
    return name


def _explain_call(
    signature: inspect.Signature, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], error: TypeError
) -> str:
    """Return a message for a call that does not match its signature."""
    made_by = getattr(type(args[0]), "_MADE_BY", "") if args and name == type(args[0]).__name__ else ""
    if made_by:
        return f"{name}(): is not made by hand, but by {made_by}; write that"
    parameters = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    names = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    takes = f"it takes {', '.join(names)}" if names else "it takes no arguments"
    unknown = [key for key in kwargs if key not in names]
    if unknown:
        return f"{name}(): unknown argument {unknown[0]!r}{nearest(unknown[0], names)}; {takes}"
    most = sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
    given = len(args) - (len(signature.parameters) - len(parameters))
    if given > most and not any(p.kind is p.VAR_POSITIONAL for p in parameters):
        these = f" ({', '.join(names[:most])})" if most else ""
        return f"{name}(): got {given} without a keyword, at most {most} allowed{these}; write name=value; {takes}"
    return f"{name}(): {error}; {takes}"

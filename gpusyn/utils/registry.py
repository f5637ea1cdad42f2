"""Tables in which classes register themselves, such as the effects of receptors and the neuron models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from gpusyn.errors import ArgumentError, UnknownNameError

Kind = TypeVar("Kind")


class Registry(dict[str, Kind]):
    """Classes by name; an unknown name raises an UnknownNameError that says how to register a class.

    >>> Registry("effect", "write @effect above the class")["Rectifying"]
    Traceback (most recent call last):
        ...
    gpusyn.errors.UnknownNameError: effect 'Rectifying': no class of this name is known (known: none); \
write @effect above the class

    Parameters
    ----------
    what : str
        Name of the kind of class, in one or two words.
    advice : str
        Instructions for registering a class, for the message.
    """

    def __init__(self, what: str, advice: str) -> None:
        super().__init__()
        self._what, self._advice = what, advice

    def __missing__(self, name: str) -> Kind:
        known = ", ".join(self) or "none"
        raise UnknownNameError(
            f"{self._what} {name!r}: no class of this name is known (known: {known}); {self._advice}"
        )


def check_parts(decorator: str, kind: type, parts: Iterable[str], advice: str) -> None:
    """Raise an ArgumentError if a class to be registered lacks a part.

    Parameters
    ----------
    decorator : str
        Name of the decorator that registers it, for the message.
    kind : type
        The class.
    parts : iterable of str
        Names of the attributes that it must have.
    advice : str
        What to write instead.
    """
    missing = [part for part in parts if not hasattr(kind, part)]
    if missing:
        raise ArgumentError(f"@{decorator}: {kind.__name__} has no {', '.join(missing)}; {advice}")


def check_name(decorator: str, registry: Registry[Any], kind: type, noun: str) -> None:
    """Raise an ArgumentError if a class of another module is registered under the name of this one."""
    known = registry.get(kind.__name__)
    if known is not None and known.__module__ != kind.__module__:
        raise ArgumentError(
            f"@{decorator}: {known.__module__} has {noun} {kind.__name__!r} already; choose another name"
        )

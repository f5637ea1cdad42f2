"""Tables in which classes register themselves, such as the effects of receptors and the neuron models."""

from __future__ import annotations

from typing import TypeVar

from gpusyn.errors import UnknownNameError

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

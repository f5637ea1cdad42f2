"""Tables of classes that enter themselves, such as receptors' effects and neuron models."""

from __future__ import annotations

from typing import TypeVar

from gpusyn.errors import UnknownNameError

Kind = TypeVar("Kind")


class Registry(dict[str, Kind]):
    """Classes by name; a name that is not there raises an UnknownNameError that says how to enter it.

    >>> Registry("effect", "write @effect above the class")["Rectifying"]
    Traceback (most recent call last):
        ...
    gpusyn.errors.UnknownNameError: effect 'Rectifying': no class of this name is known (known: none); \
write @effect above the class

    Parameters
    ----------
    what : str
        What the classes are, in one or two words.
    advice : str
        How a class is entered.
    """

    def __init__(self, what: str, advice: str) -> None:
        super().__init__()
        self._what, self._advice = what, advice

    def __missing__(self, name: str) -> Kind:
        known = ", ".join(self) or "none"
        raise UnknownNameError(
            f"{self._what} {name!r}: no class of this name is known (known: {known}); {self._advice}"
        )

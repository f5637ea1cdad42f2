"""Registries: a table by name that says what to do when a name is not in it, and modules that enter themselves."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import TypeVar

from gpusyn.errors import UnknownNameError

Value = TypeVar("Value")


class Registry(dict[str, Value]):
    """A dict by name; a name that is not in it is an error with the next move.

    Parameters
    ----------
    what : str
        Phrase for one entry, as messages use it.
    advice : str
        Where an entry is made.

    Examples
    --------
    >>> Registry("gate", "enter it with @gate")["Alpha"]
    Traceback (most recent call last):
        ...
    gpusyn.errors.UnknownNameError: gate 'Alpha': no such entry (known: none); enter it with @gate
    """

    def __init__(self, what: str, advice: str) -> None:
        super().__init__()
        self.what, self.advice = what, advice

    def __missing__(self, name: str) -> Value:
        """Refuse a name that was never entered.

        Raises
        ------
        UnknownNameError
            Always; the message names what is known.
        """
        known = ", ".join(sorted(self)) or "none"
        raise UnknownNameError(f"{self.what} {name!r}: no such entry (known: {known}); {self.advice}")


def import_modules(package: str, path: Iterable[str]) -> None:
    """Import every module of a package, in the order of their names, so that each enters what it holds."""
    for module in sorted(m.name for m in pkgutil.iter_modules(path)):
        importlib.import_module(f"{package}.{module}")

"""Which backends this machine has, and why it has not the others."""

from __future__ import annotations

import os
from typing import NamedTuple

from gpusyn.backends.base import Backend
from gpusyn.backends.select import NAMES, make_backend
from gpusyn.errors import BackendError
from gpusyn.parameters.scalars import integer, one_of

FASTEST_FIRST = ("cuda", "cpu", "numpy")


class Choice(NamedTuple):
    """A backend and the reasons for it.

    Attributes
    ----------
    backend : Backend
    reasons : tuple of str
        Why this one; why not each that would be faster.
    """

    backend: Backend
    reasons: tuple[str, ...]

    def lines(self) -> list[str]:
        """Two or more lines for people: the backend, then the reasons.

        >>> from gpusyn.backends.numpy.backend import NumpyBackend
        >>> for line in Choice(NumpyBackend(), ("asked for",)).lines():
        ...     print(line)
        backend: numpy, numpy ..., one thread
        why: asked for
        """
        return [
            f"backend: {self.backend.name}, {self.backend.describe()}",
            *(f"why: {reason}" for reason in self.reasons),
        ]


def usable(threads: int | None = None) -> tuple[dict[str, Backend], dict[str, str]]:
    """Look for every backend.

    Parameters
    ----------
    threads : int, optional
        Worker threads of the `cpu` backend.

    Returns
    -------
    usable : dict of str to Backend
        Those that work here, the fastest first; numpy is always among them.
    reasons : dict of str to str
        Why each of the others does not, and what mends it.
    """
    found: dict[str, Backend] = {}
    reasons: dict[str, str] = {}
    for name in FASTEST_FIRST:
        try:
            found[name] = make_backend(name, threads)
        except BackendError as error:
            reasons[name] = str(error)
    return found, reasons


def choose(name: str = "auto", threads: int | None = None) -> Choice:
    """The backend asked for, or for `auto` the fastest that works here, with the reasons.

    Parameters
    ----------
    name : {"auto", "cuda", "cpu", "numpy"}
        The environment variable `GPUSYN_BACKEND` replaces `auto`.
    threads : int, optional
        Worker threads of the `cpu` backend.

    Raises
    ------
    BackendError
        The one asked for cannot be used here.
    """
    name = one_of(name, NAMES, "--backend")
    if threads is not None:
        integer(threads, "--threads", low=1, high=1024)
    asked = "asked for with --backend"
    if name == "auto":
        name = one_of(os.environ.get("GPUSYN_BACKEND", "auto"), NAMES, "environment variable GPUSYN_BACKEND")
        asked = "asked for with the environment variable GPUSYN_BACKEND"
    if name != "auto":
        return Choice(make_backend(name, threads), (asked,))
    found, reasons = usable(threads)
    best = next(iter(found.values()))
    return Choice(best, tuple(reasons.values()) or ("the fastest that this machine has",))

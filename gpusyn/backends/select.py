"""The registry of backends, and the choice of a backend with its reasons.

A new backend is one line in `BACKENDS` (docs/adding_a_backend.md).
"""

from __future__ import annotations

import importlib
import inspect
import logging
import os
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from gpusyn.backends.base import Backend, lacking
from gpusyn.errors import ArgumentError, BackendError, PlanMemoryError
from gpusyn.parameters.scalars import integer, one_of, show
from gpusyn.utils.calls import attribute
from gpusyn.utils.messages import LOGGER, is_silent

Result = TypeVar("Result")

#: Module and class of every backend by name; the fastest come first.
BACKENDS = {
    "cuda": "gpusyn.backends.cuda.backend:CudaBackend",
    "cpu": "gpusyn.backends.cpu.backend:CpuBackend",
    "numpy": "gpusyn.backends.numpy.backend:NumpyBackend",
}

#: Choices of `auto` that this process has told, as name and reasons: a script with many simulators tells each once.
said: set[tuple[str, tuple[str, ...]]] = set()


class Choice(NamedTuple):
    """A backend and the reasons for it.

    Attributes
    ----------
    backend : Backend
        The backend.
    reasons : tuple of str
        Reasons for this backend; for `auto`, the reason why each faster one cannot be used.
    automatic : bool
        True if `auto` chose it, False if it was requested.
    failed : bool
        True if a faster backend was there and could not run the program.
    """

    backend: Backend
    reasons: tuple[str, ...]
    automatic: bool = False
    failed: bool = False

    def lines(self) -> list[str]:
        """Return two or more lines for people: the backend, then the reasons.

        >>> from gpusyn.backends.numpy.backend import NumpyBackend
        >>> for line in Choice(NumpyBackend(), ("asked for",)).lines():
        ...     print(line)
        backend: numpy, numpy ..., one thread
        why: asked for
        """
        why = self.reasons or ("the fastest backend of this machine",)
        return [f"backend: {self.backend.name}, {self.backend.describe()}", *(f"why: {reason}" for reason in why)]

    def line(self) -> str:
        """Return the backend and the reasons in one line, without the advice."""
        why = "; ".join(reason.partition("; fix: ")[0] for reason in self.reasons)
        more = f" ({why}; `gpusyn info` tells more)" if why else ""
        return f"backend {self.backend.name}: {self.backend.describe()}{more}"

    def tell(self) -> None:
        """Log the line, unless this process has done so: a note, or a warning if a faster backend failed."""
        key = self.backend.name, self.reasons
        if key not in said or is_silent():
            if not is_silent():
                said.add(key)
            LOGGER.log(logging.WARNING if self.failed else logging.INFO, self.line())


def names() -> tuple[str, ...]:
    """Return the names that a user may give: `auto`, and all backends, the fastest first.

    >>> names()
    ('auto', 'cuda', 'cpu', 'numpy')
    """
    return "auto", *BACKENDS


def make_backend(name: str, threads: int | None = None, **options: Any) -> Backend:
    """Return a new backend.

    Parameters
    ----------
    name : str
        Name in `BACKENDS`.
    threads : int, optional
        Worker threads; backends without threads ignore it.
    **options
        Further arguments of the backend's class.

    Raises
    ------
    BackendError
        If it cannot be used on this machine; the message says why, and what to do.
    UnknownNameError
        If there is no such backend.
    """
    kind = _backend_class(one_of(name, BACKENDS, "backend"))
    try:
        backend: Backend = kind(threads=threads, **options)
    except BackendError as error:
        raise BackendError(f"backend '{name}' cannot be used: {error}") from error
    _check_complete(backend)
    return backend


def usable(threads: int | None = None) -> tuple[dict[str, Backend], dict[str, str]]:
    """Find the backends that work on this machine.

    Parameters
    ----------
    threads : int, optional
        Worker threads of the `cpu` backend.

    Returns
    -------
    usable : dict of str to Backend
        Backends that work here, the fastest first; numpy is always among them.
    reasons : dict of str to str
        Reasons why each of the others cannot be used, with the fix.
    """
    found: dict[str, Backend] = {}
    reasons: dict[str, str] = {}
    for name in BACKENDS:
        try:
            found[name] = make_backend(name, threads)
        except BackendError as error:
            reasons[name] = str(error)
    return found, reasons


def choose(
    name: str = "auto", threads: int | None = None, *, option: str = "--backend", threads_option: str = "--threads"
) -> Choice:
    """Choose the requested backend, or for `auto` the fastest that works here.

    Parameters
    ----------
    name : {"auto", "cuda", "cpu", "numpy"}
        Name of the backend; the environment variable `GPUSYN_BACKEND` replaces `auto`.
    threads : int, optional
        Worker threads of the `cpu` backend; the environment variable `GPUSYN_THREADS` replaces None.
    option, threads_option : str
        Places where the user gave the two, for messages.

    Returns
    -------
    Choice

    Raises
    ------
    BackendError
        If the requested backend cannot be used here.
    UnknownNameError
        If there is no such backend.
    """
    return _first(name, threads, lambda backend: None, option, threads_option)[0]


def _first(
    name: str,
    threads: int | None,
    use: Callable[[Backend], Result],
    option: str,
    threads_option: str,
    place: int | None = None,
) -> tuple[Choice, Result]:
    """Return the requested backend, or for `auto` the first with which `use` works; and what `use` returns."""
    name = one_of(name, names(), option)
    threads = checked_threads(threads, threads_option)
    asked = f"asked for with {option}"
    if name == "auto":
        name = one_of(os.environ.get("GPUSYN_BACKEND", "auto"), names(), "environment variable GPUSYN_BACKEND")
        asked = "asked for with the environment variable GPUSYN_BACKEND"
    if name != "auto":
        backend = _placed(name, threads, place)
        return Choice(backend, (asked,)), use(backend)
    reasons: list[str] = []  # texts, because an error would keep the arrays of the program that it stopped
    failed = False
    *_, last = BACKENDS
    for candidate in BACKENDS:
        try:
            backend = _placed(candidate, threads, place)
        except BackendError as error:
            reasons.append(str(error))
            continue
        try:
            return Choice(backend, tuple(reasons), automatic=True, failed=failed), use(backend)
        except BackendError as error:
            reasons.append(str(error))
        except PlanMemoryError as error:
            if candidate == last:
                raise
            reasons.append(f"{candidate} backend: {str(error).splitlines()[0]}")
        failed = True
    raise BackendError(f"no backend can be used on this machine: {'; '.join(reasons)}")


def _placed(name: str, threads: int | None, place: int | None) -> Backend:
    """Return a new backend, for a process of some place among those of the machine if backends of the name differ."""
    if place is None or "place" not in inspect.signature(_backend_class(name)).parameters:
        return make_backend(name, threads)
    return make_backend(name, threads, place=place)


def checked_threads(threads: Any, where: str) -> int | None:
    """Return a number of worker threads, also of the environment, or None: as many as the backend chooses."""
    text = os.environ.get("GPUSYN_THREADS", "")
    if threads is None and text:
        threads, where = int(text) if text.isdecimal() else text, "environment variable GPUSYN_THREADS"
    return None if threads is None else integer(threads, where, low=1, high=1024)


def use_backend(
    backend: Any, threads: int | None, where: str, use: Callable[[Backend], Result], place: int | None = None
) -> tuple[Backend, Result]:
    """Use the backend that `where` was given by name or as an object; log the choice of `auto`.

    Parameters
    ----------
    backend : str or Backend
        Name or object. For `auto` it is the fastest backend with which `use` works.
    threads : int, optional
        Worker threads of the `cpu` backend.
    where : str
        Function that was given the backend, for messages.
    use : callable
        Use of the backend, such as the start of a program. If it raises a BackendError or a PlanMemoryError, `auto`
        goes on to the next backend.
    place : int, optional
        Number of this process among those of the machine that simulate a network together: each takes a GPU of its own.

    Returns
    -------
    backend : Backend
        The backend that is used.
    result : object
        What `use` returned.

    Raises
    ------
    ArgumentError
        If `backend` is neither a name nor a complete backend.
    BackendError
        If the requested backend cannot be used here.
    PlanMemoryError
        If a program does not fit into the memory of the requested backend, or for `auto` of any.
    """
    if isinstance(backend, str):
        choice, result = _first(backend, threads, use, f"{where}.backend", f"{where}.threads", place)
        if choice.automatic:
            choice.tell()
        return choice.backend, result
    checked_threads(threads, f"{where}.threads")
    if not callable(attribute(backend, "start")):
        raise ArgumentError(f"{where}.backend: must be one of {', '.join(names())} (got {show(backend)})")
    _check_complete(backend)
    given: Backend = backend
    return given, use(given)


def _backend_class(name: str) -> Any:
    module, _, kind_name = BACKENDS[name].partition(":")
    try:
        kind = getattr(importlib.import_module(module), kind_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise BackendError(
            f"backend '{name}': BACKENDS in gpusyn/backends/select.py names {BACKENDS[name]!r}, "
            f"which cannot be imported ({error}); write it as 'module:class'"
        ) from error
    if "threads" not in inspect.signature(kind).parameters:
        raise BackendError(f"backend '{name}': {kind_name}.__init__ must take the keyword threads, an int or None")
    return kind


def _check_complete(backend: object) -> None:
    missing = lacking(backend, Backend)
    if missing:
        raise BackendError(
            f"backend {getattr(backend, 'name', '')!r}: {type(backend).__name__} lacks {', '.join(missing)}; "
            "add what gpusyn.backends.base.Backend lists"
        )
    integer(getattr(backend, "workers", None), f"backend {show(getattr(backend, 'name', ''))}: workers", low=1)

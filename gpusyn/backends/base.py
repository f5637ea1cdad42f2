"""The interface of a backend: a session owns the arrays of one program and runs its launch list.

`lacking` and the two `part_to_...` functions are the checks that all backends share.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gpusyn.errors import BackendError
from gpusyn.kernels.program import Launcher, Program


class Session(Protocol):
    """A running program. The arrays are in the memory in which the backend computes; `read` returns host copies."""

    def run(self, steps: int, first: int = 0, end: int | None = None) -> object:
        """Run the launch list, or its launches `first` to `end` - 1, `steps` times, without the host in between.

        Returns
        -------
        mark : object or None
            None if the steps have run. A session whose steps go on meanwhile returns a mark of their end.
        """

    def read(self, name: str, start: int = 0, stop: int | None = None, after: object = None) -> NDArray[np.generic]:
        """Return a copy of an array, or of the part [start, stop) of its flattened form, after all steps so far.

        A read after a mark of `run` waits for the steps before the mark alone; later ones may change the array.

        Raises
        ------
        BackendError
            If there is no such array, or the part extends beyond it (`part_to_read`).
        """

    def write(self, name: str, values: NDArray[np.generic], start: int = 0) -> None:
        """Replace the part of the flattened array that begins at `start`.

        Raises
        ------
        BackendError
            If there is no such array, or the values have another type or extend beyond its end (`part_to_write`).
        """

    def rebind(self, program: Program, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Replace arrays by larger ones, between two runs, and take the launches of `program`.

        The launches are those of before with other numbers. An array that is not in `arrays` keeps its values.
        """

    def close(self) -> None:
        """Release the memory of the session."""


class Backend(Protocol):
    """A way to compute. `gpusyn.backends.select` calls the class with the keyword ``threads``, an int or None."""

    name: str

    @property
    def workers(self) -> int:
        """Upper limit on worker threads per session; targets are split into this many slices."""

    def free_memory(self) -> int | None:
        """Return the number of bytes that the arrays of a program may take, None if it is not known."""

    def describe(self) -> str:
        """Return one phrase that names the device or compiler, and the number of threads."""

    def launcher(self) -> Launcher | None:
        """Return launches of the kernels that build large networks; None if numpy builds them."""

    def start(self, program: Program) -> Session:
        """Compile the modules that are not in the cache, move the arrays, and return the session."""


def lacking(thing: object, protocol: type) -> list[str]:
    """Return the members of a protocol that a class or an object lacks.

    >>> lacking(object(), Session)
    ['close', 'read', 'rebind', 'run', 'write']
    """
    members = {*protocol.__annotations__, *vars(protocol)}
    return sorted(m for m in members if not m.startswith("_") and not hasattr(thing, m))


def start_session(backend: Backend, program: Program) -> Session:
    """Start a program and return its session.

    Raises
    ------
    BackendError
        If the backend cannot run the program, or its session is incomplete.
    """
    session = backend.start(program)
    missing = lacking(session, Session)
    if missing:
        raise BackendError(
            f"backend '{backend.name}': {type(session).__name__} lacks {', '.join(missing)}; "
            "add what gpusyn.backends.base.Session lists"
        )
    return session


def part_to_read(backend: str, arrays: Mapping[str, Any], name: str, start: int, stop: int | None) -> Any:
    """Return the array of the given name, or a flat view of its part [start, stop).

    Parameters
    ----------
    backend : str
        Name of the backend, for the message.
    arrays : mapping of str to array
        All arrays of the session, from numpy or another package with `size`, `dtype` and `reshape`.
    name : str
        Name of the array.
    start, stop : int
        Bounds of the part; a `stop` of None is the end of the array.

    Raises
    ------
    BackendError
        If there is no such array, or the part extends beyond it.
    """
    array = _named(backend, arrays, name)
    if start == 0 and stop is None:
        return array
    end = array.size if stop is None else stop
    if not 0 <= start <= end <= array.size:
        raise BackendError(
            f"{backend} backend: cannot read {start} to {end} of array '{name}', which holds {array.size} values; "
            f"0 <= start <= stop <= {array.size} must hold"
        )
    return array.reshape(-1)[start:end]


def part_to_write(
    backend: str, arrays: Mapping[str, Any], name: str, values: NDArray[np.generic], start: int
) -> tuple[Any, NDArray[np.generic]]:
    """Return the flat view into which `values` go, and the values, flat and contiguous.

    Parameters
    ----------
    backend, arrays, name
        As for `part_to_read`.
    values : ndarray
        New values, of the type of the array.
    start : int
        Place of the first value in the flattened array.

    Raises
    ------
    BackendError
        If there is no such array, or the values have another type or extend beyond its end.
    """
    array = _named(backend, arrays, name)
    if values.dtype != array.dtype or not 0 <= start <= array.size - values.size:
        raise BackendError(
            f"{backend} backend: cannot write {values.size} {values.dtype} values at {start} of array '{name}', "
            f"which holds {array.size} {array.dtype}; give values of its type that end within it"
        )
    return array.reshape(-1)[start : start + values.size], np.ascontiguousarray(values).reshape(-1)


def _named(backend: str, arrays: Mapping[str, Any], name: str) -> Any:
    if name not in arrays:
        known = f"there are {sorted(arrays)}" if arrays else "the session is closed"
        raise BackendError(f"{backend} backend: no array '{name}' in this session; {known}")
    return arrays[name]

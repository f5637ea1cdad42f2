"""The interface of a backend: a session owns the arrays of one program and runs its launch list.

`lacking` and the two `part_to_...` functions are the checks that all backends share.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gpusyn.errors import BackendError
from gpusyn.kernels.program import Program


class Session(Protocol):
    """A running program. Arrays live where the backend computes; `read` gives host copies."""

    def run(self, steps: int) -> None:
        """Run the launch list `steps` times, without host work in between."""

    def read(self, name: str, start: int = 0, stop: int | None = None) -> NDArray[np.generic]:
        """Return a copy of an array, or of the part [start, stop) of its flattened form.

        Raises
        ------
        BackendError
            There is no such array, or the part reaches beyond it (`part_to_read`).
        """

    def write(self, name: str, values: NDArray[np.generic], start: int = 0) -> None:
        """Replace the part of the flattened array that begins at `start`.

        Raises
        ------
        BackendError
            There is no such array, or the values have another type or reach beyond its end (`part_to_write`).
        """

    def close(self) -> None:
        """Release what the session holds."""


class Backend(Protocol):
    """A place to compute. `gpusyn.backends.select` calls the class with the keyword ``threads``, an int or None."""

    name: str

    @property
    def workers(self) -> int:
        """Upper limit on worker threads per session; targets are split into this many slices."""

    def free_memory(self) -> int | None:
        """Return how many bytes the arrays of a program may take, None if that is not known."""

    def describe(self) -> str:
        """Return one phrase: which device or compiler, and how many threads."""

    def start(self, program: Program) -> Session:
        """Compile what is not yet compiled, move the arrays, and return the session."""


def lacking(thing: object, protocol: type) -> list[str]:
    """Return the members of a protocol that a class or an object does not have.

    >>> lacking(object(), Session)
    ['close', 'read', 'run', 'write']
    """
    members = {*protocol.__annotations__, *vars(protocol)}
    return sorted(m for m in members if not m.startswith("_") and not hasattr(thing, m))


def start_session(backend: Backend, program: Program) -> Session:
    """Start a program and return its session.

    Raises
    ------
    BackendError
        The backend cannot run the program, or its session is not complete.
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
    """Return the array of that name, or a flat view of its part [start, stop).

    Parameters
    ----------
    backend : str
        Name of the backend, for the message.
    arrays : mapping of str to array
        All arrays of the session: numpy's, or others with `size`, `dtype` and `reshape`.
    name : str
    start, stop : int
        Bounds of the part; `stop` None is the end of the array.

    Raises
    ------
    BackendError
        There is no such array, or the part reaches beyond it.
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
    """Return the flat view that `values` go to, and the values, flat and contiguous.

    Parameters
    ----------
    backend, arrays, name
        As for `part_to_read`.
    values : ndarray
        Of the array's own type.
    start : int
        Place of the first value in the flattened array.

    Raises
    ------
    BackendError
        There is no such array, or the values have another type or reach beyond its end.
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

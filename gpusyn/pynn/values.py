"""Values of cells: numbers, or arrays of one for each cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from pyNN.parameters import ParameterSpace, Sequence


def evaluated(value: Any, size: int) -> Any:
    """Return a lazy value as a number (or a Sequence), or as an array of one for each cell."""
    value.shape = (size,)
    if value.is_homogeneous:
        found = value.evaluate(simplify=True)
        return float(found) if isinstance(found, (int, float, np.number)) else found
    return np.asarray(value.evaluate(simplify=False)).reshape(size)


def merged(old: Any, new: Any, indices: Any, size: int) -> Any:
    """Return values of all cells in which some are new."""
    if len(indices) == size and not isinstance(new, np.ndarray):
        return new
    array = np.empty(size, object if isinstance(old, Sequence) or isinstance(new, Sequence) else None)
    if array.dtype != object:
        array = np.array(np.broadcast_to(old, size), np.asarray(old).dtype)
    elif isinstance(old, np.ndarray):
        array[:] = old
    else:
        array[:] = [old] * size
    array[indices] = new
    return array


def flat(space: Any) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of a parameter space, those of its parts with their names before the dot."""
    for name, value in space.items():
        if isinstance(value, ParameterSpace):
            for inner, part in value.items():
                yield f"{name}.{inner}", part
        else:
            yield name, value


def number_or_array(values: Any) -> Any:
    """Return the number that all values are, or the values."""
    return values if np.ptp(values) else float(values[0])

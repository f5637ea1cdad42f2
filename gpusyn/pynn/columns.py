"""Connections as columns of numbers."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import numpy as np
from pyNN import common

from gpusyn.pynn.state import on_grid, state


class Columns:
    """Connections as columns, which grow by chunks."""

    def __init__(self, names: Any) -> None:
        self.chunks: dict[str, list[Any]] = {name: [] for name in ("pre", "post", *names)}

    def add(self, size: int, values: Mapping[str, Any]) -> None:
        """Add connections; each value is a number or an array."""
        for name, chunks in self.chunks.items():
            kind = np.int64 if name in ("pre", "post") else np.float64
            chunks.append(np.broadcast_to(np.asarray(values[name], kind), size))

    def __getitem__(self, name: str) -> Any:
        chunks = self.chunks[name]
        if len(chunks) != 1 or not chunks[0].flags.writeable:
            kind = np.int64 if name in ("pre", "post") else np.float64
            self.chunks[name] = [np.concatenate([np.empty(0, kind), *chunks])]
        return self.chunks[name][0]

    def __setitem__(self, name: str, values: Any) -> None:
        self.chunks[name] = [values]


def on_steps(delays: Any) -> Any:
    """Return delays as whole steps, the nearest number of them, at least one."""
    steps = np.asarray(delays, np.float64) / state.dt
    rounded = np.maximum(np.floor(steps + 0.5 + 1e-6), 1.0)  # halves up, as NEST does
    return np.where(np.abs(steps - rounded) < 1e-6, delays, on_grid(rounded * state.dt))[()]


def places_of(wanted: Any, among: Any) -> Any:
    """Return the place of each number among others, -1 of those that are not there."""
    order = np.argsort(among)
    found = order[np.minimum(np.searchsorted(among, wanted, sorter=order), len(among) - 1)]
    return np.where(among[found] == wanted, found, -1)


def matrix(values: Any, pre: Any, post: Any, shape: tuple[int, int], multiple: str) -> Any:
    """Return values as a matrix, NaN where there is no connection; those of one pair become one."""
    operation = common.Projection.MULTI_SYNAPSE_OPERATIONS[multiple]
    found = np.full(shape, np.nan)
    if operation is operator.iadd:
        found[pre, post] = 0.0
        np.add.at(found, (pre, post), values)
    elif multiple in ("min", "max"):
        found[pre, post] = values
        (np.minimum if multiple == "min" else np.maximum).at(found, (pre, post), values)
    else:
        order = slice(None) if multiple == "last" else slice(None, None, -1)
        found[pre[order], post[order]] = values[order]
    return found

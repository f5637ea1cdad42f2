"""``kernels/junctions.cuh`` and ``gather_potentials.cu`` in numpy: currents of gap junctions, and their potentials."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.kernels.records import Chunk, read_rows
from gpusyn.kernels.signature import Signature
from gpusyn.numerics.portable_math import flush
from gpusyn.utils.typing import Array


class Row(NamedTuple):
    """The junctions that are the n-th of their neuron: the neurons by place and by id, and the places of junctions."""

    neurons: Array
    ids: Array
    junctions: Array


def prepare_potentials(a: SimpleNamespace, signature: Signature | None) -> list[Chunk]:
    """Return the chunks of the neurons of a group."""
    return read_rows(a.chunks, Chunk, int(a.n_chunks))


def gather_potentials(a: SimpleNamespace, chunks: list[Chunk]) -> None:
    """Write the potential of each neuron by its id."""
    V = flush(a.V[: len(a.rest)] + a.rest)
    for chunk in chunks:
        a.potential[chunk.source : chunk.source + chunk.size] = V[chunk.first : chunk.first + chunk.size]


def prepare_junctions(a: SimpleNamespace) -> list[Row]:
    """Return the first junctions of all neurons, then the second ones, and so on: sums are made in this order."""
    if not int(a.coupled):
        return []
    begin, ids = a.junction_begin, np.zeros(int(a.n), np.int64)
    for chunk in read_rows(a.chunks, Chunk, int(a.n_chunks)):
        ids[chunk.first : chunk.first + chunk.size] = chunk.source + np.arange(chunk.size)
    number, rows = np.diff(begin), []
    for nth in range(int(number.max(initial=0))):
        neurons = np.flatnonzero(number > nth)
        rows.append(Row(neurons, ids[neurons], begin[neurons] + nth))
    return rows


def add_junctions(a: SimpleNamespace, rows: list[Row]) -> None:
    """Add the currents of junctions into the somas of a group."""
    if not int(a.coupled):
        return
    n = int(a.n)
    total = np.zeros(n, a.gathered.dtype)
    for row in rows:
        driving = a.potential[a.junction_other[row.junctions]] - a.potential[row.ids]
        total[row.neurons] = total[row.neurons] + a.junction_conductance[row.junctions] * driving
    a.gathered[:n] = flush(a.gathered[:n] + total)

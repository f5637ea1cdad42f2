"""The integer tables that the kernels read: one named tuple a row, fields as in the kernels' enumerations.

A test compares names and order with the text in ``kernels/``. A field whose name Python needs ends in ``_``.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import get_annotations
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Row = TypeVar("Row")


class Chunk(NamedTuple):
    """Neurons `first` to `first + count` of one signature, all of one population."""

    first: int
    count_: int
    row: int
    row_step: int
    waves: int
    global_: int
    local: int
    rings: int
    drive: int
    drive_end: int
    probe: int
    probe_end: int
    bath: int


class Ring(NamedTuple):
    """Integer sums to come, one input of a target population: `mask` + 1 slots, `stride` apart.

    What all of the population get alike is one number a slot, from `shared` on (-1: nothing).
    """

    base: int
    mask: int
    stride: int
    shared: int
    shared_mask: int


class Probe(NamedTuple):
    """One recorded variable of one neuron, counted from the chunk's first."""

    neuron: int
    variable: int
    receptor: int
    every: int
    trace: int
    column: int
    columns: int


class Bath(NamedTuple):
    """What changes a receptor in time: columns of the waves, place in the table of kinetics (-1: nothing)."""

    scale: int
    magnesium: int
    kinetics: int


class Drive(NamedTuple):
    """Poisson events: private input of a population's neurons, or the spikes of sources."""

    key_low: int
    key_high: int
    input: int
    rate: int
    rate_step: int
    weight: int
    weight_step: int
    wave: int
    waves: int
    cap: int
    start: int
    stop: int


class Source(NamedTuple):
    """Poisson sources `local` to `local + count` of one population."""

    global_: int
    local: int
    count_: int
    drive: int


class Route(NamedTuple):
    """The synapses from sources `source` to `source_end` onto one ring, cut into slices of its targets."""

    source: int
    source_end: int
    rows: int
    words: int
    weights: int
    weight_step: int
    shift: int
    ring: int
    mask: int
    stride: int
    slices: int
    slice_size: int
    payload: int
    payload_step: int
    channels: int
    ring_step: int


class Shared(NamedTuple):
    """Numbers that whole populations get alike, one a slot."""

    base: int
    mask: int


class Gate(NamedTuple):
    """Gates that `count` sources own for one kinetics; their events have ids from `virtual` on."""

    kind: int
    global_: int
    count_: int
    virtual_: int
    state: int
    coef: int
    size: int
    pulse: int
    dead: int
    release: int
    payload: int


class History(NamedTuple):
    """What the transmitter of `count` sources did: a shift register of `bits` bits a step, newest lowest."""

    global_: int
    count_: int
    base: int
    words: int
    bits: int
    pulse: int
    dead: int
    release: int


class Set(NamedTuple):
    """Targets whose synapses own their gates of one receptor: the blocks that add up, and where to."""

    count_: int
    first: int
    sum: int
    distance: int
    block: int
    block_end: int


class Block(NamedTuple):
    """Per-synapse gates of one projection, in rows of the targets."""

    rows: int
    address: int
    weights: int
    weight_step: int
    gates: int
    gate_distance: int
    history: int
    bits: int
    coef: int
    blocker: int
    free: int
    dose: int


def read_rows(table: Array, kind: Callable[..., Row], n: int | None = None) -> list[Row]:
    """The first `n` rows of a flat table (default: all).

    >>> read_rows(np.array([0, 7, 100, 3]), Shared)
    [Shared(base=0, mask=7), Shared(base=100, mask=3)]
    """
    width = len(get_annotations(kind))
    n = table.size // width if n is None else n
    return [kind(*row) for row in np.asarray(table)[: n * width].reshape(n, width).tolist()]

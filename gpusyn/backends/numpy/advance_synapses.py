"""``kernels/advance_synapses.cu`` in numpy: every synapse's gate over one step, and each target's sums.

A float sum has the same order everywhere: synapse j of a row adds to partial sum j % 32, in order; then the 32 partial
sums are added in halves.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.backends.numpy.spikes import step_of
from gpusyn.equations.blocker import BlockerCoefficients, Free, unblocked
from gpusyn.equations.coefficients import read
from gpusyn.equations.kinetics.base import SynapseGate
from gpusyn.kernels.records import SynapseBlock, SynapseSet, read_rows
from gpusyn.kernels.signature import Signature
from gpusyn.kernels.synapse_words import split_address
from gpusyn.numerics.portable_math import flush
from gpusyn.utils.typing import Array

LANES = 32


class Lanes(NamedTuple):
    """The places of the synapses of a block when rows are cut into passes of 32; all first passes come first.

    BlockRows are ordered by decreasing number of passes, so that pass p consists of the first ``active[p]`` rows.
    """

    order: Array  # place -> row
    active: list[int]
    place: Array  # synapse -> place in the padded sequence


def plan_lanes(length: Array) -> Lanes:
    """Return the lanes of rows of given lengths."""
    passes = -(-length // LANES)
    order = np.argsort(-passes, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    active = np.array([np.count_nonzero(passes > p) for p in range(int(passes.max(initial=0)))], np.int64)
    first = np.cumsum(active) - active
    row = np.repeat(np.arange(length.size), length)
    within = np.arange(row.size) - (np.cumsum(length) - length)[row]
    place = (first[within // LANES] + rank[row]) * LANES + within % LANES
    return Lanes(order, active.tolist(), place)


def lane_sums(values: Array, lanes: Lanes) -> Array:
    """Return the sum of each row."""
    # Padding with +0 changes no bit: a partial sum starts at +0 and so is never -0.
    padded = np.zeros((sum(lanes.active), LANES), values.dtype)
    padded.reshape(-1)[lanes.place] = values
    partial = np.zeros((lanes.order.size, LANES), values.dtype)
    start = 0
    for active in lanes.active:
        partial[:active] += padded[start : start + active]
        start += active
    half = LANES // 2
    while half:
        partial = partial[:, :half] + partial[:, half:]
        half //= 2
    total = np.empty(lanes.order.size, values.dtype)
    total[lanes.order] = partial[:, 0]
    return total


class BlockRows(NamedTuple):
    """A block with its synapses' places in the sources' histories and lanes, and views of its weights and gates."""

    block: SynapseBlock
    word: Array
    bit: Array
    weight: Array
    x: list[Array]
    free: Free | None
    lanes: Lanes
    components: int  # number of components of each gate


Sets = list[tuple[SynapseSet, list[BlockRows]]]


def prepare_synapses(gate: SynapseGate, a: SimpleNamespace, signature: Signature | None) -> Sets:
    """Return the tables, the addresses and the coefficients of one struct of gates."""
    blocks = read_rows(a.blocks, SynapseBlock)
    sets = read_rows(a.sets, SynapseSet, int(a.n_sets))
    return [(s, [_rows(gate, a, block, s.size) for block in blocks[s.block : s.block_end]]) for s in sets]


def _rows(gate: SynapseGate, a: SimpleNamespace, b: SynapseBlock, count: int) -> BlockRows:
    components = gate.components(a.coef[b.coef :])
    begin = a.row_begin[b.rows : b.rows + count + 1]
    first, stop = int(begin[0]), int(begin[-1])
    word, bit = split_address(a.address[b.address + first : b.address + stop].astype(np.int64))
    weights = a.weights[b.weights :]

    def state(at: int) -> Array:
        view: Array = a.gates[b.gates + at + first : b.gates + at + stop]
        return view

    return BlockRows(
        b,
        word,
        bit.astype(np.uint32),
        weights[first * b.weight_step : stop * b.weight_step : b.weight_step] if b.weight_step else weights[:1],
        [state(k * b.gate_step) for k in range(gate.states(components))],
        Free(*(state(b.free + k * b.gate_step) for k in range(2))) if b.blocker >= 0 else None,
        plan_lanes(np.diff(begin)),
        components,
    )


def advance_synapses(gate: SynapseGate, a: SimpleNamespace, prepared: Sets) -> None:
    """Advance the gates of all synapses, and form the sums of each target."""
    for s, blocks in prepared:
        mean_sum = np.zeros(s.size, a.synaptic.dtype)
        end_sum = np.zeros(s.size, a.synaptic.dtype)
        for rows in blocks:
            b = rows.block
            sent = (a.history[b.history + rows.word] >> rows.bit) & np.uint32((1 << b.bits) - 1)
            c = read(gate.C, a.coef[b.coef :], rows.components)
            extra, end = gate.step(c, sent, rows.x)
            if rows.free is not None:
                each, wave = (
                    gate.average(c, extra, end),
                    a.waves[step_of(a).local * int(a.n_waves) :],
                )
                own, before = slice(s.first, s.first + s.size), rows.free.U.copy()
                lengths = np.diff(a.row_begin[b.rows : b.rows + s.size + 1])
                blocker, dose = read(BlockerCoefficients, a.coef[b.blocker :]), wave[b.dose]
                free = unblocked(blocker, a.V[own], a.rest[own], dose, lengths, each, rows.free)
                rows.free.U[:], rows.free.lost[:] = free
                half = a.coef.dtype.type(0.5) * (before + free.U)
                mean_sum = mean_sum + lane_sums(rows.weight * (half * each), rows.lanes)
                end_sum = end_sum + lane_sums(rows.weight * (free.U * end), rows.lanes)
                continue
            end_row = lane_sums(rows.weight * end, rows.lanes)
            mean_sum = mean_sum + gate.average(c, lane_sums(rows.weight * extra, rows.lanes), end_row)
            end_sum = end_sum + end_row
        a.synaptic[s.synaptic : s.synaptic + s.size] = flush(mean_sum)
        a.synaptic[s.synaptic + s.synaptic_step : s.synaptic + s.synaptic_step + s.size] = flush(end_sum)

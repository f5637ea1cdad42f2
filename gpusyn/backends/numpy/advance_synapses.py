"""``kernels/advance_synapses.cu`` in numpy: every synapse's gate over one step, and each target's sums.

A float sum has the same order everywhere: synapse j of a row adds to partial sum j % 32, in order; then the 32 partial
sums are added in halves.
"""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.backends.numpy import pieces
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
    """Rows of a block: their synapses' places in the sources' histories and lanes, views of their weights and gates."""

    block: SynapseBlock
    word: Array
    bit: Array
    weight: Array
    x: list[Array]
    free: Free | None
    lengths: Array
    lanes: Lanes
    components: int  # number of components of each gate


class Targets(NamedTuple):
    """Consecutive targets of a set: the set, its blocks, and the targets' bounds."""

    set: SynapseSet
    blocks: list[SynapseBlock]
    start: int
    stop: int


def prepare_synapses(gate: SynapseGate, a: SimpleNamespace, signature: Signature | None) -> list[Targets]:
    """Return the sets of one struct of gates, cut into targets of not many synapses."""
    blocks, found = read_rows(a.blocks, SynapseBlock), []
    for s in read_rows(a.sets, SynapseSet, int(a.n_sets)):
        own = blocks[s.block : s.block_end]
        ends = sum((a.row_begin[b.rows + 1 : b.rows + s.size + 1].astype(np.int64) for b in own), np.zeros(s.size, int))
        cuts = np.searchsorted(ends, np.arange(pieces.SYNAPSES, int(ends[-1]) if s.size else 0, pieces.SYNAPSES))
        bounds = np.unique([0, *cuts, s.size]).tolist()
        found += [Targets(s, own, *bound) for bound in itertools.pairwise(bounds)]
    return found


def _rows(gate: SynapseGate, a: SimpleNamespace, b: SynapseBlock, t: Targets) -> BlockRows:
    components = gate.components(a.coef[b.coef :])
    begin = a.row_begin[b.rows + t.start : b.rows + t.stop + 1]
    first, stop = int(begin[0]), int(begin[-1])
    word, bit = split_address(a.address[b.address + first : b.address + stop].astype(np.int64))
    weights, lengths = a.weights[b.weights :], np.diff(begin)

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
        lengths,
        plan_lanes(lengths),
        components,
    )


def advance_synapses(gate: SynapseGate, a: SimpleNamespace, prepared: list[Targets]) -> None:
    """Advance the gates of all synapses, and form the sums of each target."""
    for t in prepared:
        s, size = t.set, t.stop - t.start
        mean_sum = np.zeros(size, a.synaptic.dtype)
        end_sum = np.zeros(size, a.synaptic.dtype)
        for b in t.blocks:
            rows = _rows(gate, a, b, t)
            sent = (a.history[b.history + rows.word] >> rows.bit) & np.uint32((1 << b.bits) - 1)
            c = read(gate.C, a.coef[b.coef :], rows.components)
            extra, end = gate.step(c, sent, rows.x)
            if rows.free is not None:
                each, wave = (
                    gate.average(c, extra, end),
                    a.waves[step_of(a).local * int(a.n_waves) :],
                )
                own, before = slice(s.first + t.start, s.first + t.stop), rows.free.U.copy()
                blocker, dose = read(BlockerCoefficients, a.coef[b.blocker :]), wave[b.dose]
                free = unblocked(blocker, a.V[own], a.rest[own], dose, rows.lengths, each, rows.free)
                rows.free.U[:], rows.free.lost[:] = free
                half = a.coef.dtype.type(0.5) * (before + free.U)
                mean_sum = mean_sum + lane_sums(rows.weight * (half * each), rows.lanes)
                end_sum = end_sum + lane_sums(rows.weight * (free.U * end), rows.lanes)
                continue
            end_row = lane_sums(rows.weight * end, rows.lanes)
            mean_sum = mean_sum + gate.average(c, lane_sums(rows.weight * extra, rows.lanes), end_row)
            end_sum = end_sum + end_row
        first = s.synaptic + t.start
        a.synaptic[first : first + size] = flush(mean_sum)
        a.synaptic[first + s.synaptic_step : first + s.synaptic_step + size] = flush(end_sum)

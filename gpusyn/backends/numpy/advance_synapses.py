"""``kernels/advance_synapses.cu`` in numpy: every synapse's gate over one step, and each target's sums.

A float sum has one shape everywhere: synapse j of a row adds to partial sum j % 32, in order; then the
32 partial sums fold in halves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.backends.numpy.spikes import step_of
from gpusyn.kernels.records import Array, SynapseBlock, SynapseSet, read_rows
from gpusyn.kernels.signature import Signature
from gpusyn.kernels.synapse_words import split_address
from gpusyn.numerics.portable_math import exp, expm1, flush

LANES = 32

# A gate: c, what the transmitter does, states -> what adds to the mean over the coming step, value at its end
Gate = Callable[[Array, Array, Sequence[Array]], tuple[Array, Array]]


def first_order(c: Array, pulse: Array, x: Sequence[Array]) -> tuple[Array, Array]:
    """First order: r relaxes to r_inf while the transmitter is there, else to 0 (Destexhe et al. 1994).

    Without transmitter the mean over a step is a multiple of the gate at its end; what synapses that are on add to
    that is `extra`.
    c = P_on, r_inf (1 - P_on), P_off, mean/end when off, extra when on: constant, of r.
    """
    (r,), on, zero = x, pulse != 0, c.dtype.type(0)
    extra = np.where(on, c[4] + c[5] * r, zero)
    r[:] = flush(np.where(on, c[0], c[2]) * r + np.where(on, c[1], zero))
    return extra, r


def exponential(c: Array, events: Array, x: Sequence[Array]) -> tuple[Array, Array]:
    """One jump an event, dg/dt = -g / tau; c = P, mean, jump."""
    (g,) = x
    mean = c[1] * g
    g[:] = flush(c[0] * g + c[2] * events.astype(np.int32).astype(g.dtype))
    return mean, g


def rising(c: Array, events: Array, x: Sequence[Array]) -> tuple[Array, Array]:
    """Alpha and dual exponential; c = P_g, P_gh, P_h, mean_g, mean_h, jump."""
    g, h = x
    mean = c[3] * g + c[4] * h
    g[:] = flush(c[0] * g + c[1] * h)
    h[:] = flush(c[2] * h + c[5] * events.astype(np.int32).astype(h.dtype))
    return mean, g


def jump(c: Array, events: Array, x: Sequence[Array]) -> tuple[Array, Array]:
    """S decays, and jumps by k0 + k1 S at each event; c = mean, P, k0, k1."""
    (S,) = x
    mean, end = c[0] * S, c[1] * S
    for k in range(int(events.max(initial=0))):
        end = np.where(events > k, end + (c[2] + c[3] * end), end)
    S[:] = flush(end)
    return mean, S


def growth(g: Array, S: Array, x: Array) -> Array:
    """What x adds in a step to S (Wang 1999), in closed form; g = P, P_x, y of x, head, number of ratios, ratios."""
    one, y = g.dtype.type(1), g[2] * x
    lost, series = expm1(-y), np.full_like(x, one)
    for k in reversed(range(int(g[4]))):
        series = one + y * g[5 + k] * series
    gain = flush(g[0] * (lost * S + (lost + one) * (y * g[3] * series)))
    grown: Array = np.where(x > 0, gain, g.dtype.type(0))
    return grown


def saturating(c: Array, events: Array, states: Sequence[Array]) -> tuple[Array, Array]:
    """S grows by x, which jumps by 1 at each event (Wang 1999); c = mean, those of growth."""
    S, x = states
    gain = growth(c[1:], S, x)
    mean = c[0] * S + c.dtype.type(0.5) * gain
    S[:] = flush(c[1] * S + gain)
    x[:] = flush(c[2] * x + events.astype(np.int32).astype(x.dtype))
    return mean, S


def markov(c: Array, pulse: Array, y: Sequence[Array]) -> tuple[Array, Array]:
    """Any number of states; c = m, on (m x m), off (m x m), drive, mean_on, mean_off (m each), mean_drive."""
    m, on, zero = int(c[0]), pulse != 0, c.dtype.type(0)
    drive = 1 + 2 * m * m
    mean = np.where(on, c[drive + 3 * m], zero)
    for k in range(m):
        mean = mean + np.where(on, c[drive + m + k], c[drive + 2 * m + k]) * y[k]
    new = []
    for i in range(m):
        total = np.where(on, c[drive + i], zero)
        for k in range(m):
            total = total + np.where(on, c[1 + i * m + k], c[1 + m * m + i * m + k]) * y[k]
        new.append(flush(total))
    for state, value in zip(y, new, strict=True):
        state[:] = value
    return mean, y[0]


def opened(G: Array, n: int, K_d: Array) -> Array:
    """Channels that n G proteins open: G^n / (G^n + K_d)."""
    power = np.ones_like(G)
    for _ in range(n):
        power = power * G
    fraction: Array = power / (power + K_d)
    return fraction


def g_protein(c: Array, pulse: Array, x: Sequence[Array]) -> tuple[Array, Array]:
    """G-protein cascade; c = R from R, R from 1, G from R, G from G, G from 1, on and off; n, K_d."""
    (R, G), on = x, pulse != 0
    R_R, R_1, G_R, G_G, G_1 = (np.where(on, c[k], c[5 + k]) for k in range(5))
    before = flush(opened(G, int(c[10]), c[11]))
    G[:] = flush(G_R * R + G_G * G + G_1)
    R[:] = flush(R_R * R + R_1)
    end = flush(opened(G, int(c[10]), c[11]))
    return c.dtype.type(0.5) * (before + end), end


class Lanes(NamedTuple):
    """Where each synapse of a block stands when rows are cut into passes of 32, all first passes first.

    Rows are ordered by falling number of passes, so that pass p consists of the first ``active[p]`` rows.
    """

    order: Array  # place -> row
    active: list[int]
    place: Array  # synapse -> place in the padded sequence


def plan_lanes(length: Array) -> Lanes:
    """The lanes of rows of given lengths."""
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
    """The sum of each row."""
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


class Rows(NamedTuple):
    """A block with its synapses' places in the sources' histories and lanes, and views of its weights and gates."""

    block: SynapseBlock
    word: Array
    bit: Array
    weight: Array
    x: list[Array]
    free: Array | None
    lanes: Lanes


Sets = list[tuple[SynapseSet, list[Rows]]]


def prepare_synapses(a: SimpleNamespace, signature: Signature | None) -> Sets:
    """Read the tables and the addresses of gates with one state."""
    return _prepare(a, lambda c: 1)


def prepare_two(a: SimpleNamespace, signature: Signature | None) -> Sets:
    """Read the tables and the addresses of gates with two states."""
    return _prepare(a, lambda c: 2)


def prepare_markov(a: SimpleNamespace, signature: Signature | None) -> Sets:
    """Read the tables and the addresses of gates that say how many states they have."""
    return _prepare(a, lambda c: int(c[0]))


def _prepare(a: SimpleNamespace, states: Callable[[Array], int]) -> Sets:
    blocks = read_rows(a.blocks, SynapseBlock)
    sets = read_rows(a.sets, SynapseSet, int(a.n_sets))
    return [
        (s, [_rows(a, block, s.size, states(a.coef[block.coef :])) for block in blocks[s.block : s.block_end]])
        for s in sets
    ]


def _rows(a: SimpleNamespace, b: SynapseBlock, count: int, states: int) -> Rows:
    begin = a.row_begin[b.rows : b.rows + count + 1]
    first, stop = int(begin[0]), int(begin[-1])
    word, bit = split_address(a.address[b.address + first : b.address + stop].astype(np.int64))
    weights = a.weights[b.weights :]
    return Rows(
        b,
        word,
        bit.astype(np.uint32),
        weights[first * b.weight_step : stop * b.weight_step : b.weight_step] if b.weight_step else weights[:1],
        [a.gates[b.gates + at + first : b.gates + at + stop] for at in (k * b.gate_step for k in range(states))],
        a.gates[b.gates + b.free + first : b.gates + b.free + stop] if b.blocker >= 0 else None,
        plan_lanes(np.diff(begin)),
    )


def unblocked(c: Array, v: Array, rest: Array, dose: Array, lengths: Array, mean: Array, U: Array) -> Array:
    """Fraction of each synapse's channels that a drug leaves free after the step (Woodhull 1973; Huettner, Bean 1988).

    c = z delta F/RT, V0, k_off dt, share of unbinding from closed channels; v, rest and lengths by row.
    """
    one = c.dtype.type(1)
    unbind = np.repeat(c[2] * exp(c[0] * ((v + rest) - c[1])), lengths)
    opened = np.where(mean < one, mean, one)
    bind = dose * opened
    leave = unbind * (c[3] + (one - c[3]) * opened)
    rate = bind + leave
    target = np.where(rate > 0, leave / np.where(rate > 0, rate, one), U)
    after: Array = flush(U + (U - target) * expm1(-rate))
    return after


def _advance(a: SimpleNamespace, plan: Sets, gate: Gate, mean: Callable[[Array, Array, Array], Array]) -> None:
    for s, blocks in plan:
        mean_sum = np.zeros(s.size, a.synaptic.dtype)
        end_sum = np.zeros(s.size, a.synaptic.dtype)
        for rows in blocks:
            b = rows.block
            c = a.coef[b.coef :]
            sent = (a.history[b.history + rows.word] >> rows.bit) & np.uint32((1 << b.bits) - 1)
            extra, end = gate(c, sent, rows.x)
            if rows.free is not None:
                each, wave = mean(c, extra, end), a.waves[step_of(a).local * int(a.n_waves) :]
                own, before = slice(s.first, s.first + s.size), rows.free.copy()
                lengths = np.diff(a.row_begin[b.rows : b.rows + s.size + 1])
                blocker, dose = a.coef[b.blocker :], wave[b.dose]
                rows.free[:] = unblocked(blocker, a.V[own], a.rest[own], dose, lengths, each, before)
                half = c.dtype.type(0.5) * (before + rows.free)
                mean_sum = mean_sum + lane_sums(rows.weight * (half * each), rows.lanes)
                end_sum = end_sum + lane_sums(rows.weight * (rows.free * end), rows.lanes)
                continue
            end_row = lane_sums(rows.weight * end, rows.lanes)
            mean_sum = mean_sum + mean(c, lane_sums(rows.weight * extra, rows.lanes), end_row)
            end_sum = end_sum + end_row
        a.synaptic[s.sum : s.sum + s.size] = flush(mean_sum)
        a.synaptic[s.sum + s.sum_step : s.sum + s.sum_step + s.size] = flush(end_sum)


def _only_extra(c: Array, extra: Array, end: Array) -> Array:
    return extra


def advance_first_order(a: SimpleNamespace, plan: Sets) -> None:
    """First-order gates: the pulse that arrives at the start of a step acts during it."""
    _advance(a, plan, first_order, lambda c, extra, end: c[3] * end + extra)


def advance_exponential(a: SimpleNamespace, plan: Sets) -> None:
    """Exponential gates: events that arrive at the end of a step are added then, undecayed."""
    _advance(a, plan, exponential, _only_extra)


def advance_rising(a: SimpleNamespace, plan: Sets) -> None:
    """Rising gates: as exponential ones, the events go to h."""
    _advance(a, plan, rising, _only_extra)


def advance_jump(a: SimpleNamespace, plan: Sets) -> None:
    """Gates that jump and saturate."""
    _advance(a, plan, jump, _only_extra)


def advance_saturating(a: SimpleNamespace, plan: Sets) -> None:
    """Gates that rise and saturate: the events go to x."""
    _advance(a, plan, saturating, _only_extra)


def advance_markov(a: SimpleNamespace, plan: Sets) -> None:
    """Channels with any number of states under pulses."""
    _advance(a, plan, markov, _only_extra)


def advance_g_protein(a: SimpleNamespace, plan: Sets) -> None:
    """G-protein cascades under pulses."""
    _advance(a, plan, g_protein, _only_extra)

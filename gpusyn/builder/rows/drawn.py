"""From rules to rows: draws the synapses of a projection and sorts them into the two forms that kernels read.

Event-driven rows belong to sources, sorted by (source, target, creation); per-synapse rows belong to targets, sorted by
(target, source, creation). Duplicates keep the order in which they were created.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.layout import Block, Layout, same_ids
from gpusyn.connectivity.distance_delay import DistanceDelay
from gpusyn.errors import ParameterError
from gpusyn.network.projections import Projection, Ratio
from gpusyn.numerics.rng import Stream, StreamPurpose, stream_key
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.scalars import show
from gpusyn.parameters.values import check_drawn

Integers = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]


class Synapses(NamedTuple):
    """A drawn projection in creation order: positions in the selections, delay in steps, weight of each receptor.

    A delay or weight that all synapses share is a number.
    """

    pre: Integers
    post: Integers
    delay: Integers | int
    weights: dict[str, Floats | float]

    def take(self, index: Any) -> Synapses:
        """The synapses at `index`."""
        delay = self.delay[index] if isinstance(self.delay, np.ndarray) else self.delay
        weights = {k: w[index] if isinstance(w, np.ndarray) else w for k, w in self.weights.items()}
        return Synapses(self.pre[index], self.post[index], delay, weights)


def draw_synapses(projection: Projection, layout: Layout, seed: int) -> Synapses:
    """Draw one projection; its streams are keyed by its name alone."""
    name = projection.name
    stream = Stream(stream_key(seed, StreamPurpose.CONNECT, name))
    pre, post = np.zeros(0, np.int64), np.zeros(0, np.int64)
    if any(block.listed for block in layout.blocks if block.projection is projection):
        sizes = projection.pre.size, projection.post.size
        pre, post = projection.rule.draw(*sizes, stream, same_ids(layout, projection))
    drawn = any(isinstance(x, Distribution) for x in (*projection.weights.values(), projection.delay))
    creation = np.arange(len(pre)) if drawn else np.broadcast_to(0, len(pre))  # an index only where one is drawn by
    weights: dict[str, Floats | float] = {}
    for receptor, given in projection.weights.items():
        key = stream_key(seed, StreamPurpose.WEIGHT, f"{name}\0{receptor}")
        weights[receptor] = _weight(projection, receptor, given, key, creation, weights)
    delay = _delay(projection, layout.dt, stream_key(seed, StreamPurpose.DELAY, name), creation, pre, post)
    return Synapses(pre, post, delay, weights)


def _weight(
    projection: Projection,
    receptor: str,
    given: Any,
    key: int,
    creation: Integers,
    known: dict[str, Floats | float],
) -> Floats | float:
    where = f"Projection '{projection.name}'.weight['{receptor}']"
    if isinstance(given, Ratio):
        base = known.get(given.receptor)
        if base is None:
            base = _weight(projection, given.receptor, projection.weights[given.receptor], key, creation, known)
        return base * given.factor
    if isinstance(given, Distribution):
        drawn = given.draw(Stream(key), creation)
        receptors = projection.post.parts[0][0].receptors
        if not next(r for r in receptors if r.name == receptor).is_current:
            check_drawn(drawn, where, unit="nS", low=0.0)
        return drawn
    if isinstance(given, np.ndarray):
        if len(given) != len(creation):
            raise ParameterError(
                f"{where}: must have one value a synapse, {len(creation)} in all (got {show(given)}); "
                "the order is that of creation: give a distribution, or FromArrays with weights of its length"
            )
        return given
    return float(given)


def _delay(
    projection: Projection, dt: float, key: int, creation: Integers, pre: Integers, post: Integers
) -> Integers | int:
    given = projection.delay
    if isinstance(given, DistanceDelay):
        return _on_grid(given.between(pre, post), dt)
    if isinstance(given, Distribution):
        return _on_grid(given.draw(Stream(key), creation), dt)
    if isinstance(given, np.ndarray):
        if len(given) != len(creation):
            raise ParameterError(
                f"Projection '{projection.name}'.delay: must have one value a synapse, {len(creation)} in all "
                f"(got {len(given)}); the order is that of creation"
            )
        return np.rint(given / dt).astype(np.int32)
    return round(given / dt)


def _on_grid(delays: Floats, dt: float) -> Integers:
    """Whole steps, at least one."""
    return np.maximum(np.rint(delays / dt), 1).astype(np.int32)


def part_of(synapses: Synapses, block: Block) -> Synapses:
    """The synapses of one block, with local ids of its two populations in place of positions."""
    projection = block.projection
    sides = []
    inside: Any = slice(None)
    for selection, part, positions in (
        (projection.pre, block.pre_part, synapses.pre),
        (projection.post, block.post_part, synapses.post),
    ):
        start = sum(len(ids) for _, ids in selection.parts[:part])
        ids = selection.parts[part][1]
        if len(selection.parts) > 1:
            mask = (positions >= start) & (positions < start + len(ids))
            inside = mask if isinstance(inside, slice) else inside & mask
        sides.append((start, ids))
    chosen = synapses.take(inside)
    pre, post = (_local(ids, p, start) for (start, ids), p in zip(sides, (chosen.pre, chosen.post), strict=True))
    return chosen._replace(pre=pre, post=post)


def _local(ids: Integers, positions: Integers, start: int) -> Integers:
    """Local ids of positions in a part that begins at `start`; most parts are contiguous, which needs no table."""
    if len(ids) and int(ids[-1]) - int(ids[0]) == len(ids) - 1:
        shift = int(ids[0]) - start
        return positions + positions.dtype.type(shift) if shift else positions
    found: Integers = ids[positions - start]
    return found


class Rows(NamedTuple):
    """Sorted synapses: `begin` bounds each row's parts in `word`, `order` gives the synapse behind each word."""

    begin: NDArray[np.int64]
    word: NDArray[np.uint32]
    order: Any


def source_rows(part: Synapses, block: Block) -> Rows:
    """Rows of the sources in the block's range, each cut into the slices of the target."""
    first, end = block.pre_range
    post = block.post
    order = _sorted(part.pre, part.post, post.size)
    pre, target, delay = part.pre[order], part.post[order], _at(part.delay, order)
    piece = target // post.slice_size
    cell = (pre.astype(np.int64) - first) * post.slices + piece
    begin = _bounds(cell, (end - first) * post.slices)
    local = (target - piece * post.slice_size).astype(np.uint32)
    return Rows(begin, local | np.left_shift(np.asarray(delay, np.uint32), np.uint32(16), dtype=np.uint32), order)


def shared_rows(block: Block, delay: int) -> Rows:
    """Rows of a block whose targets all get the same: each source has one word, for all of them."""
    first, end = block.pre_range
    ids = np.asarray(block.projection.pre.parts[block.pre_part][1])
    begin = _bounds(ids - first, end - first)
    return Rows(begin, np.full(len(ids), delay << 16, np.uint32), slice(None))


def own_rows(block: Block, delay: int) -> Rows:
    """Rows with which the sources of a shared block reach themselves, to take back what they are not to get."""
    ids = block.own_ids.astype(np.int64)
    return source_rows(Synapses(ids, ids, delay, {}), block)


def target_rows(part: Synapses, block: Block, bits: int, words: int, lag: int) -> Rows:
    """Rows of all targets of the block's target population.

    A synapse's word is the place in its source's history, `words` words of `bits` bits a step, that its delay less
    `lag` steps has reached.
    """
    order = _sorted(part.post, part.pre, block.pre.size)
    pre, target, delay = part.pre[order], part.post[order], _at(part.delay, order)
    begin = _bounds(target.astype(np.int64), block.post.size)
    word = pre.astype(np.uint32) * np.uint32(32 * words) + np.asarray((delay - lag) * bits, np.uint32)
    return Rows(begin, word, order)


def _at(delay: Integers | int, order: Any) -> Any:
    return delay[order].astype(np.int64) if isinstance(delay, np.ndarray) else delay


def _sorted(major: Integers, minor: Integers, n_minor: int) -> Any:
    """Stable order by (major, minor); nothing is moved where it is sorted already, as most rules draw it."""
    key = major.astype(np.int64) * max(n_minor, 1)
    key += minor
    if len(key) < 2 or bool(np.all(key[1:] >= key[:-1])):
        return slice(None)
    return np.argsort(key, kind="stable")


def _bounds(cell: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    begin = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(cell, minlength=n), out=begin[1:])
    return begin

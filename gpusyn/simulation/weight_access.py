"""Reading and replacing the weights of a projection where the backend keeps them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.fixed_point import weight_range
from gpusyn.builder.layout import Block
from gpusyn.builder.rows.tables import Stored
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.network.projections import Projection
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import one_of
from gpusyn.parameters.units import as_floats

Array = NDArray[Any]


class Weights(NamedTuple):
    """Synapses of a projection, sorted by (pre, post, creation).

    Attributes
    ----------
    pre, post : ndarray of int64, positions in the projection's selections
    weight : ndarray (nS or pA), or a dict of them by receptor
    delay : ndarray (ms)
    """

    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    weight: Any
    delay: NDArray[np.float64]


class _Part(NamedTuple):
    """One stored block: positions of its synapses, delay in steps, and its weights' place."""

    stored: Stored
    pre: Array
    post: Array
    delay: Array


def read_weights(compiled: Compiled, session: Session, projection: Projection, receptor: str | None) -> Weights:
    """Synapses with their present weights."""
    names = list(projection.weights)
    wanted = names if receptor is None else [one_of(receptor, names, f"Projection '{projection.name}'.receptor")]
    weight: dict[str, Array] = {}
    for name in wanted:
        parts = _parts(compiled, session, projection, name)
        order, pre, post, delay = _order(parts)
        weight[name] = np.concatenate([_weights(compiled, session, p) for p in parts])[order]
    single = len(wanted) == 1
    return Weights(pre, post, weight[wanted[0]] if single else weight, delay * compiled.layout.dt)


def _parts(compiled: Compiled, session: Session, projection: Projection, receptor: str) -> list[_Part]:
    found = [s for s in compiled.synapses.stored if s.block.projection is projection and s.receptor == receptor]
    return [_unpack(s, session) for s in found]


def _unpack(s: Stored, session: Session) -> _Part:
    if s.shared:
        return _unpack_shared(s, session)
    begin = session.read(s.prefix + "row_begin", s.begin, s.begin + s.rows + 1)
    row = np.repeat(np.arange(s.rows), np.diff(begin))
    word: Array = session.read(s.prefix + ("address" if s.synaptic else "words"), s.words, s.words + int(begin[-1]))
    block = s.block
    pre: Array
    post: Array
    delay: Array
    if s.synaptic:
        h = s.history
        assert h is not None
        pre, post = word // np.uint32(32 * h.words), row
        delay = word % np.uint32(32 * h.words) // np.uint32(h.bits) + np.uint32(0 if h.pulse else 1)
    else:
        pre = row // block.post.slices + block.pre_range[0]
        post = (word & 0xFFFF) + (row % block.post.slices) * block.post.slice_size
        delay = word >> 16
    return _Part(s, *_positions(block, pre, post), delay)


def _unpack_shared(s: Stored, session: Session) -> _Part:
    """All pairs of a block that keeps one word a source."""
    block = s.block
    first = session.read("words", s.words, s.words + 1)
    pre = np.repeat(np.asarray(block.projection.pre.parts[block.pre_part][1]), block.post.size)
    post = np.tile(np.arange(block.post.size), len(pre) // block.post.size)
    if len(block.own_ids):
        others = pre != post
        pre, post = pre[others], post[others]
    return _Part(s, *_positions(block, pre, post), np.full(len(pre), int(first[0]) >> 16 if len(first) else 0))


def _positions(block: Block, pre: Array, post: Array) -> tuple[Array, Array]:
    """Positions in the projection's selections of local ids of the block's populations."""
    projection = block.projection
    sides = []
    for selection, part, local in (
        (projection.pre, block.pre_part, pre),
        (projection.post, block.post_part, post),
    ):
        start = sum(len(ids) for _, ids in selection.parts[:part])
        sides.append(start + np.searchsorted(np.asarray(selection.parts[part][1]), local.astype(np.int64)))
    return sides[0], sides[1]


def _order(parts: list[_Part]) -> tuple[Array, Array, Array, Array]:
    """Canonical order of the blocks' synapses one after the other, and their columns in it."""
    pre, post, delay = (np.concatenate([getattr(p, name) for p in parts]) for name in ("pre", "post", "delay"))
    order = np.lexsort((post, pre))
    return order, pre[order], post[order], delay[order].astype(np.float64)


def _weights(compiled: Compiled, session: Session, part: _Part) -> Array:
    s = part.stored
    stored = session.read(s.prefix + "weights", s.weights, s.weights + (1 if s.constant else len(part.pre)))
    out = np.ldexp(stored.astype(np.float64), s.exponent) if not s.synaptic else stored.astype(np.float64)
    return np.broadcast_to(out, len(part.pre)) if s.constant else out


def write_weights(
    compiled: Compiled, session: Session, projection: Projection, receptor: str | None, given: Any
) -> None:
    """Replace weights, given in canonical order."""
    names = list(projection.weights)
    if isinstance(given, dict):
        for name, part in given.items():
            write_weights(compiled, session, projection, one_of(name, names, "Simulator.set_weights()"), part)
        return
    where = f"Simulator.set_weights('{projection.name}')"
    if receptor is None and len(names) > 1:
        raise ParameterError(f"{where}: drives {', '.join(names)}; name one with receptor=, or give a dict")
    name = names[0] if receptor is None else one_of(receptor, names, f"{where}.receptor")
    parts = _parts(compiled, session, projection, name)
    order = _order(parts)[0]
    new = _checked(given, projection, name, len(order), where)
    if any(p.stored.constant for p in parts):
        raise ParameterError(
            f"{where}: all its synapses share one weight, stored once; declare w_max= when connecting to make "
            "room for changes"
        )
    unsorted = np.empty(len(order))
    unsorted[order] = new
    start = 0
    for p in parts:
        s, own = p.stored, unsorted[start : start + len(p.pre)]
        start += len(p.pre)
        numbers = compiled.layout.numbers
        values = (
            own.astype(numbers.real_dtype)
            if s.synaptic
            else np.rint(np.ldexp(own, -s.exponent)).astype(numbers.weight_dtype)
        )
        session.write(s.prefix + "weights", values, s.weights)


def _checked(given: Any, projection: Projection, receptor: str, count: int, where: str) -> Array:
    largest = weight_range(projection, receptor)[2]
    is_current = next(r for r in projection.post.parts[0][0].receptors if r.name == receptor).is_current
    room = "declare a larger w_max= when connecting"
    limits = Limits(
        unit="pA" if is_current else "nS",
        low=-largest if is_current else 0.0,
        high=largest,
        if_low=room if is_current else "inhibition is the receptor's E_rev and not a sign",
        if_high=room,
    )
    words = f"must be {limits.words()}, or an array (one per synapse, in the order of Simulator.weights())"
    if isinstance(given, Distribution):
        raise ArgumentError(f"{where}: {words} (got {given!r}); draw {count} values with numpy and give them")
    array = as_floats(given, where, limits.unit, words)
    if array.ndim == 0:
        limits.check(array.reshape(1), where)
        return np.full(count, float(array))
    if array.shape != (count,):
        size = f"{len(array)} values" if array.ndim == 1 else f"an array of shape {array.shape}"
        raise ParameterError(f"{where}: {words}; here {count} synapses (got {size})")
    limits.check(array, where)
    return array

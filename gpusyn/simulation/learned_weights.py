"""Weights that learn, as they are between two runs: read, replaced, and drawn again.

On the device, postsynaptic spikes change a weight only when the synapse is visited. Here, a copy of it is visited.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.backends.numpy import learn_weights as twin
from gpusyn.backends.numpy.lessons import Lesson
from gpusyn.builder.compile import Compiled
from gpusyn.builder.plasticity.calcium import is_noisy
from gpusyn.builder.plasticity.learning import LEARNING
from gpusyn.builder.plasticity.modulators import is_modulated
from gpusyn.builder.plasticity.spines import has_spines
from gpusyn.builder.plasticity.trains import is_taught
from gpusyn.builder.rows.stored import StoredSegments, StoredWeights
from gpusyn.builder.rows.unpacked import segment_bounds, unpack
from gpusyn.kernels.arrays import bindings
from gpusyn.kernels.records import Clock
from gpusyn.kernels.synapse_words import late_bytes
from gpusyn.simulation.spine_access import forget_rest
from gpusyn.utils.typing import Array

_OF_SYNAPSES = ("segment_begin", "segment_sizes", "targets", "late", "weights")


def learns(stored: StoredWeights) -> bool:
    """Return whether the weights of some synapses change for good."""
    return isinstance(stored, StoredSegments) and stored.receptor == stored.bundle.learns


def _is_taught(stored: StoredWeights) -> bool:
    """Return whether spikes change the weights of some synapses."""
    return learns(stored) and isinstance(stored, StoredSegments) and is_taught(stored.bundle)


def present_weights(compiled: Compiled, session: Session, stored: StoredWeights, weights: Array, place: Array) -> Array:
    """Return some of the stored `weights` of rows, with all spikes that have reached the synapses at these places.

    Weights that no spikes change are returned as they are.
    """
    if not _is_taught(stored) or not weights.size:
        return weights[place]
    settled: Array = _settled(compiled, session, stored, weights, place).weights[place]
    return settled


def settle_rows(compiled: Compiled, session: Session, stored: StoredSegments, step: int) -> None:
    """Visit all synapses of rows: everything that has reached them before `step` has changed their weights then."""
    size = int(segment_bounds(stored, session.read)[-1])
    if not _is_taught(stored) or not size:
        return
    weights = session.read("weights", stored.weights, stored.weights + size)
    visited = _settled(compiled, session, stored, weights, np.arange(size))
    session.write("weights", visited.weights, stored.weights)
    _write_settled(compiled, session, stored, visited, step)


def settle_events(compiled: Compiled, session: Session, step: int) -> None:
    """Let all events before `step` change the weights that learn, as the device does at times.

    No later bit depends on it.
    """
    for stored in filter(_is_taught, compiled.stored):
        assert isinstance(stored, StoredSegments)
        size = int(segment_bounds(stored, session.read)[-1])
        if size:
            weights = session.read("weights", stored.weights, stored.weights + size)
            visited = _settled(compiled, session, stored, weights, np.arange(size), complete=False)
            session.write("weights", visited.weights, stored.weights)
            for name in ("eligibility", "excess"):
                session.write(bindings(LEARNING)[name], getattr(visited, name))
    sweep = session.read("sweep")
    sweep[(step - 1) & 1] = step - 1
    session.write("sweep", sweep)


def _write_settled(
    compiled: Compiled, session: Session, stored: StoredSegments, visited: SimpleNamespace | None, step: int
) -> None:
    """Write what a visit of all synapses of rows has left of them beside weights, and until when they are settled."""
    if visited is not None and is_modulated(stored.bundle):
        session.write(bindings(LEARNING)["eligibility"], visited.eligibility)
    session.write("settled", np.array([step - 1], np.int64), compiled.learning.settled[stored.bundle])


def _settled(
    compiled: Compiled, session: Session, stored: StoredWeights, weights: Array, place: Array, *, complete: bool = True
) -> SimpleNamespace:
    """Return the arrays of the kernel of learning after a visit of the synapses at some places."""
    assert isinstance(stored, StoredSegments)
    a = _arrays(stored, weights, session)
    for one in _parts(compiled, session, stored, a, place):
        twin.settle(a, one.lesson, one.row, one.part, place[one.own], one.now, complete=complete)
    return a


class _Part(NamedTuple):
    """Those of some synapses that learn along one route: which they are, their rows and parts of slices, and when."""

    lesson: Lesson
    own: Array
    row: Array
    part: Array
    now: int


def _parts(
    compiled: Compiled, session: Session, stored: StoredSegments, a: SimpleNamespace, place: Array
) -> Iterator[_Part]:
    """Yield synapses at some places of rows by the route along which they learn, at the end of the last step."""
    bounds, bundle = segment_bounds(stored, session.read), stored.bundle
    segment, block = np.divmod(np.searchsorted(bounds, place, side="right") - 1, bundle.timing.blocks)
    number, prepared = compiled.learning.settled[bundle], twin.prepare_learning(a, compiled.learning.signature)
    lessons = [one for one in prepared.lessons if one.learning.settled == number]
    now = Clock(*session.read("clock").tolist()).next - 1
    for lesson in lessons:
        own = block == lesson.route.segments - stored.begin
        row, part = np.divmod(segment[own], bundle.slices)
        route = lesson.route._replace(targets=0, late=min(stored.late, 0), weights=0)
        yield _Part(lesson._replace(route=route), own, row, part, now)


def calcium_of(compiled: Compiled, session: Session, chosen: Any) -> Array:
    """Return the calcium, in the unit of its thresholds, of chosen synapses (`ChosenSynapses`) that drift by it."""
    found = np.empty(len(chosen.synapses), compiled.layout.numbers.real_dtype)
    for rows, columns in chosen.parts:
        stored, at = rows.stored, np.empty(len(columns), found.dtype)
        assert isinstance(stored, StoredSegments)
        a = _arrays(stored, np.zeros(rows.size, compiled.layout.numbers.weight_dtype), session)
        for one in _parts(compiled, session, stored, a, rows.place):
            at[one.own] = twin.calcium(a, one.lesson, one.row, one.part, rows.place[one.own], one.now)
        found[columns] = at
    return found


def _arrays(stored: StoredSegments, weights: Array, session: Session) -> SimpleNamespace:
    """Return the arrays of the kernel of learning, and of synapses those of some rows alone."""
    read, names, n = session.read, bindings(LEARNING), len(weights)
    arrays = {name: read(names[name]).reshape(-1) for name in names if name not in _OF_SYNAPSES}
    late = late_bytes(n, stored.bundle.timing.late_bits) if stored.late >= 0 else 0
    return SimpleNamespace(
        **arrays,
        n_ages=0,
        targets=read("targets", stored.words, stored.words + n),
        late=read("late", stored.late, stored.late + late) if late else np.zeros(1, np.uint8),
        weights=weights.copy(),
    )


def settle_before(compiled: Compiled, session: Session, stored: StoredWeights, weights: Array, step: int) -> None:
    """Let nothing that has reached a synapse before `step` change weights that replace the present ones."""
    assert isinstance(stored, StoredSegments)
    if has_spines(stored.bundle):
        forget_rest(compiled, session, stored.bundle, len(weights))
    if not _is_taught(stored):
        return
    visited = None
    if is_modulated(stored.bundle) and weights.size:
        visited = _settled(compiled, session, stored, weights, np.arange(len(weights)))
    if is_noisy(stored.bundle):
        session.write(bindings(LEARNING)["excess"], np.zeros_like(weights), compiled.learning.noisy[stored.bundle])
    _write_settled(compiled, session, stored, visited, step)


def redraw_weights(compiled: Compiled, session: Session) -> None:
    """Give all synapses that learn their initial weights, which are drawn again."""
    for stored in filter(learns, compiled.stored):
        assert isinstance(stored, StoredSegments)
        synapses, drawn = unpack(stored, session.read, compiled.redraw), compiled.redraw(stored.pathway)
        given = np.broadcast_to(drawn.weights[stored.receptor], drawn.pre.shape)
        weights = session.read("weights", stored.weights, stored.weights + synapses.size)
        weights[synapses.place] = np.rint(np.ldexp(given, -stored.exponent))[np.lexsort((drawn.post, drawn.pre))]
        session.write("weights", weights, stored.weights)

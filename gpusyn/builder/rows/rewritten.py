"""Rows of a bundle that are written again with other synapses in the same place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gpusyn.builder.pathways import Bundle, Pathway
from gpusyn.builder.rows.drawn import Drawing
from gpusyn.builder.rows.event_driven import Counts, slots_of
from gpusyn.builder.rows.reference import NumpyRows, Room, Synapses
from gpusyn.errors import ParameterError
from gpusyn.utils.typing import Array, Bools


class Rows(NamedTuple):
    """Synapses in the order of their segments.

    Attributes
    ----------
    bounds : ndarray
        Place of the first synapse of each segment, and the number of all.
    columns : dict of str to ndarray
        What is stored of each synapse.
    """

    bounds: Array
    columns: dict[str, Array]

    def without(self, segment: Array, deleted: Bools) -> Rows:
        """Return the rows without the synapses that are deleted; `segment` is that of each synapse."""
        sizes = np.bincount(segment[~deleted], minlength=len(self.bounds) - 1)
        columns = {name: column[~deleted] for name, column in self.columns.items()}
        return Rows(np.concatenate([[0], np.cumsum(sizes)]), columns)

    def with_new(self, new: Rows) -> Rows:
        """Return the rows with new synapses at the end of each segment; a column that these lack gets zeros."""
        bounds = self.bounds + new.bounds
        old_at = _places(self.bounds, bounds[:-1])
        new_at = _places(new.bounds, bounds[:-1] + np.diff(self.bounds))
        columns = {}
        for name, column in self.columns.items():
            columns[name] = np.zeros(bounds[-1], column.dtype)
            columns[name][old_at] = column
            if name in new.columns:
                columns[name][new_at] = new.columns[name]
        return Rows(bounds, columns)


def _places(bounds: Array, begin: Array) -> Array:
    """Return the places of synapses whose segments begin elsewhere, at `begin`."""
    place: Array = np.arange(bounds[-1]) + np.repeat(begin - bounds[:-1], np.diff(bounds))
    return place


def ordered_rows(
    bundle: Bundle, pathway: Pathway, pre: Array, post: Array, delay: Array, kept: dict[str, Array]
) -> Rows:
    """Return synapses of the one pathway of a bundle, given by local ids, in the order of their segments.

    `kept` is what is kept of each; synapses of one segment stay in the order in which they are given.
    """
    timing, targets = bundle.timing, bundle.targets
    piece, target = np.divmod(post + pathway.post.offset, targets.slice_size)
    block, late = np.divmod(delay - timing.first, timing.width)
    row = (pathway.pre.numbers(pre) - bundle.pre_range[0]) * bundle.slices + piece - bundle.slice
    segment = row * timing.blocks + block
    order = np.argsort(segment, kind="stable")
    sizes = np.bincount(segment, minlength=bundle.segments)
    columns = {"targets": target.astype(np.uint16)} | kept
    if timing.late_bits:
        columns["late"] = late.astype(np.uint8)
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    return Rows(bounds, {name: column[order] for name, column in columns.items()})


def new_rows(synapses: Synapses, drawing: Drawing, bundle: Bundle) -> Rows:
    """Return new synapses of the one pathway of a bundle in the order of their segments.

    Its columns are targets, late steps, numbers in the order of creation, and weights by receptor.

    Raises
    ------
    ParameterError
        If a weight is beyond what it may be.
    """
    rows, counts, (slot,) = NumpyRows(), Counts(bundle), slots_of(bundle, drawing)
    rows.count(synapses, [slot], counts.sizes)
    n = counts.add_up()
    room = Room(
        targets=np.empty(n, np.uint16),
        late=np.empty(n, np.uint8) if bundle.timing.late_bits else None,
        weights=np.empty((len(slot.columns), n), drawing.layout.numbers.weight_dtype),
        numbers=np.empty(n, np.uint32),
        numbered=True,
    )
    (losses,) = rows.place(synapses, [slot], counts.next, room, 0)
    for column, loss in zip(slot.columns, losses, strict=True):
        if loss.refused:
            raise ParameterError(
                f"Projection '{drawing.projection.name}'.plasticity: Rewiring drew {loss.refused} weights onto "
                f"'{column.receptor}' that are negative or exceed {column.largest:g}; bounds() of a distribution must "
                "enclose every value that draw() returns"
            )
    columns: dict[str, Array] = {"targets": room.targets, "numbers": room.numbers}
    if room.late is not None:
        columns["late"] = room.late
    columns |= {f"weights {column.receptor}": row for column, row in zip(slot.columns, room.weights, strict=True)}
    return Rows(counts.bounds.astype(np.int64), columns)

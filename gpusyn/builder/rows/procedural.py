"""Procedural rows: nothing of a synapse is stored, and the row of a source is drawn again at each of its events.

What is kept is what rows are drawn from: keys, laws, and a few bytes of a source where its row does not follow from its
id, where it must leave itself out, or where its synapses have numbers by which their weights and delays are drawn.

Stored synapses are checked when they are built. Here nothing is looked at before it is used: weights cannot be beyond
their bounds, and a target has more synapses than its sums were planned for with a probability below 1e-15.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.bundles import stored_form
from gpusyn.builder.layout import Layout, same_ids
from gpusyn.builder.pathways import Bundle, Pathway
from gpusyn.builder.rows.compiled import autapse_columns, gap_draws
from gpusyn.builder.rows.event_driven import Senders, index_of, is_lost, senders_of, sums_of
from gpusyn.builder.rows.reference import RowMaker, Side, side_of
from gpusyn.builder.rows.row_forms import KERNEL, RowForm, drawn_bundles, is_numbered, row_form
from gpusyn.builder.rows.stored import DrawnWeights, Pool
from gpusyn.builder.source_gates import GateTables
from gpusyn.kernels.arrays import array_name
from gpusyn.kernels.records import EACH, SOME, DrawnOutput, DrawnPart, DrawnSet, write_rows
from gpusyn.network.projections import Projection, base_weight
from gpusyn.numerics.rng import Stream, StreamPurpose, stream_key
from gpusyn.parameters.distributions import law_of
from gpusyn.utils.typing import Array, Integers


def _senders(bundle: Bundle, layout: Layout, gates: GateTables) -> dict[tuple[int, int], list[tuple[str, Senders]]]:
    """Return the receptors of a bundle with the senders of their events, by the ids of the senders."""
    found: dict[tuple[int, int], list[tuple[str, Senders]]] = {}
    for name in bundle.receptors:
        senders = senders_of(bundle, name, layout, gates)
        found.setdefault((senders.source, senders.source_end), []).append((name, senders))
    return found


class ProceduralTables:
    """The tables of a layout's procedural rows.

    Attributes
    ----------
    stored : list of DrawnWeights
        The pathways and receptors to which the rows belong.
    rounded_to_zero : dict of str to int
        1 for each projection and receptor whose one weight is not 0 but is stored as 0.
    """

    def __init__(self, layout: Layout, gates: GateTables, seed: int) -> None:
        self.layout, self.gates, self.seed = layout, gates, seed
        self.stored: list[DrawnWeights] = []
        self.rounded_to_zero: dict[str, int] = {}
        self._sets: list[DrawnSet] = []
        self._parts: list[DrawnPart] = []
        self._outputs: list[DrawnOutput] = []
        self._laws: list[tuple[float, ...]] = []
        self._ids, self._starts = Pool(np.int32), Pool(np.int64)
        self._begins: dict[str, Integers] = {}  # where each row of a projection begins

    def add(self, rows: RowMaker, advanced: Callable[[float], object]) -> None:
        """Add all procedural bundles; `rows` counts the synapses of rows that must be numbered."""
        for bundle in self.layout.procedural:
            for name in bundle.receptors:
                self._keep(bundle, name)
            advanced(bundle.expected)
        for bundle, form in drawn_bundles(self.layout):
            self._add(bundle, form, rows)

    def _keep(self, bundle: Bundle, receptor: str) -> None:
        """Remember the pathways of a bundle onto a receptor, for `weights`."""
        for pathway in bundle.pathways:
            form = stored_form(pathway, index_of(pathway, receptor), self.layout)
            lost = is_lost(pathway, receptor, form)
            if lost:
                self.rounded_to_zero[f"{pathway.projection.name}:{receptor}"] = lost
            self.stored.append(
                DrawnWeights(
                    pathway=pathway, receptor=receptor, begin=-1, words=-1, weights=-1, weight=form.weight,
                    exponent=form.exponent,
                )
            )  # fmt: skip

    def _add(self, bundle: Bundle, form: RowForm, rows: RowMaker) -> None:
        pathway, projection, timing = bundle.pathways[0], bundle.pathways[0].projection, bundle.timing
        pre, part = side_of(projection.pre, pathway.pre_part, 0), len(self._parts)
        for one in bundle.pathways:
            self._parts.append(self._part(one))
        drawn = DrawnSet(
            source=0, source_end=0, of_gates=0, age=0 if timing.at_once else timing.first - 1,
            row=pre.begin, rows=self._listed_rows(bundle, pre), rule=form.rule, columns=projection.post.size,
            degree=form.degree, own=self._own(projection, pre), key=self._key(StreamPurpose.CONNECT, projection.name),
            law=-1, fine=0, calls=0, spans=form.spans, first=self._first(projection, pre, rows),
            delay=timing.first if timing.at_once else 1, delay_key=self._key(StreamPurpose.DELAY, projection.name),
            delay_law=self._law(projection.delay, 1.0, self.layout.dt), part=part, part_end=len(self._parts),
            output=0, output_end=0,
        )  # fmt: skip
        if form.rule == SOME:
            gaps = gap_draws(form.p, projection.post.size)
            law = self._add_law((0, gaps.log_q, form.p, 0, 0, 0, 1, 1))
            drawn = drawn._replace(law=law, fine=gaps.fine, calls=gaps.calls)
        for (source, end), receptors in _senders(bundle, self.layout, self.gates).items():
            output = len(self._outputs)
            self._outputs += [self._output(bundle, name, senders) for name, senders in receptors]
            self._sets.append(
                drawn._replace(
                    source=source, source_end=end, of_gates=int(receptors[0][1].payload >= 0), output=output,
                    output_end=len(self._outputs),
                )
            )  # fmt: skip

    def _part(self, pathway: Pathway) -> DrawnPart:
        """Return the targets of a pathway: on a rank, those from the first to the last that it owns."""
        selection, number = pathway.projection.post, pathway.post_part
        post, share = side_of(selection, number, pathway.post.offset), self.layout.share
        ids = -1 if post.ids is None else self._ids.add(post.ids)
        within = [(0, post.size)] if share is None else share.within(selection.parts[number]) or [(0, 0)]
        low, high = within[0][0], within[-1][1]
        if ids < 0:
            return DrawnPart(post.begin + low, high - low, post.shift + low, ids)
        return DrawnPart(post.begin + low, high - low, post.shift, ids + low)

    def _output(self, bundle: Bundle, receptor: str, senders: Senders) -> DrawnOutput:
        pathway, projection = bundle.pathways[0], bundle.pathways[0].projection
        k = index_of(pathway, receptor)
        form, sums = stored_form(pathway, k, self.layout), sums_of(bundle, pathway, k)
        base, factor = base_weight(projection.weights, receptor)
        return DrawnOutput(
            ring=sums.ring, mask=sums.mask, stride=sums.stride, weight=form.weight or 0,
            key=self._key(StreamPurpose.WEIGHT, f"{projection.name}\0{base}") if form.weight is None else 0,
            law=self._law(projection.weights[base], factor, math.ldexp(1.0, -form.exponent)), shift=form.shift,
            payload=senders.payload, payload_step=senders.payload_step, channels=senders.channels,
            ring_step=sums.ring_step,
        )  # fmt: skip

    def _listed_rows(self, bundle: Bundle, pre: Side) -> int:
        """Add the row of each source, unless sources are consecutive."""
        if pre.ids is None:
            return -1
        row = np.full(bundle.rows, -1, np.int32)
        row[bundle.pathways[0].pre.numbers(pre.ids.astype(np.int64)) - bundle.pre_range[0]] = pre.begin + np.arange(
            pre.size
        )
        return self._ids.add(row)

    def _own(self, projection: Projection, pre: Side) -> int:
        """Add the column that each row leaves out, if there are such columns."""
        own = self._left_out(projection)
        return -1 if own is None else self._ids.add(own[pre.begin : pre.begin + pre.size])

    def _left_out(self, projection: Projection) -> NDArray[np.int32] | None:
        sizes = projection.pre.size, projection.post.size
        return autapse_columns(projection.rule, *sizes, same_ids(self.layout, projection))

    def _first(self, projection: Projection, pre: Side, rows: RowMaker) -> int:
        """Add the number of the first synapse of each row, if synapses need numbers that do not follow otherwise."""
        if not is_numbered(projection, self.layout):
            return -1
        if projection.name not in self._begins:
            length = self._lengths(projection, rows)
            self._begins[projection.name] = np.cumsum(length) - length
        return self._starts.add(self._begins[projection.name][pre.begin : pre.begin + pre.size])

    def _lengths(self, projection: Projection, rows: RowMaker) -> Integers:
        """Return the number of synapses of each row of a projection in which they differ."""
        form, own, sizes = row_form(projection), self._left_out(projection), (projection.pre.size, projection.post.size)
        if form is not None and form.rule == EACH and own is not None:
            return sizes[1] - (own >= 0).astype(np.int64)
        stream = Stream(stream_key(self.seed, StreamPurpose.CONNECT, projection.name))
        return rows.row_sizes(projection.rule, *sizes, stream, same_ids(self.layout, projection))

    def _key(self, purpose: StreamPurpose, name: str) -> int:
        """Return the key of a stream as a signed number, as tables hold it."""
        key = stream_key(self.seed, purpose, name)
        return key - 2**64 if key >= 2**63 else key

    def _law(self, given: Any, factor: float, unit: float) -> int:
        """Add the law of a distribution, by which values times a factor are drawn; -1 if it is none."""
        law = law_of(given)
        return -1 if law is None else self._add_law((*law, factor, unit))

    def _add_law(self, numbers: tuple[float, ...]) -> int:
        self._laws.append(numbers)
        return len(self._laws) - 1

    def arrays(self) -> dict[str, Array]:
        """Return the tables by name, none if there are no procedural rows."""
        if not self.layout.procedural:
            return {}
        found = {
            "sets": write_rows(self._sets, DrawnSet),
            "parts": write_rows(self._parts, DrawnPart),
            "outputs": write_rows(self._outputs, DrawnOutput),
            "ids": self._ids.join(),
            "row_first": self._starts.join(),
            "laws": np.array(self._laws or [(0.0,) * 8], np.float64),
        }
        return {array_name(name, kernel=KERNEL): array for name, array in found.items()}

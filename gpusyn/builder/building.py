"""The memory that is needed while a network is built; ``pytest -m memory`` compares it with what processes take.

All numbers of bytes are upper estimates, and by less than a quarter. Those on a GPU are a model, not measured.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gpusyn.builder.layout import Layout, same_ids
from gpusyn.builder.pathways import Bundle, one_weight
from gpusyn.builder.rows.compiled import BLOCK, is_drawn
from gpusyn.builder.rows.event_driven import drawn_together, projections_of
from gpusyn.builder.rows.scanned import is_scanned
from gpusyn.builder.rows.tables import is_large
from gpusyn.builder.specs import bundle_bytes, gated_bytes, procedural_bytes, rows_bytes
from gpusyn.connectivity import FixedProbability
from gpusyn.connectivity.base import BLOCK as NUMPY_BLOCK
from gpusyn.connectivity.base import DrawingBytes
from gpusyn.connectivity.distance_delay import DistanceDelay
from gpusyn.kernels.occupancy import BUILDING_BLOCKS
from gpusyn.kernels.synapse_words import unary_words
from gpusyn.network.projections import Projection
from gpusyn.parameters.distributions import Distribution

_GATED = 60  # bytes of a synapse that owns gates, while all of its projection are drawn and sorted
_BLOCK_BYTES = 24  # of a synapse of the block that is drawn: its pair, its segment, its place
_WEIGHT_BYTES = _DELAY_BYTES = 16  # of each weight of a synapse of a block, and of its delay
_NUMPY_BYTES = 150  # of a synapse of a block that numpy draws and sorts
_READ_BYTES = 16  # of a synapse of a block of a GPU that the host looks at
_PAIR_BYTES = 24  # of a pair of a block among which own ones are looked for, and of the number of each
_ROW_BYTES = 24  # of a row that is drawn by gaps, from when it is scanned until its own synapses are placed
_NUMBER_BYTES = 4  # of the number by which a synapse finds its place in its segment on a GPU


class Peak(NamedTuple):
    """The most bytes that synapses take while they are built: in main memory, and on a GPU that builds them.

    `rows` of them are the final arrays that are on the GPU from the start.
    """

    host: float
    device: float = 0.0
    rows: float = 0.0


def building_peak(layout: Layout, kernels: bool, on_device: bool = False) -> Peak:
    """Return the most bytes that synapses take where blocks are counted, and then placed into the final arrays.

    Parameters
    ----------
    layout : Layout
        Layout of the network.
    kernels : bool
        True if the backend has kernels that build large networks.
    on_device : bool
        True if these kernels run on a GPU.
    """
    by_kernels = kernels and is_large(layout)
    if by_kernels and on_device:
        return _on_device(layout)

    def taken(bundles: list[Bundle], projection: Projection) -> float:
        own, synapses = sum(bundle_bytes(b, layout) for b in bundles), sum(b.expected for b in bundles)
        drawing = _drawing(projection, layout)
        share = _synapses(projection, layout) / (synapses or 1.0)
        unfilled = own * min(share, 1.0)  # the system gives memory to an array when it is first written
        late = sum(bundle.expected for bundle in bundles if bundle.timing.late_bits)
        block = max(_block_bytes(one, layout, by_kernels) for one in projections_of(bundles))
        placing = round(late + _sizes_bytes(bundles) + block)
        counting = sum(map(_counters_bytes, bundles)) + _delays_bytes(bundles, layout) + _numbers_bytes(bundles)
        return counting + max(drawing.first - unfilled, drawing.then + placing)

    arrays = sum(bundle_bytes(bundle, layout) for bundle in layout.bundles)
    return Peak(arrays + _others(layout) + max(_most(layout, taken), _gated_peak(layout)))


def _on_device(layout: Layout) -> Peak:
    """Return what building on a GPU takes; the host holds the index of the rows, and blocks that numpy draws."""

    def on_host(bundles: list[Bundle], projection: Projection) -> float:
        drawing = _drawing(projection, layout)
        block = float(_READ_BYTES * BLOCK if is_drawn(projection.rule) else _NUMPY_BYTES * NUMPY_BLOCK)
        block = min(block, _NUMPY_BYTES * _synapses(projection, layout))
        copied = max(map(_counters_bytes, bundles))
        return copied + _sizes_bytes(bundles) + _numbers_bytes(bundles) + max(drawing.first, drawing.then + block)

    def there(bundles: list[Bundle], projection: Projection) -> float:
        synapses = sum((_NUMBER_BYTES + bool(b.timing.late_bits)) * b.expected for b in bundles)
        different = getattr(projection.rule, "multapses", True) is False
        seen = BUILDING_BLOCKS * max(projection.pre.size, projection.post.size) // 8 if different else 0
        block = max(_block_bytes(one, layout, by_kernels=True) for one in projections_of(bundles))
        return sum(map(_counters_bytes, bundles)) + synapses + seen + block

    rows = sum(rows_bytes(bundle, layout) for bundle in layout.bundles)
    index = sum(bundle_bytes(bundle, layout) for bundle in layout.bundles) - rows
    host = index + _others(layout) + max(_most(layout, on_host), _gated_peak(layout))
    return Peak(host, rows + _most(layout, there), rows)


def _most(layout: Layout, taken: Callable[[list[Bundle], Projection], float]) -> float:
    """Return the most that any projection takes while the bundles are built with which it is drawn."""
    return max(
        (taken(bundles, one) for bundles in drawn_together(layout) for one in projections_of(bundles)), default=0.0
    )


def _others(layout: Layout) -> int:
    """Return the bytes of the arrays of synapses that own gates, and of procedural ones."""
    gated = sum(gated_bytes(pathway, layout) for pathway in layout.pathways)
    return gated + sum(procedural_bytes(bundle, layout) for bundle in layout.procedural)


def _gated_peak(layout: Layout) -> float:
    """Return the bytes that synapses with gates take while they are drawn and sorted, all of a projection at once."""
    return max((_GATED * p.expected for p in layout.pathways if p.receptors(synaptic=True)), default=0.0)


def _drawing(projection: Projection, layout: Layout) -> DrawingBytes:
    sizes = projection.pre.size, projection.post.size
    return projection.rule.drawing_bytes(*sizes, same_ids(layout, projection))


def _synapses(projection: Projection, layout: Layout) -> float:
    return sum(pathway.expected for pathway in layout.pathways_of(projection))


def _counters_bytes(bundle: Bundle) -> int:
    """Return the bytes of the numbers of synapses of each segment, from when they are counted until all are placed."""
    return 4 * (bundle.segments + 2)


def _delays_bytes(bundles: list[Bundle], layout: Layout) -> int:
    """Return the bytes of delays that are drawn once: one for each."""
    delayed = [p for p in projections_of(bundles) if isinstance(p.delay, Distribution | DistanceDelay)]
    return round(sum(_synapses(projection, layout) for projection in delayed))


def _numbers_bytes(bundles: list[Bundle]) -> float:
    """Return the bytes of the numbers of synapses that release one by one, until what is kept of each is known."""
    return sum(_NUMBER_BYTES * bundle.expected for bundle in bundles if bundle.one_by_one)


def _sizes_bytes(bundles: list[Bundle]) -> int:
    """Return the bytes of the sizes of segments in unary, before they are added to those of other bundles."""
    return max((8 * unary_words(b.segments, round(b.expected)) for b in bundles if b.compressed), default=0)


def _block_bytes(projection: Projection, layout: Layout, by_kernels: bool) -> float:
    """Return the bytes of the block that is drawn while kernels or numpy place its synapses."""
    own = sum(not one_weight(projection, receptor) for receptor in projection.weights)
    of_each = _BLOCK_BYTES + _WEIGHT_BYTES * own + _DELAY_BYTES * (not isinstance(projection.delay, float))
    most = BLOCK if by_kernels and is_drawn(projection.rule) else NUMPY_BLOCK
    block = (of_each if by_kernels else _NUMPY_BYTES) * min(_synapses(projection, layout), most)
    return block + _scanning_bytes(projection, layout, by_kernels, most)


def _scanning_bytes(projection: Projection, layout: Layout, by_kernels: bool, most: int) -> float:
    """Return the bytes that one of several ranks takes to know its own synapses among those of all."""
    if layout.share is None:
        return 0.0
    rule, n_pre, n_post = projection.rule, projection.pre.size, projection.post.size
    rows = _ROW_BYTES * n_pre if by_kernels and type(rule) is FixedProbability else 0
    every = rule.expected(n_pre, n_post, same_ids(layout, projection))
    return rows + (_PAIR_BYTES * min(every, most) if is_scanned(projection, layout) else 0)

"""Drawing of synapses: the pairs, weights and delays of a projection, and those of one pathway."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.layout import Layout, Pathway, same_ids
from gpusyn.connectivity.distance_delay import DistanceDelay
from gpusyn.errors import ParameterError
from gpusyn.network.projections import Projection, Ratio, base_weight
from gpusyn.numerics.rng import Stream, StreamPurpose, stream_key
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.grid import rounded_steps
from gpusyn.parameters.scalars import show
from gpusyn.parameters.values import check_drawn
from gpusyn.utils.typing import Floats

AnyIntegers = NDArray[np.integer[Any]]


class Synapses(NamedTuple):
    """A drawn projection in creation order: positions in the selections, delay in steps, weight of each receptor.

    A delay or weight that all synapses share is a number.
    """

    pre: AnyIntegers
    post: AnyIntegers
    delay: AnyIntegers | int
    weights: dict[str, Floats | float]

    def take(self, index: Any) -> Synapses:
        """Return the synapses at `index`."""
        delay = self.delay[index] if isinstance(self.delay, np.ndarray) else self.delay
        weights = {k: w[index] if isinstance(w, np.ndarray) else w for k, w in self.weights.items()}
        return Synapses(self.pre[index], self.post[index], delay, weights)


def draw_synapses(projection: Projection, layout: Layout, seed: int) -> Synapses:
    """Draw one projection and return its synapses; the name alone is the key of its random streams."""
    name = projection.name
    stream = Stream(stream_key(seed, StreamPurpose.CONNECT, name))
    pre, post = np.zeros(0, np.int64), np.zeros(0, np.int64)
    if any(pathway.listed for pathway in layout.pathways_of(projection)):
        sizes = projection.pre.size, projection.post.size
        pre, post = projection.rule.draw(*sizes, stream, same_ids(layout, projection))
    drawn = any(isinstance(x, Distribution) for x in (*projection.weights.values(), projection.delay))
    creation = np.arange(len(pre)) if drawn else np.broadcast_to(0, len(pre))  # random draws need an index
    weights = _weights(projection, seed, creation)
    delay = _delay(projection, layout.dt, stream_key(seed, StreamPurpose.DELAY, name), creation, pre, post)
    return Synapses(pre, post, delay, weights)


def _weights(projection: Projection, seed: int, creation: AnyIntegers) -> dict[str, Floats | float]:
    """Return the weights by receptor; a Ratio multiplies the weights on the receptor that it names."""
    found: dict[str, Floats | float] = {}  # of the receptors whose weight is no Ratio, which may come after one
    for receptor, given in projection.weights.items():
        if not isinstance(given, Ratio):
            key = stream_key(seed, StreamPurpose.WEIGHT, f"{projection.name}\0{receptor}")
            found[receptor] = _weight(projection, receptor, key, creation)
    weights: dict[str, Floats | float] = {}
    for receptor in projection.weights:
        base, factor = base_weight(projection.weights, receptor)
        weights[receptor] = found[base] if base == receptor else found[base] * factor
    return weights


def _weight(projection: Projection, receptor: str, key: int, creation: AnyIntegers) -> Floats | float:
    """Return the weights on a receptor whose weight is no Ratio."""
    where, given = f"Projection '{projection.name}'.weight['{receptor}']", projection.weights[receptor]
    if isinstance(given, Distribution):
        drawn = given.draw(Stream(key), creation)
        receptors = projection.post.parts[0].population.receptors
        if not next(r for r in receptors if r.name == receptor).is_current:
            check_drawn(drawn, where, unit="nS", low=0.0)
        return drawn
    if isinstance(given, np.ndarray):
        if len(given) != len(creation):
            raise ParameterError(
                f"{where}: must have one value per synapse, {len(creation)} in total (got {show(given)}), "
                "in the order of creation; give a distribution, or FromArrays with weights of its length"
            )
        return given
    assert isinstance(given, int | float)
    return float(given)


def _delay(
    projection: Projection, dt: float, key: int, creation: AnyIntegers, pre: AnyIntegers, post: AnyIntegers
) -> AnyIntegers | int:
    given = projection.delay
    if isinstance(given, DistanceDelay):
        return rounded_steps(given.between(pre, post), dt, low=1).astype(np.int32)
    if isinstance(given, Distribution):
        return rounded_steps(given.draw(Stream(key), creation), dt, low=1).astype(np.int32)
    if isinstance(given, np.ndarray):
        if len(given) != len(creation):
            raise ParameterError(
                f"Projection '{projection.name}'.delay: must have one value per synapse, {len(creation)} in total "
                f"(got {len(given)}), in the order of creation; give a distribution, or as many values"
            )
        return np.rint(given / dt).astype(np.int32)
    return round(given / dt)


def part_of(synapses: Synapses, pathway: Pathway) -> Synapses:
    """Return the synapses of one pathway, with local ids of its two populations instead of positions."""
    projection = pathway.projection
    sides = []
    inside: Any = slice(None)
    for selection, number, positions in (
        (projection.pre, pathway.pre_part, synapses.pre),
        (projection.post, pathway.post_part, synapses.post),
    ):
        start = sum(part.size for part in selection.parts[:number])
        ids = selection.parts[number].ids
        if len(selection.parts) > 1:
            mask = (positions >= start) & (positions < start + len(ids))
            inside = mask if isinstance(inside, slice) else inside & mask
        sides.append((start, ids))
    chosen = synapses.take(inside)
    pre, post = (_local(ids, p, start) for (start, ids), p in zip(sides, (chosen.pre, chosen.post), strict=True))
    return chosen._replace(pre=pre, post=post)


def _local(ids: AnyIntegers, positions: AnyIntegers, start: int) -> AnyIntegers:
    """Return the local ids of positions in a part that begins at `start`; a contiguous part needs no table."""
    if len(ids) and int(ids[-1]) - int(ids[0]) == len(ids) - 1:
        shift = int(ids[0]) - start
        return positions + positions.dtype.type(shift) if shift else positions
    found: AnyIntegers = ids[positions - start]
    return found

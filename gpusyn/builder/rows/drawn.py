"""Drawing of synapses: the pairs, weights and delays of a projection, and those of one pathway."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.layout import Layout, same_ids
from gpusyn.builder.most_synapses import check_numbers
from gpusyn.builder.pathways import Pathway
from gpusyn.builder.rows.own_targets import OwnTargets
from gpusyn.builder.rows.reference import AnyIntegers, NumpyRows, RowMaker, Synapses, is_each, side_of
from gpusyn.connectivity.base import Keys, id_type
from gpusyn.connectivity.distance_delay import DistanceDelay
from gpusyn.connectivity.distance_dependent import DistanceDependent
from gpusyn.connectivity.distance_weight import PlacedWeight
from gpusyn.errors import ParameterError
from gpusyn.kernels.memory import HOST
from gpusyn.network.projections import Projection, Ratio, base_weight
from gpusyn.numerics.rng import Stream, StreamPurpose, stream_key
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.scalars import show
from gpusyn.parameters.values import check_drawn
from gpusyn.utils.typing import Array, Floats, Integers

_NONE = np.zeros(0, np.uint32)


class _Block(NamedTuple):
    """Pairs that were drawn, and their numbers in the order of creation: that of the first one, or one of each.

    All synapses up to the number `end` have been drawn or left out, and those before `first` by the blocks before.
    """

    pre: AnyIntegers
    post: AnyIntegers
    numbers: Integers | int
    first: int
    end: int


class Drawing:
    """The synapses of one projection, drawn in blocks; its name alone is the key of its random streams.

    Parameters
    ----------
    projection : Projection
        The projection.
    layout : Layout
        Layout of the network.
    seed : int
        Seed of the simulation.
    rows : RowMaker
        Functions that draw.
    rewiring : int
        Number of the rewiring for which synapses are drawn; 0 for those of the beginning.
    """

    def __init__(self, projection: Projection, layout: Layout, seed: int, rows: RowMaker, rewiring: int = 0) -> None:
        self.projection, self.layout, self._rows = projection, layout, rows
        self._host = rows.memory.host
        self._seed, self._key = seed, f"{projection.name}\0rewiring {rewiring}" if rewiring else projection.name
        pathways = layout.pathways_of(projection)
        self.listed = any(pathway.listed for pathway in pathways)
        self._shortest = min((pathway.shortest for pathway in pathways), default=0)
        self._longest = max((pathway.longest for pathway in pathways), default=0)
        drawn = isinstance(projection.delay, Distribution | DistanceDelay)
        self._keeps = drawn and self._longest - self._shortest < 2**8 and rows.memory is HOST
        self._kept: dict[int, NDArray[np.uint8]] = {}  # delays, counted from the shortest, by the first synapse
        self._doubted = not (is_own(projection.rule) and is_own(projection.delay))
        #: Numbers in the order of creation of the synapses of all blocks, if they are known by them and kept in part.
        self.numbers: list[NDArray[np.uint32]] | None = None
        #: Targets that are simulated here; None: all.
        self.own = None if layout.share is None else OwnTargets(layout.share, projection.post)
        self._counted: dict[int, int] = {}  # checksums of blocks that may differ the next time, by the first synapse

    def blocks(self, weighted: bool = True) -> Iterator[Synapses]:
        """Yield the synapses in consecutive blocks; an array is valid until the next block is drawn.

        Of a network that is spread on several ranks, these are the synapses onto the neurons that are simulated here.

        Parameters
        ----------
        weighted : bool
            If False, the weights are left out, and delays that were drawn are kept for the next time (1 byte each).

        Raises
        ------
        ParameterError
            If an array of weights or delays has another length, a delay is beyond the bounds of its distribution, or
            the synapses are not those that were drawn before.
        """
        projection, end = self.projection, 0
        if self.listed:
            sizes = projection.pre.size, projection.post.size
            same = same_ids(self.layout, projection)
            projection.rule.check(*sizes, repr(projection.rule), same)
            fits = True
            for block in self._blocks(*sizes, same):
                end = block.end
                fits = fits and all(end <= len(given) for _, given in self._arrays())
                if fits:
                    pre, post, numbers, first, _ = block
                    delay = self._remembered(block, keep=not weighted)
                    if first < end:
                        self._compare(pre, post, delay, first, counts=not weighted)
                    if self.numbers is not None:
                        self._keep_numbers(numbers, len(pre), end)
                    if self.own is None or len(pre):
                        yield Synapses(pre, post, delay, self._weights(pre, post, numbers) if weighted else {})
            none = np.zeros(0, np.int64)
            self._compare(none, none, 0, end, counts=not weighted)
        self._check_lengths(end)

    def pairs(self) -> Iterator[tuple[AnyIntegers, AnyIntegers]]:
        """Yield the positions of both neurons of each synapse in blocks, on the host."""
        projection = self.projection
        for block in self._blocks(projection.pre.size, projection.post.size, same_ids(self.layout, projection)):
            yield self._host(block.pre), self._host(block.post)

    def _blocks(self, n_pre: int, n_post: int, same: Keys | None) -> Iterator[_Block]:
        """Yield all pairs in blocks; of a network that is spread on several ranks, those onto own targets.

        Only these are drawn if the rule can do so. Otherwise those of others are left out, before they get weights.
        """
        rule, own, end = self.projection.rule, self.own, 0
        stream = Stream(stream_key(self._seed, StreamPurpose.CONNECT, self.projection.name))
        if own is None:
            for pre, post in self._rows.pairs(rule, n_pre, n_post, stream, same):
                first, end = end, end + len(pre)
                yield _Block(pre, post, first, first, end)
            return
        alone = None
        if is_own(rule) and (rule.exact or not any(True for _ in self._arrays())):  # whose length must be known
            alone = self._rows.pairs_onto(own, rule, n_pre, n_post, stream, same, self._numbered)
        if alone is not None:
            first, end = 0, round(rule.expected(n_pre, n_post, same))
            for pre, post, numbers in alone:
                yield _Block(pre, post, numbers, first, end)
                first += len(pre)
            none = np.zeros(0, np.int32)
            yield _Block(none, none, none.astype(np.int64), first, end)  # so that `end` is known without any of them
            return
        for pre, post in self._rows.pairs(rule, n_pre, n_post, stream, same):
            first, end = end, end + len(pre)
            yield _Block(*self._rows.kept(own, pre, post, first), first, end)

    @property
    def _numbered(self) -> bool:
        """True if something of a synapse follows from its number in the order of creation."""
        values = *self.projection.weights.values(), self.projection.delay
        return self.numbers is not None or any(isinstance(one, Distribution | np.ndarray) for one in values)

    def _keep_numbers(self, numbers: Integers | int, n: int, end: int) -> None:
        """Keep the numbers of the `n` synapses of a block."""
        assert self.numbers is not None
        check_numbers(self.projection.name, end)
        each = np.arange(numbers, numbers + n) if isinstance(numbers, int) else self._host(numbers)
        self.numbers.append(each.astype(np.uint32))

    def number(self, order: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Return the numbers in the order of creation of synapses, given by their order among those drawn here."""
        return order if self.numbers is None else np.concatenate([_NONE, *self.numbers])[order]

    def all(self) -> Synapses:
        """Return all synapses.

        Raises
        ------
        ParameterError
            If an array of weights or delays has another length, or a weight that was drawn is negative.
        """
        blocks = [Synapses(*map(self._copied, block)) for block in self.blocks()]
        if not blocks:
            none = np.zeros(0, id_type(self.projection.pre.size))
            empty = Synapses(none, none, self._delay(none, none, 0), self._weights(none, none, 0))
            return Synapses(*map(self._copied, empty))
        pre, post, delay, weights = zip(*blocks, strict=True)
        joined = {name: _joined([block[name] for block in weights]) for name in weights[0]}
        for receptor in self.projection.weights:
            if self._may_be_negative(receptor):
                check_drawn(joined[receptor], self._where(receptor), unit="nS", low=0.0)
        return Synapses(_joined(pre), _joined(post), _joined(delay), joined)

    def of(self, pre: AnyIntegers, post: AnyIntegers) -> Synapses:
        """Return synapses between given positions, with the delays and weights that are drawn for as many.

        Raises
        ------
        ParameterError
            If a delay is beyond the bounds of its distribution.
        """
        delay = self._delay(pre, post, 0)
        if is_each(delay):
            self._check_delays(self._host(delay))
        return Synapses(pre, post, delay, self._weights(pre, post, 0))

    def _copied(self, item: Any) -> Any:
        """Return an item of a block on the host, where it stays valid."""
        if isinstance(item, dict):
            return {name: self._copied(value) for name, value in item.items()}
        return np.array(self._host(item)) if is_each(item) else item

    def least(self, receptor: str) -> float:
        """Return the least weight on a receptor that is allowed, -inf if every one is."""
        return 0.0 if self._may_be_negative(receptor) else -np.inf

    def _may_be_negative(self, receptor: str) -> bool:
        """Return True if a weight could be drawn that must not be negative."""
        if not isinstance(self.projection.weights[receptor], Distribution):
            return False
        receptors = self.projection.post.parts[0].population.receptors
        return not next(r for r in receptors if r.name == receptor).signed

    def _where(self, receptor: str) -> str:
        return f"Projection '{self.projection.name}'.weight['{receptor}']"

    def _arrays(self) -> Iterator[tuple[str, Array]]:
        """Yield the arrays that the user gave, one value per synapse, and their receptors ("" for delays)."""
        given = [*self.projection.weights.items(), ("", self.projection.delay)]
        yield from ((name, array) for name, array in given if isinstance(array, np.ndarray))

    def _check_lengths(self, n: int) -> None:
        for receptor, given in self._arrays():
            if len(given) == n:
                continue
            if receptor:
                raise ParameterError(
                    f"{self._where(receptor)}: must have one value per synapse, {n} in total (got {show(given)}), "
                    "in the order of creation; give a distribution, or FromArrays with weights of its length"
                )
            raise ParameterError(
                f"Projection '{self.projection.name}'.delay: must have one value per synapse, {n} in total "
                f"(got {len(given)}), in the order of creation; give a distribution, or as many values"
            )

    def _weights(self, pre: AnyIntegers, post: AnyIntegers, numbers: Integers | int) -> dict[str, Floats | float]:
        """Return the weights by receptor; a Ratio multiplies the weights on the receptor that it names."""
        found: dict[str, Any] = {}  # of the receptors whose weight is no Ratio, which may come after one
        n = len(pre)
        for receptor, given in self.projection.weights.items():
            if isinstance(given, PlacedWeight):
                found[receptor] = given.between(self._host(pre), self._host(post))
            elif isinstance(given, Distribution):
                key = stream_key(self._seed, StreamPurpose.WEIGHT, f"{self._key}\0{receptor}")
                found[receptor] = self._rows.values(given, key, numbers, n)
            elif not isinstance(given, Ratio):
                found[receptor] = (
                    _chosen(given, self._host(numbers), n) if isinstance(given, np.ndarray) else float(given)
                )
        weights: dict[str, Floats | float] = {}
        for receptor in self.projection.weights:
            base, factor = base_weight(self.projection.weights, receptor)
            weights[receptor] = found[base] if base == receptor else self._host(found[base]) * factor
        return weights

    def _remembered(self, block: _Block, keep: bool) -> AnyIntegers | int:
        """Return the delays of a block, and `keep` them, or return those that were kept."""
        first = block.first
        if first in self._kept:
            return self._kept.pop(first).astype(np.int32) + np.int32(self._shortest)
        delay = self._delay(block.pre, block.post, block.numbers)
        if is_each(delay):
            values: AnyIntegers = self._host(delay)
            self._check_delays(values)
            if keep and self._keeps:
                self._kept[first] = (values - self._shortest).astype(np.uint8)
        return delay

    def _compare(self, pre: AnyIntegers, post: AnyIntegers, delay: AnyIntegers | int, first: int, counts: bool) -> None:
        """Refuse a block of a rule or a distribution of the user's own that differs from the block that was counted.

        There is room for the synapses that were counted and for no others; an empty block ends them.
        """
        if not self._doubted:
            return
        found = len(pre)
        for part in (pre, post, delay):
            found = zlib.crc32(np.ascontiguousarray(self._host(part), np.int64).data, found)
        if counts:
            self._counted[first] = found
        elif self._counted and self._counted.get(first) != found:
            rule, given = self.projection.rule, self.projection.delay
            drawn = f"{type(given).__name__}.draw" if is_own(rule) else f"{type(rule).__name__}.blocks"
            drawn = "DistanceDependent.kernel" if isinstance(rule, DistanceDependent) and rule.kernel else drawn
            raise ParameterError(
                f"Projection '{self.projection.name}': {drawn} returned other values when it was called again, from "
                f"synapse {first} on; draw all random numbers from the stream that it is given, and keep no state "
                "(docs/adding_a_connection_rule.md)"
            )

    def _check_delays(self, steps: AnyIntegers) -> None:
        """Refuse drawn delays outside the bounds for which arrays were planned."""
        low, high = int(steps.min(initial=self._longest)), int(steps.max(initial=self._shortest))
        if low < self._shortest or high > self._longest:
            dt = self.layout.dt
            raise ParameterError(
                f"Projection '{self.projection.name}'.delay: {self.projection.delay!r} drew delays outside its "
                f"bounds() of {self._shortest * dt:g} .. {self._longest * dt:g} ms ({low * dt:g} .. {high * dt:g} ms); "
                "bounds() must enclose every value that draw() returns"
            )

    def _delay(self, pre: AnyIntegers, post: AnyIntegers, numbers: Integers | int) -> AnyIntegers | int:
        given, dt, n = self.projection.delay, self.layout.dt, len(pre)
        if isinstance(given, DistanceDelay):
            return self._rows.steps(given.between(self._host(pre), self._host(post)), dt)
        if isinstance(given, Distribution):
            key = stream_key(self._seed, StreamPurpose.DELAY, self._key)
            return self._rows.steps(self._rows.values(given, key, numbers, n), dt)
        if isinstance(given, np.ndarray):
            return np.rint(_chosen(given, self._host(numbers), n) / dt).astype(np.int32)
        return round(given / dt)


def is_own(thing: Any) -> bool:
    """Return whether something is of gpusyn, whose rules and distributions draw the same each time."""
    if isinstance(thing, DistanceDependent) and thing.kernel is not None:
        return False
    return type(thing).__module__.partition(".")[0] in ("gpusyn", "numpy", "builtins")


def _chosen(given: Array, numbers: Integers | int, n: int) -> Array:
    """Return the values of `n` synapses with some numbers, or with consecutive ones from a number on."""
    return given[numbers : numbers + n] if isinstance(numbers, int) else given[numbers]


def _joined(items: Any) -> Any:
    """Return arrays as one; a number is the same for all."""
    if not isinstance(items[0], np.ndarray):
        return items[0]
    return items[0] if len(items) == 1 else np.concatenate(items)


def draw_synapses(projection: Projection, layout: Layout, seed: int, rows: RowMaker | None = None) -> Synapses:
    """Draw one projection, and return its synapses."""
    return Drawing(projection, layout, seed, rows or NumpyRows()).all()


def part_of(synapses: Synapses, pathway: Pathway) -> Synapses:
    """Return the synapses of one pathway, with local ids of its two populations instead of positions."""
    projection = pathway.projection
    pre, post = side_of(projection.pre, pathway.pre_part, 0), side_of(projection.post, pathway.post_part, 0)
    inside: Any = slice(None)
    for selection, side, positions in ((projection.pre, pre, synapses.pre), (projection.post, post, synapses.post)):
        if len(selection.parts) > 1:
            mask = side.holds(positions)
            inside = mask if isinstance(inside, slice) else inside & mask
    chosen = synapses.take(inside)
    return chosen._replace(pre=pre.places(chosen.pre), post=post.places(chosen.post))

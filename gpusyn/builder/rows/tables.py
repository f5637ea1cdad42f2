"""The synapses as kernels read them: event-driven rows of words and weights, per-synapse rows of gates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.fixed_point import weight_range, weight_shift
from gpusyn.builder.gating.forms import (
    Step,
    pulse_steps,
    shape_of,
    synapse_coefficients,
    synapse_kernel,
    synapse_states,
)
from gpusyn.builder.gating.strategy import SOURCE
from gpusyn.builder.inputs.courses import blocker_dose
from gpusyn.builder.inputs.tables import InputTables
from gpusyn.builder.layout import Block, Layout, Ring, history_bits, history_words
from gpusyn.builder.rows.drawn import (
    Rows,
    Synapses,
    draw_synapses,
    own_rows,
    part_of,
    shared_rows,
    source_rows,
    target_rows,
)
from gpusyn.builder.source_gates import GateTables
from gpusyn.drugs import OpenChannelBlocker
from gpusyn.drugs.combined import blocker_of
from gpusyn.errors import ParameterError
from gpusyn.receptors import Receptor
from gpusyn.receptors.nernst import thermal_voltage

Array = NDArray[Any]


@dataclass
class Pool:
    """Pieces of one array, joined once at the end."""

    dtype: Any
    pieces: list[Array] = field(default_factory=list)
    size: int = 0

    def add(self, piece: Array) -> int:
        """Append a piece; returns where it starts."""
        start = self.size
        self.pieces.append(np.asarray(piece, self.dtype))
        self.size += len(piece)
        return start

    def join(self) -> Array:
        """The whole array, of at least one element."""
        pieces = self.pieces if self.size else [np.zeros(1, self.dtype)]
        self.pieces = []
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


@dataclass
class History:
    """What the transmitter of one population's sources did in recent steps, `bits` a step."""

    place: Any
    pulse: int  # steps of transmitter after an event; 0: count events
    dead: int  # steps after a pulse in which events release nothing; -1: they move the end of a pulse
    bits: int
    words: int  # a source
    base: int = 0
    release: int = 0


@dataclass
class Stored:
    """Where the weights of one (block, receptor) are, for `weights` and `set_weights`."""

    block: Block
    receptor: str
    synaptic: bool
    prefix: str  # of the arrays' names
    begin: int  # of row_begin
    rows: int  # bounds there, less one
    words: int
    weights: int
    constant: bool
    exponent: int  # a stored weight times 2^exponent is the weight; 0 for per-synapse weights
    history: History | None = None  # that per-synapse addresses point into
    shared: bool = False  # one word a source stands for all targets


class SynapseTables:
    """Draws every projection of a layout and keeps its synapses in the form of the kernels."""

    def __init__(self, layout: Layout, seed: int, inputs: InputTables) -> None:
        self.layout, self.inputs = layout, inputs
        self.stored: list[Stored] = []
        self.rounded_to_zero: dict[str, int] = {}
        numbers = layout.numbers
        self.routes: list[tuple[int, list[int]]] = []  # (source population, fields)
        self.row_begin, self.words = Pool(np.int64), Pool(np.uint32)
        self.weights = Pool(numbers.weight_dtype)
        self.gates = GateTables(layout)
        self.histories: dict[tuple[str, int, int, int], History] = {}
        self.kinds: dict[str, KindTables] = {}
        self.owners = {name: i for i, name in enumerate(layout.populations)}
        for projection in layout.net.projections.values():
            synapses = draw_synapses(projection, layout, seed)
            for block in layout.blocks:
                if block.projection is projection:
                    part = part_of(synapses, block)
                    self._add_event_driven(block, part)
                    self._add_per_synapse(block, part)
        self._place_histories()

    def _add_event_driven(self, block: Block, part: Synapses) -> None:
        if not block.receptors(synaptic=False):
            return
        if not block.shared:
            self._add_rows(block, part, source_rows(part, block))
            return
        assert isinstance(part.delay, int)
        self._add_rows(block, part, shared_rows(block, part.delay))
        if len(block.own_ids):
            self._add_rows(block, part, own_rows(block, part.delay), taken_back=True)

    def _add_rows(self, block: Block, part: Synapses, rows: Rows, *, taken_back: bool = False) -> None:
        """Routes of a block's rows to its receptors' rings; `taken_back` subtracts, and keeps no weights for users."""
        begin, words = self.row_begin.add(rows.begin), self.words.add(rows.word)
        shared = block.shared and not taken_back
        for k, receptor in block.receptors(synaptic=False):
            ring = block.post.rings[k]
            self._check_sum(block, part, receptor, ring)
            largest = weight_range(block.projection, receptor.name)[2]
            shift = weight_shift(largest, ring.quantum.exponent, 8 * self.layout.numbers.weight_dtype.itemsize)
            exponent = ring.quantum.exponent + shift
            stored = np.rint(np.ldexp(self._weights(block, part, receptor, rows.order), -exponent))
            at = self.weights.add(-stored if taken_back else stored)
            step = int(len(stored) != 1 or len(rows.word) == 1)
            owner, ids, payload = self._sender(block, k)
            *sums, ring_step = _sums(block, ring, shared)
            self.routes.append((owner, [*ids, begin, words, at, step, shift, *sums, *payload, ring_step]))
            if not taken_back:
                self._count_zeros(block, receptor, part, stored)
                self.stored.append(
                    Stored(block, receptor.name, False, "", begin, len(rows.begin) - 1, words, at, not step or shared,
                           exponent, shared=shared)
                )  # fmt: skip

    def _sender(self, block: Block, k: int) -> tuple[int, list[int], list[int]]:
        """Who sends a block's events to receptor `k`: owner, bounds of ids, the payload's place and channels."""
        first, end = block.pre_range
        if block.post.strategies[k].owner != SOURCE:
            start = block.pre.source
            return self.owners[block.pre.population.name], [start + first, start + end], [-1, 0, 1]
        gate = self.layout.gates[block.pre.population.name, block.post.population.receptors[k].kinetics]
        payload = self.gates.payload[gate.owner] + first
        ids = [gate.first + first, gate.first + end]
        return gate.owner, ids, [payload, gate.place.size, shape_of(gate.kinetics).channels]

    def _weights(self, block: Block, part: Synapses, receptor: Receptor, order: Any) -> Array:
        """Weights in stored order; one element if all are equal and may not change."""
        weight = part.weights[receptor.name]
        if isinstance(weight, np.ndarray):
            ordered: Array = weight[order]
            return ordered
        may_change = receptor.name in (block.projection.w_max or {})
        return np.full(len(part.pre) if may_change else 1, weight)

    def _check_sum(self, block: Block, part: Synapses, receptor: Receptor, ring: Any) -> None:
        weight = part.weights[receptor.name]
        largest = weight_range(block.projection, receptor.name)[2]
        if isinstance(weight, np.ndarray) and len(weight) and float(np.abs(weight).max()) > largest * (1 + 1e-12):
            raise ParameterError(
                f"Projection '{block.projection.name}'.weight['{receptor.name}']: {np.abs(weight).max():g} is "
                "beyond the "
                f"declared w_max = {largest:g}; raise w_max"
            )
        degree = int(np.bincount(part.post, minlength=1).max()) if len(part.post) else 0
        allowed = block.projection.rule.max_in_degree(block.projection.pre.size, block.projection.post.size)
        if degree > allowed:
            raise ParameterError(
                f"Projection '{block.projection.name}': a target has {degree} synapses, more than the "
                f"{allowed} that its sums "
                "were planned for; choose another seed, or precision='double'"
            )

    def _count_zeros(self, block: Block, receptor: Receptor, part: Synapses, stored: Array) -> None:
        lost = int(np.count_nonzero(stored == 0))
        if lost:
            zero = part.weights[receptor.name]
            lost -= int(np.count_nonzero(zero == 0)) if isinstance(zero, np.ndarray) else len(stored) * (zero == 0)
        if lost:
            name = f"{block.projection.name}:{receptor.name}"
            self.rounded_to_zero[name] = self.rounded_to_zero.get(name, 0) + lost

    def _add_per_synapse(self, block: Block, part: Synapses) -> None:
        receptors = block.receptors(synaptic=True)
        if not receptors:
            return
        placed: dict[str, tuple[int, int]] = {}  # receptors of one kind share their indices
        for k, receptor in receptors:
            kernel = synapse_kernel(receptor.kinetics)
            kind = self.kinds.setdefault(kernel, KindTables(kernel, self.layout, self.inputs))
            history = self._history(block, receptor)
            rows = target_rows(part, block, history.bits, history.words, 0 if history.pulse else 1)
            if kernel not in placed:
                placed[kernel] = kind.row_begin.add(rows.begin), kind.address.add(rows.word)
            begin, address = placed[kernel]
            weights = self._weights(block, part, receptor, rows.order)
            at = kind.weights.add(weights)
            step = int(len(weights) != 1 or len(rows.word) == 1)
            kind.add(block, k, receptor, [begin, address, at, step, kind.gates, len(rows.word)], history)
            states = synapse_states(receptor.kinetics) + (blocker_of(receptor, self.layout.net.infusions) is not None)
            kind.gates += states * len(rows.word)
            self.stored.append(
                Stored(block, receptor.name, True, kernel + ".", begin, len(rows.begin) - 1, address, at, not step, 0)
            )
            self.stored[-1].history = history

    def _history(self, block: Block, receptor: Receptor) -> History:
        """The history that this receptor's synapses read; populations keep one for each kind of it."""
        pulse, dead = pulse_steps(receptor.kinetics, self.layout.dt, f"receptor '{receptor.name}'.kinetics")
        bits = 1 if pulse else history_bits(block.pre.most_events)
        longest = max(b.longest for b in self.layout.blocks if b.pre is block.pre and b.receptors(synaptic=True))
        words = history_words(longest, bits, block)
        return self.histories.setdefault(
            (block.pre.population.name, pulse, dead, bits), History(block.pre, pulse, dead, bits, words)
        )

    def _place_histories(self) -> None:
        base, release = 0, self.gates.releases
        for history in self.histories.values():
            history.base, history.release = base, release
            base += history.words * history.place.size
            release += history.place.size if history.pulse else 0
        self.history_size, self.releases = base, release

    def arrays(self) -> dict[str, Array]:
        """The tables as arrays by name."""
        routes = sorted(range(len(self.routes)), key=lambda i: self.routes[i][0])
        counts = np.bincount(
            [self.routes[i][0] for i in routes], minlength=len(self.layout.populations) + len(self.layout.gates)
        )
        table = np.array([self.routes[i][1] for i in routes] or [[0] * 16], np.int64)
        histories = [
            [h.place.source, h.place.size, h.base, h.words, h.bits, h.pulse, h.dead, h.release]
            for h in self.histories.values()
        ]
        rings = [ring for place in self.layout.populations.values() for ring in place.rings if ring.shared >= 0]
        shared = [
            [ring.shared + i * ring.shared_slots, ring.shared_slots - 1] for ring in rings for i in range(ring.inputs)
        ]
        out: dict[str, Array] = {
            "routes": table,
            "route_begin": np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
            "row_begin": self.row_begin.join(),
            "words": self.words.join(),
            "weights": self.weights.join(),
            "shared": np.array(shared or [[0] * 2], np.int64),
            "histories": np.array(histories or [[0] * 8], np.int64),
            "history": np.zeros(max(self.history_size, 1), np.uint32),
            **self.gates.arrays(),
        }
        self.n_shared = len(shared)
        for kind in self.kinds.values():
            out.update(kind.arrays())
        return out


class KindTables:
    """The synapses of one per-synapse kernel: sets (one a target population and receptor) of blocks of rows."""

    def __init__(self, kernel: str, layout: Layout, inputs: InputTables) -> None:
        self.kernel, self.layout, self.inputs = kernel, layout, inputs
        self.doses: dict[OpenChannelBlocker, int] = {}  # columns of the waves
        self.row_begin, self.address, self.weights = (
            Pool(np.int64),
            Pool(np.uint32),
            Pool(layout.numbers.real_dtype),
        )
        self.gates = 0
        self.sets: dict[tuple[str, int], list[tuple[list[int], History, list[Any], Receptor]]] = {}

    def add(self, block: Block, k: int, receptor: Receptor, fields: list[int], history: History) -> None:
        """Add one block of rows to the set of receptor `k` of its target population."""
        where = f"receptor '{receptor.name}'.kinetics"
        step = Step(self.layout.dt, self.layout.numbers.real, block.pre.most_events, where)
        coef = synapse_coefficients(receptor.kinetics, step)
        blocker, infusions = blocker_of(receptor, self.layout.net.infusions), self.layout.net.infusions.values()
        if blocker is not None and blocker not in self.doses:
            self.doses[blocker] = self.inputs.column(blocker_dose(blocker, infusions, self.layout.dt))
        self.sets.setdefault((block.post.population.name, k), []).append((fields, history, coef, receptor))

    def group_sets(self, group: int) -> list[tuple[Any, int, list[Any]]]:
        """The sets whose targets are in one group: (population, receptor index, blocks)."""
        places = self.layout.populations
        return [(places[name], k, blocks) for (name, k), blocks in self.sets.items() if places[name].group == group]

    def _block(self, receptor: Receptor, distance: int, coef: list[float]) -> list[int]:
        """Where a drug that blocks by use has its coefficients, its states (after the gate's) and its dose."""
        blocker = blocker_of(receptor, self.layout.net.infusions)
        if blocker is None:
            return [-1, 0, 0]
        at = len(coef)
        coef += _blocker_coefficients(blocker, self.layout.dt)
        return [at, synapse_states(receptor.kinetics) * distance, self.doses[blocker]]

    def arrays(self) -> dict[str, Array]:
        """The kind's shared arrays by name."""
        p, real = self.kernel + ".", self.layout.numbers.real_dtype
        gates = np.zeros(max(self.gates, 1), real)
        out: dict[str, Array] = {
            p + "row_begin": self.row_begin.join(),
            p + "address": self.address.join(),
            p + "weights": self.weights.join(),
            p + "gates": gates,
        }
        for g, group in enumerate(self.layout.groups):
            sets: list[list[int]] = []
            blocks: list[list[int]] = []
            coef: list[float] = []
            for place, k, members in self.group_sets(g):
                row = [r.synaptic for r in group.signature.layout()][k]
                sets.append(
                    [
                        place.size,
                        place.first,
                        2 * row * group.size + place.first,
                        group.size,
                        len(blocks),
                        len(blocks) + len(members),
                    ]
                )
                for fields, h, c, receptor in members:
                    at = len(coef)
                    coef += [float(x) for x in c]
                    first, synapses = fields[-2:]
                    blocker, free, dose = self._block(receptor, synapses, coef)
                    blocks.append([*fields, h.base, h.bits, at, blocker, free, dose])
                    if blocker >= 0:  # no channel is blocked at the start
                        gates[first + free : first + free + synapses] = 1.0
            if sets:
                out[f"{p}sets{g}"] = np.array(sets, np.int64)
                out[f"{p}blocks{g}"] = np.array(blocks, np.int64)
                out[f"{p}coef{g}"] = np.array(coef).astype(real)
        return out


def _blocker_coefficients(blocker: OpenChannelBlocker, dt: float) -> list[float]:
    """As kernels/advance_synapses.cu has them: z delta F/RT, V0, k_off dt, share of unbinding from closed channels."""
    return [blocker.z_delta / thermal_voltage(), blocker.V0, blocker.k_off * dt, blocker.escape]


def _sums(block: Block, ring: Ring, shared: bool) -> list[int]:
    """The rings that a route adds to: base, mask, distance of slots, slices and their size, distance of channels."""
    post = block.post
    if shared:
        return [ring.shared, ring.shared_slots - 1, 1, 1, 1, ring.shared_slots]
    return [ring.base, ring.slots - 1, post.size, post.slices, post.slice_size, ring.slots * post.size]

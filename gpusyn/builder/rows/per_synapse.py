"""Synapses that own their gates: rows of addresses in the histories of their sources, weights, and gates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gpusyn.builder.gating.forms import GateStep, pulse_steps, synapse_coefficients, synapse_kernel, synapse_states
from gpusyn.builder.layout import Layout, history_bits, history_words
from gpusyn.builder.pathways import Pathway
from gpusyn.builder.places import Group, PlacedPopulation
from gpusyn.builder.rows.reference import Synapses
from gpusyn.builder.rows.sorted import target_rows
from gpusyn.builder.rows.stored import Pool, StoredAddresses, ordered_weights
from gpusyn.drugs import OpenChannelBlocker
from gpusyn.drugs.combined import blocker_of
from gpusyn.equations.blocker import BlockerCoefficients, Free
from gpusyn.kernels.arrays import array_name
from gpusyn.kernels.records import History, SynapseBlock, SynapseSet, write_rows
from gpusyn.receptors import Receptor
from gpusyn.receptors.nernst import thermal_voltage
from gpusyn.utils.typing import Array


class Histories:
    """The histories that per-synapse gates read: one per kind of transmitter that a population's sources release.

    Their releases follow `first_release` others.

    Attributes
    ----------
    records : list of History
        The histories.
    size : int
        Number of words of all histories.
    releases : int
        Number of releases of all sources, including the first ones.
    """

    def __init__(self, layout: Layout, first_release: int) -> None:
        self.layout = layout
        self.size, self.releases = 0, first_release
        self._found: dict[tuple[str, int, int, int], History] = {}
        for pathway in layout.pathways:
            for _, receptor in pathway.receptors(synaptic=True):
                key = self._key(pathway, receptor)
                if key not in self._found:
                    self._found[key] = self._place(pathway, *key[1:])
        self.records = list(self._found.values())

    def records_of_populations(self) -> list[tuple[str, History]]:
        """Return the histories with the names of their populations, in their order."""
        return [(key[0], record) for key, record in self._found.items()]

    def of(self, pathway: Pathway, receptor: Receptor) -> History:
        """Return the history that is read by the synapses of a pathway onto one receptor."""
        return self._found[self._key(pathway, receptor)]

    def _key(self, pathway: Pathway, receptor: Receptor) -> tuple[str, int, int, int]:
        """Return the key of a history: population, steps of a pulse of transmitter, its dead time, bits per step."""
        pulse, dead = pulse_steps(receptor.kinetics, self.layout.dt, f"receptor '{receptor.name}'.kinetics")
        bits = 1 if pulse else history_bits(pathway.pre.most_events)
        return pathway.pre.population.name, pulse, dead, bits

    def _place(self, pathway: Pathway, pulse: int, dead: int, bits: int) -> History:
        pre = pathway.pre
        longest = max(p.longest for p in self.layout.pathways if p.pre is pre and p.receptors(synaptic=True))
        words = history_words(longest, bits, pathway)
        history = History(
            source=pre.source,
            size=pre.sources,
            base=self.size,
            words=words,
            bits=bits,
            pulse=pulse,
            dead=dead,
            release=self.releases,
        )
        self.size += words * pre.sources
        self.releases += pre.sources if pulse else 0
        return history

    def arrays(self) -> dict[str, Array]:
        """Return the tables by name."""
        return {"histories": write_rows(self.records, History)}


class Member(NamedTuple):
    """A block of rows in a set, before its coefficients have a place in the table of its group."""

    block: SynapseBlock
    gate_coef: list[float]
    blocker_coef: tuple[float, ...]  # empty if no drug blocks its channels
    synapses: int


class SynapseGateTables:
    """The synapses whose gates one kernel advances: sets (one for each target population and receptor) of blocks.

    Attributes
    ----------
    kernel : str
        Name of the kernel.
    stored : list of StoredAddresses
        Places of the synapses of each pathway and receptor.
    sets : dict of (str, int) to list of Member
        Blocks by target population and index of the receptor.
    """

    def __init__(
        self, kernel: str, layout: Layout, histories: Histories, dose_columns: dict[OpenChannelBlocker, int]
    ) -> None:
        self.kernel, self.layout = kernel, layout
        self.stored: list[StoredAddresses] = []
        self.sets: dict[tuple[str, int], list[Member]] = {}
        self._histories, self._dose_columns = histories, dose_columns
        self._row_begin, self._address = Pool(np.int64), Pool(np.uint32)
        self._weights = Pool(layout.numbers.real_dtype)
        self._gates = 0  # number of states so far

    def add(self, pathway: Pathway, receptors: list[tuple[int, Receptor]], synapses: Synapses) -> None:
        """Add the synapses of a pathway onto receptors of this kernel, which share their rows."""
        rows = target_rows(synapses, pathway, self._histories.of(pathway, receptors[0][1]))
        begin, address = self._row_begin.add(rows.begin), self._address.add(rows.word)
        n = len(rows.word)
        for k, receptor in receptors:
            weights = ordered_weights(pathway, receptor.name, synapses, rows.order)
            at, step = self._weights.add(weights), int(len(weights) != 1 or n == 1)
            history = self._histories.of(pathway, receptor)
            block = SynapseBlock(
                rows=begin, address=address, weights=at, weight_step=step, gates=self._gates, gate_step=n,
                history=history.base, bits=history.bits, coef=0, blocker=-1, free=0, dose=0,
            )  # fmt: skip
            member = self._member(block, pathway, receptor)
            self.sets.setdefault((pathway.post.population.name, k), []).append(member)
            self._gates += states_of(receptor, self.layout) * n
            stored = StoredAddresses(
                pathway=pathway, receptor=receptor.name, begin=begin, words=address, weights=at,
                weight=None if step else float(self.layout.numbers.real_dtype.type(weights[0])),
                kernel=self.kernel, history=history,
            )  # fmt: skip
            self.stored.append(stored)

    def _member(self, block: SynapseBlock, pathway: Pathway, receptor: Receptor) -> Member:
        """Return the block with its coefficients; a blocker's states, those of the free channels, follow the gate's."""
        dt, where = self.layout.dt, f"receptor '{receptor.name}'.kinetics"
        step = GateStep(dt, self.layout.numbers.real, pathway.pre.most_events, where)
        coef = synapse_coefficients(receptor.kinetics, step)
        blocker = blocker_of(receptor, self.layout.net.infusions)
        if blocker is None:
            return Member(block, coef, (), block.gate_step)
        free = synapse_states(receptor.kinetics) * block.gate_step
        blocked = block._replace(free=free, dose=self._dose_columns[blocker])
        return Member(blocked, coef, _blocker_coefficients(blocker, dt), block.gate_step)

    def targets(self, group: int) -> list[tuple[PlacedPopulation, int, list[Member]]]:
        """Return the sets whose targets are in one group: population, index of the receptor, blocks."""
        places = self.layout.populations
        return [(places[name], k, members) for (name, k), members in self.sets.items() if places[name].group == group]

    def arrays(self) -> dict[str, Array]:
        """Return the tables by name."""
        shared = {
            "row_begin": self._row_begin.join(),
            "address": self._address.join(),
            "weights": self._weights.join(),
            "gates": self._initial_gates(),
        }
        out = {array_name(name, kernel=self.kernel): table for name, table in shared.items()}
        for g, group in enumerate(self.layout.groups):
            if targets := self.targets(g):
                own = self._group_tables(group, targets)
                out |= {array_name(name, kernel=self.kernel, group=g): table for name, table in own.items()}
        return out

    def _initial_gates(self) -> Array:
        """Return closed gates, and channels that no drug has blocked yet."""
        real = self.layout.numbers.real_dtype
        if not any(member.blocker_coef for members in self.sets.values() for member in members):
            return np.broadcast_to(real.type(0), max(self._gates, 1))
        gates = np.zeros(max(self._gates, 1), real)
        for block, _, blocker_coef, synapses in (member for members in self.sets.values() for member in members):
            if blocker_coef:
                gates[block.gates + block.free : block.gates + block.free + synapses] = 1.0
        return gates

    def _group_tables(
        self, group: Group, targets: list[tuple[PlacedPopulation, int, list[Member]]]
    ) -> dict[str, Array]:
        """Return the sets, blocks and coefficients of the targets in one group."""
        sets: list[SynapseSet] = []
        blocks: list[SynapseBlock] = []
        coef: list[float] = []
        for place, k, members in targets:
            receptor = group.signature.layout()[k]
            sets.append(
                SynapseSet(
                    size=place.kept,
                    first=group.places(place, receptor.compartment).start,
                    synaptic=group.places(place, 2 * receptor.synaptic).start,
                    synaptic_step=group.size,
                    block=len(blocks),
                    block_end=len(blocks) + len(members),
                )
            )
            for block, gate_coef, blocker_coef, _ in members:
                blocker = len(coef) + len(gate_coef) if blocker_coef else -1
                blocks.append(block._replace(coef=len(coef), blocker=blocker))
                coef += [*gate_coef, *blocker_coef]
        return {
            "sets": write_rows(sets, SynapseSet),
            "blocks": write_rows(blocks, SynapseBlock),
            "coef": np.array(coef).astype(self.layout.numbers.real_dtype),
        }


def states_of(receptor: Receptor, layout: Layout) -> int:
    """Return the number of states of each synapse: of its gate, and of its channels if a drug blocks them."""
    blocked = blocker_of(receptor, layout.net.infusions) is not None
    return synapse_states(receptor.kinetics) + len(Free._fields) * blocked


def by_kernel(receptors: list[tuple[int, Receptor]]) -> dict[str, list[tuple[int, Receptor]]]:
    """Return receptors, with their index on the target, by the kernel that advances their gates."""
    found: dict[str, list[tuple[int, Receptor]]] = {}
    for k, receptor in receptors:
        found.setdefault(synapse_kernel(receptor.kinetics), []).append((k, receptor))
    return found


def _blocker_coefficients(blocker: OpenChannelBlocker, dt: float) -> BlockerCoefficients:
    """Return the coefficients of a drug that blocks open channels."""
    return BlockerCoefficients(
        steepness=blocker.z_delta / thermal_voltage(),
        V0=blocker.V0,
        k_off_dt=blocker.k_off * dt,
        escape=blocker.escape,
    )

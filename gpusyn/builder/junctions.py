"""Gap junctions: a row for each neuron, with the ids of those to which it is coupled, and the conductances.

All junctions of a network are drawn by numpy, in blocks, and sorted into the rows of the neurons of each group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.layout import Layout
from gpusyn.builder.places import PlacedPopulation
from gpusyn.errors import ParameterError
from gpusyn.kernels.arrays import GATHERING, Extents, array_name
from gpusyn.network.coupling import Coupling
from gpusyn.network.populations import Selection
from gpusyn.numerics.rng import Stream, StreamPurpose, stream_key
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.values import check_drawn
from gpusyn.utils.typing import Array, Floats, Integers

POTENTIALS = "gather_potentials"  # the kernel
NO_JUNCTIONS: Extents = {"junction bounds": 0, "junctions": 0}
CONDUCTANCE = "junction_conductance"  # the array
_SUM = 8  # bytes of a neuron of a coupled group, on the host: its conductance in total
_BUILDING = 110  # of each junction while all are sorted
_PAIR = 24  # of each that is drawn, while others are


class Junctions(NamedTuple):
    """The junctions of one coupling, in order of creation: positions in the two selections, and conductances (nS)."""

    A: Integers
    B: Integers
    conductance: Floats


def coupled_groups(layout: Layout) -> set[int]:
    """Return the numbers of the groups of neurons that have gap junctions."""
    return {place.group for coupling in layout.net.couplings.values() for place in _places(coupling, layout)}


def _places(coupling: Coupling, layout: Layout) -> list[PlacedPopulation]:
    return [layout.populations[p.name] for p in (*coupling.A.populations, *coupling.B.populations)]


def junction_array(name: str, group: int) -> str:
    """Return the name in a program of an array of the junctions of a group."""
    return array_name(name, kernel=GATHERING[0], group=group)


def junction_extents(layout: Layout) -> dict[int, Extents]:
    """Return the extents of the arrays of junctions, by group; those of other groups are 0."""
    ends = dict.fromkeys(coupled_groups(layout), 0.0)
    for coupling in layout.net.couplings.values():
        for side in (coupling.A, coupling.B):
            for part in side.parts:
                share = len(part.span[layout.populations[part.population.name].within(part.span)]) / max(side.size, 1)
                ends[layout.populations[part.population.name].group] += share * coupling.pairs.expected
    return {g: {"junction bounds": layout.groups[g].size + 1, "junctions": round(n)} for g, n in ends.items()}


def host_bytes(layout: Layout) -> int:
    """Return the bytes of what the host keeps of junctions."""
    return _SUM * sum(layout.groups[g].size for g in coupled_groups(layout))


def building_bytes(layout: Layout) -> float:
    """Return the most bytes that junctions take while they are built, their arrays included."""
    couplings = layout.net.couplings.values()
    number = sum(one.pairs.expected for one in couplings)
    drawing = max((one.pairs.drawing_bytes().first for one in couplings), default=0)
    return max(_BUILDING * number, _PAIR * number + drawing)


def junction_rows(layout: Layout) -> list[tuple[str, str]]:
    """Return how many gap junctions there are, for a plan."""
    couplings = list(layout.net.couplings.values())
    if not couplings:
        return []
    more = f" and {len(couplings) - 1} more" if len(couplings) > 1 else ""
    number = sum(one.pairs.expected for one in couplings)
    text = f"{number:.6g} of {couplings[0].name}{more}; a row for each of two neurons, read in every step"
    return [("gap junctions", text)]


def draw_junctions(coupling: Coupling, seed: int) -> Junctions:
    """Return the junctions of a coupling.

    Raises
    ------
    ArgumentError
        If a rule of the user's own yields no positions.
    ParameterError
        If an array of conductances has another length than there are junctions, a conductance that was drawn is
        negative, or the pairs of a rule of the user's own are not symmetric.
    """
    blocks = [*coupling.pairs.blocks(Stream(stream_key(seed, StreamPurpose.COUPLE, coupling.name)))]
    none = np.zeros(0, np.int64)
    A, B = (np.concatenate([none, *side]) for side in zip((none, none), *blocks, strict=True))
    where, given = f"Coupling '{coupling.name}'.conductance", coupling.conductance
    if isinstance(given, Distribution):
        given = given.checked_draw(Stream(stream_key(seed, StreamPurpose.JUNCTION, coupling.name)), np.arange(len(A)))
        check_drawn(given, where, unit="nS", low=0.0)
    elif isinstance(given, np.ndarray) and len(given) != len(A):
        raise ParameterError(
            f"{where}: must have one value per junction, {len(A)} in total (got {len(given)} values), in the order of "
            "creation; give a distribution, or FromArrays with conductances of its length"
        )
    return Junctions(A, B, np.broadcast_to(np.asarray(given, np.float64), len(A)))


class JunctionTables:
    """The rows of junctions of all groups that have any, and how much conductance each neuron has in total.

    Parameters
    ----------
    layout : Layout
        Layout of the network.
    seed : int
        Seed of the simulation.
    couplings : mapping of str to Coupling
        Couplings in force.

    Attributes
    ----------
    couplings : mapping of str to Coupling
        Couplings in force.
    sizes : dict of str to int
        Number of junctions of each coupling.
    """

    def __init__(self, layout: Layout, seed: int, couplings: Mapping[str, Coupling]) -> None:
        self.layout, self.seed, self.couplings = layout, seed, couplings
        self.sizes: dict[str, int] = {}
        self._rows: dict[int, dict[str, Array]] = {}
        self._sums: dict[int, Floats] = {}  # conductances of all junctions of each neuron, by group (nS)
        groups = coupled_groups(layout)
        if groups:
            own, other, conductance = (np.concatenate(ends) for ends in zip(*self._ends(), strict=True))
            group, place = self._located(own)
            for g in sorted(groups):
                chosen = np.flatnonzero(group == g)
                self._sums[g] = np.bincount(place[chosen], conductance[chosen], layout.groups[g].size).astype(
                    np.float64
                )
                self._rows[g] = self._sorted(g, place, other, conductance, chosen)

    def replaced(self, coupling: Coupling) -> JunctionTables:
        """Return the tables with other conductances of a coupling."""
        return JunctionTables(self.layout, self.seed, {**self.couplings, coupling.name: coupling})

    def take(self) -> dict[str, Array]:
        """Return the arrays of the program, once: they are not kept here."""
        rows, self._rows = self._rows, {}
        return {junction_array(name, g): array for g, own in rows.items() for name, array in own.items()}

    def _ends(self) -> Iterator[tuple[Array, Array, Floats]]:
        """Yield both ends of the junctions of each coupling: ids of neurons, of their partners, and conductances."""
        for coupling in self.couplings.values():
            found = draw_junctions(coupling, self.seed)
            self.sizes[coupling.name] = len(found.A)
            A, B = (self._ids(*side) for side in ((coupling.A, found.A), (coupling.B, found.B)))
            yield A, B, found.conductance
            yield B, A, found.conductance

    def _ids(self, selection: Selection, positions: Integers) -> Array:
        """Return the ids of the neurons at some positions in a selection."""
        places = self.layout.populations
        ids = [places[part.population.name].id + part.ids for part in selection.parts]
        return np.concatenate(ids).astype(np.int32)[positions]

    def _located(self, ids: Array) -> tuple[Array, Integers]:
        """Return the group of each neuron, -1 of those without places, and its place in it."""
        places = list(self.layout.populations.values())
        number = np.searchsorted([place.id for place in places], ids, side="right") - 1
        group = np.array([place.group for place in places], np.int32)[number]
        begin, end = (np.array([place.id + place.hull[k] for place in places], np.int64)[number] for k in (0, 1))
        group[(ids < begin) | (ids >= end)] = -1
        return group, np.array([place.first - place.id for place in places], np.int64)[number] + ids

    def _sorted(self, g: int, place: Integers, other: Array, conductance: Floats, chosen: Integers) -> dict[str, Array]:
        """Return the rows of one group: each by the ids of partners, equal ones in order of creation."""
        order = chosen[np.lexsort((other[chosen], place[chosen]))]
        size = self.layout.groups[g].size
        begin = np.zeros(size + 1, np.int64)
        np.cumsum(np.bincount(place[chosen], minlength=size), out=begin[1:])
        return {
            "junction_begin": begin,
            "junction_other": self._numbers(other[order]),
            CONDUCTANCE: conductance[order].astype(self.layout.numbers.real_dtype),
        }

    def _numbers(self, ids: Array) -> Array:
        """Return the numbers of neurons; 0 of those without one, which are partners of others' neurons alone."""
        if self.layout.senders is None:
            return ids
        numbers, here = self.layout.senders.numbers(ids)
        return np.where(here, numbers, 0).astype(np.int32)

    def check(self, place: PlacedPopulation, parameters: Mapping[str, Any]) -> None:
        """Refuse conductances that are too large for the step, given the parameters of a population.

        Currents follow from the potentials at the start of a step. Differences between neurons never grow if none
        exchanges more than its whole difference to its partners in one step.

        Raises
        ------
        ParameterError
            If one does.
        """
        if place.group not in self._sums or "C_m" not in parameters:
            return
        sums, dt = self._sums[place.group][place.neurons], self.layout.dt
        C_m = np.broadcast_to(np.asarray(parameters["C_m"], np.float64), place.kept)
        if not place.kept:
            return
        worst = int(np.argmax(sums / C_m))
        cell = f"{place.population.name}[{place.hull[0] + worst}]"
        if dt * sums[worst] > C_m[worst] * (1 + 1e-9):
            raise ParameterError(
                f"{cell}: its gap junctions have {sums[worst]:g} nS in total, and a step of "
                f"dt = {dt:g} ms can follow at most C_m / dt = {C_m[worst] / dt:g} nS; use dt <= "
                f"{C_m[worst] / sums[worst]:.2g} ms, or smaller or fewer conductances"
            )

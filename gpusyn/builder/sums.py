"""The integer sums of each receptor: how many bits they and the weights need, and their quantum.

Both may depend on what is upstream of a population and on nothing else, so that no bit of its results changes with
other parts of the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gpusyn.builder.fixed_point import (
    FINENESS,
    Input,
    Width,
    choose_quantum,
    sufficient_width,
    weight_range,
)
from gpusyn.builder.gating.forms import lumped_form
from gpusyn.builder.gating.strategy import SOURCE, SYNAPSE
from gpusyn.builder.layout import Layout
from gpusyn.builder.places import ReceptorSums
from gpusyn.builder.plasticity.releases import shared_short_term, typical_part
from gpusyn.builder.plasticity.synapse_releases import most_of_weight, usual_part
from gpusyn.drugs.combined import blocker_of
from gpusyn.equations.kinetics import LUMPED
from gpusyn.errors import ParameterError
from gpusyn.kernels.signature import Numbers
from gpusyn.network.plasticity import releases_one_by_one
from gpusyn.network.projections import Projection
from gpusyn.network.rewiring import rewiring_of
from gpusyn.neurons.sources import most_poisson_events
from gpusyn.parameters.scalars import integer

_ROUNDED = 1.0 + 2.0**-20  # by which a weight in single precision can be larger, and more

Inputs = Mapping[int, list[Input]]  # of each receptor of a population, by its index


def place_sums(layout: Layout, precision: str, compact: bool) -> None:
    """Choose the number types, and the quantum of the sums of each receptor, which its largest sum needs."""
    inputs: dict[str, dict[int, list[Input]]] = {name: {} for name in layout.populations}
    for (name, k), given in (*_projected(layout), *_driven(layout)):
        inputs[name].setdefault(k, []).append(given)
    widths = _widths(layout, inputs, precision, compact)
    for name, place in layout.populations.items():
        for k, receptor in enumerate(place.population.receptors):
            quantum = choose_quantum(inputs[name].get(k, []), widths[name])
            on_synapses = place.strategies[k].owner == SYNAPSE
            n_inputs = LUMPED[lumped_form(receptor.kinetics, on_synapses=on_synapses)].INPUTS
            place.sums.append(ReceptorSums(quantum, n_inputs))
    _align_quanta(layout)
    # one type for all: a whole number is the same in each
    none = sufficient_width([], precision, compact=compact)
    sums, weights = (max(sizes) for sizes in zip(none, *widths.values(), strict=True))
    layout.numbers = Numbers(layout.numbers.real, f"int{sums}", f"int{weights}")


def _widths(layout: Layout, inputs: Mapping[str, Inputs], precision: str, compact: bool) -> dict[str, Width]:
    """Return the bits of each population: those that it needs, or a population upstream of it.

    Weights of populations with the same bits can be equal numbers, so that rows can reach several populations.
    """
    needed = {}
    for name, place in layout.populations.items():
        fractions = any(place.strategies[k].owner == SOURCE for k in inputs[name])
        needed[name] = sufficient_width(inputs[name].values(), precision, fractions=fractions, compact=compact)
    sums = largest_upstream({name: width.sums for name, width in needed.items()}, layout)
    weights = largest_upstream({name: width.weights for name, width in needed.items()}, layout)
    return {name: Width(sums[name], weights[name]) for name in needed}


def largest_upstream(numbers: Mapping[str, int], layout: Layout) -> dict[str, int]:
    """Return the largest of the numbers of a population and of all that are upstream of it, however far."""
    targets: dict[str, list[str]] = {}
    for pathway in layout.pathways:
        targets.setdefault(pathway.pre.population.name, []).append(pathway.post.population.name)
    found: dict[str, int] = {}
    for first in sorted(numbers, key=lambda name: numbers[name], reverse=True):
        reached = [first]
        while reached:
            name = reached.pop()
            if name not in found:
                found[name] = numbers[first]
                reached += targets.get(name, ())
    return found


def _align_quanta(layout: Layout) -> None:
    """Give receptors of one name the same quantum where the sums are much finer than the weights.

    Equal weights are then stored as equal numbers, so that rows can reach several populations.
    """
    alike: dict[tuple[str, Width], dict[str, ReceptorSums]] = {}
    for name, place in layout.populations.items():
        for receptor, sums in zip(place.population.receptors, place.sums, strict=True):
            if sums.quantum.inputs and sums.quantum.width.weights < sums.quantum.width.sums:
                alike.setdefault((receptor.name, sums.quantum.width), {})[name] = sums
    for found in alike.values():
        largest = largest_upstream({name: sums.quantum.exponent for name, sums in found.items()}, layout)
        for name, sums in found.items():
            aligned = sums.quantum._replace(exponent=largest[name])
            if aligned.error <= max(sums.quantum.error, FINENESS):
                sums.quantum = aligned


def _projected(layout: Layout) -> Iterator[tuple[tuple[str, int], Input]]:
    """Yield the input that each projection can send to each receptor of each of its target populations."""
    for pathway in layout.pathways:
        if pathway.pre_part > 0:
            continue  # the in-degree is that of the whole projection
        projection = pathway.projection
        degree = _most_synapses(projection)
        events = max(layout.populations[p.name].most_events for p in projection.pre.populations)
        for k, receptor in pathway.receptors(synaptic=False):
            least, mean, largest = layout.weight_ranges[projection.name, receptor.name]
            times = 1 if pathway.post.strategies[k].owner == SOURCE else events  # a gate is at most 1
            if shared_short_term(projection) is not None:  # what the events of a step release together is at most 1
                mean, largest, times = mean * typical_part(projection), largest * _ROUNDED, 1
            if releases_one_by_one(projection):
                mean, largest = mean * usual_part(projection), largest * _ROUNDED
                times = most_of_weight(projection, events)
            given = Input(f"Projection '{projection.name}'", mean, largest, degree * times, least)
            yield (pathway.post.population.name, k), given


def _most_synapses(projection: Projection) -> int:
    """Return the most synapses of a projection that any target can have."""
    rule, sizes = projection.rule, (projection.pre.size, projection.post.size)
    most = integer(rule.max_in_degree(*sizes), f"{type(rule).__name__}.max_in_degree()", low=0)
    if rewiring_of(projection.plasticity) is not None:
        most = integer(rule.rewired_in_degree(*sizes), f"{type(rule).__name__}.rewired_in_degree()", low=most)
    return most


def _driven(layout: Layout) -> Iterator[tuple[tuple[str, int], Input]]:
    """Yield the input that each drive can send to its receptor of each of its target populations."""
    for drive in layout.net.drives.values():
        _refuse_blocked(drive, layout)
        where = f"Drive '{drive.name}'"
        least, mean, largest = weight_range(drive.weight)
        given = Input(where, mean, largest, most_poisson_events(drive.rate_max, layout.dt), least)
        for population in drive.target.populations:
            yield (population.name, [r.name for r in population.receptors].index(drive.receptor)), given


def _refuse_blocked(drive: Any, layout: Layout) -> None:
    """Refuse a drive of a receptor whose channels a drug blocks at each synapse separately."""
    for population in drive.target.populations:
        receptor = population.receptor(drive.receptor)
        assert receptor is not None
        if blocker_of(receptor, layout.net.infusions) is not None:
            raise ParameterError(
                f"Drive '{drive.name}': receptor {drive.receptor!r} of {population.name!r} "
                "is blocked by a drug at each synapse according to its use, and a drive has no synapses; "
                "connect a gs.PoissonSource population with gs.OneToOne() instead"
            )

"""The first half of compilation: places populations, blocks of synapses, gates of sources and rings of sums.

It needs counts and bounds only, so `plan` can use it without drawing anything.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gpusyn.builder.fixed_point import Input, Quantum, choose_quanta, most_events, weight_range
from gpusyn.builder.gating.forms import form_of, lumped_form
from gpusyn.builder.gating.strategy import SOURCE, SYNAPSE, choose_strategies
from gpusyn.builder.inputs.courses import check_infusions, receptor_bath
from gpusyn.builder.layout import (
    Block,
    Description,
    GateSet,
    Group,
    Layout,
    PopulationLayout,
    Ring,
    history_bits,
    history_words,
    same_ids,
)
from gpusyn.connectivity.distance_delay import DistanceDelay
from gpusyn.drugs.combined import blocker_of
from gpusyn.equations.kinetics import LUMPED
from gpusyn.errors import ParameterError
from gpusyn.kernels.signature import Numbers, ReceptorSignature, Signature
from gpusyn.network.network import Network
from gpusyn.network.projections import Projection
from gpusyn.neurons import Membrane
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.scalars import whole_steps, whole_steps_array

LONGEST_DELAY = 2**16 - 1  # steps: a synapse keeps its delay in 16 bits
LARGEST_SLICE = 2**16  # targets: and its target within a slice in the other 16


def lay_out(net: Network, dt: float, precision: str, workers: int = 1) -> Layout:
    """Place every population, block of synapses and ring; choose quanta and number types.

    Raises
    ------
    ParameterError
        A delay or time is off the grid, or something exceeds what ids and delays can address.
    """
    described = Description(*(dict(getattr(net, field)) for field in Description._fields))
    layout = Layout(described, dt, Numbers("float64" if precision == "double" else "float32"), {}, [], [])
    _place_populations(layout, workers)
    _place_blocks(layout)
    _place_gates(layout)
    _place_rings(layout, precision)
    _make_groups(layout)
    check_infusions(layout)
    return layout


def _place_populations(layout: Layout, workers: int) -> None:
    source = 0
    for name, population in layout.net.populations.items():
        place = PopulationLayout(population, source)
        place.strategies = choose_strategies(population, layout.net.projections.values(), layout.net.infusions)
        place.slices = max(-(-population.size // LARGEST_SLICE), min(workers, max(population.size, 1)))
        layout.populations[name] = place
        source += population.size
        place.most_events = most_events(population.model, layout.dt, f"Population '{name}'")
    if source >= 2**31:
        raise ParameterError(
            f"Network: {source} neurons in all; ids have 31 bits, so at most {2**31 - 1} are possible on one device"
        )


def _place_blocks(layout: Layout) -> None:
    for projection in layout.net.projections.values():
        longest = longest_delay(projection, layout)
        n_pre, n_post = projection.pre.size, projection.post.size
        projection.rule.check(n_pre, n_post, f"Projection '{projection.name}'.rule", same_ids(layout, projection))
        expected = projection.rule.expected(n_pre, n_post, same_ids(layout, projection))
        for i, (pre, pre_ids) in enumerate(projection.pre.parts):
            for j, (post, post_ids) in enumerate(projection.post.parts):
                share = len(pre_ids) * len(post_ids) / max(n_pre * n_post, 1)
                places = layout.populations[pre.name], layout.populations[post.name]
                block = Block(projection, i, j, *places, longest, expected * share)
                layout.blocks.append(block)
                if block.receptors(synaptic=True):
                    history_words(block.longest, history_bits(block.pre.most_events), block)


def _place_gates(layout: Layout) -> None:
    for block in layout.blocks:
        for k, receptor in block.receptors(synaptic=False):
            key = block.pre.population.name, receptor.kinetics
            if block.post.strategies[k].owner == SOURCE and key not in layout.gates:
                owner = len(layout.populations) + len(layout.gates)
                layout.gates[key] = GateSet(block.pre, receptor.kinetics, receptor.name, owner, layout.n_ids)
    if layout.n_ids >= 2**31:
        raise ParameterError(
            f"Network: {layout.n_ids} neurons and gates of theirs in all; ids have 31 bits: use gating='per-synapse'"
        )


def longest_delay(projection: Projection, layout: Layout) -> int:
    """Longest delay that the projection can have, in steps; refuses what is off the grid."""
    where, delay, dt = f"Projection '{projection.name}'.delay", projection.delay, layout.dt
    if isinstance(delay, Distribution | DistanceDelay):
        longest = max(1, round(delay.bounds()[1] / dt))
        how = "drawn from" if isinstance(delay, Distribution) else "from"
        layout.notes.append(f"{where}: {how} {delay!r}, rounded to the grid of {dt:g} ms, at least one step")
    elif isinstance(delay, np.ndarray):
        longest = int(whole_steps_array(delay, dt, where).max(initial=1))
    else:
        longest = whole_steps(delay, dt, where)
    if longest > LONGEST_DELAY:
        raise ParameterError(
            f"{where}: up to {longest * dt:g} ms = {longest} steps; at most {LONGEST_DELAY} steps are possible: "
            "use a larger dt, or high= on a distribution"
        )
    return longest


def _place_rings(layout: Layout, precision: str) -> None:
    """One ring a (population, receptor), as long as its own longest delay, in quanta that its largest sum needs."""
    inputs: dict[tuple[str, int], list[Input]] = {}
    slots: dict[tuple[str, int], int] = {}
    shared: dict[tuple[str, int], int] = {}
    for block in layout.blocks:
        for k, receptor in block.receptors(synaptic=False):
            key = (block.post.population.name, k)
            low, mean, high = weight_range(block.projection, receptor.name)
            if block.shared:  # the slot of this step must not be one that this step's events go to
                shared[key] = max(shared.get(key, 1), block.longest + 1)
            if not block.shared or len(block.own_ids):
                slots[key] = max(slots.get(key, 1), block.longest)
            if block.pre_part > 0:
                continue  # the in-degree is that of the whole projection
            degree = block.projection.rule.max_in_degree(block.projection.pre.size, block.projection.post.size)
            events = max(layout.populations[p.name].most_events for p, _ in block.projection.pre.parts)
            events = 1 if block.post.strategies[k].owner == SOURCE else events  # a gate is at most 1
            inputs.setdefault(key, []).append(
                Input(f"Projection '{block.projection.name}'", mean, high, degree * events, low)
            )
    for drive in layout.net.drives.values():
        _refuse_block(drive, layout)
        events = most_events(drive, layout.dt, f"Drive '{drive.name}'")
        low, mean, high = weight_range(drive, drive.receptor)
        for population, _ in drive.target.parts:
            k = [r.name for r in population.receptors].index(drive.receptor)
            inputs.setdefault((population.name, k), []).append(Input(f"Drive '{drive.name}'", mean, high, events, low))
    acc, wide_weights, quanta = choose_quanta(inputs, precision, fractions=bool(layout.gates))
    layout.numbers = Numbers(layout.numbers.real, acc, wide_weights and precision == "single")
    for name, place in layout.populations.items():
        for k, receptor in enumerate(place.population.receptors):
            depth = 1 << math.ceil(math.log2(slots.get((name, k), 1)))
            on_synapses = place.strategies[k].owner == SYNAPSE
            n_inputs = LUMPED[lumped_form(receptor.kinetics, on_synapses=on_synapses)].INPUTS
            ring = Ring(depth, layout.ring_size, quanta.get((name, k), Quantum(0, 0.0, [])), n_inputs)
            layout.ring_size += depth * place.size * n_inputs
            if (name, k) in shared:
                ring.shared, ring.shared_slots = layout.ring_size, 1 << math.ceil(math.log2(shared[name, k]))
                layout.ring_size += ring.shared_slots * n_inputs
            place.rings.append(ring)


def _refuse_block(drive: Any, layout: Layout) -> None:
    for population, _ in drive.target.parts:
        receptor = population.receptor(drive.receptor)
        assert receptor is not None
        if blocker_of(receptor, layout.net.infusions) is not None:
            raise ParameterError(
                f"Drive '{drive.name}': receptor {drive.receptor!r} of {population.name!r} is blocked by a drug by its "
                "use, synapse by synapse, and a drive has no synapses; connect a gs.PoissonSource population with "
                "gs.OneToOne() in its place"
            )


def _make_groups(layout: Layout) -> None:
    groups: dict[Signature, Group] = {}
    for place in layout.populations.values():
        if place.population.model.is_source:
            continue
        calcium = any(
            "Ca" in recorder.variables and any(part.population is place.population for part in recorder.source.parts)
            for recorder in layout.net.recorders.values()
        )
        infusions = layout.net.infusions.values()
        bathed = any(receptor_bath(r, infusions) for r in place.population.receptors)
        signature = _signature(place, layout.numbers, calcium, bathed)
        group = groups.setdefault(signature, Group(signature, []))
        place.first, place.row = group.size, group.rows
        group.members.append(place)
        group.size += place.size
        group.rows += 1 if place.uniform else place.size
    layout.groups = list(groups.values())
    for i, group in enumerate(layout.groups):
        for place in group.members:
            place.group = i


def _signature(place: PopulationLayout, numbers: Numbers, calcium: bool, bathed: bool) -> Signature:
    parts = []
    for r, strategy in zip(place.population.receptors, place.strategies, strict=True):
        synaptic = strategy.owner == SYNAPSE
        parts.append(ReceptorSignature(lumped_form(r.kinetics, on_synapses=synaptic), r.effect, synaptic))
    model = place.population.model
    assert isinstance(model, Membrane)
    only_currents = all(p.effect == "Current" and not p.synaptic for p in parts)
    exact = only_currents and all(form_of(r.kinetics).into_v is not None for r in place.population.receptors)
    return Signature(model.equations(only_currents=exact), tuple(parts), numbers, calcium, bathed)

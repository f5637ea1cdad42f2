"""The first half of compilation: the places of populations, pathways of synapses, gates of sources and sums of events.

The placement needs only counts and bounds, so `plan` can use it without drawing anything.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.builder.bundles import form_bundles
from gpusyn.builder.coarse_weights import coarse_weights
from gpusyn.builder.fixed_point import projection_range
from gpusyn.builder.gating.forms import form_of, lumped_form
from gpusyn.builder.gating.strategy import SOURCE, SYNAPSE, choose_strategies
from gpusyn.builder.inputs.courses import check_infusions, receptor_bath, window
from gpusyn.builder.inputs.currents import check_command
from gpusyn.builder.inputs.noise import check_noise
from gpusyn.builder.inputs.spike_lists import rounded_times
from gpusyn.builder.layout import Description, GateSet, Layout, history_bits, history_words, same_ids
from gpusyn.builder.most_synapses import too_many
from gpusyn.builder.notes import Note
from gpusyn.builder.own_recorders import shared_recorders
from gpusyn.builder.ownership import Share, Spread
from gpusyn.builder.pathways import Pathway
from gpusyn.builder.places import Group, PlacedPopulation
from gpusyn.builder.plasticity.calcium import lag_notes
from gpusyn.builder.plasticity.checks import axonal_notes, check_learning
from gpusyn.builder.plasticity.modulators import check_modulated
from gpusyn.builder.plasticity.releases import refuse_gated
from gpusyn.builder.plasticity.rewiring import check_rewired
from gpusyn.builder.plasticity.scaling import check_scaling
from gpusyn.builder.plasticity.synapse_releases import check_events
from gpusyn.builder.plausible import warnings_of
from gpusyn.builder.reach import number_senders
from gpusyn.builder.rows.scanned import check_scanned
from gpusyn.builder.sums import place_sums
from gpusyn.connectivity.distance_delay import DistanceDelay
from gpusyn.connectivity.explicit import GivenSynapses
from gpusyn.equations.effects import jumps
from gpusyn.errors import ParameterError
from gpusyn.kernels.signature import Numbers, ReceptorSignature, Signature
from gpusyn.kernels.synapse_words import LONGEST_DELAY
from gpusyn.network.compartment_names import compartment_of
from gpusyn.network.network import Network
from gpusyn.network.populations import first_position
from gpusyn.network.projections import Projection
from gpusyn.neurons import Membrane
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.grid import off_grid
from gpusyn.parameters.noise import Noise
from gpusyn.parameters.scalars import check_steps, real, whole_steps, whole_steps_array
from gpusyn.utils.ids import as_ids, taken
from gpusyn.utils.typing import Integers


def lay_out(
    net: Network, dt: float, precision: str, workers: int = 1, *, compact: bool = False, spread: Spread | None = None
) -> Layout:
    """Place every population, pathway of synapses and ring; choose quanta and number types.

    Raises
    ------
    ParameterError
        If a delay or time is off the grid, or a number exceeds what ids and delays can represent.
    """
    described = Description(*(dict(getattr(net, field)) for field in Description._fields))
    layout = Layout(described, dt, Numbers("float64" if precision == "double" else "float32"), {}, [], [])
    _place_populations(layout)
    _place_pathways(layout)
    if spread is not None:
        _share(layout, spread)
    check_learning(layout, compact=compact)
    check_scaling(layout)
    check_rewired(layout)
    _place_gates(layout)
    number_senders(layout)
    place_sums(layout, precision, compact)
    form_bundles(layout, workers)
    for bundle in layout.bundles:
        check_modulated(bundle, layout)
    _make_groups(layout)
    check_infusions(layout)
    for injection in described.injections.values():
        if isinstance(injection.current, Noise):
            check_noise(injection.current, dt, f"Injection '{injection.name}'.current")
    for clamp in described.clamps.values():
        check_command(clamp, dt)
    for recorder in described.recorders.values():
        window(recorder, dt, f"Recorder '{recorder.name}'")
    layout.notes += [
        *rounded_times(layout),
        *axonal_notes(layout),
        *lag_notes(layout),
        *warnings_of(layout),
        *coarse_weights(layout),
        *too_many(layout),
    ]
    return layout


def _place_populations(layout: Layout) -> None:
    source = 0
    for name, population in layout.net.populations.items():
        place = PlacedPopulation(population, source)
        place.strategies = choose_strategies(population, layout.net.projections.values(), layout.net.infusions)
        layout.populations[name] = place
        source += population.size
        place.most_events = population.model.most_events(layout.dt, f"Population '{name}'")
        t_ref = population.model.values.get("t_ref")
        if isinstance(t_ref, Distribution):
            layout.notes.append(Note("Population", name, "drawn refractory times", f"rounded to {layout.dt:g} ms"))
        elif t_ref is not None:
            refractory_steps(t_ref, layout.dt, f"Population '{name}'", between=population.model.BETWEEN_STEPS)
    if source >= 2**31:
        raise ParameterError(
            f"Network: has {source} neurons, but ids have 31 bits, so at most {2**31 - 1} are possible on one device"
        )


def refractory_steps(t_ref: Any, dt: float, where: str, *, between: bool = False) -> Integers:
    """Return refractory times (ms) in steps, one or one per neuron.

    Times that end `between` two steps last until the later one, or are refused.
    """
    times = np.atleast_1d(np.asarray(t_ref, float))
    if between:
        times = np.where(off_grid(times, dt), np.ceil(times / dt) * dt, times)
    pause = whole_steps_array(times, dt, f"{where}.t_ref", low=0)
    if pause.max(initial=0) >= 2**24:
        raise ParameterError(
            f"{where}.t_ref: is {pause.max()} steps, but at most {2**24 - 1} are possible; use a larger dt"
        )
    return pause


def _place_pathways(layout: Layout) -> None:
    for projection in layout.net.projections.values():
        shortest, longest = delay_range(projection, layout)
        for receptor in projection.weights:
            layout.weight_ranges[projection.name, receptor] = projection_range(projection, receptor)
        n_pre, n_post = projection.pre.size, projection.post.size
        projection.rule.check(n_pre, n_post, f"Projection '{projection.name}'.rule", same_ids(layout, projection))
        counted = projection.rule.expected(n_pre, n_post, same_ids(layout, projection))
        expected = real(counted, f"{type(projection.rule).__name__}.expected()", low=0.0)
        for i, pre in enumerate(projection.pre.parts):
            for j, post in enumerate(projection.post.parts):
                share = pre.size * post.size / max(n_pre * n_post, 1)
                places = layout.populations[pre.population.name], layout.populations[post.population.name]
                pathway = Pathway(projection, i, j, *places, shortest, longest, expected * share)
                layout.pathways.append(pathway)
                refuse_gated(pathway)
                check_events(projection, pathway.pre.most_events)
                if pathway.receptors(synaptic=True):
                    _refuse_procedural(pathway)
                    history_words(pathway.longest, history_bits(pathway.pre.most_events), pathway)


def _share(layout: Layout, spread: Spread) -> None:
    """Choose what is simulated here of a network that is spread on several ranks: neurons, and synapses onto them."""
    sizes = {name: place.size for name, place in layout.populations.items()}
    loads = dict.fromkeys(sizes, 1.0)
    for pathway in layout.pathways:
        name = pathway.post.population.name
        loads[name] += pathway.expected / max(sizes[name], 1)
    layout.share = spread.share(sizes, loads)
    for place in layout.populations.values():
        own = layout.owned(place)
        place.hull = (own[0][0], own[-1][1]) if own else (0, 0)
    for pathway in layout.pathways:
        pathway.everywhere = pathway.expected
        pathway.expected *= _part_here(pathway, layout.share)
        pathway.own = layout.share.ranges(pathway.post.population.name)
    check_scanned(layout)
    layout.net = layout.net._replace(recorders=shared_recorders(layout.net.recorders, layout.share))


def _part_here(pathway: Pathway, share: Share) -> float:
    """Return the part of the synapses of a pathway that is expected onto the neurons that are simulated here."""
    part, rule = pathway.projection.post.parts[pathway.post_part], pathway.projection.rule
    if not isinstance(rule, GivenSynapses):
        return share.number(part) / max(part.size, 1)
    first = first_position(pathway.projection.post, pathway.post_part)
    places = rule.post.astype(np.int64) - first
    ids = as_ids(taken(part.span, places[(places >= 0) & (places < part.size)]))
    return np.count_nonzero(share.owns(part.population.name, ids)) / max(len(ids), 1)


def _refuse_procedural(pathway: Pathway) -> None:
    """Refuse a pathway of a procedural projection whose synapses own their gates."""
    k, receptor = pathway.receptors(synaptic=True)[0]
    if pathway.projection.procedural:
        raise ParameterError(
            f"Projection '{pathway.projection.name}'.storage: 'procedural' stores nothing of a synapse, but each one "
            f"onto receptor '{receptor.name}' of '{pathway.post.population.name}' has a gate of its own "
            f"({pathway.post.strategies[k].reason}); use storage='stored', or a receptor whose gates need not be there"
        )


def _place_gates(layout: Layout) -> None:
    for pathway in layout.pathways:
        for k, receptor in pathway.receptors(synaptic=False):
            key = pathway.pre.population.name, receptor.kinetics
            if pathway.post.strategies[k].owner == SOURCE and key not in layout.gates:
                sender = len(layout.populations) + len(layout.gates)
                layout.gates[key] = GateSet(pathway.pre, receptor.kinetics, receptor.name, sender, layout.n_ids)
    if layout.n_ids >= 2**31:
        raise ParameterError(
            f"Network: has {layout.n_ids} neurons and gates on sources, but ids have 31 bits; use gating='per-synapse'"
        )


def delay_range(projection: Projection, layout: Layout) -> tuple[int, int]:
    """Return the shortest and longest delay that the projection can have (steps); refuse delays off the grid."""
    where, delay, dt = f"Projection '{projection.name}'.delay", projection.delay, layout.dt
    if isinstance(delay, Distribution | DistanceDelay):
        shortest, longest = (max(1, round(bound / dt)) for bound in delay.bounds())
        subject = "drawn delays" if isinstance(delay, Distribution) else "delays by distance"
        rounded = f"rounded to {dt:g} ms, at least one step"
        layout.notes.append(Note("Projection", projection.name, subject, rounded))
    elif isinstance(delay, np.ndarray):
        check_steps(delay, dt, where)
        shortest, longest = (int(np.rint(end / dt)) for end in ((delay.min(), delay.max()) if len(delay) else (dt, dt)))
    else:
        shortest = longest = whole_steps(delay, dt, where)
    if longest > LONGEST_DELAY:
        raise ParameterError(
            f"{where}: is up to {longest * dt:g} ms = {longest} steps, but at most {LONGEST_DELAY} steps are possible; "
            "use a larger dt, or give high= to a distribution"
        )
    return shortest, longest


def _make_groups(layout: Layout) -> None:
    groups: dict[Signature, Group] = {}
    for place in layout.populations.values():
        if place.population.model.is_source:
            continue
        calcium = any(
            part.population is place.population and compartment_of(part.population, variable, "Ca") is not None
            for recorder in layout.probing
            for part in recorder.source.parts
            for variable in recorder.variables
        )
        infusions = layout.net.infusions.values()
        bathed = any(receptor_bath(r, infusions, layout.dt) for r in place.population.receptors)
        signature = _signature(place, layout.numbers, calcium, bathed)
        group = groups.setdefault(signature, Group(signature, []))
        place.first, place.row = group.size - place.hull[0], group.rows
        group.members.append(place)
        group.size += place.kept
        group.rows += place.rows
    layout.groups = list(groups.values())
    for i, group in enumerate(layout.groups):
        for place in group.members:
            place.group = i


def _signature(place: PlacedPopulation, numbers: Numbers, calcium: bool, bathed: bool) -> Signature:
    parts = []
    for (r, _, compartment), strategy in zip(place.population.placed, place.strategies, strict=True):
        synaptic = strategy.owner == SYNAPSE
        form = lumped_form(r.kinetics, on_synapses=synaptic)
        parts.append(ReceptorSignature(form, r.effect, synaptic, compartment))
    model = place.population.model
    assert isinstance(model, Membrane)
    only_currents = all((p.effect == "Current" or jumps(p.effect)) and not p.synaptic for p in parts)
    exact = only_currents and all(form_of(r.kinetics).into_v is not None for r in place.population.receptors)
    dendrites = len(place.population.compartments) - 1
    return Signature(model.equations(only_currents=exact), tuple(parts), numbers, calcium, bathed, dendrites)

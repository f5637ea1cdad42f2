"""What a layout alone tells of its program: the launches of a step, and the description of every array.

Nothing is drawn. Extents that only drawn synapses or listed inputs tell (`gpusyn.kernels.arrays.EXPECTED`) are expected
numbers here; all others are exact, and compilation holds the arrays that it makes against them.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from gpusyn.builder.gating.strategy import TARGET, lumped_form
from gpusyn.builder.gating.synapse_gates import synapse_coefficients, synapse_kernel, synapse_states
from gpusyn.builder.inputs.courses import receptor_bath
from gpusyn.builder.inputs.tables import CHUNK
from gpusyn.builder.layout import  Group, Layout, PopulationLayout, history_bits, history_words, one_weight
from gpusyn.builder.neuron_tables import sample_steps
from gpusyn.builder.source_gates import GateTables, pulse_steps
from gpusyn.drugs.combined import blocker_of
from gpusyn.kernels.arrays import ARRAYS, SYNAPTIC, ArrayKind, arguments_of, array_name, record_width
from gpusyn.kernels.program import ArraySpec
from gpusyn.kernels.signature import KINETICS
from gpusyn.parameters.waveform import Waveform
from gpusyn.receptors import Receptor

SPIKES_HELD = 1 << 20  # spikes on the device between two host reads
SAMPLES_HELD = 1 << 24
LEAST_STEPS = 16  # in one chunk, however many neurons there are
MOST_STEPS = 250  # in one chunk
BLOCKER_COEFFICIENTS = 4

Sizes = dict[str, int]
Owner = tuple[str | None, int | None]  # kernel and group that an array belongs to; None: all


def chunk_steps(layout: Layout) -> int:
    """Return so many steps that the buffers of spikes and samples hold what they can bring."""
    columns = sum(r.source.size * len(r.variables) for r in layout.net.recorders.values() if not r.is_spikes)
    receptors = sum(len(place.population.receptors) for place in layout.populations.values())
    waves = 1 + len(layout.net.injections) + len(layout.net.clamps) + 3 * receptors
    held = (
        max(SPIKES_HELD // max(layout.n_ids, 1), LEAST_STEPS),
        SAMPLES_HELD // max(columns, 1),
        SAMPLES_HELD // waves,
    )
    return int(max(1, min(MOST_STEPS, *held)))


def launched(layout: Layout) -> list[tuple[str, int | None]]:
    """Return kernel and group of each launch of a step: gates of synapses, neurons, sources, their gates, delivery."""
    kinds = {p.population.model.kind for p in layout.populations.values()}
    noise = any(p.population.model.kind == "PoissonSource" and p.size for p in layout.populations.values())
    synaptic = [(synapse_kernel(r), b.post.group) for b in layout.pathways for _, r in b.receptors(synaptic=True)]
    kernels = dict.fromkeys(kernel for kernel, _ in synaptic)
    groups = range(len(layout.groups))
    launches: list[tuple[str, int | None]] = [(k, g) for k in kernels for g in groups if (k, g) in synaptic]
    launches += [("advance_neurons", g) for g in groups if layout.groups[g].size]
    launches += [("advance_poisson", None)] if noise else []
    launches += [("advance_lists", None)] if "SpikeSource" in kinds else []
    launches += [("advance_gates", None)] if layout.gates else []
    return [*launches, ("deliver_spikes", None)]


def described(layout: Layout, sizes: dict[Owner, Sizes]) -> Iterator[tuple[ArrayKind, ArraySpec]]:
    """Yield declaration and description of every array of a layout's program; `sizes` are its `extents`."""
    for kind in ARRAYS:
        for owner in filter(functools.partial(_is_owner, kind), sizes):
            yield kind, _spec(kind, owner, sizes[owner], layout)


def synapse_bytes(pathway: Pathway, layout: Layout) -> int:
    """Return the bytes of the words, weights, gates and row bounds of one pathway."""
    return sum(
        counts[extent] * _dtype(kind, layout).itemsize
        for owner, counts in pathway_extents(pathway, layout).items()
        for kind in ARRAYS if _is_owner(kind, owner)
        for extent in map(str, kind.extents) if extent in SYNAPTIC
    )  # fmt: skip


def _is_owner(kind: ArrayKind, owner: Owner) -> bool:
    """Whether arrays of a kind belong to such an owner."""
    kernel, group = owner
    return (kernel in kind.kernels if kind.kernels else kernel is None) and kind.grouped == (group is not None)


def _dtype(kind: ArrayKind, layout: Layout) -> np.dtype[Any]:
    return next(iter(arguments_of(kind).values())).dtype(layout.numbers)


def _spec(kind: ArrayKind, owner: Owner, sizes: Sizes, layout: Layout) -> ArraySpec:
    kernel, group = owner
    widths = [record_width(extent) for extent in kind.extents]
    shape = [sizes[str(e)] if width is None else width for e, width in zip(kind.extents, widths, strict=True)]
    if 0 in shape:  # kernels get no empty arrays
        shape = [width or 1 for width in widths]
    name = array_name(kind.name, kernel=kernel, group=group)
    return ArraySpec(name, _dtype(kind, layout), tuple(shape), kind.role, kind.doc, kind.extents, kind.fill)


def extents(layout: Layout, steps: int) -> dict[Owner, Sizes]:
    """Return the extents of the arrays: of the program, and of each kernel and group that has arrays of its own."""
    own: dict[Owner, Counter[str]] = {}
    for pathway in layout.pathways:
        for owner, part in pathway_extents(pathway, layout).items():
            own.setdefault(owner, Counter()).update(part)
    for kernel, group, _, _ in _sets(layout):
        own[kernel, group]["sets"] += 1
    gates = GateTables(layout)
    sizes: dict[Owner, Sizes] = {(None, None): _program(layout, steps, gates) | own.pop((None, None), Counter())}
    sizes |= {(None, g): _group(layout, g) for g in range(len(layout.groups))}
    sources = [p.size for p in layout.populations.values() if p.population.model.kind == "PoissonSource"]
    if any(sources):
        sizes["advance_poisson", None] = {"chunks": sum(_chunks(n) for n in sources)}
    if layout.gates:
        sizes["advance_gates", None] = {
            "sets": len(gates.sets), "coefficients": len(gates.coef), "source states": gates.states,
        }  # fmt: skip
    return sizes | {owner: dict(part) for owner, part in own.items()}


def pathway_extents(pathway: Pathway, layout: Layout) -> dict[Owner, dict[str, int]]:
    """Return what one block of synapses adds to the extents of the program's and of its kernels' arrays."""
    found: dict[Owner, dict[str, int]] = {}
    lumped, gated = pathway.receptors(synaptic=False), pathway.receptors(synaptic=True)
    if lumped:
        found[None, None] = _event_driven(pathway, lumped)
    n = round(pathway.expected)
    for kernel in dict.fromkeys(synapse_kernel(r) for _, r in gated):
        own = [(k, r) for k, r in gated if synapse_kernel(r) == kernel]
        states = sum(synapse_states(r.kinetics) + _is_blocked(r, layout) for _, r in own)
        weights = sum(_stored(pathway, r, n) for _, r in own)
        found[kernel, None] = {
            "row bounds": pathway.post.size + 1,
            "synapses": n,
            "weights": weights,
            "states": n * states,
        }
        coefficients = sum(_synapse_coefficients(pathway, r, layout) for _, r in own)
        found[kernel, pathway.post.group] = {"blocks": len(own), "coefficients": coefficients}
    return found


def _sets(layout: Layout) -> set[tuple[str, int, str, int]]:
    """Kernel, group, population and receptor of each set of per-synapse gated synapses."""
    return {
        (synapse_kernel(r), b.post.group, b.post.population.name, k)
        for b in layout.pathways for k, r in b.receptors(synaptic=True)
    }  # fmt: skip


def targets_of(layout: Layout, kernel: str, group: int | None) -> list[PopulationLayout]:
    """Return the target population of each set of a per-synapse kernel in a group."""
    return [layout.populations[name] for k, g, name, _ in _sets(layout) if (k, g) == (kernel, group)]


def _event_driven(pathway: Pathway, receptors: list[tuple[int, Receptor]]) -> dict[str, int]:
    first, end = pathway.pre_range
    sliced = (end - first) * pathway.post.slices + 1
    if not pathway.shared:
        n = round(pathway.expected)
        weights = sum(_stored(pathway, r, n) for _, r in receptors)
        return {"routes": len(receptors), "row bounds": sliced, "words": n, "weights": weights}
    # one word for each source; those that leave themselves out take back what they got
    own = len(pathway.own_ids)
    rows = 1 + bool(own)
    return {
        "routes": rows * len(receptors),
        "row bounds": end - first + 1 + (sliced if own else 0),
        "words": len(pathway.projection.pre.parts[pathway.pre_part][1]) + own,
        "weights": rows * len(receptors),
    }


def _stored(pathway: Pathway, receptor: Receptor, n: int) -> int:
    return 1 if one_weight(pathway.projection, receptor.name) else n


def _is_blocked(receptor: Receptor, layout: Layout) -> bool:
    return blocker_of(receptor, layout.net.infusions) is not None


def _synapse_coefficients(pathway: Pathway, receptor: Receptor, layout: Layout) -> int:
    where = f"receptor '{receptor.name}'.kinetics"
    most = pathway.pre.most_events
    own = synapse_coefficients(receptor.kinetics, layout.dt, layout.numbers.real, most, where)
    return len(own) + BLOCKER_COEFFICIENTS * _is_blocked(receptor, layout)


def _program(layout: Layout, steps: int, gates: GateTables) -> Sizes:
    histories = _histories(layout)
    remembers = bool(histories or layout.gates)
    rings = [ring for place in layout.populations.values() for ring in place.rings if ring.shared >= 0]
    return {
        "steps": steps,
        "step bounds": steps + 1,
        "ids": layout.n_ids,
        "remembered ids": layout.n_sources if remembers else 1,
        "spikes": layout.n_ids * steps,
        "releases": gates.releases + sum(place.size for place, _, pulse in histories if pulse),
        "ring slots": layout.ring_size,
        "samples": sum(
            (steps // sample_steps(r, layout.dt) + 1) * r.source.size * len(r.variables)
            for r in layout.net.recorders.values() if not r.is_spikes
        ),
        "routes": 0, "row bounds": 0, "words": 0, "weights": 0,
        "route bounds": len(layout.populations) + len(layout.gates) + 1,
        "shared sums": sum(ring.inputs for ring in rings),
        "histories": len(histories),
        "history words": sum(place.size * words for place, words, _ in histories),
        "payloads": gates.payloads,
    } | _inputs(layout, steps)  # fmt: skip


def _group(layout: Layout, g: int) -> Sizes:
    group: Group = layout.groups[g]
    signature = group.signature
    recorded = [r for r in layout.net.recorders.values() if not r.is_spikes]
    return {
        "neurons": group.size,
        "own states": signature.n_own,
        "gate states": signature.n_states,
        "synaptic sums": 2 * signature.n_synaptic,
        "coefficients": signature.n_coef,
        "coefficient rows": group.rows,
        "rings": signature.n_inputs * len(group.members),
        "chunks": sum(_chunks(place.size) for place in group.members),
        "probes": sum(
            len(r.variables) * len(ids)
            for r in recorded for p, ids in r.source.parts if layout.populations[p.name].group == g
        ),
    }  # fmt: skip


def _chunks(n: int) -> int:
    return -(-n // CHUNK)


def _inputs(layout: Layout, steps: int) -> Sizes:
    net, places = layout.net, layout.populations
    infusions = net.infusions.values()
    baths = {name: [receptor_bath(r, infusions) for r in p.population.receptors] for name, p in places.items()}
    baths = {name: found for name, found in baths.items() if any(found)}
    slowed = [(name, k) for name, found in baths.items() for k, bath in enumerate(found) if bath.decay is not None]
    kinetics = [places[name].population.receptors[k].kinetics for name, k in slowed]
    columns = sum((b.scale is not None) + (b.magnesium is not None) for found in baths.values() for b in found)
    doses = {(synapse_kernel(r), blocker_of(r, net.infusions))
             for b in layout.pathways for _, r in b.receptors(synaptic=True) if _is_blocked(r, layout)}  # fmt: skip
    currents = sum(_currents(injection) for injection in net.injections.values())
    parts = [(d, places[p.name], ids) for d in net.drives.values() for p, ids in d.target.parts]
    sources = [p for p in places.values() if p.population.model.kind == "PoissonSource"]
    listed = [p for p in places.values() if p.population.model.kind == "SpikeSource"]
    return {
        "baths": sum(len(found) for found in baths.values()),
        "bath width": sum(KINETICS[lumped_form(k, TARGET)][1] for k in kinetics),
        "waves": 1 + currents + len(net.clamps) + columns + len(doses),
        "listed events": sum(_events(p) for p in listed),
        "drives": len(parts) + len(sources),
        "rates": 1 + sum(_rates(d.rate, p.size, len(ids) == p.size, steps) for d, p, ids in parts)
        + sum(_rates(p.population.model.rate, p.size, True, steps) for p in sources),
        "drive weights": 1 + sum(_weights(d, p.size, len(ids) == p.size) for d, p, ids in parts),
    }  # fmt: skip


def _currents(injection: Any) -> int:
    """Columns of waves that an injection takes if no neuron gets another one."""
    if isinstance(injection.current, Waveform):
        return len(injection.target.parts)
    if injection.start == 0 and (injection.stop is None or np.isinf(injection.stop)):
        return 0
    return len(np.unique(injection.current)) * len(injection.target.parts)


def _rates(rate: Any, n: int, whole: bool, steps: int) -> int:
    """Rates that a drive onto a whole population, or onto a part of it, needs."""
    if isinstance(rate, Waveform):
        return steps
    return 1 if whole and isinstance(rate, int | float) else n


def _weights(drive: Any, n: int, whole: bool) -> int:
    if not isinstance(drive.weight, int | float):
        return n
    return n if isinstance(drive.rate, Waveform) and not whole else 1


def _events(place: PopulationLayout) -> int:
    times = place.population.model.times
    return sum(len(t) for t in times) if isinstance(times, tuple) else place.size * len(times)

"""The part of a program that follows from a layout alone: the launches of a step, and the description of every array.

Nothing is drawn. Extents that depend on drawn synapses or listed inputs (`gpusyn.kernels.arrays.EXPECTED`) are expected
numbers here. All others are exact, and compilation checks the arrays that it makes against them.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator

from gpusyn.builder.bundles import power_of_2
from gpusyn.builder.gating.forms import synapse_kernel
from gpusyn.builder.inputs.extents import input_extents, limit_extents, renewal_extents, wave_columns
from gpusyn.builder.inputs.gathering import gathered_groups, gathering_extents
from gpusyn.builder.inputs.noise import GATHER
from gpusyn.builder.inputs.poisson import LIMITS, own_rates
from gpusyn.builder.inputs.renewals import renewing_columns
from gpusyn.builder.junctions import POTENTIALS, coupled_groups
from gpusyn.builder.layout import Layout
from gpusyn.builder.neuron_tables import sample_regions
from gpusyn.builder.pathways import Bundle, Pathway
from gpusyn.builder.places import Group
from gpusyn.builder.plasticity import modulators, scaling, spines
from gpusyn.builder.plasticity import synapse_releases as one_by_one
from gpusyn.builder.plasticity.calcium import is_noisy
from gpusyn.builder.plasticity.learning import (
    LEARNING,
    learned_bundles,
    learning_extents,
    learning_units,
    train_extents,
)
from gpusyn.builder.plasticity.releases import KERNEL as RELEASING
from gpusyn.builder.plasticity.releases import release_extents, releases_of
from gpusyn.builder.plasticity.trains import TrainTables
from gpusyn.builder.rows import row_forms
from gpusyn.builder.rows.event_driven import ages, sender_of, shared_sums
from gpusyn.builder.rows.extents import bundle_extents, gated_extents, synapse_sets, targets_of
from gpusyn.builder.rows.per_synapse import Histories
from gpusyn.builder.source_gates import GateTables
from gpusyn.kernels.arrays import ARRAYS, SYNAPTIC, ArrayKind, Extents, Owner, array_name, type_of
from gpusyn.kernels.occupancy import WARP
from gpusyn.kernels.program import ArraySpec
from gpusyn.kernels.records import CHUNK
from gpusyn.kernels.spec import KERNELS
from gpusyn.kinetics import Kinetics
from gpusyn.neurons.sources import RENEWALS

SPIKES_HELD = 1 << 21  # spikes on the device between two host reads, a power of 2 as the list's size is
SPREAD_HELD = 1 << 23  # the same for a rank, whose list grows where more come from others
SAMPLES_HELD = 1 << 24
GRAPH = 32  # steps that a GPU runs without the host; a chunk is a multiple of it, for any number of neurons
MOST_STEPS = 512  # in one chunk
SPIKING = 8  # a grid is sized for one source in so many, whose spikes of some age are due


def chunk_steps(layout: Layout) -> int:
    """Return the number of steps of a chunk, such that the buffers can hold all its spikes and samples."""
    columns = sum(r.source.size * len(r.variables) for r in layout.probing)
    held = (
        max(SPIKES_HELD // max(layout.n_neurons, 1) - 1, GRAPH),
        SAMPLES_HELD // max(columns, 1),
        SAMPLES_HELD // wave_columns(layout),
        SAMPLES_HELD // max(2 * sum(one.size for one in own_rates(layout)), 1),
        SAMPLES_HELD // max(2 * renewing_columns(layout), 1),
    )
    steps = int(max(1, min(MOST_STEPS, *held)))
    return steps // GRAPH * GRAPH or steps


def listed_spikes(layout: Layout, steps: int) -> int:
    """Return for how many spikes the list has room at first, for chunks of `steps` steps: for all that can come.

    On a rank of a large network, it has room for those of its own neurons, and for so many of others.
    """
    known = layout.n_neurons if layout.drawn_reach else layout.n_sources  # the same before and after they are drawn
    most = known * (steps + 1)
    if layout.share is not None:
        most = min(most, max(layout.n_own * (steps + 1), SPREAD_HELD))
    return power_of_2(most)


def holds_all_spikes(layout: Layout) -> bool:
    """Return whether the list of each rank has room for all spikes that can come in a chunk of a few steps."""
    return layout.n_neurons * (GRAPH + 1) <= SPREAD_HELD


def launched(layout: Layout) -> list[tuple[str, int | None]]:
    """Return kernel and group of each launch of a step, in their order."""
    synaptic = [
        (synapse_kernel(r.kinetics), b.post.group) for b in layout.pathways for _, r in b.receptors(synaptic=True)
    ]
    kernels = dict.fromkeys(kernel for kernel, _ in synaptic)
    groups = range(len(layout.groups))
    launches: list[tuple[str, int | None]] = [(k, g) for k in kernels for g in groups if (k, g) in synaptic]
    launches += [(LIMITS, None)] if own_rates(layout) else []
    launches += [(POTENTIALS, g) for g in sorted(coupled_groups(layout))]
    launches += [(GATHER, g) for g in gathered_groups(layout)]
    launches += [("advance_neurons", g) for g in groups]
    launches += [(kernel, None) for kernel in KERNELS if layout.sources(kernel)]
    launches += [("advance_gates", None)] if layout.gates else []
    learned, influx = learned_bundles(layout), spines.influx_groups(layout)
    launches += [(RELEASING, None)] if releases_of(layout) else []
    scaled = scaling.scaled_bundles(layout)
    launches += [("remember_spikes", None)] if learned or influx or scaled else []
    launches += [(spines.GATES, None)] if influx else []
    launches += [(spines.INFLUX, g) for g in influx]
    launches += [(modulators.KERNEL, None)] if any(map(modulators.is_modulated, learned)) else []
    launches += [(LEARNING, None)] if learned else []
    launches += [(spines.SPINES, None)] if influx else []
    launches += [(scaling.KERNEL, None)] if scaled else []
    launches += [("deliver_changes", None)] if layout.gates else []
    launches += [(row_forms.KERNEL, None)] if layout.procedural else []
    launches += [(one_by_one.BEGIN, None), (one_by_one.DELIVER, None)] if one_by_one.releasing(layout) else []
    return [*launches, ("deliver_spikes", None)]


def counts_of(kernel: str, group: int | None, sizes: dict[Owner, Extents]) -> Extents:
    """Return the extents that a launch sees: of several owners that count the same, those of the narrowest."""
    counts: Extents = {}
    for owner in ((None, None), (None, group), (kernel, None), (kernel, group)):
        counts |= sizes.get(owner, {})
    return counts


def remembers(layout: Layout) -> bool:
    """Return whether some gate needs the last event of each source."""
    return bool(Histories(layout, 0).records or layout.gates or spines.spine_bundles(layout))


def items_of(layout: Layout, kernel: str, group: int | None, counts: Extents) -> int:
    """Return the number of independent units of a launch's work."""
    if kernel in ("advance_neurons", GATHER, POTENTIALS, "advance_poisson", RENEWALS):
        return counts["chunks"]
    if kernel == LIMITS:
        return max(one.size for one in own_rates(layout))
    if kernel == "advance_lists":
        return sum(place.size for place in layout.sources(kernel))
    if kernel == "advance_gates":
        return max(_chunks(gate.place.sources) for gate in layout.gates.values())
    if kernel in (RELEASING, one_by_one.BEGIN):
        return max(layout.n_sources // SPIKING, 1)
    if kernel == one_by_one.DELIVER:
        return max(64, most_units(layout, kernel) * layout.n_sources // SPIKING)
    if kernel == "deliver_changes":
        return most_units(layout, kernel) * (layout.n_ids - layout.n_sources)
    if kernel == row_forms.KERNEL:
        return row_forms.BLOCKS
    if kernel == modulators.KERNEL:
        return counts["modulators"]
    if kernel == "remember_spikes":
        return max(64, layout.n_sources // SPIKING)
    if kernel == scaling.KERNEL:
        return max(64, counts["scaled targets"] // WARP)
    if kernel == LEARNING:
        return max(64, most_units(layout, kernel) * layout.n_sources // SPIKING)
    if kernel == spines.GATES:
        return max(place.size for place, _ in spines.gate_sources(layout))
    if kernel == spines.INFLUX:
        return max(place.size for place in spines.influx_targets(layout, group))
    if kernel == spines.SPINES:
        return max(bundle.rows * bundle.slices * bundle.parts for bundle in spines.spine_bundles(layout))
    if kernel == "deliver_spikes":
        histories = sum(history.size for history in Histories(layout, 0).records)
        return max(64, most_units(layout, kernel) * layout.n_sources // SPIKING, -(-histories // WARP))
    return sum(place.size for place in targets_of(layout, kernel, group))


def most_units(layout: Layout, kernel: str) -> int:
    """Return the most units of work that a kernel has for an event of one sender, at least 1."""
    if kernel == LEARNING:
        return max(learning_units(layout).values(), default=1)
    gates = kernel == "deliver_changes"
    units = units_of_senders(layout, kernel == one_by_one.DELIVER)
    return max((n for (_, gate), n in units.items() if (gate is not None) == gates), default=1)


def units_of_senders(layout: Layout, releasing: bool = False) -> Counter[tuple[str, Kinetics | None]]:
    """Return the units of work for an event of each sender: a population, or its gates of one kinetics.

    A unit delivers along the routes of the same rows to one slice of their targets, or to a part of that. Synapses that
    release one by one have units of their own.
    """
    units: Counter[tuple[str, Kinetics | None]] = Counter()
    for bundle in layout.bundles:
        if bundle.one_by_one != releasing:
            continue
        routes = bundle.timing.blocks if bundle.timing.at_once else 1
        for sender in {sender_of(bundle, name) for name in bundle.receptors[: 1 if releasing else None]}:
            units[sender] += routes * bundle.slices * bundle.parts
    return units


def described(layout: Layout, sizes: dict[Owner, Extents]) -> Iterator[tuple[ArrayKind, ArraySpec]]:
    """Yield the declaration and the description of every array of a layout's program; `sizes` are its `extents`."""
    for kind in ARRAYS:
        for owner in filter(functools.partial(_is_owner, kind), sizes):
            yield kind, _spec(kind, owner, sizes[owner], layout)


def gated_bytes(pathway: Pathway, layout: Layout) -> int:
    """Return the bytes of the addresses, weights, gates and row bounds of one pathway's per-synapse gates."""
    return sum(_bytes(owner, counts, layout) for owner, counts in gated_extents(pathway, layout).items())


def bundle_bytes(bundle: Bundle, layout: Layout) -> int:
    """Return the bytes of the targets, weights, late steps and bounds of segments of one bundle, and of its states."""
    rows = _bytes((None, None), bundle_extents(bundle), layout)
    return rows + released_bytes(bundle, layout) + learned_bytes(bundle, layout) + spine_bytes(bundle, layout)


def spine_bytes(bundle: Bundle, layout: Layout) -> int:
    """Return the bytes of what is kept of the synapses of one bundle if they learn from their calcium."""
    return _bytes((spines.SPINES, None), {"spines": round(bundle.expected) * spines.has_spines(bundle)}, layout)


def learned_bytes(bundle: Bundle, layout: Layout) -> int:
    """Return the bytes of what a modulator or noise needs of the synapses of one bundle."""
    n = round(bundle.expected)
    kept = {"eligible synapses": n * modulators.is_modulated(bundle), "noisy synapses": n * is_noisy(bundle)}
    return _bytes((LEARNING, None), kept, layout)


def released_bytes(bundle: Bundle, layout: Layout) -> int:
    """Return the bytes of what is kept of the synapses of one bundle if they release one by one."""
    return _bytes((one_by_one.DELIVER, None), one_by_one.synapse_extents(bundle), layout) if bundle.one_by_one else 0


def rows_bytes(bundle: Bundle, layout: Layout) -> int:
    """Return the bytes of the targets, weights and late steps of one bundle: all but the index of its segments."""
    index = ("segments", "size words")
    counts = {extent: n for extent, n in bundle_extents(bundle).items() if extent not in index}
    return _bytes((None, None), counts, layout)


def procedural_bytes(bundle: Bundle, layout: Layout) -> int:
    """Return the bytes of what is kept of the sources and targets of one procedural bundle."""
    return _bytes((row_forms.KERNEL, None), row_forms.bundle_extents(bundle, layout), layout)


def _bytes(owner: Owner, counts: Extents, layout: Layout) -> int:
    """Return the bytes of what synapses take in the arrays of an owner."""
    return sum(
        counts[extent] * type_of(kind).dtype(layout.numbers).itemsize
        for kind, extent in _synaptic(owner[0], owner[1] is not None) if extent in counts
    )  # fmt: skip


@functools.cache
def _synaptic(kernel: str | None, grouped: bool) -> tuple[tuple[ArrayKind, str], ...]:
    """Return the arrays of an owner that grow with synapses, each with the extent that does."""
    kinds = [kind for kind in ARRAYS if _is_owner(kind, (kernel, 0 if grouped else None))]
    return tuple((kind, extent) for kind in kinds for extent in map(str, kind.extents) if extent in SYNAPTIC)


def _is_owner(kind: ArrayKind, owner: Owner) -> bool:
    """Return True if arrays of a kind belong to such an owner."""
    kernel, group = owner
    return (kernel in kind.kernels if kind.kernels else kernel is None) and kind.grouped == (group is not None)


def _spec(kind: ArrayKind, owner: Owner, sizes: Extents, layout: Layout) -> ArraySpec:
    kernel, group = owner
    argument = type_of(kind)
    shape = [sizes[extent] if isinstance(extent, str) else extent for extent in kind.extents]
    names = kind.extents
    if 0 in shape:  # kernels get no empty arrays
        shape = [1 if isinstance(extent, str) else extent for extent in kind.extents]
    if argument.record:
        shape, names = [*shape, len(argument.record._fields)], (*names, argument.ctype)
    name = array_name(kind.name, kernel=kernel, group=group)
    return ArraySpec(name, argument.dtype(layout.numbers), tuple(shape), kind.role, kind.doc, names, kind.fill)


def extents(layout: Layout, steps: int) -> dict[Owner, Extents]:
    """Return the extents of the arrays: of the program, and of each kernel and group that has arrays of its own."""
    own: dict[Owner, Counter[str]] = {}
    for bundle in layout.bundles:
        own.setdefault((None, None), Counter()).update(bundle_extents(bundle))
    for pathway in layout.pathways:
        for owner, part in gated_extents(pathway, layout).items():
            own.setdefault(owner, Counter()).update(part)
    for kernel, group, _, _ in synapse_sets(layout):
        own[kernel, group]["sets"] += 1
    gates = GateTables(layout)
    sizes: dict[Owner, Extents] = {(None, None): _program(layout, steps, gates) | own.pop((None, None), Counter())}
    sizes |= {(None, g): _group(layout, g) for g in range(len(layout.groups))}
    if sources := layout.sources("advance_poisson"):
        sizes["advance_poisson", None] = {"chunks": layout.units(sources)}
    if layout.sources(RENEWALS):
        sizes[RENEWALS, None] = renewal_extents(layout, steps)
    if layout.gates:
        sizes["advance_gates", None] = {
            "sets": len(gates.sets), "coefficients": len(gates.coef), "source states": gates.states,
        }  # fmt: skip
    slots, releasing = release_extents(layout)
    sizes[None, None] |= slots
    sizes |= {(RELEASING, None): releasing} if releasing else {}
    sizes |= one_by_one.release_extents(layout) | limit_extents(layout, steps)
    sizes |= gathering_extents(layout)
    sizes |= row_forms.procedural_extents(layout) | learning_extents(layout)
    sizes |= scaling.scaling_extents(layout)
    return sizes | {owner: dict(part) for owner, part in own.items()}


def _program(layout: Layout, steps: int, gates: GateTables) -> Extents:
    histories = Histories(layout, gates.releases)
    looked_at = spines.SpineTables(layout, TrainTables(layout), histories.releases)
    delivered, kept = ages(layout.bundles), ages([*layout.bundles, *layout.procedural])
    return {
        "steps": steps,
        "step bounds": steps + 1,
        "ids": layout.n_ids,
        "coupled ids": layout.n_sources if layout.net.couplings else 1,
        "remembered ids": layout.n_sources if remembers(layout) else 1,
        "spikes": listed_spikes(layout, steps),
        "spike steps": power_of_2(steps + 2 + max([steps, *kept])),  # and those of a chunk that is not read yet
        "gates": layout.n_ids - layout.n_sources,
        "releases": looked_at.releases,
        "ring slots": layout.ring_size,
        "samples": sample_regions(layout, steps)[1],
        "routes": 0, "segments": 0, "size words": 0, "targets": 0, "late bytes": 0, "weights": 0,
        "ages": len(delivered),
        "route bounds": len(layout.populations) + len(layout.gates) + 1,
        "shared sums": len(shared_sums(layout)),
        "rested sources": one_by_one.rested_sources(layout),
        "histories": len(histories.records),
        "history words": histories.size,
        "payloads": gates.payloads,
    } | train_extents(layout) | input_extents(layout, steps)  # fmt: skip


def _group(layout: Layout, g: int) -> Extents:
    group: Group = layout.groups[g]
    signature = group.signature
    return {
        "neurons": group.size,
        "compartments": group.size * signature.compartments,
        "own states": signature.n_own,
        "gate states": signature.n_states,
        "synaptic sums": 2 * signature.n_synaptic,
        "coefficients": signature.n_coef,
        "coefficient rows": group.rows,
        "rings": signature.n_inputs * len(group.members),
        "chunks": layout.units(group.members),
        "probes": sum(
            len(r.variables) * part.size
            for r in layout.probing for part in r.source.parts if layout.populations[part.population.name].group == g
        ),
    }  # fmt: skip


def _chunks(n: int) -> int:
    return -(-n // CHUNK)

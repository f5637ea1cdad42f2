"""The second half of compilation: make the arrays and launches that a backend runs from a layout and a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from gpusyn.builder.inputs.courses import Write
from gpusyn.builder.inputs.gathering import arrays_of
from gpusyn.builder.inputs.tables import InputTables
from gpusyn.builder.junctions import JunctionTables, coupled_groups
from gpusyn.builder.layout import Layout
from gpusyn.builder.neuron_tables import NeuronTables, Probes, chunks_of
from gpusyn.builder.pathways import Pathway
from gpusyn.builder.places import PlacedPopulation
from gpusyn.builder.plasticity.learning import settle_mask
from gpusyn.builder.plasticity.releases import release_tables
from gpusyn.builder.plasticity.synapse_releases import signature_of
from gpusyn.builder.rows import row_forms
from gpusyn.builder.rows.drawn import draw_synapses, part_of
from gpusyn.builder.rows.drawn_senders import number_drawn
from gpusyn.builder.rows.reference import Synapses
from gpusyn.builder.rows.tables import SynapseTables
from gpusyn.builder.specs import (
    MOST_STEPS,
    SAMPLES_HELD,
    chunk_steps,
    counts_of,
    described,
    extents,
    items_of,
    launched,
    most_units,
    remembers,
)
from gpusyn.kernels.arrays import EXPECTED, array_name
from gpusyn.kernels.modules import LEARNING_KERNELS
from gpusyn.kernels.program import ArraySpec, Launch, Launcher, Program, filled
from gpusyn.kernels.records import Chunk, write_rows
from gpusyn.kernels.signature import ReleaseSignature, RuleSignature, Signature
from gpusyn.kernels.spec import KERNELS
from gpusyn.utils.typing import Array

# Scalar arguments that hold an extent, a size counted by a dimension of an array (`gpusyn.kernels.arrays.EXTENTS`).
COUNTS = {
    "n": "neurons",
    "n_chunks": "chunks",
    "n_currents": "compartments",
    "n_noises": "noises",
    "n_rows": "coefficient rows",
    "n_waves": "waves",
    "n_means": "own means",
    "n_sets": "sets",
    "n_shared": "shared sums",
    "n_routes": "routes",
    "n_histories": "histories",
    "n_ages": "ages",
    "n_modulators": "modulators",
    "n_scalings": "scalings",
    "slots": "release slots",
    "bath_width": "bath width",
}


class Compiled:
    """A network's program with the tables that the simulator needs to feed and read it.

    Attributes
    ----------
    program : Program
        Arrays and launches.
    described, inputs : InputTables
        The inputs as they were described, and those in force.
    junctions : JunctionTables
        The gap junctions in force.
    steps : int
        Upper limit on the steps of one chunk, so that no buffer can overflow.
    stored : list of StoredWeights
        Places of the synapses of every pathway and receptor.
    releases : ReleaseTables
        Places of what is kept of synapses that release one by one.
    rounded_to_zero : dict of str to int
        Number of weights that are not 0 but are stored as 0, by projection and receptor.
    learning : LearningTables
        Places of what synapses that learn need.
    rewired : dict of str to callable
        Functions that return the present synapses of projections, in the order of creation, where they are no longer
        those that the rule draws at the beginning.
    """

    def __init__(
        self,
        layout: Layout,
        seed: int,
        steps: int | None = None,
        trial: int = 0,
        advanced: Callable[[float], object] = lambda synapses: None,
        launcher: Callable[[], Launcher | None] = lambda: None,
    ) -> None:
        self.layout, self.seed = layout, seed
        if layout.drawn_reach:
            number_drawn(layout, seed, advanced, launcher)
        self.rewired: dict[str, Callable[[], Synapses]] = {}
        self.steps = min(steps or MOST_STEPS, chunk_steps(layout))
        self.inputs = self.described = InputTables(layout, seed, trial)
        self.junctions = JunctionTables(layout, seed, layout.net.couplings)
        synapses = SynapseTables(layout, seed, self.inputs, trial, advanced, launcher)
        self.stored, self.rounded_to_zero = synapses.stored, synapses.rounded_to_zero
        self.learning = synapses.event_driven.learning
        self.releases = synapses.releases
        self.probes = Probes(layout, self.steps)
        self.neurons = [NeuronTables(layout, group, seed) for group in layout.groups]
        self.check_junctions(self.junctions)
        self._sizes = extents(layout, self.steps)
        tables = {name: array for name, array in self._tables(synapses) if array.size}
        specs = fitted({spec.name: spec for _, spec in described(layout, self._sizes)}, tables)
        self._sizes[None, None]["waves"] = specs["waves"].shape[1]
        initial = {name: tables[name] if name in tables else filled(spec) for name, spec in specs.items()}
        self.program = Program(layout.numbers, specs, initial, [self._launch(*one) for one in launched(layout)])

    def _tables(self, synapses: SynapseTables) -> Iterator[tuple[str, Array]]:
        """Yield name and initial values of each array whose elements are not all equal."""
        layout, inputs = self.layout, self.inputs
        yield from synapses.arrays().items()
        yield from release_tables(layout).items()
        yield from inputs.arrays(self.steps).items()
        yield from self.junctions.take().items()
        senders = [*layout.populations.values(), *(gate.place for gate in layout.gates.values())]
        yield "source_population", np.repeat(np.arange(len(senders), dtype=np.int32), [p.sources for p in senders])
        V: dict[str, Array] = {}
        for g, tables in enumerate(self.neurons):
            neurons, probes = self.probes.of_group(g)
            chunks = chunks_of(self.layout, tables.group, inputs, neurons)
            own = tables.arrays(inputs, g)
            own |= {"chunks": write_rows(chunks, Chunk), "probes": probes}
            yield from ((array_name(name, group=g), array) for name, array in own.items())
            V[array_name("V", group=g)] = own["V"]
        yield from self.learning.spines.initial_potentials(V).items()

    def redraw(self, pathway: Pathway) -> Synapses:
        """Return the synapses of a pathway in the order of their creation, with local ids."""
        if found := self.rewired.get(pathway.projection.name):
            return found()
        return part_of(draw_synapses(pathway.projection, self.layout, self.seed), pathway)

    def check_junctions(self, junctions: JunctionTables) -> None:
        """Refuse gap junctions whose conductances are too large for the step, with the parameters in force."""
        for tables in self.neurons:
            for place in tables.group.members:
                junctions.check(place, tables.parameters[place.population.name])

    # ---- other inputs ----
    def differing(self, inputs: InputTables) -> dict[str, Array]:
        """Return the arrays that must change, some of them in size, before other inputs are in force."""
        old, found = self.inputs, {}
        if inputs.poisson is not old.poisson:
            found = inputs.poisson.arrays(self.steps) if inputs.poisson.inputs is not old.poisson.inputs else {}
            found |= inputs.poisson.drive_rows()
        if inputs.renewals is not old.renewals:
            found |= inputs.renewals.arrays(self.steps)
        if inputs.spike_lists is not old.spike_lists:
            found |= inputs.spike_lists.arrays()
        if inputs.injections is not old.injections:
            found |= self._differing_currents(inputs)
        if inputs.clamps.wave is not old.clamps.wave:
            clamped = {g: wave for g, wave in enumerate(inputs.clamps.wave) if wave.any()}
            found |= {array_name("clamp_wave", group=g): wave for g, wave in clamped.items()}
        if inputs.noise is not old.noise:
            found |= inputs.noise.arrays()
        if inputs.width > old.width:
            found["waves"] = inputs.waves(min(self.steps, max(SAMPLES_HELD // inputs.width, 1)))
        return found

    def _differing_currents(self, inputs: InputTables) -> dict[str, Array]:
        found: dict[str, Array] = {}
        switched = inputs.injections.populations ^ self.inputs.injections.populations
        for g, tables in enumerate(self.neurons):
            own = tables.currents(inputs, g)
            own.setdefault("current_wave", np.zeros(own["current"].size, np.int32))
            if any(place.population.name in switched for place in tables.group.members):
                own["chunks"] = write_rows(
                    chunks_of(self.layout, tables.group, inputs, self.probes.of_group(g)[0]), Chunk
                )
            found |= {array_name(name, group=g): array for name, array in own.items()}
        return found

    def current_write(self, place: PlacedPopulation, first: int, stop: int, compartment: int = 0) -> Write:
        """Return the constant current into a compartment of neurons `first` to `stop`, and its place.

        It is that of neurons that have places.
        """
        tables, (begin, end) = self.neurons[place.group], place.hull
        first = min(max(first, begin), end)
        stop = max(first, min(stop, end))
        current = tables.current_of(place, self.inputs, first, stop, compartment)
        at = compartment * tables.group.size + place.first + first
        return Write(array_name("current", group=place.group), current, at)

    def enlarged(self, arrays: Mapping[str, Array]) -> Program:
        """Return the program with some arrays replaced by larger ones; chunks may have fewer steps from then on."""
        specs = {name: spec._replace(shape=arrays[name].shape) if name in arrays else spec
                 for name, spec in self.program.specs.items()}  # fmt: skip
        self.steps, waves = min(self.steps, specs["waves"].shape[0]), specs["waves"].shape[1]
        self._sizes[None, None] |= {"waves": waves, "spikes": specs["spike_id"].size}
        return self.program._replace(specs=specs, launches=[self._launch(*one) for one in launched(self.layout)])

    # ---- launches ----
    def _launch(self, kernel: str, group: int | None) -> Launch:
        """Return one launch of a step; its numbers are those of the narrowest owner that counts them."""
        counts = counts_of(kernel, group, self._sizes)
        words, columns = row_forms.scratch_steps(self.layout)
        own = {
            "remembers": int(remembers(self.layout)),
            "most_units": most_units(self.layout, kernel),
            "spike_mask": counts["spikes"] - 1,
            "step_mask": counts["spike steps"] - 1,
            "seen_step": words,
            "chosen_step": columns,
            "drawers": row_forms.DRAWERS,
            "settle_mask": settle_mask(self.layout),
            "coupled": int(group in coupled_groups(self.layout)),
        }
        scalars = {
            a.name: own[a.name] if a.name in own else counts[COUNTS[a.name]]
            for a in KERNELS[kernel].arguments
            if not a.array
        }
        signature: Signature | RuleSignature | ReleaseSignature | None = None
        if kernel == "advance_neurons" and group is not None:
            signature = self.layout.groups[group].signature
        elif kernel in LEARNING_KERNELS:
            signature = self.learning.signature
        else:
            signature = signature_of(self.layout, kernel)
        items = items_of(self.layout, kernel, group, counts)
        return Launch(kernel, arrays_of(self.layout, kernel, group), scalars, items, signature)


def fitted(specs: dict[str, ArraySpec], tables: dict[str, Array]) -> dict[str, ArraySpec]:
    """Return the specs with the sizes that are known only when synapses are drawn and inputs are listed.

    Raises
    ------
    AssertionError
        If an array is not as its spec says, which means that the builder and the plan disagree.
    """
    for name, array in tables.items():
        spec = specs[name]
        assert array.dtype == spec.dtype, f"array {name}: planned as {spec.dtype}, built as {array.dtype}"
        free = [extent in EXPECTED for extent in spec.extents]
        same = len(array.shape) == len(free) and all(
            any_size or n == m for any_size, n, m in zip(free, spec.shape, array.shape, strict=True)
        )
        assert same, f"array {name}: planned with shape {spec.shape} ({spec.extents}), built with {array.shape}"
        specs[name] = spec._replace(shape=array.shape)
    return specs

"""The second half of compilation: from a layout and a seed to the arrays and launches that a backend runs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.inputs.tables import CHUNK, InputTables
from gpusyn.builder.layout import Layout
from gpusyn.builder.neuron_tables import NeuronTables, Probes, chunk_table
from gpusyn.builder.rows.tables import SynapseTables
from gpusyn.kernels.program import Launch, Program
from gpusyn.kernels.records import Clock

Array = NDArray[Any]
LONG_AGO = -(2**40)  # step of the last event of a source that has had none
SPIKES_HELD = 1 << 20  # spikes on the device between two host reads
SAMPLES_HELD = 1 << 24
LEAST_STEPS = 16  # in one chunk, however many neurons there are
MOST_STEPS = 250  # in one chunk


class Compiled:
    """A network's program with the tables that the simulator needs to feed and read it.

    Attributes
    ----------
    program : Program
    steps : int
        Most steps of one chunk: so many that no buffer can overflow.
    """

    def __init__(self, layout: Layout, seed: int, steps: int | None = None) -> None:
        self.layout = layout
        self.steps = steps or chunk_steps(layout)
        self.inputs = InputTables(layout, seed)
        self.synapses = SynapseTables(layout, seed, self.inputs)
        self.probes = Probes(layout, self.steps)
        self.neurons = [NeuronTables(layout, group, seed) for group in layout.groups]
        arrays = self._shared() | self.synapses.arrays() | self.inputs.drive_arrays(self.steps)
        for g, tables in enumerate(self.neurons):
            arrays |= tables.arrays(f"g{g}.", self.inputs, g)
            neurons, probes = self.probes.table(g)
            chunks, local = chunk_table(tables.group, self.inputs, g, neurons)
            arrays[f"g{g}.chunks"] = chunks
            arrays[f"g{g}.probes"] = (
                np.concatenate([local[:, None], probes], axis=1) if len(local) else np.ones((1, 7), np.int64)
            )
        # a user's arrays are read-only: what may be written to becomes a copy
        self.program = Program(
            layout.numbers,
            {k: np.require(v, requirements=("C", "W")) for k, v in arrays.items()},
            self._launches(arrays),
        )

    def _shared(self) -> dict[str, Array]:
        layout, n = self.layout, max(self.layout.n_sources, 1)
        room = max(self.layout.n_ids, 1) * self.steps
        senders = [*layout.populations.values(), *(gate.place for gate in layout.gates.values())]
        source_population = np.concatenate(
            [np.full(p.size, i, np.int32) for i, p in enumerate(senders)] or [np.zeros(1, np.int32)]
        )
        remembers = self.remembers
        inputs = self.inputs
        return {
            "clock": np.array(Clock(0, 0, 0), np.int64),
            "spike_total": np.zeros(1, np.int64),
            "spike_begin": np.zeros(self.steps + 1, np.int64),
            "spike_id": np.zeros(room, np.int32),
            "spike_events": np.zeros(room, np.int32),
            "event_step": np.full(n if remembers else 1, LONG_AGO, np.int64),
            "event_count": np.zeros(n if remembers else 1, np.int32),
            "release_step": np.full(max(self.synapses.releases, 1), LONG_AGO, np.int64),
            "source_population": source_population,
            "ring": np.zeros(max(layout.ring_size, 1), layout.numbers.acc_dtype),
            "bath": np.array(inputs.bath or [[-1] * 3], np.int64),
            "bath_kinetics": np.zeros(max(self.steps * inputs.bath_width, 1), layout.numbers.real_dtype),
            "waves": np.zeros((self.steps, len(inputs.waves)), layout.numbers.real_dtype),
            "trace": np.full(max(self.probes.size, 1), np.nan, layout.numbers.real_dtype),
            "fault": np.full(1, np.iinfo(np.int64).max),
            "due_begin": np.zeros(self.steps + 1, np.int64),
            "due_id": inputs.due_id if len(inputs.due_id) else np.zeros(1, np.int32),
            "due_events": inputs.due_events if len(inputs.due_events) else np.zeros(1, np.int32),
        }

    @property
    def remembers(self) -> bool:
        """Whether gates need the last event of each source."""
        return bool(self.synapses.histories or self.layout.gates)

    def _launches(self, arrays: dict[str, Array]) -> list[Launch]:
        """The launches of one step: per-synapse gates, neurons, sources, gates of sources, delivery."""
        launches = []
        for kernel, kind in self.synapses.kinds.items():
            for g in range(len(self.layout.groups)):
                if f"{kernel}.sets{g}" in arrays:
                    launches.append(self._synapse_launch(kernel, kind, g, arrays))
        history = int(self.remembers)
        for g, group in enumerate(self.layout.groups):
            if not group.size:
                continue
            own = (
                "chunks",
                "V",
                "refractory",
                "membrane",
                "gates",
                "synaptic",
                "coef",
                "current",
                "current_wave",
                "clamp_wave",
                "rings",
                "probes",
            )
            names = {a: f"g{g}.{a}" for a in own} | _same(
                "clock waves bath bath_kinetics ring drives drive_rate drive_pieces drive_weight trace fault"
            )
            n_chunks = len(arrays[f"g{g}.chunks"])
            scalars = {
                "n_chunks": n_chunks,
                "n": group.size,
                "n_rows": group.rows,
                "n_waves": len(self.inputs.waves),
                "bath_width": self.inputs.bath_width,
                "history": history,
            }
            launches.append(Launch("advance_neurons", names | _EVENTS, scalars, n_chunks, group.signature))
        if self.inputs.poisson_chunks:
            n_chunks = len(self.inputs.poisson_chunks)
            names = {"chunks": "poisson_chunks"} | _same("clock drives drive_rate drive_pieces")
            launches.append(
                Launch("advance_poisson", names | _EVENTS, {"n_chunks": n_chunks, "history": history}, n_chunks)
            )
        if self.inputs.has_lists:
            names = _same("clock due_begin due_id due_events")
            launches.append(Launch("advance_lists", names | _EVENTS, {"history": history}, 128))
        if self.layout.gates:
            names = _same("clock payload release_step") | {a: f"gates.{a}" for a in ("sets", "coef", "states")}
            most = max(-(-gate.place.size // CHUNK) for gate in self.layout.gates.values())
            launches.append(Launch("advance_gates", names | _EVENTS, {"n_sets": len(self.layout.gates)}, most))
        return [*launches, self._delivery(arrays)]

    def _synapse_launch(self, kernel: str, kind: Any, g: int, arrays: dict[str, Array]) -> Launch:
        names = {a: f"{kernel}.{a}" for a in ("row_begin", "address", "weights", "gates")}
        names |= {a: f"{kernel}.{a}{g}" for a in ("sets", "blocks", "coef")} | {"synaptic": f"g{g}.synaptic"}
        names |= _same("history clock waves") | {"V": f"g{g}.V", "rest": f"g{g}.reference"}
        rows = sum(place.size for place, _, _ in kind.group_sets(g))
        scalars = {"n_sets": len(arrays[f"{kernel}.sets{g}"]), "n_waves": len(self.inputs.waves)}
        return Launch(kernel, names, scalars, rows)

    def _delivery(self, arrays: dict[str, Array]) -> Launch:
        counts = np.diff(arrays["route_begin"])
        most = max(1, int(counts.max(initial=0)))
        names = _same(
            "clock spike_total spike_begin spike_id spike_events source_population route_begin routes row_begin words "
            "weights payload ring shared histories event_step event_count release_step history"
        )
        scalars = {
            "most_routes": most,
            "n_shared": self.synapses.n_shared,
            "n_histories": len(self.synapses.histories),
        }
        return Launch("deliver_spikes", names, scalars, max(64, 8 * most, self.layout.n_sources // 1024))


def _same(names: str) -> dict[str, str]:
    return {name: name for name in names.split()}


_EVENTS = _same("spike_total spike_id spike_events event_step event_count")


def chunk_steps(layout: Layout) -> int:
    """So many steps that the buffers of spikes and samples hold what they can bring."""
    columns = sum(r.source.size * len(r.variables) for r in layout.net.recorders.values() if not r.is_spikes)
    receptors = sum(len(place.population.receptors) for place in layout.populations.values())
    waves = 1 + len(layout.net.injections) + len(layout.net.clamps) + 3 * receptors
    held = (
        max(SPIKES_HELD // max(layout.n_ids, 1), LEAST_STEPS),
        SAMPLES_HELD // max(columns, 1),
        SAMPLES_HELD // waves,
    )
    return int(max(1, min(MOST_STEPS, *held)))

"""The tables of synapses that kernels read: event-driven rows, rows with gates of their own, gates of sources."""

from __future__ import annotations

from collections.abc import Callable

from gpusyn.builder.inputs.tables import InputTables
from gpusyn.builder.layout import Layout
from gpusyn.builder.rows.drawn import draw_synapses, part_of
from gpusyn.builder.rows.event_driven import EventDrivenTables
from gpusyn.builder.rows.per_synapse import Histories, SynapseGateTables, by_kernel
from gpusyn.builder.rows.stored import StoredWeights
from gpusyn.builder.source_gates import GateTables
from gpusyn.utils.typing import Array


class SynapseTables:
    """The synapses of all projections of a layout, drawn and stored in the form that kernels read.

    Attributes
    ----------
    gates : GateTables
        Gates that sources own.
    histories : Histories
        Recent events of the sources of synapses that own their gates.
    event_driven : EventDrivenTables
        Synapses without gates of their own.
    gated : dict of str to SynapseGateTables
        Synapses that own their gates, by kernel.
    """

    def __init__(
        self,
        layout: Layout,
        seed: int,
        inputs: InputTables,
        advanced: Callable[[float], object] = lambda synapses: None,
    ) -> None:
        self.gates = GateTables(layout)
        self.histories = Histories(layout, self.gates.releases)
        self.event_driven = EventDrivenTables(layout, self.gates)
        self.gated: dict[str, SynapseGateTables] = {}
        for projection in layout.net.projections.values():
            synapses = draw_synapses(projection, layout, seed)
            pathways = layout.pathways_of(projection)
            advanced(sum(pathway.expected for pathway in pathways) / 2)  # drawing takes about half of the time
            for pathway in pathways:
                part = part_of(synapses, pathway)
                self.event_driven.add(pathway, part)
                for kernel, receptors in by_kernel(pathway.receptors(synaptic=True)).items():
                    if kernel not in self.gated:
                        self.gated[kernel] = SynapseGateTables(kernel, layout, self.histories, inputs.dose_columns)
                    self.gated[kernel].add(pathway, receptors, part)
                advanced(pathway.expected / 2)

    @property
    def stored(self) -> list[StoredWeights]:
        """Places of the synapses of each pathway and receptor."""
        return [*self.event_driven.stored, *(s for tables in self.gated.values() for s in tables.stored)]

    def arrays(self) -> dict[str, Array]:
        """Return the tables by name."""
        out = self.event_driven.arrays() | self.histories.arrays() | self.gates.arrays()
        for tables in self.gated.values():
            out |= tables.arrays()
        return out

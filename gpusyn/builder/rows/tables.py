"""The tables of synapses that kernels read: event-driven rows, rows with gates of their own, gates of sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gpusyn.builder.inputs.tables import InputTables
from gpusyn.builder.layout import Layout
from gpusyn.builder.pathways import Pathway
from gpusyn.builder.plasticity.learning import LearningTables
from gpusyn.builder.plasticity.synapse_releases import ReleaseTables
from gpusyn.builder.rows.compiled import CompiledRows
from gpusyn.builder.rows.drawn import Drawing, part_of
from gpusyn.builder.rows.event_driven import EventDrivenTables, Together
from gpusyn.builder.rows.per_synapse import Histories, SynapseGateTables, by_kernel
from gpusyn.builder.rows.procedural import ProceduralTables
from gpusyn.builder.rows.reference import NumpyRows, RowMaker
from gpusyn.builder.rows.row_forms import is_numbered
from gpusyn.builder.rows.spread_rows import SpreadRows
from gpusyn.builder.rows.stored import StoredWeights
from gpusyn.builder.source_gates import GateTables
from gpusyn.kernels.program import Launcher
from gpusyn.utils.typing import Array

FEW = 200_000  # synapses, which numpy builds sooner than a compiler compiles


def is_large(layout: Layout) -> bool:
    """Return whether kernels build a network, where there are some."""
    return sum(pathway.expected for pathway in layout.pathways if _draws(pathway, layout)) > FEW


@contextmanager
def row_maker(layout: Layout, launcher: Callable[[], Launcher | None]) -> Iterator[RowMaker]:
    """Yield what draws the synapses of a layout: kernels, unless there is no launcher or there are few synapses."""
    used = launcher() if is_large(layout) else None
    try:
        if used is None:
            yield NumpyRows()
        else:
            yield CompiledRows(used) if layout.share is None else SpreadRows(used)
    finally:
        if used is not None:
            used.close()


def _draws(pathway: Pathway, layout: Layout) -> bool:
    """Return whether the synapses of a pathway are drawn when it is built."""
    return is_numbered(pathway.projection, layout) if pathway.projection.procedural else pathway.listed


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
    releases : ReleaseTables
        What is kept of synapses that release one by one.
    procedural : ProceduralTables
        What rows are drawn from at each event, where no synapses are stored.
    gated : dict of str to SynapseGateTables
        Synapses that own their gates, by kernel.
    """

    def __init__(
        self,
        layout: Layout,
        seed: int,
        inputs: InputTables,
        trial: int = 0,
        advanced: Callable[[float], object] = lambda synapses: None,
        launcher: Callable[[], Launcher | None] = lambda: None,
    ) -> None:
        self.gates = GateTables(layout)
        self.histories = Histories(layout, self.gates.releases)
        self.procedural = ProceduralTables(layout, self.gates, seed)
        self.releases = ReleaseTables(layout, seed, trial)
        self.gated: dict[str, SynapseGateTables] = {}
        with row_maker(layout, launcher) as rows:
            learning = LearningTables(layout, inputs, self.histories.releases, seed, trial)
            self.event_driven = EventDrivenTables(layout, self.gates, learning, rows.memory)
            for together in Together.of(layout, seed, rows):
                self.event_driven.add(together, rows, advanced)
                while self.event_driven.releases:
                    self.releases.add(self.event_driven.releases.pop(0))
            for bundle in layout.bundles:
                if bundle.shared or bundle.taken_back:
                    self.event_driven.add_shared(bundle)
            self.procedural.add(rows, advanced)
            for projection in layout.net.projections.values():
                self._add_gated(Drawing(projection, layout, seed, rows), inputs)

    def _add_gated(self, drawing: Drawing, inputs: InputTables) -> None:
        """Add the synapses of a projection that own their gates."""
        layout = drawing.layout
        pathways = [p for p in layout.pathways_of(drawing.projection) if p.receptors(synaptic=True)]
        synapses = drawing.all() if pathways else None
        for pathway in pathways:
            assert synapses is not None
            part = part_of(synapses, pathway)
            for kernel, receptors in by_kernel(pathway.receptors(synaptic=True)).items():
                if kernel not in self.gated:
                    self.gated[kernel] = SynapseGateTables(kernel, layout, self.histories, inputs.dose_columns)
                self.gated[kernel].add(pathway, receptors, part)

    @property
    def rounded_to_zero(self) -> dict[str, int]:
        """Number of weights that are not 0 but are stored as 0, by projection and receptor."""
        return self.event_driven.rounded_to_zero | self.procedural.rounded_to_zero

    @property
    def stored(self) -> list[StoredWeights]:
        """Places of the synapses of each pathway and receptor."""
        gated = (s for tables in self.gated.values() for s in tables.stored)
        return [*self.event_driven.stored, *self.procedural.stored, *gated]

    def arrays(self) -> dict[str, Array]:
        """Return the tables by name."""
        out = self.event_driven.arrays() | self.releases.arrays() | self.procedural.arrays()
        out |= self.histories.arrays() | self.gates.arrays()
        for tables in self.gated.values():
            out |= tables.arrays()
        return out

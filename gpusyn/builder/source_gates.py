"""The tables of gates that sources own (kernels/advance_gates.cu).

Each kind of kinetics sends numbers that its targets can sum: jumps, growth, moves between the sums of synapses in a
pulse and of the others, or changes of a gate.
"""

from __future__ import annotations

import numpy as np

from gpusyn.builder.gating.forms import GateStep, form_of, pulse_steps, shape_of, source_coefficients
from gpusyn.builder.layout import GateSet, Layout
from gpusyn.equations.kinetics import SOURCE_GATES
from gpusyn.kernels.arrays import array_name
from gpusyn.kernels.records import SourceGateSet
from gpusyn.utils.typing import Array


class GateTables:
    """The gates on all sources of a layout."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.payload: dict[int, int] = {}  # place of the first channel of each set, by its owner
        self.coef: list[float] = []
        self.states = self.payloads = self.releases = 0
        self.sets = [self._set(gate) for gate in layout.gates.values()]

    def _set(self, gate: GateSet) -> SourceGateSet:
        kinetics, n, layout = gate.kinetics, gate.place.sources, self.layout
        form, shape = form_of(kinetics), shape_of(kinetics)
        where = f"receptor '{gate.receptor}'.kinetics"
        pulse, dead = pulse_steps(kinetics, layout.dt, where)
        self.payload[gate.sender] = self.payloads
        row = SourceGateSet(
            kind=list(SOURCE_GATES).index(form.source_gate.name),
            source=gate.place.source,
            size=n,
            event_source=gate.first,
            gates=self.states,
            coef=len(self.coef),
            components=form.components(kinetics),
            pulse=pulse,
            dead=dead,
            release=self.releases,
            payload=self.payloads,
        )
        step = GateStep(layout.dt, layout.numbers.real, gate.place.most_events, where)
        self.coef += source_coefficients(kinetics, step)
        self.states += n * shape.states
        self.payloads += n * shape.channels
        self.releases += n if pulse else 0
        return row

    def arrays(self) -> dict[str, Array]:
        """Return the tables as arrays by name."""
        real = self.layout.numbers.real_dtype
        return {
            array_name("sets", kernel="advance_gates"): np.array(self.sets, np.int64),
            array_name("coef", kernel="advance_gates"): np.array(self.coef).astype(real),
        }

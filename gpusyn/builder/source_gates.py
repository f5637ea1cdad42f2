"""Gates that sources own, as kernels read them (kernels/advance_gates.cu).

Each kind of kinetics sends what its targets can sum: jumps, growth, moves between the sums of synapses in a pulse and
of the others, or changes of a gate.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.gating.forms import Step, form_of, pulse_steps, shape_of, source_coefficients
from gpusyn.builder.layout import GateSet, Layout
from gpusyn.equations.kinetics import SOURCE_GATES

Array = NDArray[Any]


class GateTables:
    """The gates on all sources of a layout."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.payload: dict[int, int] = {}  # of a set, by its owner: where its first channel is
        self.coef: list[float] = []
        self.states = self.payloads = self.releases = 0
        self.sets = [self._set(gate) for gate in layout.gates.values()]

    def _set(self, gate: GateSet) -> list[int]:
        kinetics, n, layout = gate.kinetics, gate.place.size, self.layout
        form, shape = form_of(kinetics), shape_of(kinetics)
        where = f"receptor '{gate.receptor}'.kinetics"
        pulse, dead = pulse_steps(kinetics, layout.dt, where)
        self.payload[gate.owner] = self.payloads
        kind, size = list(SOURCE_GATES).index(form.source_gate.name), form.components(kinetics)
        row = [kind, gate.place.source, n, gate.first, self.states, len(self.coef), size,
               pulse, dead, self.releases, self.payloads]  # fmt: skip
        step = Step(layout.dt, layout.numbers.real, gate.place.most_events, where)
        self.coef += source_coefficients(kinetics, step)
        self.states += n * shape.states
        self.payloads += n * shape.channels
        self.releases += n if pulse else 0
        return row

    def arrays(self) -> dict[str, Array]:
        """The tables as arrays by name."""
        real = self.layout.numbers.real_dtype
        return {
            "gates.sets": np.array(self.sets or [[0] * 11], np.int64),
            "gates.coef": np.array(self.coef or [0.0]).astype(real),
            "gates.states": np.zeros(max(self.states, 1), real),
            "payload": np.zeros(max(2 * self.payloads, 1), real),
        }

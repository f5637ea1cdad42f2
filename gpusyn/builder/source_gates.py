"""Gates that sources own, as kernels read them; and what their target neurons keep of them.

Each kind of kinetics sends what its targets can sum: jumps, growth, moves between the sums of synapses in a pulse and
of the others, or changes of a gate (kernels/advance_gates.cu; kernels/receptors/kinetics.cuh).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.gating import linear as coefficients
from gpusyn.builder.gating.pulsed import PulseScheme, pulse_scheme
from gpusyn.builder.gating.saturating import growth
from gpusyn.builder.gating.strategy import components
from gpusyn.builder.layout import GateSet, Layout
from gpusyn.kernels.arrays import array_name
from gpusyn.kinetics import FirstOrder, GProtein, Kinetics, Saturating
from gpusyn.parameters.scalars import whole_steps

Array = NDArray[Any]
KINDS = {"first_order": 0, "markov": 0, "jump": 1, "saturating": 2, "g_protein": 3}  # as in kernels/advance_gates.cu


# A gate (or rise variable) smaller than this is closed, so that a source whose channels are shut sends nothing.
LEAST_GATE = {"float32": 2.0**-40, "float64": 2.0**-60}
# What a rise variable may still add to a gate when it is taken for 0: rounding, for a gate up to 1.
LEAST_RISE = {"float32": 2.0**-30, "float64": 2.0**-60}


class Shape(NamedTuple):
    """States of one gate, and the channels it sends on."""

    states: int
    channels: int


def shape_of(kinetics: Kinetics) -> Shape:
    """Shape of a source's gate."""
    if kinetics.kind in ("first_order", "markov"):
        m = components(kinetics)
        return Shape(m, m + 1)
    return {"jump": Shape(1, 1), "saturating": Shape(3, 1), "g_protein": Shape(3, 1)}[kinetics.kind]


def scheme_of(kinetics: Any, dt: float) -> PulseScheme:
    """One step of a scheme under pulses."""
    if isinstance(kinetics, FirstOrder):
        closing, opening = kinetics.beta, kinetics.alpha * kinetics.T_max
        return pulse_scheme([[0.0, closing], [0.0, 0.0]], [[0.0, closing], [opening, 0.0]], (1.0, 0.0), (1,), dt)
    off = np.asarray(kinetics.rates)
    on = off + kinetics.T_max * np.asarray(kinetics.binding)
    return pulse_scheme(off, on, kinetics.rest, kinetics.open, dt)


def pulse_steps(kinetics: Any, dt: float, where: str) -> tuple[int, int]:
    """Steps that one event's transmitter stays, and steps after it in which events are ignored (-1: none are)."""
    if not hasattr(kinetics, "T_dur"):
        return 0, -1
    dead = kinetics.deadtime
    pulse = whole_steps(kinetics.T_dur, dt, f"{where}.T_dur")
    return pulse, -1 if dead is None else whole_steps(dead, dt, f"{where}.deadtime", low=0)


def target_coefficients(kinetics: Kinetics, dt: float, quantum: float) -> list[Any]:
    """Coefficients of what a target neuron keeps of gates on its sources, in the order of its struct."""
    if kinetics.kind in ("first_order", "markov"):
        s = scheme_of(kinetics, dt)
        rows = (s.on.reshape(-1), s.off.reshape(-1), s.drive, s.mean_on, s.mean_off)
        return [*np.concatenate(rows), s.mean_drive, quantum]
    if kinetics.kind == "g_protein":
        return [quantum]
    decay, mean = coefficients.lumped(coefficients.Exponential(kinetics.tau_decay), dt, quantum)[:2]  # type: ignore[attr-defined]
    if kinetics.kind == "jump":
        return [decay, mean, quantum]
    return [decay, 1.0, 0.0, mean, 0.5, quantum]  # growth is sent one step ahead


def source_coefficients(kinetics: Any, dt: float, precision: str, most_events: int, where: str) -> list[float]:
    """Coefficients of a source's gate."""
    if kinetics.kind in ("first_order", "markov"):
        s = scheme_of(kinetics, dt)
        return [float(x) for x in np.concatenate([s.on.reshape(-1), s.off.reshape(-1), s.drive])]
    if isinstance(kinetics, GProtein):
        least = LEAST_GATE[precision]
        return [*coefficients.cascade(kinetics, dt, on=True), *coefficients.cascade(kinetics, dt, on=False),
                kinetics.n, kinetics.K_d, least]  # fmt: skip
    if isinstance(kinetics, Saturating) and not kinetics.jump:
        least = LEAST_RISE[precision] / (kinetics.alpha * kinetics.tau_rise)
        return [least, *growth(kinetics, dt, precision, most_events, where).coefficients()]
    return coefficients.jump(kinetics, dt)


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
        shape = shape_of(kinetics)
        where = f"receptor '{gate.receptor}'.kinetics"
        pulse, dead = pulse_steps(kinetics, layout.dt, where)
        self.payload[gate.sender] = self.payloads
        size = components(kinetics) if KINDS[kinetics.kind] == 0 else 0
        row = [KINDS[kinetics.kind], gate.place.source, n, gate.first, self.states, len(self.coef), size,
               pulse, dead, self.releases, self.payloads]  # fmt: skip
        self.coef += source_coefficients(kinetics, layout.dt, layout.numbers.real, gate.place.most_events, where)
        self.states += n * shape.states
        self.payloads += n * shape.channels
        self.releases += n if pulse else 0
        return row

    def arrays(self) -> dict[str, Array]:
        """The tables as arrays by name."""
        real = self.layout.numbers.real_dtype
        return {
            array_name("sets", kernel="advance_gates"): np.array(self.sets, np.int64),
            array_name("coef", kernel="advance_gates"): np.array(self.coef).astype(real),
        }

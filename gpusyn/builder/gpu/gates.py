"""The work of `advance_gates`, and of the kernels of gates on synapses, in one step."""

from __future__ import annotations

from math import ceil

from gpusyn.builder.gating.forms import form_of, pulse_steps, shape_of, synapse_kernel, synapse_states
from gpusyn.builder.gpu.work import WAITS, Elements, Given, Phase, Work
from gpusyn.builder.layout import Layout
from gpusyn.builder.pathways import one_weight
from gpusyn.builder.rows.extents import blocker_states
from gpusyn.kernels.occupancy import WARP
from gpusyn.kernels.records import CHUNK
from gpusyn.receptors import Receptor

_GATE = 90  # instructions of a gate


def source_gates(given: Given) -> Work:
    """Return the work of `advance_gates`."""
    layout, activity = given.layout, given.activity
    gates = list(layout.gates.values())
    n = sum(gate.place.size for gate in gates)
    states = sum(gate.place.size * shape_of(gate.kinetics).states for gate in gates)
    pulsed = sum(gate.place.size for gate in gates if pulse_steps(gate.kinetics, layout.dt, "gates")[0])
    sends = sum(activity.sends(gate) for gate in gates)
    changes = sum(2 * activity.sends(gate) * shape_of(gate.kinetics).channels for gate in gates)
    elements: Elements = {
        "clock": (1, 1), "sets": (len(gates), 0), "coef": (given.counts["coefficients"], 0),
        "gates": (states, states), "payload": (0, changes), "release_step": (pulsed, pulsed),
        "event_step": (n, 0), "event_count": (n - pulsed, 0), "gate_total": (1, 1), "gate_id": (0, sends),
    }  # fmt: skip
    phases = [Phase(-(-gate.place.size // CHUNK), near=5, cycles=WAITS * _GATE) for gate in gates]
    return given.work(elements, phases, _GATE * n / WARP, atomics=sends)


_SYNAPSE, _STATE, _ROW = 30, 14, 90  # instructions of a pass over 32 synapses, of each of its states, of a row


def synapse_gates(given: Given) -> Work:
    """Return the work of a kernel of gates on synapses."""
    layout, counts, g = given.layout, given.counts, given.group
    parts = [
        (pathway, receptor) for pathway in layout.pathways if pathway.post.group == g
        for _, receptor in pathway.receptors(synaptic=True) if synapse_kernel(receptor.kinetics) == given.kernel
    ]  # fmt: skip
    reads = sum(pathway.expected for pathway, _ in parts)
    states = sum(pathway.expected * _states(receptor, layout) for pathway, receptor in parts)
    own = sum(pathway.expected for pathway, receptor in parts if not one_weight(pathway.projection, receptor.name))
    rows = sum(pathway.post.size for pathway, _ in parts)
    blocked = sum(pathway.post.size for pathway, receptor in parts if blocker_states(receptor, layout))
    kept = sum(len(form_of(receptor.kinetics).synapse_gate.C._fields) for _, receptor in parts)
    elements: Elements = {
        "sets": (counts["sets"], 0), "blocks": (counts["blocks"], 0), "row_begin": (2 * rows, 0),
        "address": (reads, 0), "weights": (max(own, 1), 0), "gates": (states, states), "history": (reads, 0),
        "coef": (kept, 0), "synaptic": (0, 2 * given.items), "clock": (1, 0),
        "waves": (counts["waves"] if blocked else 0, 0), "V": (blocked, 0), "rest": (blocked, 0),
    }  # fmt: skip
    passes = sum(ceil(pathway.expected / max(pathway.post.size, 1) / WARP) * pathway.post.size for pathway, _ in parts)
    each = passes / max(given.items, 1)
    instructions = _ROW * rows + passes * (_SYNAPSE + _STATE * states / max(reads, 1))
    phase = Phase(given.items, near=3 + each / 2, far=each / 2, cycles=WAITS * 40)
    return given.work(elements, [phase], instructions, scattered=reads, gathered="history")


def _states(receptor: Receptor, layout: Layout) -> int:
    """Return the states of a synapse: its gate, and what a drug blocks of its channels."""
    return synapse_states(receptor.kinetics) + blocker_states(receptor, layout)

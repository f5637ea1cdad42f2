"""``kernels/advance_neurons.cu`` in numpy: one step of the neurons of one signature, by whole populations."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from itertools import groupby
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.backends.numpy_events import add_drive, emit
from gpusyn.backends.numpy_models import EFFECTS, KINETICS, NEURONS, Arrivals, Effect, Kinetics, Neuron, Real
from gpusyn.backends.numpy_tables import Array, Chunk, Drive, Probe, Ring, read_rows
from gpusyn.portable_math import flush
from gpusyn.signature import ReceptorLayout, Signature

THRESHOLD, RESET, REFRACTORY, REST, NEURON_COEF = range(5)  # the first coefficients of every neuron
TABLES = ("chunks", "rings", "drives", "probes")
LIMIT = 1e30  # a potential beyond it, or not a number, is a fault


class Variable(IntEnum):
    """What a probe records."""

    V = 0
    G = 1
    I = 2
    B = 3
    H = 4


class Receptor(NamedTuple):
    """One receptor of a population: equations, states, and per-synapse sums (mean, end) if any."""

    kinetics: Kinetics
    effect: type[Effect]
    input: int
    coef: int
    effect_coef: int
    x: tuple[Array, ...]
    synaptic: tuple[Array, Array] | None


class Probes(NamedTuple):
    """Probes of one population that record the same variable at the same steps."""

    variable: Variable
    receptor: int
    every: int
    neurons: Array
    first: Array  # places of the first samples in `trace`
    columns: Array  # distance to the next


class Cells(NamedTuple):
    """One population: views of the session's arrays, which stay where they are."""

    chunk: Chunk
    V: Array
    refractory: Array
    current: Array
    current_wave: Array
    clamp_wave: Array
    c: Array  # (N_COEF,) when all share one row, else (N_COEF, count)
    receptors: tuple[Receptor, ...]
    rings: list[Ring]
    drives: list[Drive]
    probes: list[Probes]


class Neurons(NamedTuple):
    """All populations of one signature."""

    model: type[Neuron]
    cells: list[Cells]


def prepare_neurons(a: SimpleNamespace, signature: Signature | None) -> Neurons:
    """Find the populations, and views of what belongs to each."""
    assert signature is not None
    rings, drives = read_rows(a.rings, Ring), read_rows(a.drives, Drive)
    probes = np.array(a.probes).reshape(-1, len(Probe._fields))
    coef, cells = a.coef[: signature.n_coef * int(a.n_rows)].reshape(signature.n_coef, -1), []
    for chunk, members in _populations(read_rows(a.chunks, Chunk, int(a.n_chunks))):
        own = slice(chunk.first, chunk.first + chunk.count_)
        cells.append(
            Cells(
                chunk,
                a.V[own],
                a.refractory[own],
                a.current[own],
                a.current_wave[own],
                a.clamp_wave[own],
                coef[:, chunk.row : chunk.row + chunk.count_] if chunk.row_step else coef[:, chunk.row],
                tuple(_receptor(a, layout, chunk) for layout in signature.layout()),
                rings[chunk.rings : chunk.rings + signature.n_inputs],
                drives[chunk.drive : chunk.drive_end],
                list(_probes(probes, chunk, members)),
            )
        )
    return Neurons(NEURONS[signature.neuron], cells)


def _populations(chunks: list[Chunk]) -> Iterator[tuple[Chunk, list[Chunk]]]:
    """Runs of chunks that continue each other, each as one long chunk and its members."""
    blank = {"count_": 0, "probe": 0, "probe_end": 0}
    start = 0
    while start < len(chunks):
        whole, stop = chunks[start], start + 1
        while stop < len(chunks):
            n = whole.count_
            following = whole._replace(
                first=whole.first + n,
                row=whole.row + n * whole.row_step,
                global_=whole.global_ + n,
                local=whole.local + n,
                **blank,
            )
            if chunks[stop]._replace(**blank) != following:
                break
            whole = whole._replace(count_=n + chunks[stop].count_)
            stop += 1
        yield whole, chunks[start:stop]
        start = stop


def _receptor(a: SimpleNamespace, layout: ReceptorLayout, chunk: Chunk) -> Receptor:
    kinetics, n = KINETICS[layout.kinetics], int(a.n)

    def part(array: Array, which: int) -> Array:
        return array[which * n + chunk.first : which * n + chunk.first + chunk.count_]

    return Receptor(
        kinetics,
        EFFECTS[layout.effect],
        layout.input,
        layout.coef,
        layout.effect_coef,
        tuple(part(a.gates, layout.state + s) for s in range(kinetics.STATES)),
        None
        if layout.synaptic < 0
        else (part(a.synaptic, 2 * layout.synaptic), part(a.synaptic, 2 * layout.synaptic + 1)),
    )


def _probes(table: Array, whole: Chunk, members: list[Chunk]) -> Iterator[Probes]:
    """The probes of one population, grouped by what they record."""
    found = []
    for chunk in members:
        for row in table[chunk.probe : chunk.probe_end].tolist():
            probe = Probe(*row)
            found.append(probe._replace(neuron=probe.neuron + chunk.first - whole.first))

    def kind(p: Probe) -> tuple[int, int, int]:
        return (p.variable, p.receptor, p.every)

    for (variable, receptor, every), group in groupby(sorted(found, key=kind), kind):
        same = list(group)
        yield Probes(
            Variable(variable),
            receptor,
            every,
            np.array([p.neuron for p in same]),
            np.array([p.trace + p.column for p in same]),
            np.array([p.columns for p in same]),
        )


def advance_neurons(a: SimpleNamespace, plan: Neurons) -> None:
    """Private Poisson input, V, gates, threshold, spikes and samples of the step that ``clock[0]`` names."""
    now, base = int(a.clock[0]), int(a.clock[2])
    a.clock[1] = now
    waves = a.waves[(now - base) * int(a.n_waves) :]
    for cells in plan.cells:
        chunk = cells.chunk
        due, following = (
            [
                a.ring[at : at + chunk.count_]
                for at in (r.base + (t & r.mask) * r.stride + chunk.local for r in cells.rings)
            ]
            for t in (now, now + 1)
        )
        shared = [
            a.ring[r.shared + (now & r.shared_mask)] if r.shared >= 0 else a.ring.dtype.type(0) for r in cells.rings
        ]
        for drive in cells.drives:
            add_drive(a, drive, now, now - base, chunk.local, chunk.count_, due)
        free_v = _integrate(plan.model, cells, Arrivals(due, following, shared), waves)
        fires, sound = _threshold(cells, free_v, waves)
        if not sound.all():
            worst = now << 31 | (chunk.global_ + int(np.argmin(sound)))
            a.fault[0] = min(int(a.fault[0]), worst)
        emit(a, now, chunk.global_ + np.flatnonzero(fires & sound), 1)
        for p in cells.probes:
            if (now + 1) % p.every == 0:
                row = (now + 1) // p.every - base // p.every - 1
                a.trace[p.first + row * p.columns] = _sample(cells, p.neurons, p.variable, p.receptor)


def _integrate(model: type[Neuron], cells: Cells, arrived: Arrivals, waves: Array) -> Array:
    """Advance the gates, and return the v that each neuron would reach were it not refractory."""
    v, c, current = cells.V, cells.c, cells.current
    if cells.chunk.waves:
        current = current + waves[cells.current_wave]
    own = c[NEURON_COEF:]
    G, D = model.leak(own), model.drive(current, own)
    for r in cells.receptors:
        gate = r.kinetics.average(r.x, c[r.coef :])
        if r.synaptic:
            gate = gate + r.synaptic[0]
        G, D = r.effect.add(gate, v, c[r.effect_coef :], G, D)
    free_v = model.advance(v, own, G, D)
    for r in cells.receptors:
        r.kinetics.step(r.x, c[r.coef :], arrived.since(r.input))
    return free_v


def _threshold(cells: Cells, free_v: Array, waves: Array) -> tuple[Array, Array]:
    """Set V and the refractory counters; return who fires, and whose potential is a sound number."""
    c, refractory = cells.c, cells.refractory
    held = refractory > 0
    v = flush(np.where(held, cells.V, free_v))
    sound = np.abs(v) < v.dtype.type(LIMIT)  # asked before a reset could hide it
    fires = ~held & (v >= c[THRESHOLD])
    v = np.where(fires, c[RESET], v)
    counter = np.where(fires, c[REFRACTORY].astype(np.int32), np.where(held, refractory - 1, 0))
    if cells.chunk.waves:
        clamped = cells.clamp_wave != 0
        v = np.where(clamped, flush(waves[cells.clamp_wave] - c[REST]), v)
        fires = fires & ~clamped
        counter = np.where(clamped, 0, counter)
    cells.V[:] = v
    refractory[:] = counter
    return fires, sound


def _sample(cells: Cells, j: Array, variable: Variable, receptor: int) -> Real:
    """Recorded values of neurons `j`, as they stand at the end of the step."""
    v, c = cells.V[j], cells.c if cells.c.ndim == 1 else cells.c[:, j]
    if variable == Variable.V:
        return flush(v + c[REST])
    r = cells.receptors[receptor]
    if variable == Variable.H and len(r.x) > 1:
        return flush(r.x[1][j])
    gate = r.kinetics.value([x[j] for x in r.x]) if r.x else np.zeros_like(v)
    if r.synaptic:
        gate = gate + r.synaptic[1][j]
    if variable == Variable.I:
        return flush(r.effect.current(gate, v, c[r.effect_coef :]))
    if variable == Variable.B:
        return flush(r.effect.block(v, c[r.effect_coef :]))
    return flush(gate)

"""``kernels/advance_neurons.cu`` in numpy: one step of the neurons of one signature, some of a population at a time."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator
from itertools import groupby
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from gpusyn.backends.numpy import pieces
from gpusyn.backends.numpy.cells import (
    Bathed,
    CellProbes,
    CellReceptor,
    Cells,
    Compartment,
    ProbeVariable,
    add_receptors,
    advance_calcium,
    bathe,
    jumped,
    sample,
    valid,
)
from gpusyn.backends.numpy.dendrites import finish_dendrites, start_dendrites
from gpusyn.backends.numpy.poisson import add_drive
from gpusyn.backends.numpy.spikes import begin_step, emit
from gpusyn.equations.dendrites import DendriteCoefficients
from gpusyn.equations.effects import EFFECTS
from gpusyn.equations.kinetics import LUMPED
from gpusyn.equations.kinetics.base import Arrivals
from gpusyn.equations.neurons import NEURONS, CalciumCoefficients, Neuron
from gpusyn.kernels.records import Bath, Chunk, PoissonDrive, Probe, Ring, read_rows
from gpusyn.kernels.signature import ReceptorLayout, Signature
from gpusyn.numerics.portable_math import flush
from gpusyn.utils.typing import Array

CALCIUM, DENDRITE = len(CalciumCoefficients._fields), len(DendriteCoefficients._fields)  # coefficients of each


class Neurons(NamedTuple):
    """All populations of one signature, in pieces."""

    model: type[Neuron]
    cells: list[Cells]


def prepare_neurons(a: SimpleNamespace, signature: Signature | None) -> Neurons:
    """Return the pieces of the populations, with views of their parts of the arrays."""
    assert signature is not None
    rings, drives, bath = read_rows(a.rings, Ring), read_rows(a.drives, PoissonDrive), read_rows(a.bath, Bath)
    probes = read_rows(a.probes, Probe)
    model, n = NEURONS[signature.neuron], int(a.n)
    states = namedtuple("states", model.STATES)  # type: ignore[misc]
    coef, cells = a.coef[: signature.n_coef * int(a.n_rows)].reshape(signature.n_coef, -1), []
    for chunk, members in _populations(read_rows(a.chunks, Chunk, int(a.n_chunks))):
        own = slice(chunk.first, chunk.first + chunk.size)
        c = coef[:, chunk.row : chunk.row + chunk.size] if chunk.row_step else coef[:, chunk.row]
        cells.append(
            Cells(
                chunk,
                tuple(_compartment(a, signature, chunk, c, k) for k in range(signature.compartments)),
                states(*(a.membrane[s * n + own.start : s * n + own.stop] for s in range(len(model.STATES)))),
                a.refractory[own],
                c,
                tuple(_receptor(a, layout, chunk, bath) for layout in signature.layout()),
                c[signature.calcium_coef + CALCIUM * signature.compartments :],
                rings[chunk.rings : chunk.rings + signature.n_inputs],
                drives[chunk.drive : chunk.drive_end],
                list(_probes(probes, chunk, members)),
            )
        )
    return Neurons(model, cells)


def _populations(chunks: list[Chunk]) -> Iterator[tuple[Chunk, list[Chunk]]]:
    """Yield each run of consecutive chunks of a population as one chunk, up to a number, with its members."""
    blank = {"size": 0, "probe": 0, "probe_end": 0}
    start = 0
    while start < len(chunks):
        whole, stop = chunks[start], start + 1
        while stop < len(chunks):
            n = whole.size
            following = whole._replace(
                first=whole.first + n,
                row=whole.row + n * whole.row_step,
                source=whole.source + n,
                offset=whole.offset + n,
                **blank,
            )
            if n + chunks[stop].size > pieces.NEURONS or chunks[stop]._replace(**blank) != following:
                break
            whole = whole._replace(size=n + chunks[stop].size)
            stop += 1
        yield whole, chunks[start:stop]
        start = stop


def _compartment(a: SimpleNamespace, signature: Signature, chunk: Chunk, c: Array, number: int) -> Compartment:
    """Return compartment `number` of the neurons of a chunk."""

    def part(array: Array, which: int) -> Array:
        return array[which * int(a.n) + chunk.first : which * int(a.n) + chunk.first + chunk.size]

    def coefficients(first: int, which: int, count: int) -> Array:
        return c[first + which * count : first + (which + 1) * count]

    calcium = signature.calcium
    return Compartment(
        part(a.V, number),
        part(a.current, number),
        part(a.current_wave, number),
        part(a.clamp_wave, number),
        part(a.gates, signature.calcium_state + number) if calcium else None,
        coefficients(signature.calcium_coef, number, CALCIUM if calcium else 0),
        coefficients(signature.dendrite_coef, number - 1, DENDRITE if number else 0),
    )


def _receptor(a: SimpleNamespace, layout: ReceptorLayout, chunk: Chunk, bath: list[Bath]) -> CellReceptor:
    kinetics, effect, n = LUMPED[layout.kinetics], EFFECTS[layout.effect], int(a.n)

    def part(array: Array, which: int) -> Array:
        return array[which * n + chunk.first : which * n + chunk.first + chunk.size]

    return CellReceptor(
        kinetics,
        effect,
        layout.input,
        layout.coef,
        layout.effect_coef,
        tuple(part(a.gates, layout.state + s) for s in range(kinetics.STATES)),
        tuple(part(a.gates, layout.state + kinetics.STATES + s) for s in range(effect.STATES)),
        None
        if layout.synaptic < 0
        else (part(a.synaptic, 2 * layout.synaptic), part(a.synaptic, 2 * layout.synaptic + 1)),
        bath[chunk.bath + layout.number] if chunk.bath >= 0 else Bath(-1, -1, -1),
        layout.compartment,
    )


def _probes(probes: list[Probe], whole: Chunk, members: list[Chunk]) -> Iterator[CellProbes]:
    """Yield the probes of one population, grouped by the variable that they record."""
    found = [
        probe._replace(neuron=probe.neuron + chunk.first - whole.first)
        for chunk in members
        for probe in probes[chunk.probe : chunk.probe_end]
    ]

    def kind(p: Probe) -> tuple[int, int, int]:
        return (p.variable, p.receptor, p.every)

    for (variable, receptor, every), group in groupby(sorted(found, key=kind), kind):
        same = list(group)
        yield CellProbes(
            ProbeVariable(variable),
            receptor,
            every,
            np.array([p.neuron for p in same]),
            np.array([p.trace + p.column for p in same]),
            np.array([p.columns for p in same]),
        )


def advance_neurons(a: SimpleNamespace, prepared: Neurons) -> None:
    """Advance the step that begins: private Poisson input, V, gates, threshold, spikes and samples."""
    step = begin_step(a)
    now, start = step.now, step.now - step.local
    waves = a.waves[step.local * int(a.n_waves) :]
    for cells in prepared.cells:
        chunk = cells.chunk
        due, following = (
            [
                a.ring[at : at + chunk.size]
                for at in (r.base + (t & r.mask) * r.stride + chunk.offset for r in cells.rings)
            ]
            for t in (now, now + 1)
        )
        shared = [
            a.ring[r.shared + (now & r.shared_mask)] if r.shared >= 0 else a.ring.dtype.type(0) for r in cells.rings
        ]
        for drive in cells.drives:
            add_drive(a, drive, step, chunk.offset, chunk.size, due)
        bathed = [bathe(a, r, cells.c, waves, step) for r in cells.receptors]
        timed = waves if chunk.has_waves else None
        begun, own = [c.V.copy() for c in cells.compartments], cells.own(prepared.model)
        arrivals = Arrivals(due, following, shared)
        halfway = start_dendrites(cells, bathed, timed)
        free_v = _free_v(prepared.model, cells, own, bathed, timed, halfway)
        reached, end, fires, sound = _threshold(prepared.model, cells, own, bathed, arrivals, free_v, timed)
        ended, dendrites_sound = finish_dendrites(cells, bathed, arrivals, timed, halfway)
        cells.soma.V[:] = end
        sound &= dendrites_sound
        if cells.soma.Ca is not None:
            for k, (v, last) in enumerate(zip(begun, [reached, *ended], strict=True)):
                advance_calcium(cells, bathed, k, v.dtype.type(0.5) * (v + last))
        for b in bathed:
            r = b.receptor
            r.kinetics.step(r.x, b.c, arrivals.since(r.input))
            r.effect.follow(r.effect_x, cells.compartments[r.compartment].V, b.effect_c, b.Mg)
        if not sound.all():
            worst = now << 31 | (chunk.source + int(np.argmin(sound)))
            a.fault[0] = min(int(a.fault[0]), worst)
        emit(a, now, chunk.source + np.flatnonzero(fires & sound), 1)
        for p in cells.probes:
            if (now + 1) % p.every == 0:
                row = (now + 1) // p.every - start // p.every - 1
                a.trace[p.first + row * p.columns] = sample(cells, bathed, p.variable, p.receptor)[p.neurons]


def _free_v(
    model: type[Neuron], cells: Cells, own: Any, bathed: list[Bathed], waves: Array | None, halfway: list[Array]
) -> Array:
    """Return the v that each neuron would reach if it were not refractory; `halfway` are its dendrites in mid-step."""
    v = cells.soma.V
    G, D = model.leak(own), model.drive(cells.soma.injected(waves), own)
    G, D = add_receptors(bathed, 0, v, G, D)
    for dendrite, middle in zip(cells.dendrites, halfway, strict=True):
        g_c = dendrite.c.g_c
        G, D = G + g_c, D + g_c * middle
    return model.advance(v, cells.x, own, G, D)


def _threshold(
    model: type[Neuron],
    cells: Cells,
    own: Any,
    bathed: list[Bathed],
    arrivals: Arrivals,
    free_v: Array,
    waves: Array | None,
) -> tuple[Array, Array, Array, Array]:
    """Set V as it is before it jumps, the states that follow it, and the refractory counters.

    Return v before jumps and resets, and after them; a mask of the neurons that fire, and a mask of the neurons whose
    potential is valid.
    """
    c, refractory, holds = cells.head, cells.refractory, bool(model.RESET)
    V, clamp_wave = cells.soma.V, cells.soma.clamp_wave
    pausing = refractory > 0
    held = pausing & holds
    reached = flush(np.where(held, V, free_v))
    end = jumped(bathed, 0, reached, held, arrivals)  # whatever follows v within the step sees it before
    sound = valid(end)  # checked before a reset could hide a fault
    model.adapt(cells.x, V, cells.soma.injected(waves), pausing, own)
    fires = ~pausing & model.reaches(end, cells.x, c.threshold, own)
    if not holds:
        fires &= ~model.reaches(V, cells.x, c.threshold, own)
    counter = np.where(fires, c.refractory.astype(np.int32), np.where(pausing, refractory - 1, 0))
    if waves is not None:
        clamped = clamp_wave != 0
        command = flush(waves[clamp_wave] - c.rest)
        reached, end = (np.where(clamped, command, v) for v in (reached, end))
        fires = fires & ~clamped
        counter = np.where(clamped, 0, counter)
    model.follow(cells.x, V, reached, fires, own)
    resets = fires & holds
    restarted = model.restart(V, c.reset, own) if holds else reached
    V[:] = np.where(resets, restarted, reached)
    refractory[:] = counter
    return reached, np.where(resets, restarted, end), fires, sound

"""What is kept of a running network, in a form that does not depend on the backend or the number of threads.

Most states are the same arrays everywhere. Three things differ with the slices of the targets and with the form of
delivery (`gpusyn.builder.bundles`), and have a form of their own: sums that arrive in coming steps are listed by step,
population and receptor; of spikes that some synapses still wait for, step and source are kept, with the timing of the
synapses; and what is kept of each synapse is in the order of `Simulator.weights` (`checkpoint_synapses`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gpusyn.builder.compile import Compiled
from gpusyn.builder.pathways import Timing
from gpusyn.builder.places import Ring
from gpusyn.builder.rows.stored import StoredSegments
from gpusyn.errors import FileError
from gpusyn.kernels.program import STATE
from gpusyn.kernels.records import Clock
from gpusyn.simulation.checkpoint_synapses import synapse_arrays
from gpusyn.simulation.in_flight import InFlight
from gpusyn.simulation.running import Running
from gpusyn.simulation.spike_list import Waiting
from gpusyn.utils.typing import Array

RING = "ring"
SPIKES = frozenset({"spike_total", "spike_begin", "spike_id", "spike_events", "spike_release"})


# ---- states ----
def states(running: Running) -> dict[str, Array]:
    """Return all states that are the same arrays on every backend."""
    return {name: running.session.read(name) for name in _same_everywhere(running.compiled)}


def put_states(running: Running, found: dict[str, Array], where: str) -> None:
    """Replace all such states.

    Raises
    ------
    FileError
        If the arrays are not those of this network.
    """
    specs = running.compiled.program.specs
    names = _same_everywhere(running.compiled)
    for name in {*names, *found}:
        if name not in names or name not in found or found[name].size != specs[name].size:
            raise FileError(
                f"{where}: its states are not those of this network ({name} differs); load it with the version of "
                "gpusyn that saved it"
            )
    for name in names:
        running.session.write(name, found[name].astype(specs[name].dtype, copy=False))


def _same_everywhere(compiled: Compiled) -> list[str]:
    own = {RING, *SPIKES, *synapse_arrays(compiled)}
    return [spec.name for spec in compiled.program.of_role(STATE) if spec.name not in own]


def put_clock(running: Running, step: int) -> None:
    """Set the step that comes next."""
    running.session.write("clock", np.array(Clock(step, step, step), np.int64))


# ---- spikes on their way ----
def waiting(running: Running, step: int) -> dict[str, Any]:
    """Return the spikes that some synapses may still wait for, and when synapses are read."""
    timings = [bundle.timing for bundle in running.compiled.layout.bundles]
    found = running.spikes.waiting(step)
    order = np.lexsort((found.source, found.step))  # no result depends on the order within a step
    return {**Waiting(*(column[order] for column in found))._asdict(), "timings": [[*timing] for timing in timings]}


def put_waiting(running: Running, found: dict[str, Any], step: int, where: str) -> None:
    """Put spikes on their way; what differs because synapses are read at other times is added to the sums.

    Raises
    ------
    FileError
        If synapses that are read when spikes reach them are read at other times.
    """
    spikes = Waiting(*(found[name] for name in Waiting._fields))
    running.spikes.restore(spikes, step)
    before = [Timing(*timing) for timing in found["timings"]]
    timings = dict(zip(running.compiled.layout.bundles, before, strict=True))
    done = set()
    for stored in running.compiled.stored:
        if not isinstance(stored, StoredSegments) or (stored.bundle, stored.receptor) in done:
            continue
        done.add((stored.bundle, stored.receptor))
        other, own = timings[stored.bundle], stored.bundle.timing
        if other == own:
            continue
        if own.at_once or other.at_once:
            raise FileError(
                f"{where}: spikes reach synapses of projection '{stored.pathway.projection.name}' at other steps; load "
                "it with the version of gpusyn that saved it"
            )
        running.in_flight.retime(stored, other, spikes, step)


# ---- sums of coming steps ----
def sums(running: Running, step: int, *further: InFlight) -> dict[str, Any]:
    """Return the sums that arrive in step `step` and later, by population and receptor: (steps, inputs, neurons).

    They have all corrections that are in flight, and `further` ones.
    """
    layout, ring = running.compiled.layout, running.session.read(RING).reshape(-1)
    coming = {id(one): _coming(one, ring, (running.in_flight, *further), step) for one in _rings(running)}
    found: dict[str, Any] = {}
    for name, place in layout.populations.items():
        found[name] = {}
        for receptor, own in zip(place.population.receptors, place.sums, strict=True):
            mine = coming[id(own.ring)][:, :, place.targets_here]
            shared = ring[own.shared : own.shared + own.inputs * own.shared_slots].reshape(own.inputs, own.shared_slots)
            slots = (step + np.arange(own.shared_slots)) % max(own.shared_slots, 1)
            found[name][receptor.name] = {"own": trimmed(mine), "shared": trimmed(shared[:, slots].T)}
    return found


def put_sums(running: Running, found: dict[str, Any], step: int) -> None:
    """Put the sums that arrive in step `step` and later; those that find no room in a ring are corrections."""
    layout, ring = running.compiled.layout, np.zeros_like(running.session.read(RING))
    flat = ring.reshape(-1)
    for name, place in layout.populations.items():
        for receptor, own in zip(place.population.receptors, place.sums, strict=True):
            part = found[name][receptor.name]
            for slot, values in enumerate(part["shared"]):
                at = own.shared + np.arange(own.inputs) * own.shared_slots + (step + slot) % own.shared_slots
                flat[at] = values
            n = own.ring.targets.size
            for ahead, inputs in enumerate(part["own"]):
                due = step + ahead
                begin = own.ring.base + (due % own.ring.slots) * n + place.offset
                at = begin + np.arange(own.inputs)[:, None] * own.ring.input_step + np.arange(*place.hull)
                inputs = inputs[:, slice(*place.hull)]
                if ahead < own.ring.slots:
                    flat[at] = inputs
                elif inputs.any():
                    some = np.nonzero(inputs)
                    running.in_flight.due.setdefault(due, []).append((at[some], inputs[some]))
    running.session.write(RING, ring)


def _rings(running: Running) -> Iterator[Ring]:
    """Yield each ring once."""
    every = [own.ring for place in running.compiled.layout.populations.values() for own in place.sums]
    yield from {id(ring): ring for ring in every}.values()


def _coming(one: Ring, ring: Array, in_flight: Sequence[InFlight], step: int) -> Array:
    """Return the sums of a ring in coming steps, with their corrections: (steps, inputs, targets)."""
    n = one.targets.size
    every = [(due, corrections) for part in in_flight for due, corrections in part.due.items()]
    steps = max([one.slots, *(due - step + 1 for due, _ in every)])
    found = np.zeros((steps, one.inputs, n), ring.dtype)
    slots = (step + np.arange(one.slots)) % one.slots
    found[: one.slots] = ring[one.base : one.base + one.size].reshape(one.inputs, one.slots, n)[:, slots].swapaxes(0, 1)
    for due, corrections in every:
        for place, value in corrections:
            mine = (place >= one.base) & (place < one.base + one.size)
            which, rest = np.divmod(place[mine] - one.base, one.input_step)
            np.add.at(found[due - step], (which, rest % n), value[mine].astype(ring.dtype))
    return found


def trimmed(found: Array) -> Array:
    """Return steps up to the last one in which anything arrives."""
    some = np.flatnonzero(found.any(axis=tuple(range(1, found.ndim))))
    return found[: some[-1] + 1 if some.size else 0].copy()

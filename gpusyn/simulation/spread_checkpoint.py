"""Checkpoints of a network that is spread on several ranks: what rank 0 writes of all, and what a rank takes of it.

A checkpoint has the same content as that of one process, so that any number of ranks goes on with it. All ranks have
the same inputs, spikes on their way, and states of sources; the others' parts are joined by neuron or by synapse. Each
function here is collective. Where something is joined, only rank 0 has the result.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gpusyn.builder.layout import Layout
from gpusyn.builder.ownership import Range, Share
from gpusyn.builder.pathways import Timing
from gpusyn.builder.plasticity.learning import learned_bundles
from gpusyn.builder.rows.per_synapse import states_of
from gpusyn.builder.rows.stored import DrawnWeights, StoredAddresses, StoredSegments, StoredWeights
from gpusyn.builder.rows.unpacked import unpack
from gpusyn.distributed.first_rank import OnFirst
from gpusyn.distributed.gathering import Gathered
from gpusyn.kernels.arrays import array_name
from gpusyn.simulation.checkpoint_state import sums, trimmed
from gpusyn.simulation.checkpoint_synapses import saved_name
from gpusyn.simulation.in_flight import InFlight
from gpusyn.simulation.learned_weights import settle_events
from gpusyn.simulation.owned_sources import joined_sources, known_sources
from gpusyn.simulation.owned_states import Stretches, kept, own_places, owners, stretches
from gpusyn.simulation.running import Running
from gpusyn.simulation.sent_ids import (
    fault_of_ids,
    fault_of_numbers,
    waiting_anywhere,
    waiting_of_ids,
    waiting_of_numbers,
)
from gpusyn.simulation.spike_list import Waiting
from gpusyn.utils.typing import Array, Integers

Tree = dict[str, Any]


# ---- what rank 0 writes ----
def settle_alike(running: Running, gathered: Gathered) -> None:
    """Settle all weights that learn, if ranks did so last in different steps: a checkpoint has one for all."""
    if running.step and learned_bundles(running.compiled.layout):
        told = gathered.ranks.objects(running.session.read("sweep").tolist())
        if any(one != told[0] for one in told):
            settle_events(running.compiled, running.session, running.step)


def joined(content: Tree, running: Running, gathered: Gathered) -> Tree:
    """Return what a checkpoint of all ranks holds, given what this rank has."""
    first = OnFirst(gathered)
    waiting, timings = _joined_spikes(content["spikes"], running.compiled.layout, first)
    here = waiting_of_numbers(waiting, running.compiled.layout)
    return content | {
        "states": _joined_states(content["states"], running, first),
        "sums": _joined_sums(_retimed_sums(running, here, timings), running, first),
        "spikes": {**waiting._asdict(), "timings": timings},
        "synapses": _joined_synapses(content["synapses"], running, first),
        "rewired": {name: _joined_rewired(one, first) for name, one in content["rewired"].items()},
    }


def _joined_states(states: dict[str, Array], running: Running, first: OnFirst) -> dict[str, Array]:
    all_ = stretches(running.compiled.layout)
    mine = own_places(all_, first.share)
    of_rank = owners(all_, first.share.ownership) if first.ranks.rank == 0 else {}
    found = dict(states)
    for name, (dtype, rows) in _shapes(states, all_, first).items():
        parts = first.parts(_picked(states.get(name), mine[name], dtype))
        if first.ranks.rank == 0:
            whole = np.empty(len(of_rank[name]), dtype)
            for rank, part in enumerate(parts):
                whole[of_rank[name] == rank] = part
            found[name] = whole.reshape(*rows, len(whole) // max(math.prod(rows), 1))
    for kernel in _gate_kernels(running):
        found[kernel] = _joined_gates(kernel, states[kernel], running, first)
    found |= joined_sources(states, running, first)
    found["fault"] = np.min(first.parts(fault_of_ids(states["fault"], running.compiled.layout)), axis=0)
    return found


def _picked(state: Array | None, places: Integers, dtype: str) -> Array:
    """Return the elements of an array in some places; 0 for places of -1, as for neurons that noise does not reach."""
    found = np.zeros(len(places), dtype)
    if state is not None:
        found[places >= 0] = state.reshape(-1)[places[places >= 0]]
    return found


def _shapes(states: dict[str, Array], all_: Stretches, first: OnFirst) -> dict[str, tuple[str, list[int]]]:
    """Return the type and all axes but the last of the arrays of neurons that any rank has."""
    mine = {name: (str(array.dtype), list(array.shape[:-1])) for name, array in states.items() if name in all_}
    told = first.ranks.objects(mine)
    return {name: next(one[name] for one in told if name in one) for name in all_ if any(name in one for one in told)}


def _gate_kernels(running: Running) -> list[str]:
    """Return the names of the arrays of gates on synapses."""
    stored = running.compiled.stored
    return list(dict.fromkeys(_gates_of(one) for one in stored if isinstance(one, StoredAddresses)))


def _gates_of(stored: StoredAddresses) -> str:
    return array_name("gates", kernel=stored.kernel)


def _gate_rows(running: Running, name: str) -> Iterator[tuple[StoredAddresses, Integers, int]]:
    """Yield the synapses whose gates are in an array, their number by target, and the number of states of each."""
    for stored in running.compiled.stored:
        if isinstance(stored, StoredAddresses) and _gates_of(stored) == name:
            end = stored.begin + stored.pathway.post.kept + 1
            begin = running.session.read(array_name("row_begin", kernel=stored.kernel), stored.begin, end)
            receptor = next(r for r in stored.pathway.post.population.receptors if r.name == stored.receptor)
            numbers = np.zeros(stored.pathway.post.size, np.int64)
            numbers[slice(*stored.pathway.post.hull)] = np.diff(begin)
            yield stored, numbers, states_of(receptor, running.compiled.layout)


def _joined_gates(name: str, gates: Array, running: Running, first: OnFirst) -> Array:
    """Return the gates on all synapses: rows of targets, each of which one rank has."""
    found, at = [gates[:0]], 0
    for _, numbers, states in _gate_rows(running, name):
        n = int(numbers.sum())
        own = gates[at : at + states * n].reshape(states, n).T
        at += states * n
        found.append(first.sorted(own, np.repeat(np.arange(len(numbers)), numbers)).T.reshape(-1))
    whole = np.concatenate(found)
    return whole if whole.size else gates  # of a network without such synapses


def _joined_spikes(spikes: Tree, layout: Layout, first: OnFirst) -> tuple[Waiting, list[list[Any]]]:
    """Return the spikes on their way, with the ids of their sources, and the timings of rank 0.

    Ranks may keep them for different times, and a rank keeps those of sources that may reach it. A spike that none
    keeps has been delivered everywhere.
    """
    mine = waiting_of_ids(Waiting(*(spikes[name] for name in Waiting._fields)), layout)
    told = first.ranks.objects((len(mine.step), layout.senders is None, spikes["timings"]))
    if not all(all_sources for _, all_sources, _ in told):
        return waiting_anywhere(mine, first.ranks), told[0][2]
    longest = max(range(len(told)), key=lambda rank: told[rank][0])
    if told[longest][0] > min(n for n, _, _ in told):
        mine = first.ranks.objects(mine if first.ranks.rank == longest else None)[longest]
    return mine, told[0][2]


def _retimed_sums(running: Running, waiting: Waiting, timings: list[list[Any]]) -> Tree:
    """Return the sums in flight of this rank as if synapses were read when they are on rank 0."""
    compiled, step = running.compiled, running.step
    other = InFlight(compiled.layout, running.session, running.spikes)
    done = set()
    wanted = dict(zip(compiled.layout.bundles, (Timing(*timing) for timing in timings), strict=True))
    for stored in compiled.stored:
        if isinstance(stored, StoredSegments) and (stored.bundle, stored.receptor) not in done:
            done.add((stored.bundle, stored.receptor))
            if wanted[stored.bundle] != stored.bundle.timing:
                other.retime(stored, stored.bundle.timing, waiting, step, wanted[stored.bundle])
    return sums(running, step, other)


def _joined_sums(found: Tree, running: Running, first: OnFirst) -> Tree:
    """Return the sums in flight of all neurons; those that all neurons of a population share are known here."""
    joined = {}
    for name, receptors in found.items():
        place = running.compiled.layout.populations[name]
        rank = first.share.ownership.owner(name, np.arange(place.size))
        joined[name] = {
            receptor: part | {"own": _joined_neurons(part["own"], rank, place.hull, first)}
            for receptor, part in receptors.items()
        }
    return joined


def _joined_neurons(own: Array, owner: Integers, here: Range, first: OnFirst) -> Array:
    """Return sums in coming steps, shape (steps, inputs, neurons), of all neurons, given those of neurons `here`."""
    inputs = own.shape[1]
    parts = first.parts(own[:, :, owner[slice(*here)] == first.ranks.rank])
    if first.ranks.rank:
        return own
    numbers = np.bincount(owner, minlength=len(parts)).tolist()
    steps = [part.size // max(inputs * n, 1) for part, n in zip(parts, numbers, strict=True)]
    whole = np.zeros((max(steps), inputs, len(owner)), own.dtype)
    for rank, part in enumerate(parts):
        whole[: steps[rank], :, owner == rank] = part.reshape(steps[rank], inputs, numbers[rank])
    return trimmed(whole)


def _joined_synapses(found: Tree, running: Running, first: OnFirst) -> Tree:
    """Return what has changed of synapses, in the order of `Simulator.weights`."""
    joined: Tree = {}
    for name, stored in _with_places(running):
        mine: dict[str, Array] = found.get(name, {})
        told = first.ranks.objects({array: (str(values.dtype), len(values)) for array, values in mine.items()})
        arrays = {array: dtype for one in told for array, (dtype, n) in one.items() if n}
        if not arrays:  # a rank without synapses may name an array that others, which have some, did not change
            arrays = {array: dtype for array, (dtype, _) in told[0].items() if all(array in one for one in told)}
        if not arrays:
            continue
        part = unpack(stored, running.session.read, running.compiled.redraw)
        joined[name] = {
            array: first.sorted(mine.get(array, np.zeros(0, dtype)), part.pre, part.post)
            for array, dtype in arrays.items()
        }
    return joined


def _with_places(running: Running) -> Iterator[tuple[str, StoredWeights]]:
    """Yield the name and the places of synapses of which a checkpoint may hold something."""
    without = running.rewirer.rewired
    for stored in running.compiled.stored:
        if stored.pathway.projection.name not in without and not isinstance(stored, DrawnWeights):
            yield saved_name(stored), stored


def _joined_rewired(found: Tree, first: OnFirst) -> Tree:
    """Return the synapses of all ranks of a projection that was rewired."""
    if not any(first.ranks.objects("pre" in found)):
        return found
    keys = found["pre"], found["post"]
    columns = {name: first.sorted(column, *keys) for name, column in sorted(found["columns"].items())}
    own = {name: first.sorted(found[name], *keys) for name in ("pre", "post", "delay")}
    return found | own | {"columns": columns}


# ---- what a rank takes ----
def own_part(content: Tree, running: Running, gathered: Gathered) -> Tree:
    """Return what a rank puts into its part of a network; what it holds of other ranks' neurons is never looked at.

    What is of synapses is cut by `put_synapses`, which finds them.
    """
    share = gathered.share
    states, specs = dict(content["states"]), running.compiled.program.specs
    for name, here in kept(stretches(running.compiled.layout)).items():
        if name in states and name not in specs:
            del states[name]  # no neuron here has it
        elif name in states and states[name].size == here.size:  # others are refused where they are put
            own = states[name].reshape(-1)[here]
            states[name] = own if own.size else np.zeros(specs[name].shape, own.dtype)
    for name in _gate_kernels(running):
        states[name] = _own_gates(name, states[name], running, gathered)
    layout = running.compiled.layout
    states |= known_sources(states, layout)
    states["fault"] = fault_of_numbers(states["fault"], layout)
    rewired = {name: _own_rewired(name, one, running, share) for name, one in content["rewired"].items()}
    waiting = waiting_of_numbers(Waiting(*(content["spikes"][name] for name in Waiting._fields)), layout)
    spikes = {**content["spikes"], **waiting._asdict()}
    return content | {"states": states, "rewired": rewired, "spikes": spikes}


def _own_gates(name: str, gates: Array, running: Running, gathered: Gathered) -> Array:
    found, at = [gates[:0]], 0
    for stored, numbers, states in _gate_rows(running, name):
        all_numbers = np.sum(gathered.ranks.arrays(numbers), axis=0)
        n = int(all_numbers.sum())
        own = np.repeat(gathered.share.owns(stored.pathway.post.population.name, np.arange(len(numbers))), all_numbers)
        found.append(gates[at : at + states * n].reshape(states, n)[:, own].reshape(-1))
        at += states * n
    part = np.concatenate(found)
    return part if part.size else gates[:1]


def _own_rewired(name: str, found: Mapping[str, Any], running: Running, share: Share) -> Mapping[str, Any]:
    if "pre" not in found:
        return found
    pathway = next(p for p in running.compiled.layout.pathways if p.projection.name == name)
    own = share.owns(pathway.post.population.name, found["post"])
    columns = {key: column[own] for key, column in found["columns"].items()}
    return {**found, **{key: found[key][own] for key in ("pre", "post", "delay")}, "columns": columns}

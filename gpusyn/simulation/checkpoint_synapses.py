"""What is kept of each synapse, in the order of `Simulator.weights`, which does not depend on how rows are stored."""

from __future__ import annotations

from typing import Any

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.pathways import Bundle
from gpusyn.builder.plasticity.learning import ELIGIBILITY, LEARNING, SPINE_STATES
from gpusyn.builder.plasticity.synapse_releases import DELIVER
from gpusyn.builder.rows.stored import DrawnWeights, StoredSegments, StoredWeights
from gpusyn.builder.rows.unpacked import UnpackedSynapses, unpack
from gpusyn.distributed.gathering import gathering_of
from gpusyn.errors import FileError
from gpusyn.kernels.arrays import array_name
from gpusyn.simulation.initial_values import InitialValues
from gpusyn.simulation.learned_weights import learns
from gpusyn.simulation.weight_access import weight_array
from gpusyn.utils.typing import Array

RELEASED = ("u", "x", "y", "full")


def synapse_arrays(compiled: Compiled) -> set[str]:
    """Return the names of the arrays of states that are in the order of rows."""
    found = {ELIGIBILITY, array_name("excess", kernel=LEARNING), *SPINE_STATES}
    return found | {array_name(name, kernel=DELIVER) for name in RELEASED}


def kept_of(compiled: Compiled, bundle: Bundle) -> dict[str, int]:
    """Return the arrays with what is kept of a synapse of a bundle beside its weight, and where they begin."""
    found = dict(compiled.learning.kept.get(bundle, {}))
    for kept in compiled.releases.kept:
        if kept.bundle is bundle:
            places = {array_name(name, kernel=DELIVER): getattr(kept.release, name) for name in RELEASED}
            found |= {name: place for name, place in places.items() if place >= 0}
    return found


def synapses(compiled: Compiled, session: Session, initial: InitialValues, without: set[str]) -> dict[str, Any]:
    """Return what has changed of the synapses of each projection, but for those `without`, by pathway and array."""
    found: dict[str, Any] = {}
    for name, stored, arrays in _changing(compiled, without):
        own = weight_array(stored)
        if not learns(stored) and (own, stored.weights) not in initial.kept:
            arrays.pop(own, None)
        if arrays:
            part = unpack(stored, session.read, compiled.redraw)
            found[name] = {array: _read(session, array, begin, part)[part.place] for array, begin in arrays.items()}
    return found


def put_synapses(
    compiled: Compiled, session: Session, initial: InitialValues, without: set[str], found: dict[str, Any], where: str
) -> None:
    """Put what was kept of the synapses; `initial` keeps what `reset` restores.

    Of a network that is spread on several ranks, each takes what is of its own synapses.

    Raises
    ------
    FileError
        If there are other synapses than were saved.
    """
    for name, stored, arrays in _changing(compiled, without):
        saved: dict[str, Array] = found.get(name, {})
        if not saved:
            continue
        part = unpack(stored, session.read, compiled.redraw)
        mine, size = gathering_of(session).places(part.pre, part.post)
        for array, values in saved.items():
            if array not in arrays or len(values) != size:
                raise FileError(
                    f"{where}: has {len(values)} synapses of projection '{stored.pathway.projection.name}', and the "
                    f"network has {size}; give the network that it was saved of"
                )
            if array == weight_array(stored) and not learns(stored):
                initial.keep(array, arrays[array], part.size)
            present = _read(session, array, arrays[array], part)
            present[part.place] = values[mine]
            session.write(array, present, arrays[array])


def _read(session: Session, array: str, begin: int, part: UnpackedSynapses) -> Array:
    return session.read(array, begin, begin + part.size)


def _changing(compiled: Compiled, without: set[str]) -> list[tuple[str, StoredWeights, dict[str, int]]]:
    """Return a name of each pathway and receptor, its places, and arrays that may change with where they begin.

    What is kept beside weights is the same for all receptors of a pathway, and is that of the first.
    """
    found, seen = [], set()
    for stored in compiled.stored:
        pathway = stored.pathway
        if pathway.projection.name in without or isinstance(stored, DrawnWeights):
            continue
        arrays = {weight_array(stored): stored.weights} if stored.weight is None else {}
        if isinstance(stored, StoredSegments) and not stored.bundle.shared and id(pathway) not in seen:
            seen.add(id(pathway))
            arrays |= kept_of(compiled, stored.bundle)
        if arrays:
            found.append((saved_name(stored), stored, arrays))
    return found


def saved_name(stored: StoredWeights) -> str:
    """Return the name of the synapses of a pathway onto one receptor."""
    pathway = stored.pathway
    return f"{pathway.projection.name} {pathway.pre_part} {pathway.post_part} {stored.receptor}"

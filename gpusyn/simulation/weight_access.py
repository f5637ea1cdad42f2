"""Read and replace the weights of a projection where the backend keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.ownership import Share
from gpusyn.builder.recorded import LISTED
from gpusyn.builder.rows.stored import DrawnWeights, StoredAddresses, StoredSegments, StoredWeights
from gpusyn.builder.rows.unpacked import UnpackedSynapses, unpack
from gpusyn.distributed.gathering import gathering_of
from gpusyn.errors import ArgumentError, ParameterError, PlanMemoryError
from gpusyn.kernels.arrays import array_name
from gpusyn.network.plasticity import learned_of
from gpusyn.network.projections import Projection, receptor_name
from gpusyn.network.recorder import check_beyond
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import show
from gpusyn.parameters.units import as_floats
from gpusyn.simulation.learned_weights import present_weights
from gpusyn.utils.memory import free_memory, size_text
from gpusyn.utils.typing import Array, Floats, Integers


class Weights(NamedTuple):
    """Synapses of a projection, sorted by (pre, post, creation).

    Attributes
    ----------
    pre, post : ndarray of int64, shape (n_synapses,)
        Positions in the projection's selections.
    weight : ndarray of float64, shape (n_synapses,), or dict of str to ndarray
        Weights (nS, pA or mV), with several receptors by receptor.
    delay : ndarray of float64, shape (n_synapses,)
        Delays (ms).
    """

    pre: Integers
    post: Integers
    weight: Any
    delay: Floats

    def __repr__(self) -> str:
        weights = self.weight if isinstance(self.weight, dict) else {"weight": self.weight}
        spans = [f", {name} {_span(values)}" for name, values in weights.items()]
        noun = "synapse" if len(self.pre) == 1 else "synapses"
        return f"Weights({len(self.pre)} {noun}{''.join(spans)}, delay {_span(self.delay)} ms)"


def _span(values: Array) -> str:
    return f"{values.min():.4g} to {values.max():.4g}" if values.size else "of none"


def read_weights(compiled: Compiled, session: Session, projection: Projection, receptor: Any) -> Weights:
    """Return the synapses of a projection with their present weights."""
    names = list(projection.weights)
    where = f"Projection '{projection.name}'.receptor"
    wanted = names if receptor is None else [receptor_name(receptor, projection.post, names, where)]
    if projection.procedural:
        require_room(compiled, projection, f"Simulator.weights('{projection.name}')")
    weight: dict[str, Array] = {}
    for name in wanted:
        parts = _parts(compiled, session, projection, name)
        order, pre, post, delay = _order(parts)
        weight[name] = np.concatenate([_weights(compiled, session, p) for p in parts])[order]
    gathering = gathering_of(session)
    mine, size = gathering.places(pre, post)
    pre, post, delay = (gathering.whole(one, mine, size) for one in (pre, post, delay * compiled.layout.dt))
    weight = {name: gathering.whole(one, mine, size) for name, one in weight.items()}
    return Weights(pre, post, weight[wanted[0]] if len(wanted) == 1 else weight, delay)


def require_room(compiled: Compiled, projection: Projection, where: str) -> None:
    """Refuse to list procedural synapses that the memory cannot hold."""
    count, free = sum(p.expected for p in compiled.layout.pathways_of(projection)), free_memory()
    if free is not None and LISTED * count > free:
        raise PlanMemoryError(
            f"{where}: its {count:.4g} synapses are not stored, and to list them takes "
            f"about {size_text(LISTED * count)}, but {size_text(free)} are free; draw those of a smaller network"
        )


def synapse_order(compiled: Compiled, session: Session, projection: Projection) -> tuple[Integers, Integers]:
    """Return pre and post of the synapses of a projection, as positions in its selections, in canonical order."""
    _, pre, post, _ = _order(_parts(compiled, session, projection, next(iter(projection.weights))))
    return pre, post


def _parts(compiled: Compiled, session: Session, projection: Projection, receptor: str) -> list[UnpackedSynapses]:
    found = [s for s in compiled.stored if s.pathway.projection is projection and s.receptor == receptor]
    parts = [unpack(s, session.read, compiled.redraw) for s in found]
    share = compiled.layout.share
    return parts if share is None else [_own(part, share) for part in parts]


def _own(part: UnpackedSynapses, share: Share) -> UnpackedSynapses:
    """Return the synapses onto neurons that are simulated here: of those that share their sums, all are in the rows."""
    if not isinstance(part.stored, StoredSegments) or not part.stored.bundle.shared:
        return part
    targets = np.zeros(part.stored.pathway.projection.post.size, bool)
    targets[share.chosen(part.stored.pathway.projection.post)] = True
    mine = targets[part.post]
    return part._replace(pre=part.pre[mine], post=part.post[mine], delay=part.delay[mine], place=part.place[mine])


def _order(parts: list[UnpackedSynapses]) -> tuple[Array, Array, Array, Array]:
    """Return the order of all pathways' synapses by (pre, post, creation), and pre, post and delay in this order."""
    pre, post, delay = (np.concatenate([getattr(p, name) for p in parts]) for name in ("pre", "post", "delay"))
    order = np.lexsort((post, pre))
    return order, pre[order], post[order], delay[order].astype(np.float64)


def _weights(compiled: Compiled, session: Session, part: UnpackedSynapses) -> Array:
    s = part.stored
    if isinstance(s, DrawnWeights):
        assert part.drawn is not None
        return np.ldexp(part.drawn, s.exponent)
    if s.weight is None:
        kept = session.read(weight_array(s), s.weights, s.weights + part.size)
        stored = present_weights(compiled, session, s, kept, part.place).astype(np.float64)
    else:
        stored = np.full(len(part.pre), float(s.weight))
    found = np.ldexp(stored, s.exponent) if isinstance(s, StoredSegments) else stored
    limit = (s.pathway.projection.w_max or {}).get(s.receptor)
    return found if limit is None else np.clip(found, -limit, limit)  # the limit itself may have been rounded up


def weight_array(stored: StoredWeights) -> str:
    """Return the name of the array in which weights are stored."""
    return array_name("weights", kernel=stored.kernel if isinstance(stored, StoredAddresses) else None)


class ChosenSynapses:
    """Some synapses of a projection onto one receptor: where they are is found once, to read them often.

    Parameters
    ----------
    compiled, session : Compiled, Session
        Running network.
    projection : Projection
        Its projection.
    receptor : str
        Name of the receptor.
    synapses : ndarray of int64, or None
        Positions in the order of `Simulator.weights`; None: all synapses.
    where : str
        Place that a message about a synapse that does not exist names.

    Attributes
    ----------
    synapses, pre, post : ndarray of int64
        The synapses that are here, and the positions of their neurons in the projection's selections.
    wanted : ndarray of int64
        All synapses that are wanted, of which other ranks may have some.
    columns : ndarray of int64
        Places of `synapses` among those that are wanted.
    parts : list of (UnpackedSynapses, ndarray of int64)
        Those of each pathway, without `post` and `delay`, and their places among all that were chosen.
    """

    def __init__(
        self,
        compiled: Compiled,
        session: Session,
        projection: Projection,
        receptor: str,
        synapses: Integers | None,
        where: str,
    ) -> None:
        parts = _parts(compiled, session, projection, receptor)
        order, pre, post, _ = _order(parts)
        mine, self.size = gathering_of(session).places(pre, post)
        wanted = np.arange(self.size) if synapses is None else synapses
        check_beyond(wanted, self.size, where)
        here = np.searchsorted(mine, wanted)
        own = np.flatnonzero(np.append(mine, -1)[here] == wanted)
        self.synapses, self.columns, self.wanted = wanted[own], own, wanted
        self.pre, self.post = pre[here[own]], post[here[own]]
        chosen, begin = order[here[own]], 0
        self.parts: list[tuple[UnpackedSynapses, Integers]] = []
        for part in parts:
            columns = np.flatnonzero((chosen >= begin) & (chosen < begin + len(part.pre)))
            at, none = chosen[columns] - begin, part.pre[:0].copy()
            self.parts.append((part._replace(pre=part.pre[at], post=none, delay=none, place=part.place[at]), columns))
            begin += len(part.pre)

    def weights(self, compiled: Compiled, session: Session) -> Floats:
        """Return the present weights."""
        found = np.empty(len(self.synapses))
        for part, columns in self.parts:
            found[columns] = _weights(compiled, session, part)
        return found


def write_weights(
    compiled: Compiled,
    session: Session,
    projection: Projection,
    receptor: Any,
    given: Any,
    before: Callable[[StoredWeights, Array, Array], None],
) -> None:
    """Replace weights, given in canonical order.

    Before each part is replaced, `before` is called with the old and the new stored weights of all its rows.
    """
    names = list(projection.weights)
    where = f"Simulator.set_weights('{projection.name}')"
    if projection.procedural:
        raise ParameterError(
            f"{where}: its synapses are drawn again at each spike, so no weight is stored that could be replaced; "
            "connect it with storage='stored' and w_max="
        )
    if isinstance(given, dict):
        if receptor is not None:
            both = f"got both a dict by receptor and receptor={show(receptor)}"
            raise ArgumentError(f"{where}: {both}; give one of the two")
        wanted = {receptor_name(key, projection.post, names, where): part for key, part in given.items()}
    elif receptor is None and len(names) > 1:
        raise ParameterError(f"{where}: drives {', '.join(names)}; name one with receptor=, or give a dict")
    elif receptor is None:
        wanted = {names[0]: given}
    else:
        wanted = {receptor_name(receptor, projection.post, names, f"{where}.receptor"): given}
    writes = [w for name, new in wanted.items() for w in _writes(compiled, session, projection, name, new, where)]
    for part, values in writes:  # all of them are checked
        array, start = weight_array(part.stored), part.stored.weights
        old = session.read(array, start, start + part.size)
        replaced = old.copy()
        replaced[part.place] = values
        before(part.stored, old, replaced)
        session.write(array, replaced, start)


def _writes(
    compiled: Compiled, session: Session, projection: Projection, receptor: str, given: Any, where: str
) -> Iterator[tuple[UnpackedSynapses, Array]]:
    """Yield the synapses and the new stored weights of each part of one receptor's weights."""
    parts = _parts(compiled, session, projection, receptor)
    order, pre, post, _ = _order(parts)
    mine, size = gathering_of(session).places(pre, post)
    new = _checked(given, compiled, projection, receptor, size, where)[mine]
    if any(p.stored.weight is not None for p in parts):
        raise ParameterError(
            f"{where}: all its synapses share one weight, which is stored once; "
            "declare w_max= when connecting to make weights that can be changed"
        )
    unsorted = np.empty(len(order))
    unsorted[order] = new
    start = 0
    for p in parts:
        s, own = p.stored, unsorted[start : start + len(p.pre)]
        start += len(p.pre)
        yield p, np.rint(np.ldexp(own, -s.exponent)) if isinstance(s, StoredSegments) else own


def _checked(given: Any, compiled: Compiled, projection: Projection, receptor: str, count: int, where: str) -> Array:
    largest = compiled.layout.weight_ranges[projection.name, receptor].largest
    kind = next(r for r in projection.post.parts[0].population.receptors if r.name == receptor)
    room, low, if_low = "declare a larger w_max= when connecting", 0.0, "weights that learn stay in [0, w_max]"
    learned = receptor == learned_of(projection)  # and may have become as small as can be
    if not learned:
        if_low = room if kind.signed else "inhibition is the receptor's E_rev and not a sign"
        low = -largest if kind.signed else 0.0
    limits = Limits(unit=kind.weight_unit, low=low, high=largest, tiny=learned, if_low=if_low, if_high=room)
    words = f"must be {limits.words()}, or an array (one per synapse, in the order of Simulator.weights())"
    if isinstance(given, Distribution):
        raise ArgumentError(f"{where}: {words} (got {given!r}); draw {count} values with numpy and give them")
    array = as_floats(given, where, limits.unit, words)
    if array.ndim == 0:
        limits.check(array.reshape(1), where)
        return np.full(count, float(array))
    if array.shape != (count,):
        size = f"{len(array)} values" if array.ndim == 1 else f"an array of shape {array.shape}"
        raise ParameterError(f"{where}: {words}; here {count} synapses (got {size})")
    limits.check(array, where)
    return array

"""Rewiring between two steps: weak synapses are deleted, others drawn anew, and the rows written again in place."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any, NamedTuple

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.layout import same_ids
from gpusyn.builder.notes import Note, tell
from gpusyn.builder.plasticity.rewiring import rewiring_steps
from gpusyn.builder.rows.drawn import Drawing
from gpusyn.builder.rows.reference import NumpyRows, Synapses
from gpusyn.builder.rows.rewritten import Rows, new_rows, ordered_rows
from gpusyn.builder.rows.stored import StoredSegments
from gpusyn.builder.rows.unpacked import delays_of, late_steps, located, positions, segment_bounds, unpack
from gpusyn.connectivity.base import Pairs
from gpusyn.distributed.gathering import gathering_of
from gpusyn.errors import ParameterError
from gpusyn.kernels.synapse_words import late_bytes, pack_late
from gpusyn.network.projections import Projection
from gpusyn.network.rewiring import rewiring_of
from gpusyn.numerics.rng import Stream, StreamPurpose, stream_key
from gpusyn.simulation.initial_values import InitialValues
from gpusyn.simulation.learned_weights import settle_rows
from gpusyn.utils.typing import Array, Bools, Floats, Integers


class Rewirings(NamedTuple):
    """The rewirings of a projection so far.

    Attributes
    ----------
    times : ndarray of float64, shape (n_rewirings,)
        When they were (ms).
    deleted, created : ndarray of int64, shape (n_rewirings,)
        Numbers of synapses that were deleted, and of those made.
    """

    times: Floats
    deleted: Integers
    created: Integers


class Rewirer:
    """What is rewired in a running network, and what has been."""

    def __init__(self, compiled: Compiled, session: Session, initial: InitialValues) -> None:
        projections = compiled.layout.net.projections.values()
        self._all = {
            one.name: _Rewired(compiled, session, initial, one)
            for one in projections
            if rewiring_of(one.plasticity) is not None
        }
        self._compiled, self._dt = compiled, compiled.layout.dt

    def room(self, start: int, steps: int) -> int:
        """Return how many of `steps` steps can run from step `start` on before a projection is due to be rewired."""
        return min([steps, *(one.next - start for one in self._all.values())])

    def rewire(self, step: int) -> None:
        """Rewire all projections that are due after a number of steps."""
        for one in self._all.values():
            if one.next <= step:
                one.rewire()

    def of(self, projection: Projection) -> Rewirings:
        """Return the rewirings of a projection so far.

        Raises
        ------
        ParameterError
            If it is never rewired.
        """
        if projection.name not in self._all:
            raise ParameterError(
                f"Simulator.rewirings(): projection {projection.name!r} is never rewired; "
                "connect it with plasticity=gs.Rewiring(...)"
            )
        done = np.array(self._all[projection.name].done, np.int64).reshape(-1, 3)
        return Rewirings(done[:, 0].astype(np.float64) * self._dt, done[:, 1].copy(), done[:, 2].copy())

    @property
    def rewired(self) -> set[str]:
        """Names of the projections whose rows are no longer those of the beginning."""
        return {name for name, one in self._all.items() if one.changed}

    def saved(self) -> dict[str, Any]:
        """Return what has been rewired, with all that is kept of each synapse there, by projection."""
        return {name: one.saved() for name, one in self._all.items()}

    def put(self, found: dict[str, Any]) -> None:
        """Put back what `saved` returned, of a network that has begun."""
        for name, one in self._all.items():
            one.put(found[name])

    def restart(self) -> None:
        """Begin again with the rows of the beginning, which `InitialValues` restores."""
        self._compiled.rewired.clear()
        for one in self._all.values():
            one.restart()


class _Rewired:
    """A projection that is rewired.

    Attributes
    ----------
    next : int
        Number of steps after which it is rewired next.
    done : list of (int, int, int)
        Steps, synapses deleted and synapses made, of each rewiring so far.
    changed : bool
        True if its rows are no longer those of the beginning.
    """

    def __init__(self, compiled: Compiled, session: Session, initial: InitialValues, projection: Projection) -> None:
        self._compiled, self._session, self._initial, self._projection = compiled, session, initial, projection
        self._gathering = gathering_of(session)
        rewiring, self._learns = rewiring_of(projection.plasticity), str(projection.learned)
        assert rewiring is not None
        self._every, self._limit = rewiring_steps(projection, compiled.layout.dt), rewiring.prune_below
        self._anew = dataclasses.replace(projection, weights={**projection.weights, self._learns: rewiring.weight})
        self._told = False
        self.restart()

    def restart(self) -> None:
        """Begin again."""
        self.next = self._every
        self.done: list[tuple[int, int, int]] = []
        self.changed = False
        self._numbers: Array | None = None  # of synapses in the order of creation, where rows have lost it

    @property
    def _stored(self) -> dict[str, StoredSegments]:
        """Places of the synapses onto each receptor; they share their rows."""
        found = (s for s in self._compiled.stored if s.pathway.projection is self._projection)
        return {s.receptor: s for s in found if isinstance(s, StoredSegments)}

    def rewire(self) -> None:
        """Delete the weak synapses, and make others."""
        stored, step = self._stored, self.next
        deleted = created = 0
        if stored:
            deleted, created = self._rewire(stored, stored[self._learns])
        self.done.append((step, deleted, created))
        self.next += self._every
        if created < deleted and not self._told:
            self._told = True
            text = f"made {created} synapses in place of {deleted}, because no more pairs were free"
            tell([Note("Projection", self._projection.name, "rewiring", text, logging.WARNING)])

    def _rewire(self, stored: dict[str, StoredSegments], one: StoredSegments) -> tuple[int, int]:
        """Return the numbers of synapses that were deleted, and of those made, on all ranks together."""
        settle_rows(self._compiled, self._session, one, self.next)
        here = located(one, self._session.read)
        rows = self._read(stored, one, len(here.segment))
        weak = np.ldexp(rows.columns[f"weights {self._learns}"].astype(np.float64), one.exponent) < self._limit
        n_deleted = int(self._gathering.joined(np.array([np.count_nonzero(weak)])).sum())
        if not n_deleted:
            return 0, 0
        if one.bundle.timing.blocks > 1 and self._numbers is None:
            self._numbers = self._created(one)
            rows.columns["numbers"] = self._numbers
        new, n_created = self._new(one, *positions(one.pathway, here.pre, here.post), weak)
        if self._numbers is not None:
            largest = self._gathering.joined(np.array([self._numbers.max(initial=0)])).max()
            new.columns["numbers"] = new.columns["numbers"] + np.uint32(int(largest) + 1)
        kept = rows.without(here.segment, weak)
        self._write(stored, one, kept.with_new(new), len(here.segment))
        return n_deleted, n_created

    def _new(self, one: StoredSegments, pre: Array, post: Array, weak: Bools) -> tuple[Rows, int]:
        """Return the rows of the synapses that the rule of connection draws in place of weak ones, and their number.

        All ranks draw the same for the synapses of all of them, and each makes the rows of its own.
        """
        projection, compiled = self._projection, self._compiled
        layout, seed, number = compiled.layout, compiled.seed, self.next // self._every
        sizes = projection.pre.size, projection.post.size
        cells = pre * sizes[1] + post  # in an order that does not depend on that of the rows
        kept, deleted = (
            Pairs(*np.divmod(np.sort(self._gathering.joined(cells[some])), sizes[1])) for some in (~weak, weak)
        )
        stream = Stream(stream_key(seed, StreamPurpose.REWIRING, f"{projection.name}\0{number}"))
        pairs = projection.rule.checked_rewire(kept, deleted, *sizes, stream, same_ids(layout, projection))
        drawing = Drawing(self._anew, layout, seed, NumpyRows(), number)
        synapses = drawing.of(*pairs)
        if layout.share is None:
            return new_rows(synapses, drawing, one.bundle), len(pairs.post)
        own = np.flatnonzero(np.isin(pairs.post, layout.share.chosen(projection.post)))
        rows = new_rows(synapses.take(own), drawing, one.bundle)
        rows.columns["numbers"] = own.astype(np.uint32)[rows.columns["numbers"]]
        return rows, len(pairs.post)

    def _read(self, stored: dict[str, StoredSegments], one: StoredSegments, n: int) -> Rows:
        """Return the rows, with all that is kept of each synapse."""
        read, columns = self._session.read, {"targets": self._session.read("targets", one.words, one.words + n)}
        if one.late >= 0:
            columns["late"] = late_steps(one, read, n, np.arange(n))
        for receptor, s in stored.items():
            if s.weights >= 0:
                columns[f"weights {receptor}"] = read("weights", s.weights, s.weights + n)
        for array, place in self._kept(one).items():
            columns[array] = read(array, place, place + n)
        if self._numbers is not None:
            columns["numbers"] = self._numbers
        return Rows(segment_bounds(one, read).astype(np.int64), columns)

    def _write(self, stored: dict[str, StoredSegments], one: StoredSegments, rows: Rows, before: int) -> None:
        """Write rows in place of those of before, of which `reset` restores the first ones."""
        session, columns, self.changed = self._session, rows.columns, True
        bits = one.bundle.timing.late_bits
        self._initial.keep("segment_begin", one.begin, len(rows.bounds))
        self._initial.keep("targets", one.words, before)
        if one.late >= 0:
            self._initial.keep("late", one.late, late_bytes(before, bits))
            session.write("late", pack_late(columns["late"], bits), one.late)
        session.write("targets", columns["targets"], one.words)
        session.write("segment_begin", rows.bounds.astype(np.uint32), one.begin)
        for receptor, s in stored.items():
            if s.weights >= 0:
                if receptor != self._learns:  # whose first weights are drawn again
                    self._initial.keep("weights", s.weights, before)
                session.write("weights", columns[f"weights {receptor}"], s.weights)
        for array, place in self._kept(one).items():
            session.write(array, columns[array], place)
        if self._numbers is not None:
            self._numbers = columns["numbers"]
            self._compiled.rewired[self._projection.name] = self._present

    def saved(self) -> dict[str, Any]:
        """Return what `put` needs: of each synapse the neurons, the delay and all that is kept, in any order."""
        found: dict[str, Any] = {"next": self.next, "done": self.done, "told": self._told}
        if not self.changed:
            return found
        one, read = self._stored[self._learns], self._session.read
        here = located(one, read)
        n = len(here.segment)
        columns = self._read(self._stored, one, n).columns
        kept = {name: column for name, column in columns.items() if name not in ("targets", "late")}
        delay = delays_of(one, read, here.block, n, np.arange(n))
        return found | {"pre": here.pre, "post": here.post, "delay": delay, "columns": kept}

    def put(self, found: dict[str, Any]) -> None:
        """Put back what `saved` returned."""
        self.next, self.done, self._told = found["next"], [tuple(one) for one in found["done"]], found["told"]
        if "pre" not in found:
            return
        one = self._stored[self._learns]
        bundle, before = one.bundle, len(located(one, self._session.read).segment)
        self._numbers = found["columns"].get("numbers")
        rows = ordered_rows(bundle, one.pathway, found["pre"], found["post"], found["delay"], found["columns"])
        self._write(self._stored, one, rows, before)

    def _kept(self, one: StoredSegments) -> dict[str, int]:
        """Return arrays with what is kept of a synapse beside its weight, 0 for a new one, and where they begin."""
        return self._compiled.learning.kept.get(one.bundle, {})

    def _created(self, one: StoredSegments) -> Array:
        """Return the number of each synapse in the order of creation, before the first rewiring."""
        drawn = self._compiled.redraw(one.pathway)
        synapses = unpack(one, self._session.read, self._compiled.redraw)
        numbers = np.empty(len(synapses.place), np.uint32)
        numbers[synapses.place] = np.lexsort((drawn.post, drawn.pre))
        return numbers

    def _present(self) -> Synapses:
        """Return the synapses in the order of their creation, with local ids."""
        assert self._numbers is not None
        one, read = self._stored[self._learns], self._session.read
        here, order = located(one, read), np.argsort(self._numbers)
        delay = delays_of(one, read, here.block, len(order), np.arange(len(order)))
        return Synapses(here.pre[order], here.post[order], delay[order], {})

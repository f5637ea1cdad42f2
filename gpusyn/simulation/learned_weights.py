"""Weights that learn, as they are between two runs: read, replaced, and drawn again."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.backends.numpy import learn_weights as twin
from gpusyn.builder.compile import Compiled
from gpusyn.builder.plasticity.learning import LEARNING
from gpusyn.builder.plasticity.modulators import is_modulated
from gpusyn.builder.rows.stored import StoredSegments, StoredWeights
from gpusyn.builder.rows.unpacked import unpack
from gpusyn.kernels.arrays import bindings
from gpusyn.kernels.synapse_words import late_bytes
from gpusyn.utils.typing import Array

_OF_SYNAPSES = ("segment_begin", "segment_sizes", "targets", "late", "weights")


class LearnedWeights:
    """The weights of synapses that learn, on the device.

    There, postsynaptic spikes change a weight only when it is visited. Here, a copy of the weights is visited.
    """

    def __init__(self, compiled: Compiled, session: Session) -> None:
        self._compiled, self._session = compiled, session
        self._stored = [one for one in compiled.stored if learns(one)]

    def present(self, stored: StoredWeights, weights: Array, step: int) -> Array:
        """Return the stored `weights` of all rows of a receptor with the spikes before `step` that have reached them.

        Weights that do not learn are returned as they are.
        """
        if not learns(stored) or not step:
            return weights
        settled: Array = self._visited(stored, weights, step).weights
        return settled

    def _visited(self, stored: StoredWeights, weights: Array, step: int) -> SimpleNamespace:
        """Return the arrays of the kernel of learning after a visit of all synapses of some rows before `step`."""
        assert isinstance(stored, StoredSegments)
        a = self._arrays(stored, weights)
        place, now = self._compiled.learning.settled(stored.bundle), step - 1
        for lesson in twin.prepare_learning(a, None).lessons:
            if lesson.learning.settled == place:
                route = lesson.route._replace(
                    segments=lesson.route.segments - stored.begin, targets=0, late=min(stored.late, 0), weights=0
                )
                twin.settle(a, lesson._replace(route=route), now)
        return a

    def _arrays(self, stored: StoredSegments, weights: Array) -> SimpleNamespace:
        """Return the arrays of the kernel of learning, and of synapses those of some rows alone."""
        read, names = self._session.read, bindings(LEARNING)
        arrays = {name: read(names[name]).reshape(-1) for name in names if name not in _OF_SYNAPSES}
        late = late_bytes(len(weights), stored.bundle.timing.late_bits) if stored.late >= 0 else 0
        return SimpleNamespace(
            **arrays,
            n_ages=0,
            segment_begin=read("segment_begin", stored.begin, stored.begin + stored.bundle.segments + 1),
            segment_sizes=np.zeros(1, np.uint64),
            targets=read("targets", stored.words, stored.words + len(weights)),
            late=read("late", stored.late, stored.late + late) if late else np.zeros(1, np.uint8),
            weights=weights.copy(),
        )

    def settled(self, stored: StoredWeights, weights: Array, step: int) -> None:
        """Let nothing that has reached a synapse before `step` change weights that replace the present ones."""
        if not learns(stored):
            return
        assert isinstance(stored, StoredSegments)
        if is_modulated(stored.bundle) and step:
            a, name = self._visited(stored, weights, step), bindings(LEARNING)["eligibility"]
            self._session.write(name, a.eligibility)
        place = self._compiled.learning.settled(stored.bundle)
        self._session.write("settled", np.array([step - 1], np.int64), place)

    def restore(self) -> None:
        """Draw all initial weights again."""
        for stored in self._stored:
            synapses = unpack(stored, self._session.read, self._compiled.redraw)
            drawn = self._compiled.redraw(stored.pathway)
            given = np.broadcast_to(drawn.weights[stored.receptor], drawn.pre.shape)
            weights = self._session.read("weights", stored.weights, stored.weights + synapses.size)
            weights[synapses.place] = np.rint(np.ldexp(given, -stored.exponent))[np.lexsort((drawn.post, drawn.pre))]
            self._session.write("weights", weights, stored.weights)


def learns(stored: StoredWeights) -> bool:
    """Return whether the weights of some synapses learn."""
    return isinstance(stored, StoredSegments) and stored.receptor == stored.bundle.learns

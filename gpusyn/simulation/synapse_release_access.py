"""Read u, x and y of synapses that release one by one, at the time that the simulation has reached."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.plasticity.synapse_releases import DELIVER, KeptReleases
from gpusyn.builder.rows.stored import StoredSegments
from gpusyn.builder.rows.unpacked import UnpackedSynapses
from gpusyn.equations.short_term import held_back
from gpusyn.errors import ParameterError
from gpusyn.kernels.arrays import array_name
from gpusyn.kernels.records import Clock
from gpusyn.network.plasticity import short_term_of
from gpusyn.network.projections import Projection
from gpusyn.numerics.portable_math import exp, flush
from gpusyn.simulation.weight_access import ChosenSynapses
from gpusyn.utils.typing import Array


def read_release(
    compiled: Compiled, session: Session, projection: Projection, variable: str, synapses: Any, step: int | None = None
) -> Array:
    """Return u, x or y of synapses, in the order of `Simulator.weights`.

    Of synapses whose release is random, x is the part of their sites that is expected to be full: empty ones recover
    when they are looked at, at the next spike.

    Parameters
    ----------
    compiled, session : Compiled, Session
        Running network.
    projection : Projection
        Projection whose synapses release one by one.
    variable : {"u", "x", "y"}
        What is read.
    synapses : slice or array of int
        Synapses, by their places in the order of `Simulator.weights`.
    step : int, optional
        Number of steps that were run; by default, what the clock says.

    Raises
    ------
    ParameterError
        If the projection has no short-term plasticity.
    """
    if short_term_of(projection.plasticity) is None:
        raise ParameterError(
            f"Projection '{projection.name}': has no {variable!r}, because it has no short-term plasticity; connect it "
            "with plasticity=[gs.TsodyksMarkram(...), gs.QuantalRelease(n)]"
        )
    step = Clock(*session.read("clock").tolist()).next if step is None else step
    chosen = ChosenSynapses(compiled, session, projection, next(iter(projection.weights)), None, projection.name)
    values: Array = release_of(compiled, session, chosen, variable, step)[synapses]
    return values


def release_of(compiled: Compiled, session: Session, chosen: ChosenSynapses, variable: str, step: int) -> Array:
    """Return u, x or y of chosen synapses, after `step` steps."""
    kept = {one.bundle: one for one in compiled.releases.kept}
    found = np.empty(len(chosen.synapses), compiled.layout.numbers.real_dtype)
    for part, columns in chosen.parts:
        assert isinstance(part.stored, StoredSegments)
        found[columns] = _Synapses(session, kept[part.stored.bundle], part, step).read(variable)
    return found


class _Synapses:
    """The synapses of one pathway, and the time since the last event of each."""

    def __init__(self, session: Session, kept: KeptReleases, part: UnpackedSynapses, step: int) -> None:
        self._session, self._kept, self._part = session, kept, part
        pathway, bundle = part.stored.pathway, kept.bundle
        sides = pathway.projection.pre.parts
        start = sum(side.size for side in sides[: pathway.pre_part])
        source = np.asarray(sides[pathway.pre_part].ids)[part.pre - start].astype(np.int64)
        self._row, self._rows = pathway.pre.numbers(source) - bundle.pre_range[0], bundle.rows
        last = self._of_source("last_use")
        self._real = session.read(array_name("coef", kernel=DELIVER), 0, 1).dtype
        self._steps = np.maximum(step - 1 - last, 0).astype(self._real)

    def _of_source(self, array: str) -> Array:
        place = self._kept.release.place
        found: Array = self._session.read(array, place, place + self._rows)[self._row]
        return found

    def _each(self, array: str, place: int) -> Array:
        """Return what is kept of each synapse."""
        found: Array = self._session.read(array_name(array, kernel=DELIVER), place, place + self._part.size)
        return found[self._part.place]

    def _exponent(self, own: int, same: float) -> Array:
        return self._each("own", own) if own >= 0 else np.full(self._steps.size, same, self._real)

    def _left(self, own: int, same: float) -> Array:
        """Return what is left, since the last event, of what decays in each step with an exponent."""
        exponent = self._exponent(own, same)
        with np.errstate(over="ignore"):  # what decays at once
            left: Array = exp(self._steps * exponent)
        return left

    def read(self, variable: str) -> Array:
        release, coef = self._kept.release, self._kept.coef
        if variable == "u":
            u = self._each("u", release.u) if release.u >= 0 else self._of_source("used")
            found: Array = flush(u * self._left(release.own_facil, coef.facil))
            return found
        if variable == "y":
            active: Array = flush(self._each("y", release.y) * self._left(release.own_psc, coef.psc))
            return active
        one = self._real.type(1)
        if release.sites:
            x = self._each("full", release.full).astype(self._real) / self._real.type(release.sites)
        else:
            x = self._each("x", release.x)
        empty = self._left(release.own_rec, coef.rec)
        missing = (one - x) * empty
        if release.y >= 0:
            rec, psc = self._exponent(release.own_rec, coef.rec), self._exponent(release.own_psc, coef.psc)
            left = self._left(release.own_psc, coef.psc)
            missing = missing + self._each("y", release.y) * held_back(self._steps, rec, psc, empty, left)
        rested: Array = one - missing
        return rested

"""``kernels/find_influx.cu`` in numpy: the calcium that open gates let into the spines of each target."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from gpusyn.backends.numpy import pieces
from gpusyn.backends.numpy.trains import Trains, decayed, trains_of
from gpusyn.equations import spines
from gpusyn.equations.coefficients import read
from gpusyn.equations.effects import EFFECTS
from gpusyn.kernels.records import Bath, Clock, InfluxSet, TraceDecay, read_rows
from gpusyn.kernels.signature import Signature


class Influx(NamedTuple):
    """The influx through one receptor of a population, with the spikes of its targets, and their decays."""

    record: InfluxSet
    trains: Trains
    fast: TraceDecay
    slow: TraceDecay
    bath: Bath


def prepare_influx(a: SimpleNamespace, signature: Signature | None) -> list[Influx]:
    """Return the sets, with what they refer to."""
    trains, decays, bath = trains_of(a), read_rows(a.traces, TraceDecay), read_rows(a.bath, Bath)
    none = Bath(-1, -1, -1)
    return [
        Influx(s, trains[s.train], decays[s.fast], decays[s.slow], none if s.bath < 0 else bath[s.bath])
        for s in read_rows(a.sets, InfluxSet, int(a.n_sets))
    ]


def find_influx(a: SimpleNamespace, prepared: list[Influx]) -> None:
    """Find the influx into the spines of all targets in the step that ends now."""
    clock = Clock(*a.clock.tolist())
    waves = a.waves[(clock.now - clock.start) * int(a.n_waves) :]
    for one in prepared:
        for start, stop in pieces.parts(one.record.size, pieces.NEURONS):
            _of_targets(a, one, np.arange(start, stop), clock.now, waves)


def _of_targets(a: SimpleNamespace, one: Influx, i: Any, now: int, waves: Any) -> None:
    """Find the influx into the spines of some targets of a set."""
    s, place, n, source = one.record, one.record.influx + i, one.record.first + i, one.record.first_train + i
    before, after = a.V_before[place], a.V[n]
    a.V_before[place] = after
    fired = one.trains.last(source, one.trains.counts(source)) == now
    reached = now - 1 - s.delay
    elapsed = reached - one.trains.last(source, one.trains.until(source, reached))
    c = read(spines.InfluxCoefficients, a.influx_coef[s.influx_coef :])
    v = spines.potential(before, after, fired, c, decayed(a, one.fast, elapsed), decayed(a, one.slow, elapsed))
    effect = EFFECTS[list(EFFECTS)[s.effect]]
    table = a.coef.reshape(-1, int(a.n_rows))[s.effect_coef :]
    real = v.dtype.type
    Mg = waves[one.bath.magnesium] if one.bath.magnesium >= 0 else real(1)
    scale = waves[one.bath.scale] if one.bath.scale >= 0 else None
    opened = effect.block((), v, read(effect.COEFFICIENTS, table[:, s.row + i * s.row_step]), Mg)
    a.influx[place] = spines.influx(v, a.rest[n], opened, scale, c)

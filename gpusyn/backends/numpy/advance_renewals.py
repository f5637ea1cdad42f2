"""``kernels/advance_renewals.cu`` in numpy: spikes of sources with gamma intervals, or with a dead time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.backends.numpy.advance_sources import joined_chunks
from gpusyn.backends.numpy.spikes import Step, begin_step, emit
from gpusyn.equations.renewals import Draws, RenewalCoefficients, begin, passed, renewed
from gpusyn.kernels.records import Renewal, SourceChunk, read_rows
from gpusyn.kernels.signature import Signature
from gpusyn.utils.typing import Array


class Renewals(NamedTuple):
    """Sources, some of a population at a time, and what the populations have."""

    sources: list[SourceChunk]
    renewals: list[Renewal]


def prepare_renewals(a: SimpleNamespace, signature: Signature | None) -> Renewals:
    """Join consecutive chunks of each population, up to a number."""
    return Renewals(joined_chunks(a), read_rows(a.renewals, Renewal))


def advance_renewals(a: SimpleNamespace, prepared: Renewals) -> None:
    """Emit the spikes of renewal processes."""
    step = begin_step(a)
    for s in prepared.sources:
        who, events = _advance(a, s, prepared.renewals[s.drive], step)
        emit(a, step.now, s.source + who, events)


def _advance(a: SimpleNamespace, s: SourceChunk, renewal: Renewal, step: Step) -> tuple[Array, Array]:
    """Advance some sources by a step; return the places of those with events among them, and their numbers."""
    every = s.offset + np.arange(s.size)
    advance = a.advances[renewal.advance + step.local * renewal.time_step + every * renewal.advance_step]
    state = a.waiting[renewal.waiting + s.offset :][: s.size]
    after, passes = passed(state, advance)
    if step.now == 0:
        passes[:] = False
    state[passes] = after[passes]
    some = np.flatnonzero(~passes)
    if not some.size:
        return some, some
    draws = Draws(renewal.key_high << 32 | renewal.key_low, every[some], step.now)
    rows = renewal.intervals + every[some] * renewal.interval_step
    c = RenewalCoefficients(*(a.intervals[rows + k] for k in range(len(RenewalCoefficients._fields))))
    before = begin(draws, advance[some], c) if step.now == 0 else state[some]
    state[some], events = renewed(draws, before, advance[some], c)
    fired = np.flatnonzero(events)
    return some[fired], np.minimum(events[fired], renewal.most_events)

"""``kernels/advance_sources.cu`` in numpy: spikes of Poisson sources and of lists of times."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.backends.numpy import pieces
from gpusyn.backends.numpy.poisson import poisson_events
from gpusyn.backends.numpy.spikes import begin_step, emit
from gpusyn.kernels.records import PoissonDrive, SourceChunk, read_rows
from gpusyn.kernels.signature import Signature


class Sources(NamedTuple):
    """Poisson sources, some of a population at a time, and the drives."""

    sources: list[SourceChunk]
    drives: list[PoissonDrive]


def prepare_poisson(a: SimpleNamespace, signature: Signature | None) -> Sources:
    """Join consecutive chunks of each population, up to a number."""
    return Sources(joined_chunks(a), read_rows(a.drives, PoissonDrive))


def joined_chunks(a: SimpleNamespace) -> list[SourceChunk]:
    """Return the chunks of a kernel's sources; consecutive ones of a population are joined, up to a number."""
    joined: list[SourceChunk] = []
    for chunk in read_rows(a.chunks, SourceChunk, int(a.n_chunks)):
        last = joined[-1] if joined else None
        if (
            last
            and last.size + chunk.size <= pieces.NEURONS
            and chunk == last._replace(source=last.source + last.size, offset=last.offset + last.size, size=chunk.size)
        ):
            joined[-1] = last._replace(size=last.size + chunk.size)
        else:
            joined.append(chunk)
    return joined


def advance_poisson(a: SimpleNamespace, prepared: Sources) -> None:
    """Emit the spikes of Poisson sources."""
    step = begin_step(a)
    for s in prepared.sources:
        events = poisson_events(a, prepared.drives[s.drive], step, s.offset, s.size)
        if events is not None:
            who = np.flatnonzero(events)
            emit(a, step.now, s.source + who, events[who])


def advance_lists(a: SimpleNamespace, prepared: None) -> None:
    """Emit listed spikes: ``listed_begin[s]`` to ``listed_begin[s + 1]`` are due in step s of this chunk."""
    step = begin_step(a)
    due = slice(int(a.listed_begin[step.local]), int(a.listed_begin[step.local + 1]))
    emit(a, step.now, a.listed_id[due], a.listed_events[due])

"""``kernels/advance_sources.cu`` in numpy: spikes of Poisson sources and of lists of times."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.backends.numpy.spikes import emit, poisson_events
from gpusyn.kernels.records import Drive, Source, read_rows
from gpusyn.kernels.signature import Signature

TABLES = ("chunks", "drives")


class Sources(NamedTuple):
    """Poisson sources, a population at a time, and the drive of each."""

    sources: list[Source]
    drives: list[Drive]


def prepare_poisson(a: SimpleNamespace, signature: Signature | None) -> Sources:
    """Join chunks that continue each other."""
    joined: list[Source] = []
    for chunk in read_rows(a.chunks, Source, int(a.n_chunks)):
        last = joined[-1] if joined else None
        if last and chunk == (last.global_ + last.count_, last.local + last.count_, chunk.count_, last.drive):
            joined[-1] = last._replace(count_=last.count_ + chunk.count_)
        else:
            joined.append(chunk)
    return Sources(joined, read_rows(a.drives, Drive))


def advance_poisson(a: SimpleNamespace, plan: Sources) -> None:
    """Spikes of Poisson sources."""
    now, base = int(a.clock[0]), int(a.clock[2])
    a.clock[1] = now
    for s in plan.sources:
        events = poisson_events(a, plan.drives[s.drive], now, now - base, s.local, s.count_)
        if events is not None:
            who = np.flatnonzero(events)
            emit(a, now, s.global_ + who, events[who])


def advance_lists(a: SimpleNamespace, plan: None) -> None:
    """Spikes from lists of times: ``due_begin[s]`` to ``due_begin[s + 1]`` are due in step s of this run."""
    now, base = int(a.clock[0]), int(a.clock[2])
    a.clock[1] = now
    due = slice(int(a.due_begin[now - base]), int(a.due_begin[now - base + 1]))
    emit(a, now, a.due_id[due], a.due_events[due])

"""What a rank keeps of sources by their numbers there, as all ranks know it: by ids."""

from __future__ import annotations

import numpy as np

from gpusyn.builder.layout import Layout
from gpusyn.distributed.ranks import Ranks
from gpusyn.kernels.arrays import NO_FAULT
from gpusyn.simulation.spike_list import Waiting
from gpusyn.utils.typing import Array

_ID_BITS = 31  # of the word of a fault; the step is above


def fault_of_ids(fault: Array, layout: Layout) -> Array:
    """Return the word of the first fault of a neuron with its id, given that with its number."""
    if layout.senders is None or fault[0] == NO_FAULT:
        return fault
    step, number = fault >> _ID_BITS, fault & (2**_ID_BITS - 1)
    return step << _ID_BITS | layout.senders.ids(number)


def fault_of_numbers(fault: Array, layout: Layout) -> Array:
    """Return the word of the first fault with the number of its neuron; no fault if it has none here."""
    if layout.senders is None or fault[0] == NO_FAULT:
        return fault
    number, here = layout.senders.numbers(fault & (2**_ID_BITS - 1))
    return np.where(here, fault >> _ID_BITS << _ID_BITS | number, NO_FAULT)


def waiting_of_ids(spikes: Waiting, layout: Layout) -> Waiting:
    """Return spikes on their way with the ids of their sources, given those with their numbers."""
    if layout.senders is None:
        return spikes
    return spikes._replace(source=layout.senders.ids(spikes.source).astype(spikes.source.dtype))


def waiting_of_numbers(spikes: Waiting, layout: Layout) -> Waiting:
    """Return the spikes on their way of sources that have a number here, with these."""
    if layout.senders is None:
        return spikes
    numbers, here = layout.senders.numbers(spikes.source)
    found = spikes._replace(source=numbers.astype(spikes.source.dtype))
    return Waiting(*(column[here] for column in found))


def waiting_anywhere(spikes: Waiting, ranks: Ranks) -> Waiting:
    """Return the spikes, by ids, that some rank keeps, each once, by step and id; this is a collective operation."""
    width = spikes.parts.shape[1:]
    columns = [ranks.arrays(np.ascontiguousarray(column).reshape(-1)) for column in spikes]
    step, source, events, parts = (np.concatenate(column) for column in columns)
    order = np.lexsort((source, step))
    again = (np.diff(step[order], prepend=-1) == 0) & (np.diff(source[order], prepend=-1) == 0)
    order = order[~again]
    return Waiting(step[order], source[order], events[order], parts.reshape(len(step), *width)[order])

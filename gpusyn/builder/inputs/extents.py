"""Extents of the arrays of inputs, from a layout alone: listed events count with their expected number."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.builder.inputs.bath import BathTables, blocker_doses
from gpusyn.builder.inputs.courses import window
from gpusyn.builder.layout import Layout, PlacedPopulation
from gpusyn.kernels.arrays import Extents
from gpusyn.network.stimulus import Drive, Injection
from gpusyn.parameters.waveform import Waveform


def input_extents(layout: Layout, steps: int) -> Extents:
    """Return the extents of the arrays of inputs, for chunks of `steps` steps."""
    net, places = layout.net, layout.populations
    bath = BathTables(layout, 0)
    currents = sum(_columns(injection, layout) for injection in net.injections.values())
    drives = [(d, places[p.name].size, len(ids)) for d in net.drives.values() for p, ids in d.target.parts]
    rates = [_rates(drive.rate, size, n < size, steps) for drive, size, n in drives]
    rates += [
        _rates(place.population.model.rate, place.size, False, steps) for place in layout.sources("advance_poisson")
    ]
    return {
        "baths": len(bath.rows),
        "bath width": bath.width,
        "waves": 1 + currents + len(net.clamps) + len(bath.columns) + len(blocker_doses(layout)),
        "listed events": sum(_events(place) for place in layout.sources("advance_lists")),
        "drives": len(rates),
        "rates": sum(rates) + 1,
        "drive weights": sum(_weights(drive, size, n < size) for drive, size, n in drives) + 1,
    }


def _columns(injection: Injection, layout: Layout) -> int:
    """Return the number of columns that an injection needs in the waves if its neurons have no other current."""
    if isinstance(injection.current, Waveform):
        return len(injection.target.parts)
    if window(injection, layout.dt, f"Injection '{injection.name}'") == (0.0, np.inf):
        return 0
    return len(np.unique(injection.current)) * len(injection.target.parts)


def _rates(rate: Any, size: int, in_part: bool, steps: int) -> int:
    """Return the number of rates of a population's drive: one for all neurons, one per neuron, or one per step."""
    if isinstance(rate, Waveform):
        return steps
    return 1 if isinstance(rate, int | float) and not in_part else size


def _weights(drive: Drive, size: int, in_part: bool) -> int:
    """Return the number of weights of a population's drive: one for all neurons, or one per neuron."""
    if not isinstance(drive.weight, int | float):
        return size
    return size if in_part and isinstance(drive.rate, Waveform) else 1


def _events(place: PlacedPopulation) -> int:
    times = place.population.model.times
    return sum(len(t) for t in times) if isinstance(times, tuple) else place.size * len(times)

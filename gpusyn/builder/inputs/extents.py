"""Extents of the arrays of inputs, from a layout alone: listed events count with their expected number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gpusyn.builder.inputs.bath import BathTables, blocker_doses
from gpusyn.builder.inputs.courses import window
from gpusyn.builder.inputs.currents import clamp_columns
from gpusyn.builder.inputs.poisson import LIMITS, is_apart, own_rates
from gpusyn.builder.layout import Layout
from gpusyn.builder.ownership import Range
from gpusyn.builder.places import PlacedPopulation
from gpusyn.builder.plasticity.modulators import modulator_columns
from gpusyn.equations.renewals import RenewalCoefficients
from gpusyn.kernels.arrays import Extents, Owner
from gpusyn.network.stimulus import Drive, Injection
from gpusyn.neurons.sources import RENEWALS
from gpusyn.numerics.poisson import pieces_of
from gpusyn.parameters.noise import Noise
from gpusyn.parameters.waveform import Waveform


def input_extents(layout: Layout, steps: int) -> Extents:
    """Return the extents of the arrays of inputs, for chunks of `steps` steps."""
    net, places = layout.net, layout.populations
    bath = BathTables(layout, 0)
    drives = [(d, places[p.population.name].size, p.size) for d in net.drives.values() for p in d.target.parts]
    sources: list[tuple[Any, int]] = [(p.population.model, p.size) for p in layout.sources("advance_poisson")]
    rates = [(drive.rate, drive.rate_max, size) for drive, size, _ in drives]
    rates += [(model.rate, model.rate_bound, size) for model, size in sources]
    return {
        "baths": len(bath.rows),
        "bath width": bath.width,
        "waves": wave_columns(layout),
        "listed events": sum(listed_events(place, layout.owned(place)) for place in layout.sources("advance_lists")),
        "drives": len(rates),
        "limits": sum(_limits(rate, most * layout.dt * 1e-3, size, steps) for rate, most, size in rates) + 1,
        "drive weights": sum(_weights(drive, size, n < size) for drive, size, n in drives) + 1,
    }


def wave_columns(layout: Layout) -> int:
    """Return the number of columns of the waves, if no two currents add up."""
    shared = len(BathTables(layout, 0).columns) + len(blocker_doses(layout)) + len(modulator_columns(layout))
    currents = sum(_columns(injection, layout) for injection in layout.net.injections.values())
    return 1 + shared + sum(map(clamp_columns, layout.net.clamps.values())) + currents


def renewal_extents(layout: Layout, steps: int) -> Extents:
    """Return the extents of the arrays of renewal processes, for chunks of `steps` steps."""
    found: list[tuple[Any, int]] = [(p.population.model, p.size) for p in layout.sources(RENEWALS)]
    shapes = sum(np.size(model.shape) for model, _ in found)
    return {
        "chunks": layout.units(layout.sources(RENEWALS)),
        "renewals": len(found),
        "advances": sum(_advances(model.rate, size, steps) for model, size in found) + 1,
        "renewal coefficients": len(RenewalCoefficients._fields) * shapes,
        "renewing sources": sum(size for _, size in found),
    }


def _columns(injection: Injection, layout: Layout) -> int:
    """Return the number of columns that an injection needs in the waves if its neurons have no other current."""
    if isinstance(injection.current, Noise):
        return 0
    if isinstance(injection.current, Waveform):
        return injection.current.columns or len(injection.target.parts)
    if window(injection, layout.dt, f"Injection '{injection.name}'") == (0.0, np.inf):
        return 0
    return len(np.unique(injection.current)) * len(injection.target.parts)


def limit_extents(layout: Layout, steps: int) -> dict[Owner, Extents]:
    """Return the extents of the arrays of the kernel that makes limits, if it is needed."""
    own = own_rates(layout)
    return (
        {(LIMITS, None): {"sets": len(own), "own means": sum(one.size for one in own), "steps": steps}} if own else {}
    )


def _limits(rate: Any, largest: float, size: int, steps: int) -> int:
    """Return the words of the limits of a population: one set for all neurons, one for each, or one for each step."""
    return 2 * pieces_of(largest).levels * _sets(rate, size, steps)


def _sets(rate: Any, size: int, steps: int) -> int:
    """Return of how many rates there are values: of one for all sources, one for each, or one for each step."""
    return size if is_apart(rate) else steps if isinstance(rate, Waveform) else 1


def _advances(rate: Any, size: int, steps: int) -> int:
    """Return the number of advances of a population: of one rate or one for each source, in all steps or in each."""
    return (size if is_apart(rate) else 1) * (steps if isinstance(rate, Waveform) else 1)


def _weights(drive: Drive, size: int, in_part: bool) -> int:
    """Return the number of weights of a population's drive: one for all neurons, or one per neuron."""
    if not isinstance(drive.weight, int | float):
        return size
    return size if in_part and not is_apart(drive.rate) else 1


def listed_events(place: PlacedPopulation, ranges: Sequence[Range]) -> int:
    """Return the number of listed events of the sources in some ranges of local ids."""
    times = place.population.model.times
    if isinstance(times, tuple):
        return sum(len(t) for begin, end in ranges for t in times[begin:end])
    return len(times) * sum(end - begin for begin, end in ranges)

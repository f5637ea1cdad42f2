"""The sources that have synapses onto the neurons of a rank, which are found by drawing the pairs once more."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gpusyn.builder.layout import Layout
from gpusyn.builder.pathways import Pathway
from gpusyn.builder.reach import reach_of
from gpusyn.builder.rows.drawn import Drawing
from gpusyn.builder.rows.reference import side_of
from gpusyn.builder.rows.tables import row_maker
from gpusyn.builder.senders import Senders, joined_runs
from gpusyn.kernels.program import Launcher
from gpusyn.utils.typing import Bools


def number_drawn(
    layout: Layout, seed: int, advanced: Callable[[float], object], launcher: Callable[[], Launcher | None]
) -> None:
    """Give numbers to the sources of a layout that have synapses onto own neurons, and to own ones.

    Parameters
    ----------
    layout : Layout
        Layout of a rank that has numbered those that it expects.
    seed : int
        Seed of the simulation.
    advanced : callable
        Function to call between blocks of synapses, with a number of synapses that are done: 0.
    launcher : callable
        Returns what launches kernels, if there is something.
    """
    places = list(layout.populations.values())
    reaches = [reach_of(place, layout) for place in places]
    drawn = (place for place, one in zip(places, reaches, strict=True) if one.drawn)
    marks = {place.population.name: np.zeros(place.size, bool) for place in drawn}
    together: dict[str, list[Pathway]] = {}
    for pathway in (pathway for one in reaches for pathway in one.drawn):
        together.setdefault(pathway.projection.name, []).append(pathway)
    with row_maker(layout, launcher) as rows:
        for pathways in together.values():
            _mark(marks, pathways, Drawing(pathways[0].projection, layout, seed, rows), advanced)
    runs = []
    for place, one in zip(places, reaches, strict=True):
        found = np.flatnonzero(marks.get(place.population.name, np.zeros(0, bool)))
        runs.append(place.id + np.stack(joined_runs(np.stack([one.begin, one.end], axis=1).tolist(), found), axis=1))
    layout.number(Senders(*joined_runs(np.concatenate(runs).tolist())))


def _mark(
    marks: dict[str, Bools], pathways: list[Pathway], drawing: Drawing, advanced: Callable[[float], object]
) -> None:
    """Mark, by population, the sources of pathways of one projection that have synapses onto own targets."""
    sides = []
    for p in pathways:
        pre, post = side_of(p.projection.pre, p.pre_part, 0), side_of(p.projection.post, p.post_part, 0)
        sides.append((marks[p.pre.population.name], pre, post))
    for sources, targets in drawing.pairs():
        for found, pre, post in sides:
            found[pre.places(sources[pre.holds(sources) & post.holds(targets)])] = True
        advanced(0.0)

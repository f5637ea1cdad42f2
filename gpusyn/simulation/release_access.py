"""Read the state of short-term plasticity where the backend keeps it."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.plasticity.releases import KERNEL, Releases, coefficients_of, releases_of
from gpusyn.equations.coefficients import read
from gpusyn.equations.short_term import ActiveReleaseCoefficients, decayed
from gpusyn.kernels.arrays import array_name
from gpusyn.kernels.records import Clock
from gpusyn.network.projections import Projection
from gpusyn.simulation.weight_access import synapse_order
from gpusyn.utils.ids import as_ids
from gpusyn.utils.typing import Array

VARIABLES = "u", "x", "y"


def read_release(
    compiled: Compiled, session: Session, projection: Projection, variable: str, synapses: Any, step: int | None = None
) -> Array:
    """Return u, x or y of synapses with shared short-term plasticity, as they are after the last step.

    Parameters
    ----------
    compiled : Compiled
        The compiled network.
    session : Session
        Session that runs it.
    projection : Projection
        Projection with shared short-term plasticity.
    variable : {"u", "x", "y"}
        Variable.
    synapses : slice or array of int
        Synapses, by their places in the order of `Simulator.weights`.
    step : int, optional
        Number of steps that were run; by default, what the clock says.
    """
    pre, _ = synapse_order(compiled, session, projection)
    places = release_places(compiled, projection, pre)[synapses]
    return release_at(compiled, session, projection, variable, places, step)


def release_places(compiled: Compiled, projection: Projection, pre: Array) -> Array:
    """Return the place of the state of each synapse of a projection, given their positions in `projection.pre`."""
    first = {one.place.population.name: one.state - one.first for one in _sets(compiled, projection)}
    of_source = [
        compiled.layout.populations[part.population.name].numbers(as_ids(part.span).astype(np.int64))
        + first.get(part.population.name, 0)
        for part in projection.pre.parts
    ]
    places: Array = np.concatenate(of_source)[pre]
    return places


def release_at(
    compiled: Compiled, session: Session, projection: Projection, variable: str, places: Array, step: int | None = None
) -> Array:
    """Return u, x or y at places of a projection, after `step` steps."""
    ran = (Clock(*session.read("clock").tolist()).next if step is None else step) - 1
    out = np.empty(places.size, compiled.layout.numbers.real_dtype)
    for one in _sets(compiled, projection):
        begin, end = one.state, one.state + one.size
        c = np.array(coefficients_of(one, compiled.layout.dt)).astype(out.dtype)
        names = [*(VARIABLES if one.form is ActiveReleaseCoefficients else "ux"), "last_step"]
        *kept, last = (session.read(array_name(name, kernel=KERNEL), begin, end) for name in names)
        u, x, y = kept if len(kept) > 2 else (*kept, np.zeros_like(kept[0]))
        state = decayed(u, x, y, np.maximum(ran - last, 0), read(one.form, c))
        mine = (places >= begin) & (places < end)
        out[mine] = state[VARIABLES.index(variable)][places[mine] - begin]
    return out


def _sets(compiled: Compiled, projection: Projection) -> list[Releases]:
    return [one for one in releases_of(compiled.layout) if one.projection is projection]

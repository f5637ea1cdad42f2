"""Access to the conductances of gap junctions between runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.junctions import CONDUCTANCE, JunctionTables, draw_junctions
from gpusyn.network.coupling import Coupling, junction_conductance
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.values import check_drawn
from gpusyn.simulation.drawn_sets import DrawnSets
from gpusyn.utils.typing import Floats


class JunctionAccess:
    """Read and replace the conductances that are in force."""

    def __init__(self, compiled: Compiled, session: Session, drawn: DrawnSets) -> None:
        self.compiled, self.session, self.drawn = compiled, session, drawn

    def get(self, target: Coupling) -> float | Floats:
        """Return the conductance (nS) of all junctions, or one per junction, in order of creation."""
        coupling = self.compiled.junctions.couplings[target.name]
        if isinstance(coupling.conductance, Distribution):
            return np.array(draw_junctions(coupling, self.compiled.seed).conductance)
        return coupling.conductance

    def set(self, target: Coupling, given: Any, where: str) -> None:
        """Replace the conductances of a coupling."""
        tables = self.compiled.junctions
        size = tables.sizes[target.name]
        checked = junction_conductance(target, given, size, where)
        new = self.drawn.draw(checked, size, where)
        if new is not checked:
            check_drawn(new, where, unit="nS", low=0.0)
        tables = tables.replaced(replace(tables.couplings[target.name], conductance=new))
        self.compiled.check_junctions(tables)
        self._put(tables)
        self.drawn.used(given, where)

    def put(self, target: Coupling, conductance: Any) -> None:
        """Put conductances in force that were in force before, with other parameters perhaps."""
        tables = self.compiled.junctions
        self._put(tables.replaced(replace(tables.couplings[target.name], conductance=conductance)))

    def restore(self) -> None:
        """Put the described conductances in force again."""
        tables, described = self.compiled.junctions, self.compiled.layout.net.couplings
        if any(one is not described[name] for name, one in tables.couplings.items()):
            self._put(JunctionTables(tables.layout, tables.seed, described))

    def _put(self, tables: JunctionTables) -> None:
        self.compiled.junctions = tables
        for name, array in tables.take().items():
            if name.endswith(CONDUCTANCE) and array.size:
                self.session.write(name, array)

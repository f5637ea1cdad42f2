"""Access between runs to everything that `Simulator.get` and `Simulator.set` read and replace."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.plasticity.learning import LEARNING
from gpusyn.builder.plasticity.synapse_releases import DELIVER
from gpusyn.distributed.gathering import gathering_of
from gpusyn.kernels.arrays import array_name
from gpusyn.network.coupling import Coupling
from gpusyn.network.populations import Population, Selection
from gpusyn.network.projections import Projection
from gpusyn.network.stimulus import Clamp, Drive, Injection
from gpusyn.simulation.drawn_sets import DrawnSets
from gpusyn.simulation.input_access import InputAccess
from gpusyn.simulation.junction_access import JunctionAccess
from gpusyn.simulation.parameter_access import ParameterAccess
from gpusyn.simulation.state_access import StateAccess
from gpusyn.simulation.synapse_variables import SynapseVariables
from gpusyn.simulation.targets import asked, changes, find, find_readable, here
from gpusyn.simulation.weight_access import require_room


class Access:
    """States, parameters and inputs of a running network."""

    def __init__(self, compiled: Compiled, session: Session, seed: int, trial: int) -> None:
        self.net, self.compiled, self.session = compiled.layout.net, compiled, session
        self.gathering = gathering_of(session)
        self.drawn = DrawnSets(seed, trial)
        self.states = StateAccess(compiled, session, self.drawn)
        self.parameters = ParameterAccess(compiled, session, self.drawn)
        self.inputs = InputAccess(compiled, session, self.drawn)
        self.junctions = JunctionAccess(compiled, session, self.drawn)

    @property
    def step(self) -> int:
        """Step that the simulation has reached."""
        return self.states.step

    @step.setter
    def step(self, step: int) -> None:
        self.states.step = step

    def get(self, target: Any, variable: Any) -> Any:
        """Return what is in force of a target, or the present values of its state."""
        found = find_readable(self.net, target, "Simulator.get()")
        name = asked(found, variable, "Simulator.get()")
        if isinstance(found, Projection):
            where = f"Simulator.get({found.name!r}, {name!r})"
            if found.procedural:
                require_room(self.compiled, found, where)
            variables = SynapseVariables(self.compiled, self.session, found, [name], None, where)
            values = variables.read(name, self.step)
            return self.gathering.whole(values, variables.columns, len(variables.wanted))
        if isinstance(found, Coupling):
            return self.junctions.get(found)
        if not isinstance(found, Selection):
            return self.inputs.get(found, name)
        population = found.parts[0].population
        if population.is_source:
            return self.inputs.get_source(found, name)
        if name in population.variables:
            return self.gathering.neurons(found, self.states.get(found, name))
        return self.gathering.neurons(found, self.parameters.get(found, name))

    def in_force(self, population: Population) -> dict[str, Any]:
        """Return the parameters of a population that are in force: numbers, or one value per neuron."""
        place, everyone = self.compiled.layout.populations[population.name], population[:]
        p = self.compiled.neurons[place.group].parameters[population.name]
        each = {name for name, value in p.items() if isinstance(value, np.ndarray) and value.ndim}
        return {
            name: self.gathering.neurons(everyone, self.parameters.get(everyone, name)) if name in each else value
            for name, value in p.items()
        }

    def set(self, target: Any, variable: Any, values: Any, named: dict[str, Any]) -> None:
        """Replace what is in force of a target, or the present values of its state."""
        found = find(self.net, target, "Simulator.set()")
        given = changes(found, variable, values, named, "Simulator.set()")
        if isinstance(found, Drive):
            return self.inputs.set_drive(found, given)
        ((name, value),) = given.items()  # nothing else has several values that can be named
        where = here(found, name)
        if isinstance(found, Injection):
            self.inputs.set_injection(found, value, where)
        elif isinstance(found, Clamp):
            self.inputs.set_clamp(found, value, where)
        elif isinstance(found, Coupling):
            self.junctions.set(found, value, where)
        elif found.parts[0].population.is_source:
            self._set_source(found, name, value, where)
        elif name in found.parts[0].population.variables:
            self.states.set(found, name, value, where)
        else:
            self.parameters.set(found, name, value, where)

    def _set_source(self, found: Selection, name: str, value: Any, where: str) -> None:
        if name == "rate":
            self.inputs.set_rates(found, value, where)
        else:
            self.inputs.set_times(found, value, self.step, where)

    def restore(self, trial: int) -> None:
        """Undo every set but those of states, and return to time 0 in a trial."""
        self.inputs.restore(trial)
        if self.compiled.releases.kept:
            self.session.write(array_name("keys", kernel=DELIVER), self.compiled.releases.keys(trial))
        if self.compiled.learning.noisy:
            self.session.write(array_name("keys", kernel=LEARNING), self.compiled.learning.keys(trial))
        self.parameters.restore()
        self.junctions.restore()
        self.drawn.restart(trial)
        self.step = 0

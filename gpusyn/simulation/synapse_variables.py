"""The present values of the variables of synapses: weights, u, x and y of short-term plasticity, and calcium."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.plasticity.releases import shared_short_term
from gpusyn.builder.recorded import dtypes_of
from gpusyn.network.projections import Projection, weight_variable
from gpusyn.plasticity import NMDAPlasticity
from gpusyn.simulation import learned_weights, spine_access
from gpusyn.simulation.release_access import release_at, release_places
from gpusyn.simulation.synapse_release_access import release_of
from gpusyn.simulation.weight_access import ChosenSynapses
from gpusyn.utils.typing import Array, Integers


class SynapseVariables:
    """Variables of some synapses of a projection: where they are is found once, to read them often.

    Parameters
    ----------
    compiled, session : Compiled, Session
        Running network.
    projection : Projection
        Its projection.
    variables : sequence of str
        Those of `Projection.variables` that will be read.
    synapses : ndarray of int64, or None
        Positions in the order of `Simulator.weights`; None: all synapses.
    where : str
        Place that a message about a synapse that does not exist names.

    Attributes
    ----------
    dtypes : dict of str to dtype
        Type of each variable.
    synapses, pre, post : ndarray of int64
        The synapses that are here, and the positions of their neurons in the projection's selections.
    columns, wanted : ndarray of int64
        Places of `synapses` among all that are wanted, and these: other ranks may have some of them.
    """

    def __init__(
        self,
        compiled: Compiled,
        session: Session,
        projection: Projection,
        variables: Sequence[str],
        synapses: Integers | None,
        where: str,
    ) -> None:
        self.dtypes = dtypes_of(projection, compiled.layout)
        self._compiled, self._session, self._projection = compiled, session, projection
        first = next(iter(projection.weights))
        self._receptors = {weight_variable(projection.weights, receptor): receptor for receptor in projection.weights}
        chosen = {
            receptor: ChosenSynapses(compiled, session, projection, receptor, synapses, where)
            for receptor in {self._receptors.get(variable, first) for variable in variables}
        }
        one = next(iter(chosen.values()))  # the synapses onto all receptors are the same
        self.synapses, self.pre, self.post = one.synapses, one.pre, one.post
        self.columns, self.wanted = one.columns, one.wanted
        self._read = {name: self._reader(name, chosen[self._receptors.get(name, first)]) for name in variables}

    def read(self, variable: str, step: int) -> Array:
        """Return the values of a variable after the number of steps that were run."""
        return self._read[variable](step).astype(self.dtypes[variable])

    def _reader(self, variable: str, chosen: ChosenSynapses) -> Callable[[int], Array]:
        """Return a function that reads a variable after the number of steps that it is given."""
        compiled, session, projection = self._compiled, self._session, self._projection
        if variable in self._receptors:
            return lambda step: chosen.weights(compiled, session)
        if variable == "Ca":
            spines = any(isinstance(one, NMDAPlasticity) for one in projection.plasticity)
            calcium_of = spine_access.calcium_of if spines else learned_weights.calcium_of
            return lambda step: calcium_of(compiled, session, chosen)
        if shared_short_term(projection) is not None:
            places = release_places(compiled, projection, chosen.pre)
            return lambda step: release_at(compiled, session, projection, variable, places, step)
        return lambda step: release_of(compiled, session, chosen, variable, step)

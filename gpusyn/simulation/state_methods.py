"""Methods of a simulator that read and replace the present state: get, set, weights and set_weights."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.errors import ArgumentError, SimulationError
from gpusyn.network.projections import Projection
from gpusyn.parameters.scalars import one_of, public
from gpusyn.simulation.initial_values import InitialValues
from gpusyn.simulation.state_access import StateAccess
from gpusyn.simulation.weight_access import Weights, read_weights, write_weights
from gpusyn.utils.held_signals import held_signals
from gpusyn.utils.typing import Array


class StateMethods:
    """Methods of :class:`gpusyn.Simulator` that read and replace states and weights between steps."""

    _seed: int
    _compiled: Compiled
    _session: Session
    _initial: InitialValues
    _state: StateAccess
    _closed = False
    _lost = ""  # reason why the state is not that of any step: the error that a backend raised in the middle of one

    def __init__(self) -> None:
        self._user = threading.RLock()

    @public
    def get(self, population: Any, variable: str) -> Array:
        """Return the present values of a variable.

        Parameters
        ----------
        population : Population or Selection
            Neurons whose values are wanted.
        variable : str
            ``"V"`` (mV), a state of the neuron model, ``"g_<receptor>"`` (nS, or pA for a CurrentReceptor) or
            ``"h_<receptor>"``.

        Returns
        -------
        ndarray of float32 or float64, shape (population.size,)
            A copy in the memory of the host, one value per neuron.

        Raises
        ------
        ArgumentError
            If an argument has the wrong type, or the population belongs to another network.
        ParameterError
            If the variable is computed only while it is recorded.
        UnknownNameError
            If a population has no such variable.
        SimulationError
            If the simulator is closed or in use by another thread.
        """
        with self._in_use("get"):
            return self._state.get(population, variable)

    @public
    def set(self, population: Any, variable: str, values: Any) -> None:
        """Replace the present values of a state variable.

        Parameters
        ----------
        population : Population or Selection
            Neurons whose values are replaced.
        variable : str
            As for `get`.
        values : float, array_like, shape (population.size,), or Distribution
            New values, in the unit of the variable.

        Raises
        ------
        ArgumentError
            If an argument has the wrong type, or the population belongs to another network.
        ParameterError
            If the variable can only be read, a value is out of range, or an array has the wrong length.
        UnknownNameError
            If a population has no such variable.
        SimulationError
            If the simulator is closed or in use by another thread.

        Examples
        --------
        >>> import gpusyn as gs
        >>> net = gs.Network()
        >>> cells = net.population("cells", 3, gs.LIF())
        >>> with gs.Simulator(net, backend="numpy") as sim:
        ...     sim.set(cells, "V", -60.0)
        ...     sim.get(cells, "V").tolist()
        [-60.0, -60.0, -60.0]
        """
        with self._in_use("set"), held_signals():
            self._state.set(population, variable, values, self._seed)

    @public
    def weights(self, projection: Projection | str, receptor: str | None = None) -> Weights:
        """Return the synapses of a projection with their present weights.

        Parameters
        ----------
        projection : Projection or str
            Projection, or its name.
        receptor : str, optional
            Receptor whose weights are wanted; by default all receptors of the projection.

        Returns
        -------
        Weights
            Positions `pre` and `post` in the projection's selections, `weight` (nS or pA) and `delay` (ms), one value
            per synapse, sorted by (pre, post, creation). With several receptors, `weight` is a dict by receptor.

        Raises
        ------
        ArgumentError
            If an argument has the wrong type, or the projection belongs to another network.
        UnknownNameError
            If there is no such projection, or the projection has no such receptor.
        SimulationError
            If the simulator is closed or in use by another thread.
        """
        with self._in_use("weights"):
            return read_weights(self._compiled, self._session, self._projection(projection), receptor)

    @public
    def set_weights(self, projection: Projection | str, values: Any, receptor: str | None = None) -> None:
        """Replace the weights of a projection.

        Parameters
        ----------
        projection : Projection or str
            Projection, or its name.
        values : float, array_like, shape (n_synapses,), or dict of str to these
            New weights (nS or pA), at most the projection's `w_max` in magnitude. An array has the order of `weights`;
            a dict has the weights by receptor.
        receptor : str, optional
            Receptor whose weights are replaced; required if the projection has several and `values` is not a dict.

        Raises
        ------
        ArgumentError
            If an argument has the wrong type, or the projection belongs to another network.
        ParameterError
            If a weight is out of range, an array has the wrong length, or all synapses share one stored weight.
        UnknownNameError
            If there is no such projection, or the projection has no such receptor.
        SimulationError
            If the simulator is closed or in use by another thread.

        Examples
        --------
        >>> import gpusyn as gs
        >>> net = gs.Network()
        >>> cells = net.population("cells", 2, gs.LIF(), receptors=[gs.AMPA()])
        >>> projection = net.connect(cells, cells, gs.AllToAll(), receptor="AMPA", weight=0.5, w_max=2.0)
        >>> with gs.Simulator(net, backend="numpy") as sim:
        ...     sim.set_weights(projection, [0.5, 1.0, 1.5, 2.0])
        ...     synapses = sim.weights(projection)
        >>> synapses.pre.tolist(), synapses.post.tolist(), synapses.weight.tolist()
        ([0, 0, 1, 1], [0, 1, 0, 1], [0.5, 1.0, 1.5, 2.0])
        """
        keep = self._initial.keep
        with self._in_use("set_weights"), held_signals():
            write_weights(self._compiled, self._session, self._projection(projection), receptor, values, keep)

    def _projection(self, projection: Any) -> Projection:
        known = self._compiled.layout.net.projections
        if isinstance(projection, Projection) and known.get(projection.name) is projection:
            return projection
        if isinstance(projection, Projection):
            raise ArgumentError(f"Projection '{projection.name}' belongs to another network; use one of this network")
        return known[one_of(projection, known, "projection")]

    @contextmanager
    def _in_use(self, method: str, of_state: bool = True) -> Iterator[None]:
        """Keep other threads out while a method works.

        Raises
        ------
        SimulationError
            If the simulator is closed, another thread uses it, or the method needs the state and it is lost.
        """
        here = f"Simulator.{method}()"
        if not self._user.acquire(blocking=False):
            raise SimulationError(
                f"{here}: another thread uses this simulator; wait until it is done, or make a simulator per thread"
            )
        try:
            if self._closed:
                raise SimulationError(f"{here}: this simulator is closed; make a new one")
            if of_state and self._lost:
                raise SimulationError(
                    f"{here}: the state was lost in the middle of a step ({self._lost}); "
                    "the recordings are complete up to Simulator.time; save() them, then reset()"
                )
            yield
        finally:
            self._user.release()

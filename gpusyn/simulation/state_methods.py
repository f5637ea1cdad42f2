"""Methods of a simulator that read and replace the present state: get, set, weights and set_weights."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gpusyn.builder.rows.stored import StoredSegments, StoredWeights
from gpusyn.distributed.crew import Crew
from gpusyn.errors import ArgumentError, SimulationError
from gpusyn.network.projections import Projection
from gpusyn.parameters.scalars import one_of, public
from gpusyn.receptors import Receptor
from gpusyn.simulation.every_rank import on_every_rank
from gpusyn.simulation.learned_weights import learns, settle_before
from gpusyn.simulation.rewiring import Rewirings
from gpusyn.simulation.running import Running
from gpusyn.simulation.spine_access import renew_potentials
from gpusyn.simulation.weight_access import Weights, read_weights, weight_array, write_weights
from gpusyn.utils.calls import Hinting
from gpusyn.utils.held_signals import held_signals
from gpusyn.utils.typing import Array


class StateMethods(Hinting):
    """Methods of :class:`gpusyn.Simulator` that read and replace states and weights between steps."""

    def __init__(self, running: Running, crew: Crew[Any] | None = None) -> None:
        self._running, self._crew = running, crew  # of several devices, those of the first rank
        self._compiled, self._session = running.compiled, running.session
        self.net, self.plan, self.dt = running.net, running.plan, running.plan.dt
        self.backend = running.recordings.provenance.backend
        self._user = threading.RLock()
        if crew is None:
            self.net._use(self)

    @public
    @on_every_rank
    def get(self, target: Any, variable: str | None = None) -> Any:
        """Return the present values of a state, or the parameters and inputs that are in force.

        Parameters
        ----------
        target : Population, Selection, Projection, Injection, Drive, Clamp, Coupling or str
            Object of this network, or its name.
        variable : str, optional
            What is wanted. Of neurons, a state: ``"V"`` (mV; ``"V_<dendrite>"`` of one), a state of the neuron model,
            ``"g_<receptor>"`` (nS) or ``"h_<receptor>"`` (nS/ms, or pA/ms for a CurrentReceptor), or a parameter of the
            neuron model. Of synapses, what can be recorded of them (``Projection.variables``), such as ``"weight"``,
            ``"u"`` or ``"Ca"``. Of spike sources, ``"rate"`` or ``"times"``. Of a drive, ``"rate"`` (the default) or
            ``"weight"``; an injection has only ``"current"``, a clamp only ``"V"``, a coupling only ``"conductance"``.

        Returns
        -------
        ndarray, float, Waveform, noise or tuple of ndarray
            For neurons and Poisson sources, an array of one value per neuron, of the run's precision for states and
            else of float64. For projections, an array of one value per synapse, in the order of `weights`. For
            injections, drives, clamps and rates that change with time, the value as it was given. For couplings, a
            number, or an array of one value per junction (nS). For listed spikes, an array of the times of each source.

        Raises
        ------
        ArgumentError
            If an argument has the wrong type, a variable of neurons or synapses is not named, or the target belongs to
            another network.
        ParameterError
            If the variable is computed only while it is recorded.
        UnknownNameError
            If there is no such object, or it has no such variable.
        PlanMemoryError
            If the projection is procedural, and memory cannot hold all its synapses.
        SimulationError
            If the simulator is closed or in use by another thread.
        """
        with self._in_use("get"):
            return self._running.access.get(target, variable)

    @public
    @on_every_rank
    def set(
        self,
        target: Any,
        variable: Any = None,
        values: Any = None,
        *,
        rate: Any = None,
        times: Any = None,
        weight: Any = None,
    ) -> None:
        """Replace the present values of a state, a parameter or an input, from now on.

        ``set(E, "V", -65.0)`` and ``set(E, "I_e", 250.0)`` replace a state and a parameter of neurons,
        ``set(injection, 300.0)`` a current, ``set(clamp, -40.0)`` a command potential, ``set(coupling, 0.5)`` the
        conductance of gap junctions, ``set(drive, rate=2000.0)`` the rate of a drive, and ``set(sources, rate=5.0)`` or
        ``set(sources, times=[...])`` what spike sources emit.
        Everything is checked before anything changes, and `reset` undoes it.

        Parameters
        ----------
        target : Population, Selection, Injection, Drive, Clamp, Coupling or str
            Object of this network, or its name. The other neurons of the populations of a selection stay as they are.
        variable : str, or the new value of an injection, clamp or coupling
            What is replaced, as for `get`.
        values : float, array_like, shape (target.size,), Distribution, Waveform, WhiteNoise or OrnsteinUhlenbeck
            New values, in the unit of the variable; a current that was described as noise takes noise alone. A
            Distribution, for neurons, couplings and weights of drives, is drawn anew at each call, and the same again
            in a repeated script. A Waveform, for inputs, is in absolute time.
        rate : float, array_like, shape (target.size,), or Waveform, optional
            New rate of a drive or of Poisson sources (Hz), at most their `rate_max`.
        times : sequence of float, or sequence of sequences, optional
            New spike times of the sources (ms), all later than now: one list for all, or one list per source. They
            replace the listed spikes that are still to come.
        weight : float, array_like, shape (target.size,), or Distribution, optional
            New weight of a drive (nS, pA or mV), at most the largest that it was described with.

        Raises
        ------
        ArgumentError
            If an argument has the wrong type, a name or a value is missing or given twice, or the target belongs to
            another network.
        ParameterError
            If the variable can only be read, a value is out of range or beyond what sums were planned for, a time is
            over or off the grid, an array has the wrong length, or the parameter is stored once for all neurons of a
            population and is given for each.
        UnknownNameError
            If there is no such object, or it has no such variable.
        SimulationError
            If the simulator is closed or in use by another thread.

        Notes
        -----
        The neurons keep their absolute V when E_L changes, and a refractory time that has begun keeps its length. A
        command potential is reached at the end of the next step.

        Examples
        --------
        >>> import gpusyn as gs
        >>> net = gs.Network()
        >>> cells = net.population("cells", 3, gs.LIF())
        >>> current = net.inject(cells, 0.0)
        >>> with gs.Simulator(net, precision="double", backend="numpy") as sim:
        ...     sim.set(cells, "V", -60.0)
        ...     sim.set(current, [0.0, 100.0, 200.0])
        ...     sim.set(cells[1:], "I_e", 50.0)
        ...     sim.run(0.5)
        ...     sim.get(cells, "V").round(1).tolist(), sim.get(cells, "I_e").tolist()
        ([-60.2, -59.9, -59.6], [0.0, 50.0, 50.0])
        """
        with self._in_use("set"), held_signals():
            self._running.access.set(target, variable, values, {"rate": rate, "times": times, "weight": weight})
            renew_potentials(self._compiled, self._session)

    @public
    @on_every_rank
    def weights(self, projection: Projection | str, receptor: Receptor | str | None = None) -> Weights:
        """Return the synapses of a projection with their present weights.

        Parameters
        ----------
        projection : Projection or str
            Projection, or its name.
        receptor : Receptor or str, optional
            Receptor whose weights are wanted, or its name; by default all receptors of the projection.

        Returns
        -------
        Weights
            Positions `pre` and `post` in the projection's selections, `weight` (nS, pA or mV) and `delay` (ms), one
            value per synapse, sorted by (pre, post, creation). With several receptors, `weight` is a dict by receptor.

        Raises
        ------
        ArgumentError
            If an argument has the wrong type, or the projection belongs to another network.
        ParameterError
            If a receptor of another population is given.
        UnknownNameError
            If there is no such projection, or the projection has no such receptor.
        PlanMemoryError
            If the projection is procedural, and memory cannot hold all its synapses.
        SimulationError
            If the simulator is closed or in use by another thread.

        Notes
        -----
        These are the weights with which the simulation computes: whole multiples of a step that the plan chooses, so
        that 0.1 may be 0.09999999. The plan says how large the rounding is; with ``precision="double"`` it is smaller.
        In a weight that learns is every spike, of both sides, that has reached the synapse up to `time`.
        """
        with self._in_use("weights"):
            return read_weights(self._compiled, self._session, self._projection(projection), receptor)

    @public
    @on_every_rank
    def set_weights(self, projection: Projection | str, values: Any, receptor: Receptor | str | None = None) -> None:
        """Replace the weights of a projection; spikes that are on their way keep the weights of before.

        Weights that learn go on from the new ones: spikes that have reached a synapse count no longer, and a spike that
        is still on the axonal part of its way delivers the weight that it meets.

        Parameters
        ----------
        projection : Projection or str
            Projection, or its name.
        values : float, array_like, shape (n_synapses,), or dict of Receptor or str to these
            New weights (nS, pA or mV), at most the projection's `w_max` in magnitude. An array has the order of
            `weights`; a dict has the weights by receptor.
        receptor : Receptor or str, optional
            Receptor whose weights are replaced, or its name; required if the projection has several and `values` is not
            a dict.

        Raises
        ------
        ArgumentError
            If an argument has the wrong type, or the projection belongs to another network.
        ParameterError
            If a weight is out of range, an array has the wrong length, all synapses share one stored weight, or a
            receptor of another population is given.
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
        with self._in_use("set_weights"), held_signals():
            projection = self._projection(projection)
            write_weights(self._compiled, self._session, projection, receptor, values, self._before_replacing)

    @public
    @on_every_rank
    def rewirings(self, projection: Projection | str) -> Rewirings:
        """Return when the synapses of a projection were rewired, and how many.

        Parameters
        ----------
        projection : Projection or str
            Projection with a :class:`gpusyn.Rewiring`, or its name.

        Returns
        -------
        Rewirings
            `times` (ms), and the numbers `deleted` and `created` at each, since the last reset.

        Raises
        ------
        ArgumentError
            If the projection belongs to another network, or is none.
        ParameterError
            If the projection is never rewired.
        UnknownNameError
            If there is no such projection.
        SimulationError
            If the simulator is closed or in use by another thread.

        Examples
        --------
        >>> import gpusyn as gs
        >>> net = gs.Network()
        >>> cells = net.population("cells", 20, gs.LIF(), receptors=[gs.AMPA()])
        >>> rewiring = gs.Rewiring(every=10.0, prune_below=0.5, weight=1.0)
        >>> projection = net.connect(
        ...     cells, cells, gs.FixedInDegree(5), receptor="AMPA", weight=0.1, w_max=2.0, plasticity=rewiring
        ... )
        >>> with gs.Simulator(net, backend="numpy") as sim:
        ...     sim.run(20.0)
        ...     done = sim.rewirings(projection)
        >>> done.times.tolist(), done.deleted.tolist(), done.created.tolist()
        ([10.0, 20.0], [100, 0], [100, 0])
        """
        with self._in_use("rewirings", of_state=False):
            return self._running.rewirer.of(self._projection(projection))

    def _before_replacing(self, stored: StoredWeights, old: Array, new: Array) -> None:
        """Keep what others need of the stored weights of some rows before they are replaced."""
        step = self._running.step
        if learns(stored):  # `reset` draws their initial values again
            settle_before(self._compiled, self._session, stored, old, step)
        else:
            self._running.initial.keep(weight_array(stored), stored.weights, len(old))
        if isinstance(stored, StoredSegments):
            self._running.in_flight.keep(stored, old, new, step)

    def _projection(self, projection: Any) -> Projection:
        known = self._compiled.layout.net.projections
        if isinstance(projection, Projection) and known.get(projection.name) is projection:
            return projection
        if isinstance(projection, Projection):
            raise ArgumentError(f"Projection '{projection.name}' belongs to another network; use one of this network")
        return known[one_of(projection, known, "projection")]

    @contextmanager
    def _in_use(self, method: str, of_state: bool = True) -> Iterator[None]:
        """Keep other threads out while a method works; methods of the state are those of all ranks.

        Raises
        ------
        SimulationError
            If the simulator is closed, another thread uses it, or the method needs the state and it is lost.
        """
        here = f"Simulator.{method}()"
        with self._alone(here):
            if self._running.closed:
                raise SimulationError(f"{here}: this simulator is closed; make a new one")
            if of_state and self._running.lost:
                raise SimulationError(
                    f"{here}: the state was lost in the middle of a step ({self._running.lost}); "
                    "the recordings are complete up to Simulator.time; save() them, then reset()"
                )
            if of_state:
                self._running.catch_up()
            yield

    @contextmanager
    def _alone(self, here: str) -> Iterator[None]:
        """Keep other threads out."""
        if not self._user.acquire(blocking=False):
            raise SimulationError(
                f"{here}: another thread uses this simulator; wait until it is done, or make a simulator per thread"
            )
        try:
            yield
        finally:
            self._user.release()

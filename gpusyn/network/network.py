"""The description of a network. It does not say how the network is computed, and holds no state."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gpusyn.connectivity import RULES, DistanceDelay, Rule
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.network.inputs import NetworkInputs
from gpusyn.network.populations import Population, Selection
from gpusyn.network.projections import (
    Projection,
    Ratio,
    checked_limits,
    checked_weights,
    named_weights,
    receptor_at,
    synapse_count,
)
from gpusyn.network.recorder import Recorder, checked_file, checked_variables
from gpusyn.neurons import NeuronModel
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import frozen, instance, integer, public, real, show
from gpusyn.parameters.units import as_floats
from gpusyn.parameters.values import values
from gpusyn.receptors import Receptor
from gpusyn.receptors.calcium import Calcium

if TYPE_CHECKING:
    from gpusyn.parameters.distributions import Distribution

__all__ = ["Network"]

Values = float | npt.ArrayLike

LARGEST_POPULATION = 2**31 - 1  # ids are 32-bit


class Network(NetworkInputs):
    """Populations, projections, inputs and recorders.

    Every method checks its arguments at once and returns the object that it adds. :func:`gpusyn.plan` and
    :class:`gpusyn.Simulator` check the times that must be multiples of dt. Names are unique in a network, since each
    object's random numbers depend on its name.

    Attributes
    ----------
    populations, projections, drives, injections, clamps, infusions, recorders : mapping of str to object
        The objects of the network by name, in order of creation.

    Examples
    --------
    >>> import gpusyn as gs
    >>> net = gs.Network()
    >>> E = net.population("E", 80, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA()])
    >>> bg = net.population("bg", 100, gs.PoissonSource(rate=20.0))
    >>> net.connect(bg, E, gs.FixedProbability(0.1), receptor="AMPA", weight=1.2).name
    'bg->E:AMPA'
    >>> contact = {"AMPA": 4.0, "NMDA": gs.Ratio("AMPA", 0.08)}
    >>> net.connect(E, E[:40], gs.FixedInDegree(10), weight=contact, delay=1.5).name
    'E->E[0:40]:AMPA+NMDA'
    >>> net.record(E[:10], ["V", "g_AMPA"], every=1.0).variables
    ('V', 'g_AMPA')
    """

    @public
    def population(
        self,
        name: str,
        size: int,
        model: NeuronModel,
        *,
        receptors: Sequence[Receptor] | Receptor = (),
        V: Values | Distribution | None = None,
        positions: npt.ArrayLike | None = None,
        calcium: Calcium | None = None,
    ) -> Population:
        """Add `size` neurons of one model.

        Parameters
        ----------
        name : str
            Unique in the network; no ``/`` or control characters, since it names a group in result files.
        size : int
            Number of neurons, >= 1.
        model : NeuronModel
            Neuron model such as ``gs.LIF()``, or source such as ``gs.PoissonSource(20.0)``; its arrays must have `size`
            values.
        receptors : sequence of Receptor
            Receptors of each neuron; their names must differ.
        V : float, array (size,) or Distribution, optional
            Initial potential (mV); by default E_L, or c of an Izhikevich neuron.
        positions : array_like, shape (size, 1 to 3), optional
            Coordinates of each neuron, in a unit of your choice.
        calcium : Calcium, optional
            Decay and gain of the calcium trace ``"Ca"``; by default ``gs.Calcium()``.

        Returns
        -------
        Population
            The population; ``population[:10]`` selects its first ten neurons, and ``E + I`` joins two populations.

        Raises
        ------
        GpusynError
            If an argument is wrong, or the name is taken.

        Examples
        --------
        >>> import gpusyn as gs
        >>> net = gs.Network()
        >>> E = net.population("E", 80, gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A()], V=gs.Uniform(-70.0, -55.0))
        >>> I = net.population("I", 20, gs.LIF(t_ref=1.0), receptors=[gs.AMPA(), gs.GABA_A()])
        >>> E.size, (E + I).size, E[:10].size
        (80, 100, 10)
        """
        name = self._free_name("population", name, "")
        where = f"Population {name!r}"
        size = integer(size, f"{where}.size", low=1, high=LARGEST_POPULATION)
        instance(model, NeuronModel, f"{where}.model", "a neuron model such as gs.LIF()")
        model.check_size(size, where)
        kept = _receptors(receptors, model, where)
        if V is not None:
            if model.is_source:
                raise ParameterError(f"{where}.V: a {model.kind} has no membrane potential (got {show(V)}); drop V=")
            V = values(V, size, f"{where}.V", unit="mV", potential=True)
        index = len(self.populations)
        trace = Calcium() if calcium is None else instance(calcium, Calcium, f"{where}.calcium", "gs.Calcium(...)")
        made = Population(name, size, model, kept, V, _coordinates(positions, size, where), index, trace)
        return self._add("population", made)

    @public
    def connect(
        self,
        pre: Selection,
        post: Selection,
        rule: Rule,
        *,
        receptor: str | None = None,
        weight: Values | Distribution | Mapping[str, Values | Distribution | Ratio] | None = None,
        delay: Values | Distribution | DistanceDelay = 1.0,
        w_max: float | Mapping[str, float] | None = None,
        name: str | None = None,
    ) -> Projection:
        """Connect neurons of `pre` to receptors of `post`.

        Parameters
        ----------
        pre, post : Selection
            Populations or selections of this network; `post` must not hold sources.
        rule : Rule
            Connection rule such as ``gs.FixedProbability(0.02)``.
        receptor : str, optional
            Receptor at which the synapses end; every population of `post` must have it.
        weight : float, array, Distribution, or dict of receptor to one of these or Ratio
            Weights (nS and >= 0, or pA of any sign for a CurrentReceptor). An array, shape (n_synapses,), has one value
            per synapse in order of creation. A dict makes each synapse open several receptors.
        delay : float, array, Distribution or DistanceDelay
            Delay (ms), a multiple of dt and >= dt; drawn and computed delays are rounded to the grid.
        w_max : float or dict of receptor to float, optional
            Largest weight (nS or pA) that `Simulator.set_weights` may set later; by default the largest initial weight.
        name : str, optional
            By default ``pre->post:receptors``.

        Returns
        -------
        Projection

        Raises
        ------
        GpusynError
            If an argument is wrong, or the name is taken.

        Examples
        --------
        >>> import gpusyn as gs
        >>> net = gs.Network()
        >>> cells = net.population("cells", 100, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA()])
        >>> both = {"AMPA": gs.LogNormal(mean=1.0, std=0.5), "NMDA": gs.Ratio("AMPA", 0.1)}
        >>> net.connect(cells, cells, gs.FixedInDegree(10), weight=both, delay=gs.Uniform(0.5, 2.0)).name
        'cells->cells:AMPA+NMDA'
        """
        here = "Network.connect()"
        self._own(pre, f"{here}.pre")
        self._own(post, f"{here}.post")
        instance(
            rule, Rule, f"{here}.rule", f"a connection rule ({', '.join(RULES)}), such as gs.FixedProbability(0.02)"
        )
        weights, by_name = named_weights(weight, receptor, post, here)
        kinds = {key: receptor_at(post, key, here) for key in weights}
        name = self._free_name("projection", name, f"{pre.name}->{post.name}:{'+'.join(weights)}")
        where = f"Projection {name!r}"
        rule = rule.bind(pre, post, f"{where}.rule")
        size = synapse_count(rule, pre, post, where)
        kept = checked_weights(weights, kinds, size, where, by_name)
        place = f"{where}.delay"
        delays: Any
        if isinstance(delay, DistanceDelay):
            delays = delay.bind(pre, post, rule, place)
        else:
            delays = values(delay, size, place, unit="ms", above=0.0, per="synapse")
        limits = checked_limits(w_max, kept, kinds, where)
        return self._add("projection", Projection(name, pre, post, rule, kept, delays, limits))

    @public
    def record(
        self,
        source: Selection,
        variables: str | Sequence[str],
        *,
        every: float | None = None,
        file: str | os.PathLike[str] | None = None,
        name: str | None = None,
    ) -> Recorder:
        """Record spikes or traces.

        Parameters
        ----------
        source : Selection
            Neurons of this network.
        variables : str or sequence of str
            ``"spikes"``, or names of traces that all recorded populations have: ``"V"`` (mV), ``"g_<receptor>"`` (nS),
            ``"I_<receptor>"`` (pA, negative inward), ``"B_<receptor>"`` (fraction that magnesium leaves unblocked),
            ``"h_<receptor>"`` (rise variable), ``"Ca"`` (uM), and states of the neuron model such as ``"w"``.
            ``population.variables`` lists them with their units.
        every : float, optional
            Sampling interval of traces (ms), a multiple of dt; by default every step.
        file : path, optional
            HDF5 file that the data are streamed to; several recorders may share one.
        name : str, optional
            By default ``source:variables``.

        Returns
        -------
        Recorder
            The key of the data: ``sim.data[recorder]``.

        Raises
        ------
        GpusynError
            If an argument is wrong, or the name is taken.

        Examples
        --------
        >>> import gpusyn as gs
        >>> net = gs.Network()
        >>> cells = net.population("cells", 5, gs.LIF(I_e=200.0), receptors=gs.AMPA())
        >>> spikes, traces = net.record(cells, "spikes"), net.record(cells[:2], ["V", "I_AMPA"], every=0.5)
        >>> with gs.Simulator(net, backend="numpy") as sim:
        ...     sim.run(100.0)
        ...     len(sim.data[spikes]), sim.data[traces]["V"].shape
        (15, (200, 2))
        """
        here = "Network.record()"
        self._own(source, f"{here}.source")
        kept = checked_variables(variables, source, f"{here}.variables")
        name = self._free_name("recorder", name, f"{source.name}:{'+'.join(kept)}")
        where = f"Recorder {name!r}"
        if every is not None:
            if kept == ("spikes",):
                raise ArgumentError(f"{where}.every: is for traces; every spike is recorded (got {show(every)})")
            every = real(every, f"{where}.every", unit="ms", above=0.0)
        return self._add("recorder", Recorder(name, source, kept, every, checked_file(file, f"{where}.file")))


def _receptors(given: Any, model: NeuronModel, where: str) -> tuple[Receptor, ...]:
    """Return the receptors of a population; their names must differ."""
    listed = [given] if isinstance(given, Receptor) else given
    if not isinstance(listed, (list, tuple)):
        raise ArgumentError(f"{where}.receptors: must be a list such as [gs.AMPA(), gs.GABA_A()] (got {show(given)})")
    for k, receptor in enumerate(listed):
        instance(receptor, Receptor, f"{where}.receptors[{k}]", "a receptor such as gs.AMPA()")
    if listed and model.is_source:
        raise ParameterError(f"{where}.receptors: a {model.kind} has no receptors (got {show(listed)}); drop them")
    names = [receptor.name for receptor in listed]
    for k, name in enumerate(names):
        if name in names[:k]:
            raise ParameterError(
                f"{where}.receptors[{k}]: {name!r} is the name of two receptors; give one another, as in "
                f"gs.{listed[k].kind}(name={name + '_2'!r})"
            )
    return tuple(listed)


def _coordinates(positions: Any, size: int, where: str) -> npt.NDArray[np.float64] | None:
    if positions is None:
        return None
    must = f"must be an array of shape ({size}, 1 to 3)"
    if isinstance(positions, (list, tuple)):
        positions = [list(p) if isinstance(p, (list, tuple, np.ndarray)) else p for p in positions]
    array = as_floats(positions, f"{where}.positions", "", must)
    if array.ndim != 2 or array.shape[0] != size or not 1 <= array.shape[1] <= 3:
        raise ParameterError(f"{where}.positions: {must}, one row per neuron (got shape {array.shape})")
    Limits().check(array.ravel(), f"{where}.positions")
    return frozen(array)

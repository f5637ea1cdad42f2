"""The description of a network; it neither says how the network is computed nor holds any state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from gpusyn.connectivity import RULES, DistanceDelay, DistanceWeight, Rule
from gpusyn.network.compartments import check_variables, compartments_of, placed_receptors
from gpusyn.network.couple import NetworkCouplings
from gpusyn.network.inputs import NetworkInputs, Values
from gpusyn.network.plastic_receptors import named_plasticity
from gpusyn.network.plasticity import axonal_share, check_modulator, check_plasticity, checked_plasticity
from gpusyn.network.population_checks import checked_positions
from gpusyn.network.populations import Population, Selection
from gpusyn.network.procedural import STORAGES, check_storage
from gpusyn.network.projections import (
    Projection,
    checked_limits,
    checked_weights,
    named_weights,
    placed_weights,
    receptor_at,
    synapse_count,
)
from gpusyn.network.recording import NetworkRecording
from gpusyn.neurons import NeuronModel
from gpusyn.parameters.scalars import instance, integer, one_of, public
from gpusyn.parameters.values import values
from gpusyn.receptors import Receptor
from gpusyn.receptors.calcium import Calcium
from gpusyn.utils.typing import Whole

if TYPE_CHECKING:
    from gpusyn.parameters.distributions import Distribution
    from gpusyn.plasticity import Plasticity

__all__ = ["Network"]

LARGEST_POPULATION = 2**31 - 1  # ids are 32-bit


class Network(NetworkCouplings, NetworkInputs, NetworkRecording):
    """Description of a network: populations, projections, gap junctions, inputs and recorders.

    Each method checks its arguments immediately and returns the object that it adds. Checks that depend on the time
    step are made when a :class:`Simulator` compiles the network. Names are unique in a network because they are the
    keys of the random streams. While a simulator uses the network, that is, until it is closed, nothing can be added;
    a copy is a network of its own, with the same populations (`copy.copy`) or with copies of them (`copy.deepcopy`).

    Attributes
    ----------
    populations, projections, couplings, drives, injections, clamps, infusions, recorders : mapping of str to object
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
        size: Whole,
        model: NeuronModel,
        *,
        receptors: Sequence[Receptor] | Receptor | Mapping[str, Sequence[Receptor] | Receptor] = (),
        V: Values | Distribution | Mapping[str, Values | Distribution] | None = None,
        positions: npt.ArrayLike | None = None,
        calcium: Calcium | Mapping[str, Calcium] | None = None,
    ) -> Population:
        """Add `size` neurons of one model.

        Parameters
        ----------
        name : str
            Unique name, without ``/`` and control characters because it names a group in result files.
        size : int
            Number of neurons, >= 1.
        model : NeuronModel
            Neuron model or spike source, such as ``gs.LIF()`` or ``gs.PoissonSource(20.0)``. Parameters given as
            arrays must have `size` values.
        receptors : Receptor or sequence of Receptor
            Receptors of each neuron; their names must differ. Of Compartments, a dict of these by compartment, such as
            ``{"soma": [gs.GABA_A()], "apical": [gs.AMPA()]}``; a receptor of a dendrite is then named
            ``"apical.AMPA"``, one of the soma ``"GABA_A"`` or ``"soma.GABA_A"``.
        V : float, array_like, shape (size,), or Distribution, optional
            Initial potential of the soma (mV), or a dict of these by compartment; by default E_L of each, or c of an
            Izhikevich neuron.
        positions : array_like, shape (size, 1 to 3), optional
            Coordinates of each neuron, in a unit of your choice.
        calcium : Calcium, optional
            Parameters of the calcium trace ``"Ca"``, which is computed if it is recorded; or a dict of these by
            compartment, of which each has a trace of its own, such as ``"Ca_apical"``.

        Returns
        -------
        Population
            The population; ``population[:10]`` selects its first ten neurons, and ``E + I`` joins two populations.

        Raises
        ------
        ArgumentError
            If an argument has the wrong type.
        ParameterError
            If a value is out of range, an array has the wrong shape, two receptors have the same name, a receptor
            would have a variable of the name of a parameter, a spike source is given receptors or a potential, or the
            name is taken.
        UnknownNameError
            If the model has no such compartment.
        SimulationError
            If a simulator uses the network.

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
        placed = placed_receptors(receptors, model, f"{where}.receptors")
        check_variables(placed, model, f"{where}.receptors")
        compartments = compartments_of(V, calcium, model, size, where)
        index = len(self.populations)
        made = Population(name, size, model, placed, compartments, checked_positions(positions, size, where), index)
        return self._add("population", made)

    @public
    def connect(
        self,
        pre: Selection | str,
        post: Selection | str,
        rule: Rule,
        *,
        receptor: Receptor | str | None = None,
        weight: Values
        | Distribution
        | DistanceWeight
        | str
        | Mapping[Any, Any]
        | None = None,  # a dict of float and Ratio is one of object
        delay: Values | Distribution | DistanceDelay | str = 1.0,
        w_max: float | Mapping[Any, float] | None = None,
        plasticity: Plasticity | Sequence[Plasticity] | None = None,
        axonal: float | None = None,
        storage: str = "stored",
        name: str | None = None,
    ) -> Projection:
        """Connect neurons of `pre` to receptors of `post`.

        Parameters
        ----------
        pre, post : Selection or str
            Populations of this network or their names, or selections; spike sources are not allowed in `post`.
        rule : Rule
            Connection rule, such as ``gs.FixedProbability(0.02)``.
        receptor : Receptor or str, optional
            Receptor that all synapses activate, or its name; every population of `post` must have it. Required unless
            `weight` is a dict.
        weight : float, array_like, Distribution, DistanceWeight, str, or dict of Receptor or str to these or Ratio
            Weights (nS and >= 0; pA of a CurrentReceptor and mV of a DeltaReceptor, of any sign). An array has shape
            (n_synapses,), in order of creation; a str names a column of a FromTable, or is ``"data"`` for the entries
            of a FromSparse. A dict by receptor makes each synapse activate several receptors.
        delay : float, array_like, shape (n_synapses,), Distribution, DistanceDelay or str
            Delays (ms), multiples of dt and >= dt. Delays that are drawn or computed are rounded to the time grid. A
            str names a column of a FromTable.
        w_max : float or dict of Receptor or str to float, optional
            Largest magnitude to which a weight may later be changed, one for the one receptor or by receptor.
        plasticity : Plasticity or sequence of Plasticity, optional
            Short-term plasticity (``gs.TsodyksMarkram``), random release (``gs.QuantalRelease``) and a rule of learning
            (such as ``gs.STDP``, which needs `w_max`): at most one of each.
        axonal : float, optional
            Part of the delay, 0 to 1, that a spike needs to reach a synapse that learns; the rest is needed from there
            to the soma, and back, rounded to steps. By default that of the rule: 0, as in NEST. Where all of a delay is
            axonal, a presynaptic spike counts before a postsynaptic one of the same step, and the weight that is read
            has it one step early.
        storage : {"stored", "procedural"}
            ``"procedural"`` stores nothing of the synapses and draws the row of a source again at each of its spikes:
            the same synapses and the same results for a few bytes per source, at the price of the draws. It is for
            networks that do not fit into memory otherwise, and possible with FixedProbability, FixedOutDegree and
            AllToAll, weights and delays that are numbers or drawn (Uniform, Normal, LogNormal, Exponential), and no
            `w_max`. Gates must not be on the synapses.
        name : str, optional
            Unique name; by default ``pre->post:receptors``, numbered if it is taken.

        Returns
        -------
        Projection

        Raises
        ------
        ArgumentError
            If an argument has the wrong type, `weight` is missing, or `receptor` is missing or superfluous.
        ParameterError
            If a value is out of range, an array has the wrong length, the rule does not suit the selections, a
            selection belongs to another network, `post` has spike sources or another receptor of the same name, the
            synapses cannot be procedural or plastic, or the name is taken.
        UnknownNameError
            If a population of `post` has no such receptor, the rule has no such column, or `storage` is unknown.
        SimulationError
            If a simulator uses the network.

        Examples
        --------
        >>> import gpusyn as gs
        >>> net = gs.Network()
        >>> cells = net.population("cells", 100, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA()])
        >>> both = {"AMPA": gs.LogNormal(mean=1.0, std=0.5), "NMDA": gs.Ratio("AMPA", 0.1)}
        >>> net.connect(cells, cells, gs.FixedInDegree(10), weight=both, delay=gs.Uniform(0.5, 2.0)).name
        'cells->cells:AMPA+NMDA'

        A million cells with 10,000 synapses each, of which none is stored:

        >>> net = gs.Network()
        >>> many = net.population("many", 1_000_000, gs.LIF(), receptors=[gs.AMPA()])
        >>> rule = gs.FixedOutDegree(10_000)
        >>> net.connect(many, many, rule, receptor="AMPA", weight=0.1, delay=1.5, storage="procedural").name
        'many->many:AMPA'
        >>> print(f"{gs.plan(net, dt=0.1).synapses:.0e}")
        1e+10
        """
        here = "Network.connect()"
        pre, post = self._own(pre, f"{here}.pre"), self._own(post, f"{here}.post")
        instance(
            rule, Rule, f"{here}.rule", f"a connection rule ({', '.join(RULES)}), such as gs.FixedProbability(0.02)"
        )
        weights, by_name = named_weights(weight, receptor, post, rule, here)
        kinds = {key: receptor_at(post, key, here) for key in weights}
        name = self._free_name("projection", name, f"{pre.name}->{post.name}:{'+'.join(weights)}")
        where = f"Projection {name!r}"
        rule = rule.bind(pre, post, f"{where}.rule")
        size = synapse_count(rule, pre, post, where)
        weights = placed_weights(weights, kinds, pre, post, rule, where)
        kept = checked_weights(weights, kinds, size, where, by_name)
        place = f"{where}.delay"
        delays: Any = rule.column(delay, place) if isinstance(delay, str) else delay
        if isinstance(delay, DistanceDelay):
            delays = delay.bind(pre, post, rule, place)
        else:
            delays = values(delays, size, place, unit="ms", above=0.0, per="synapse")
        limits = checked_limits(w_max, kept, kinds, post, where)
        storage = one_of(storage, STORAGES, f"{where}.storage")
        plastic = named_plasticity(checked_plasticity(plasticity, f"{where}.plasticity"), kept, post, where)
        share = axonal_share(axonal, plastic, f"{where}.axonal")
        made = Projection(name, pre, post, rule, kept, delays, limits, storage, plastic, share)
        check_plasticity(made, kinds, size, where)
        check_storage(made, where)
        check_modulator(made, self._own)
        return self._add("projection", made)

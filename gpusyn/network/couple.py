"""The method of a network that adds gap junctions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy.typing as npt

from gpusyn.connectivity import RULES, Rule
from gpusyn.network.coupling import Coupling, junction_conductance
from gpusyn.network.populations import Selection
from gpusyn.network.registry import NetworkObjects
from gpusyn.parameters.scalars import instance, public

if TYPE_CHECKING:
    from gpusyn.parameters.distributions import Distribution


class NetworkCouplings(NetworkObjects):
    """Method of :class:`gpusyn.Network` that couples neurons by gap junctions."""

    @public
    def couple(
        self,
        A: Selection | str,
        B: Selection | str,
        rule: Rule,
        conductance: float | npt.ArrayLike | Distribution | str = 1.0,
        *,
        name: str | None = None,
    ) -> Coupling:
        """Couple neurons of `A` and `B` by gap junctions.

        A junction of conductance g between two neurons is a current I = g (V_other - V_own) into each of them, with the
        potentials of both at the start of the step, so that the two currents are opposite. A pair of neurons has at
        most one junction of a coupling, and no neuron has one with itself, whatever the rule says of autapses and
        multapses.

        Parameters
        ----------
        A, B : Selection or str
            Populations of this network or their names, or selections of neurons; spike sources are not allowed. Neurons
            with dendrites are coupled by their somas. `A` and `B` may be the same, or have neurons in common: then a
            pair of these is drawn once, not once in each direction.
        rule : Rule
            Connection rule, such as ``gs.FixedProbability(0.02)``. FixedTotalNumber is that of junctions. FixedInDegree
            and FixedOutDegree need selections without common neurons. FromArrays, FromSparse and FromTable must have
            both directions of a pair whose neurons both are in `A` and in `B`; they are one junction.
        conductance : float, array_like, Distribution or str
            Conductance of each junction (nS), >= 0. An array has one value per junction, in order of creation, or one
            per listed pair. A str names a column of a FromTable, or is ``"data"`` for the entries of a FromSparse.
        name : str, optional
            Unique name; by default ``A<->B`` with the names of the selections, numbered if it is taken.

        Returns
        -------
        Coupling

        Raises
        ------
        ArgumentError
            If an argument has the wrong type.
        ParameterError
            If a value is out of range, an array has the wrong length, the rule does not suit the selections, listed
            pairs are not symmetric, a selection has spike sources or belongs to another network, or the name is taken.
        UnknownNameError
            If the network has no such population, or the rule no such column.
        SimulationError
            If a simulator uses the network.

        Examples
        --------
        >>> import gpusyn as gs
        >>> net = gs.Network()
        >>> basket = net.population("basket", 100, gs.LIF())
        >>> net.couple(basket, basket, gs.FixedProbability(0.1), conductance=gs.Uniform(0.2, 0.8))
        Coupling('basket<->basket', 100 <-> 100 neurons, FixedProbability(p=0.1, autapses=True))

        Each neuron of a chain with the next one:

        >>> net.couple(basket[:-1], basket[1:], gs.OneToOne(), 0.5).size
        99
        """
        here = "Network.couple()"
        A, B = self._own_neurons(A, here, "A"), self._own_neurons(B, here, "B")
        instance(
            rule, Rule, f"{here}.rule", f"a connection rule ({', '.join(RULES)}), such as gs.FixedProbability(0.02)"
        )
        name = self._free_name("coupling", name, f"{A.name}<->{B.name}")
        where = f"Coupling {name!r}"
        bound = Coupling(name, A, B, rule.bind(A, B, f"{where}.rule"), 0.0)
        kept = junction_conductance(bound, conductance, bound.size, f"{where}.conductance")
        return self._add("coupling", Coupling(name, A, B, bound.rule, kept))

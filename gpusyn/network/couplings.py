"""Gap junctions between neurons, and the method of a network that adds them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from gpusyn.connectivity import RULES, Rule
from gpusyn.connectivity.unordered import UnorderedPairs
from gpusyn.network.populations import Selection
from gpusyn.network.registry import NetworkObjects
from gpusyn.parameters.scalars import frozen, instance, public
from gpusyn.parameters.values import values
from gpusyn.utils.calls import Hinting
from gpusyn.utils.typing import Floats

if TYPE_CHECKING:
    from gpusyn.parameters.distributions import Distribution

__all__ = ["Coupling"]


@public
@dataclass(frozen=True, eq=False)
class Coupling(Hinting):
    """Gap junctions between neurons; made by :meth:`gpusyn.Network.couple`.

    Attributes
    ----------
    name : str
        Name, unique in the network and the key of the coupling's random streams.
    A, B : Selection
        Neurons on the two sides of the junctions; both may be the same.
    rule : Rule
        Rule that selects the pairs of neurons that are coupled.
    conductance : float, ndarray of float64, shape (n_junctions,), or Distribution
        Conductance of each junction (nS).
    """

    _MADE_BY: ClassVar[str] = "net.couple(A, B, rule)"

    name: str
    A: Selection
    B: Selection
    rule: Rule
    conductance: float | Floats | Distribution

    @functools.cached_property
    def pairs(self) -> UnorderedPairs:
        """Pairs of neurons that are coupled."""
        common = {*self.A.populations} & {*self.B.populations}
        same = (self.A.key_spans, self.B.key_spans) if common else None
        return UnorderedPairs(self.rule, self.A.size, self.B.size, same, f"Coupling {self.name!r}.rule")

    @property
    def size(self) -> int | None:
        """Number of junctions; None if it is drawn."""
        return round(self.pairs.expected) if self.pairs.exact else None

    def __repr__(self) -> str:
        return f"Coupling({self.name!r}, {self.A.size} <-> {self.B.size} neurons, {self.rule!r})"


def junction_conductance(coupling: Coupling, given: Any, size: int | None, where: str) -> float | Floats | Distribution:
    """Return checked conductances of the junctions of a coupling: a number, an array or a distribution.

    An array of a value for each listed pair becomes one of a value for each junction; `size` is their number, if known.

    Raises
    ------
    ArgumentError, ParameterError, UnknownNameError
        If they are no conductances, an array has another length, or the two directions of a pair differ.
    """
    if isinstance(given, str):
        given = coupling.rule.column(given, where)
    limits: dict[str, Any] = {"unit": "nS", "low": 0.0, "per": "junction"}
    listed = coupling.pairs.listed
    if listed is None or not hasattr(given, "__len__") or len(given) != listed:
        return values(given, size, where, **limits)
    kept = values(given, listed, where, **limits)
    assert isinstance(kept, np.ndarray)
    return frozen(coupling.pairs.each_once(kept, where))


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

"""Connectors, and the rules of gpusyn that some of them are.

A connector whose random numbers are not PyNN's is a rule: gpusyn draws the synapses, with its own seed. With `rng=` of
PyNN, and where weights or delays need positions or PyNN's numbers, the connector makes lists, as on other back ends.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
from pyNN import connectors, errors, random
from pyNN.connectors import ArrayConnector, CloneConnector, CSAConnector

from gpusyn.connectivity import AllToAll, FixedInDegree, FixedOutDegree, FixedProbability, FixedTotalNumber, OneToOne
from gpusyn.connectivity import Rule as NativeRule
from gpusyn.parameters.distributions import Distribution, Exponential, Gamma, LogNormal, Normal, Uniform

__all__ = [
    "AllToAllConnector",
    "ArrayConnector",
    "CSAConnector",
    "CloneConnector",
    "DisplacementDependentProbabilityConnector",
    "DistanceDependentProbabilityConnector",
    "FixedNumberPostConnector",
    "FixedNumberPreConnector",
    "FixedProbabilityConnector",
    "FixedTotalNumberConnector",
    "FromFileConnector",
    "FromListConnector",
    "IndexBasedProbabilityConnector",
    "NativeRNG",
    "OneToOneConnector",
]


class NativeRNG(random.NativeRNG):
    """Says that gpusyn draws where it has a rule or a law; the seed of that is the one of `setup`.

    What PyNN must draw is drawn by numpy with the seed given here.
    """

    parallel_safe = True

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(seed)
        self._others = random.NumpyRNG(seed)

    def next(self, n: int | None = None, distribution: Any = None, parameters: Any = None, mask: Any = None) -> Any:
        """Return numbers that PyNN asks for."""
        return self._others.next(n, distribution, parameters, mask)


class Own:
    """A connector that knows whether its random numbers must be PyNN's."""

    rng: Any

    def __init__(self, *given: Any, rng: Any = None, **named: Any) -> None:
        self.native = rng is None or isinstance(rng, random.NativeRNG)
        super().__init__(*given, **named)
        if not self.native:
            self.rng = rng

    def rule(self, projection: Any) -> NativeRule | None:
        """Return gpusyn's rule, none if there is none."""
        return None


class FixedProbabilityConnector(Own, connectors.FixedProbabilityConnector):
    """A gs.FixedProbability."""

    def rule(self, projection: Any) -> NativeRule | None:
        """Return gpusyn's rule."""
        return FixedProbability(min(self.p_connect, 1.0), autapses=self.allow_self_connections)


class FixedNumberPreConnector(Own, connectors.FixedNumberPreConnector):
    """A gs.FixedInDegree."""

    def rule(self, projection: Any) -> NativeRule | None:
        """Return gpusyn's rule, unless numbers are drawn or sources have to be used more than once."""
        if not isinstance(self.n, int) or (not self.with_replacement and self.n >= projection.pre.size):
            return None
        return FixedInDegree(self.n, autapses=self.allow_self_connections, multapses=self.with_replacement)


class FixedNumberPostConnector(Own, connectors.FixedNumberPostConnector):
    """A gs.FixedOutDegree."""

    def rule(self, projection: Any) -> NativeRule | None:
        """Return gpusyn's rule, unless numbers are drawn or targets have to be used more than once."""
        if not isinstance(self.n, int) or (not self.with_replacement and self.n >= projection.post.size):
            return None
        return FixedOutDegree(self.n, autapses=self.allow_self_connections, multapses=self.with_replacement)


class FixedTotalNumberConnector(Own, connectors.FixedTotalNumberConnector):
    """A gs.FixedTotalNumber."""

    def rule(self, projection: Any) -> NativeRule | None:
        """Return gpusyn's rule, unless the number is drawn or PyNN's own rule is another one."""
        if not isinstance(self.n, int) or not self.with_replacement:
            return None
        return FixedTotalNumber(self.n, autapses=self.allow_self_connections)


class DistanceDependentProbabilityConnector(Own, connectors.DistanceDependentProbabilityConnector):
    """PyNN's connector."""


class IndexBasedProbabilityConnector(Own, connectors.IndexBasedProbabilityConnector):
    """PyNN's connector."""


class DisplacementDependentProbabilityConnector(Own, connectors.DisplacementDependentProbabilityConnector):
    """PyNN's connector."""


class AllToAllConnector(connectors.AllToAllConnector):
    """A gs.AllToAll."""

    native = True

    def rule(self, projection: Any) -> NativeRule | None:
        """Return gpusyn's rule."""
        return AllToAll(autapses=self.allow_self_connections)


class OneToOneConnector(connectors.OneToOneConnector):
    """A gs.OneToOne."""

    native = True

    def rule(self, projection: Any) -> NativeRule | None:
        """Return gpusyn's rule, if all cells have a partner."""
        return OneToOne() if projection.pre.size == projection.post.size else None


class FromListConnector(connectors.FromListConnector):
    """PyNN's connector, which takes a whole list at once unless each target draws numbers of its own."""

    conn_list: Any

    def connect(self, projection: Any) -> None:
        """Connect the cells."""
        if not self.conn_list.size:
            return
        self.conn_list = self.conn_list[np.argsort(self.conn_list[:, 1])]
        pre, post = self._cells(0, "source", projection.pre), self._cells(1, "target", projection.post)
        space = deepcopy(projection.synapse_type.parameter_space)
        if not all(value.is_homogeneous for name, value in space.items() if name not in self.column_names):
            connectors.FromListConnector.connect(self, projection)
            return
        space.shape = (len(pre),)
        known = projection.synapse_type.get_parameter_names()
        for column, name in enumerate(self.column_names, 2):
            if name not in known:
                raise ValueError(f"{projection}: {name} is no parameter of the synapse type; {', '.join(known)} are")
            space.update(**{name: self.conn_list[:, column]})
        space = projection.synapse_type.translate(space)
        space.evaluate(simplify=True)
        projection._convergent_connect(pre, post, **space)

    def _cells(self, column: int, side: str, cells: Any) -> Any:
        """Return a column of indices.

        Raises
        ------
        ConnectionError
            If there is no cell of an index.
        """
        indices = self.conn_list[:, column].astype(np.int64)
        wrong = indices[(indices < 0) | (indices >= cells.size)]
        if len(wrong):
            raise errors.ConnectionError(
                f"{type(self).__name__}: {side} index out of range: '{cells.label}' has the indices 0 to "
                f"{cells.size - 1} (got {wrong[0]})"
            )
        return indices


class FromFileConnector(FromListConnector, connectors.FromFileConnector):
    """PyNN's connector, which takes a whole file at once."""

    def connect(self, projection: Any) -> None:
        """Connect the cells."""
        if self.distributed:
            self.file.rename(f"{self.file.name}.0")
        names = self.file.get_metadata().get("columns", ("weight", "delay"))
        self.column_names = [name for name in names if name not in ("i", "j")]
        self.conn_list = self.file.read()
        super().connect(projection)


class Drawn(NamedTuple):
    """A rule of gpusyn, and the synapses' parameters by name: lazy values that are numbers or laws of gpusyn."""

    rule: NativeRule
    values: dict[str, Any]

    @property
    def numbers(self) -> dict[str, float]:
        """The parameters that are numbers."""
        return {name: number(value) for name, value in self.values.items() if not is_law(value)}


def drawn(projection: Any, connector: Any) -> Drawn | None:
    """Return how gpusyn draws a projection, none if PyNN must make lists."""
    plain = getattr(connector, "native", False) and connector.callback is None
    if not plain or getattr(connector, "allow_self_connections", True) == "NoMutual":
        return None
    values = dict(connector._parameters_from_synapse_type(projection).items())
    laws = {name for name, value in values.items() if is_law(value)}
    if laws - {"weight", "delay"} or not all(
        value.is_homogeneous for name, value in values.items() if name not in laws
    ):
        return None
    rule: NativeRule | None = connector.rule(projection)
    return None if rule is None else Drawn(rule, values)


# ---- laws ----
Law = Callable[[Any, float], Distribution]
LAWS: dict[str, Law] = {
    "uniform": lambda p, c: Uniform(c * p["low"], c * p["high"]),
    "normal": lambda p, c: Normal(c * p["mu"], abs(c) * p["sigma"]),
    "normal_clipped": lambda p, c: Normal(c * p["mu"], abs(c) * p["sigma"], low=c * p["low"], high=c * p["high"]),
    "lognormal": lambda p, c: lognormal(p["mu"], p["sigma"], c),
    "exponential": lambda p, c: Exponential(c * p["beta"]),
    "gamma": lambda p, c: Gamma(p["k"], c * p["theta"]),
}


def lognormal(mu: float, sigma: float, factor: float) -> Distribution:
    """Return a log-normal distribution, given by the logarithm's mean and deviation."""
    mean = factor * float(np.exp(mu + sigma**2 / 2))
    return LogNormal(mean, mean * float(np.sqrt(np.expm1(sigma**2))))


def is_law(value: Any) -> bool:
    """Return whether a value is drawn from a law of gpusyn, and PyNN's numbers are not asked for."""
    base = value.base_value
    if not isinstance(base, random.RandomDistribution) or value.operations or base.name not in LAWS:
        return False
    return bool(isinstance(base.rng, random.NativeRNG) or base.rng.seed is None)


def law(value: Any, factor: float) -> Any:
    """Return the number, or the distribution of gpusyn, that a lazy value is."""
    if is_law(value):
        return LAWS[value.base_value.name](value.base_value.parameters, factor)
    return factor * number(value)


def number(value: Any) -> float:
    """Return the number that a lazy value is."""
    return float(value.evaluate(simplify=True))

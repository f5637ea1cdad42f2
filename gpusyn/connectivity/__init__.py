"""Connection rules: which neurons of two selections a projection joins."""

from gpusyn.connectivity.distance_delay import DistanceDelay
from gpusyn.connectivity.distance_dependent import DistanceDependent
from gpusyn.connectivity.rules import (
    AllToAll,
    FixedInDegree,
    FixedOutDegree,
    FixedProbability,
    FixedTotalNumber,
    FromArrays,
    FromSparse,
    OneToOne,
    Rule,
)

__all__ = [
    "AllToAll",
    "DistanceDelay",
    "DistanceDependent",
    "FixedInDegree",
    "FixedOutDegree",
    "FixedProbability",
    "FixedTotalNumber",
    "FromArrays",
    "FromSparse",
    "OneToOne",
    "Rule",
]

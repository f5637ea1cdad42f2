"""Connection rules: which neurons of two selections a projection joins."""

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
    "FixedInDegree",
    "FixedOutDegree",
    "FixedProbability",
    "FixedTotalNumber",
    "FromArrays",
    "FromSparse",
    "OneToOne",
    "Rule",
]

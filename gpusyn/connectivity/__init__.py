"""Connection rules: they select the pairs of neurons that a projection connects.

To add a rule, write a file here and add its line below (docs/adding_a_connection_rule.md).

The defaults are those of NEST: a neuron may contact itself (`autapses`), and it may contact another neuron more than
once (`multapses`) if the rule allows it. Synapses are created in this order: by presynaptic neuron for OneToOne,
AllToAll, FixedProbability, DistanceDependent and FixedOutDegree, by postsynaptic neuron for FixedInDegree, as drawn for
FixedTotalNumber, and as given for FromArrays, FromSparse and FromTable.

>>> from gpusyn.numerics.rng import Stream, StreamPurpose, stream_key
>>> pre, post = FixedProbability(0.1).draw(1000, 1000, Stream(stream_key(1, StreamPurpose.CONNECT, "E->E")))
>>> bool(abs(len(pre) - 100_000) < 5 * 300), str(pre.dtype)
(True, 'int32')
"""

from gpusyn.connectivity.all_to_all import AllToAll
from gpusyn.connectivity.base import Rule
from gpusyn.connectivity.distance_delay import DistanceDelay
from gpusyn.connectivity.distance_dependent import DistanceDependent
from gpusyn.connectivity.distance_weight import DistanceWeight
from gpusyn.connectivity.explicit import FromArrays, FromSparse
from gpusyn.connectivity.fixed_degree import FixedInDegree, FixedOutDegree
from gpusyn.connectivity.fixed_probability import FixedProbability
from gpusyn.connectivity.from_table import FromTable
from gpusyn.connectivity.masks import Annulus, Ellipse, Mask, Rectangle
from gpusyn.connectivity.one_to_one import OneToOne
from gpusyn.connectivity.total_number import FixedTotalNumber

__all__ = [
    "RULES",
    "AllToAll",
    "Annulus",
    "DistanceDelay",
    "DistanceDependent",
    "DistanceWeight",
    "Ellipse",
    "FixedInDegree",
    "FixedOutDegree",
    "FixedProbability",
    "FixedTotalNumber",
    "FromArrays",
    "FromSparse",
    "FromTable",
    "Mask",
    "OneToOne",
    "Rectangle",
    "Rule",
]

#: Every connection rule by the name of its class.
RULES: dict[str, type[Rule]] = {
    name: kind
    for name, kind in globals().copy().items()
    if isinstance(kind, type) and issubclass(kind, Rule) and kind is not Rule
}

"""The rule of triplets of spikes in numpy (``kernels/plasticity/triplet.cuh``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gpusyn.equations.coefficients import Number
from gpusyn.equations.effects import Real
from gpusyn.equations.plasticity.base import Rule, learning_rule
from gpusyn.utils.typing import Array


class TripletCoefficients(NamedTuple):
    """Numbers of the triplet rule: changes in units of w_max."""

    A2_plus: Number
    A2_minus: Number
    A3_plus: Number
    A3_minus: Number


@learning_rule
class TripletRule(Rule):
    """A spike changes the weight by the fast trace of the other side, and by it times its own side's slow trace."""

    C = TripletCoefficients
    PRE, POST = 2, 2

    def at_post(self, w: Array, pre: Sequence[Array], post: Sequence[Array], c: TripletCoefficients) -> Real:
        """Return r1 (A2_plus + A3_plus o2)."""
        return pre[0] * (c.A2_plus + c.A3_plus * post[1])

    def at_pre(self, w: Array, pre: Sequence[Array], post: Sequence[Array], c: TripletCoefficients) -> Real:
        """Return -o1 (A2_minus + A3_minus r2)."""
        return -(post[0] * (c.A2_minus + c.A3_minus * pre[1]))

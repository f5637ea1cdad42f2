"""The rule of pairs of spikes in numpy (``kernels/plasticity/pair.cuh``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gpusyn.equations.coefficients import Number
from gpusyn.equations.effects import Real
from gpusyn.equations.plasticity.base import Rule, learning_rule, power
from gpusyn.utils.typing import Array


class PairCoefficients(NamedTuple):
    """Numbers of the pair rule: changes in units of w_max, and their powers of the weight."""

    A_plus: Number
    A_minus: Number
    mu_plus: Number
    mu_minus: Number


@learning_rule
class PairRule(Rule):
    """A spike changes the weight by the trace of the other side, times a power of the room that the weight has."""

    C = PairCoefficients
    PRE, POST = 1, 1

    def at_post(self, w: Array, pre: Sequence[Array], post: Sequence[Array], c: PairCoefficients) -> Real:
        """Return A_plus (1 - w)^mu_plus times the presynaptic trace."""
        return c.A_plus * power(1 - w, c.mu_plus) * pre[0]

    def at_pre(self, w: Array, pre: Sequence[Array], post: Sequence[Array], c: PairCoefficients) -> Real:
        """Return -A_minus w^mu_minus times the postsynaptic trace."""
        return -(c.A_minus * power(w, c.mu_minus) * post[0])


@learning_rule
class AdditiveRule(Rule):
    """The pair rule for powers of 0."""

    C = PairCoefficients
    PRE, POST = 1, 1

    def at_post(self, w: Array, pre: Sequence[Array], post: Sequence[Array], c: PairCoefficients) -> Real:
        """Return A_plus times the presynaptic trace."""
        return c.A_plus * pre[0]

    def at_pre(self, w: Array, pre: Sequence[Array], post: Sequence[Array], c: PairCoefficients) -> Real:
        """Return -A_minus times the postsynaptic trace."""
        return -(c.A_minus * post[0])

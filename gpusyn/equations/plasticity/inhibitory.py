"""The rule of inhibitory synapses in numpy (``kernels/plasticity/inhibitory.cuh``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gpusyn.equations.coefficients import Number
from gpusyn.equations.effects import Real
from gpusyn.equations.plasticity.base import Rule, learning_rule
from gpusyn.utils.typing import Array


class InhibitoryCoefficients(NamedTuple):
    """Numbers of the inhibitory rule: the change for a trace of 1 (in units of w_max), and the trace at rest."""

    eta: Number
    alpha: Number


@learning_rule
class InhibitoryRule(Rule):
    """Each side's spike adds the other side's trace; a presynaptic one takes a constant away."""

    C = InhibitoryCoefficients
    PRE, POST = 1, 1

    def at_post(self, w: Array, pre: Sequence[Array], post: Sequence[Array], c: InhibitoryCoefficients) -> Real:
        """Return eta times the presynaptic trace."""
        return c.eta * pre[0]

    def at_pre(self, w: Array, pre: Sequence[Array], post: Sequence[Array], c: InhibitoryCoefficients) -> Real:
        """Return eta (o - alpha)."""
        return c.eta * (post[0] - c.alpha)

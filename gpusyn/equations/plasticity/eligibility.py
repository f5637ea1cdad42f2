"""The rule of pairs of spikes that leave an eligibility, in numpy (``kernels/plasticity/eligibility.cuh``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gpusyn.equations.coefficients import Number
from gpusyn.equations.effects import Real
from gpusyn.equations.plasticity.base import Rule, learning_rule
from gpusyn.utils.typing import Array


class EligibilityCoefficients(NamedTuple):
    """Numbers of the rule: changes of the eligibility, in units of w_max."""

    A_plus: Number
    A_minus: Number


class DopamineCoefficients(NamedTuple):
    """Coefficients of a modulator over one step.

    `decay` is that of its concentration d, and `jump` what a spike adds to d (1/ms). `rate` makes 1/ms of the Hz of a
    waveform. A unit of eligibility at the start of a step adds `own` times the part of d that decays, and `steady`
    times the part that does not, to the weight.
    """

    decay: Number
    jump: Number
    rate: Number
    own: Number
    steady: Number


@learning_rule
class EligibilityRule(Rule):
    """A spike changes the eligibility by the trace of the other side."""

    C = EligibilityCoefficients
    PRE, POST = 1, 1
    ELIGIBLE = True

    def at_post(self, w: Array, pre: Sequence[Array], post: Sequence[Array], c: EligibilityCoefficients) -> Real:
        """Return A_plus times the presynaptic trace."""
        return c.A_plus * pre[0]

    def at_pre(self, w: Array, pre: Sequence[Array], post: Sequence[Array], c: EligibilityCoefficients) -> Real:
        """Return -A_minus times the postsynaptic trace."""
        return -(c.A_minus * post[0])

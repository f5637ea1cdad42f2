"""The base class of rules by which spikes change weights, the registry of their structs, and powers of the weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np

from gpusyn.equations.effects import Real
from gpusyn.errors import ArgumentError
from gpusyn.numerics.portable_math import exp, log
from gpusyn.utils.registry import Registry, check_name
from gpusyn.utils.typing import Array

PAGE = "docs/plasticity.md"


class Rule:
    """Base class of the twins of all structs in ``kernels/plasticity/``.

    A weight w, and its change, are in units of its largest value. Traces are those just before the spike, without it,
    decayed to the time at which it reaches the synapse. `c` holds the coefficients by name. Operations have the order
    of the kernels, because the order determines the bits.

    Attributes
    ----------
    C : type
        NamedTuple of the coefficients, in their order.
    PRE, POST : int
        Number of traces of presynaptic and of postsynaptic spikes.
    ELIGIBLE : bool
        True if spikes change an eligibility, of which a modulator makes changes of the weight.
    """

    C: ClassVar[Any]
    PRE: ClassVar[int]
    POST: ClassVar[int]
    ELIGIBLE: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """Name of the struct in ``kernels/plasticity/``."""
        return type(self).__name__

    @property
    def kernel_file(self) -> str:
        """Kernel file with the struct; it has the name of this module."""
        return f"plasticity/{type(self).__module__.rpartition('.')[2]}.cuh"

    def at_post(self, w: Array, pre: Sequence[Array], post: Sequence[Array], c: Any) -> Real:
        """Return the change of the weight at a postsynaptic spike."""
        raise NotImplementedError

    def at_pre(self, w: Array, pre: Sequence[Array], post: Sequence[Array], c: Any) -> Real:
        """Return the change of the weight at a presynaptic spike."""
        raise NotImplementedError


LEARNING_RULES: Registry[Rule] = Registry(
    "rule of learning", f"write its twin in gpusyn/equations/plasticity/ and its struct in kernels/plasticity/ ({PAGE})"
)
R = TypeVar("R", bound=Rule)


def learning_rule(cls: type[R]) -> type[R]:
    """Register a rule under the name of its struct.

    Raises
    ------
    ArgumentError
        If a part is missing, or another rule has the name.
    """
    parts = "C", "PRE", "POST", "at_post", "at_pre"
    missing = [part for part in parts if getattr(cls, part, None) is getattr(Rule, part, None)]
    if not issubclass(cls, Rule) or missing:
        raise ArgumentError(
            f"@learning_rule: {cls.__name__} has no {missing[0] if missing else 'base class'}; write a subclass of "
            f"gpusyn.equations.plasticity.base.Rule with {', '.join(parts)} ({PAGE})"
        )
    check_name("learning_rule", LEARNING_RULES, cls, "a rule of learning")
    LEARNING_RULES[cls.__name__] = cls()
    return cls


def power(x: Array, mu: Any) -> Array:
    """Return x to the power of mu: 1 for mu = 0 and x for mu = 1, without a rounding; 0 for x <= 0 otherwise."""
    if mu == 0:
        return np.ones_like(x)
    if mu == 1:
        return x
    positive: Array = exp(mu * log(np.where(x > 0, x, x.dtype.type(1))))
    return np.where(x > 0, positive, x.dtype.type(0))

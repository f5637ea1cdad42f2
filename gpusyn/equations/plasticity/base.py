"""The base class of rules by which spikes change weights, the registry of their structs, and powers of the weight."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np

from gpusyn.equations.effects import Real
from gpusyn.errors import ArgumentError
from gpusyn.numerics.portable_math import exp, log
from gpusyn.parameters.scalars import integer, show
from gpusyn.utils.registry import Registry, check_name
from gpusyn.utils.typing import Array

PAGE = "docs/adding_a_learning_rule.md"
_PACKAGE = __name__.rpartition(".")[0]


class Rule:
    """Base class of the twins of the structs of all rules: those in ``kernels/plasticity/``, and a user's own.

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
    DRIFTS : bool
        True if the weight changes between spikes and not at them, by `drift`; only rules of the package do.
    MODULE_FILE : Path or None
        File of the module that defines the rule; None if it is in no file, as in a cell of a notebook.
    """

    C: ClassVar[Any]
    PRE: ClassVar[int]
    POST: ClassVar[int]
    ELIGIBLE: ClassVar[bool] = False
    DRIFTS: ClassVar[bool] = False
    MODULE_FILE: ClassVar[Path | None] = None

    @property
    def name(self) -> str:
        """Name of the struct."""
        return type(self).__name__

    @property
    def own(self) -> bool:
        """True for a rule of a user's own, outside the package."""
        return type(self).__module__.rpartition(".")[0] != _PACKAGE

    @property
    def kernel_file(self) -> str:
        """Name of the file with the struct, which is that of the module: in the kernel folder, or beside the module."""
        if self.own:
            return self.MODULE_FILE.with_suffix(".cuh").name if self.MODULE_FILE else ""
        return f"plasticity/{type(self).__module__.rpartition('.')[2]}.cuh"

    def at_post(self, w: Array, pre: Sequence[Array], post: Sequence[Array], c: Any) -> Real:
        """Return the change of the weight at a postsynaptic spike."""
        raise NotImplementedError

    def at_pre(self, w: Array, pre: Sequence[Array], post: Sequence[Array], c: Any) -> Real:
        """Return the change of the weight at a presynaptic spike."""
        raise NotImplementedError


LEARNING_RULES: Registry[Rule] = Registry(
    "rule of learning", f"write @learning_rule above its twin, and its struct in a .cuh file of the same name ({PAGE})"
)
R = TypeVar("R", bound=Rule)


def learning_rule(cls: type[R]) -> type[R]:
    """Register a rule under the name of its struct.

    A class that is defined again in the same module, as in a cell of a notebook, replaces the former one.

    Raises
    ------
    ArgumentError
        If a part is missing or of the wrong kind, or another rule has the name.
    """
    parts = "C", "PRE", "POST", "at_post", "at_pre"
    wanted = parts[:3] if getattr(cls, "DRIFTS", False) else parts
    missing = [part for part in wanted if getattr(cls, part, None) is getattr(Rule, part, None)]
    if not issubclass(cls, Rule) or missing:
        raise ArgumentError(
            f"@learning_rule: {cls.__name__} has no {missing[0] if missing else 'base class'}; write a subclass of "
            f"gpusyn.equations.plasticity.base.Rule with {', '.join(parts)} ({PAGE})"
        )
    fields = getattr(cls.C, "_fields", ())
    if not fields or not cls.C.__name__.endswith("Coefficients"):
        raise ArgumentError(
            f"@learning_rule: {cls.__name__}.C must be a NamedTuple of at least one coefficient, with a name that ends "
            f"in Coefficients (got {show(cls.C)}); write one ({PAGE})"
        )
    for side in ("PRE", "POST"):
        integer(getattr(cls, side), f"@learning_rule: {cls.__name__}.{side}", low=1)
    check_name("learning_rule", LEARNING_RULES, cls, "a rule of learning")
    for other in LEARNING_RULES.values():
        if other.C.__name__ == cls.C.__name__ and other.C.__module__ != cls.C.__module__:
            raise ArgumentError(
                f"@learning_rule: {other.C.__module__} has coefficients {cls.C.__name__!r} already; choose another name"
            )
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    cls.MODULE_FILE = Path(file).absolute() if file else None
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

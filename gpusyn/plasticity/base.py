"""What all plasticity of synapses has in common, and what a rule of learning tells the builder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from gpusyn.errors import ArgumentError
from gpusyn.parameters.scalars import real, show
from gpusyn.utils.calls import attribute

__all__ = ["LearningRule", "Plasticity", "ReceptorName", "Trace", "TracePair", "WeightRule"]


class Plasticity:
    """Base class of everything that ``net.connect(..., plasticity=)`` takes.

    Attributes
    ----------
    role : str
        What it changes: at most one of each role can be given to a projection.
    variables : mapping of str to str
        Variables of a synapse that can be recorded, with their units.
    """

    role: ClassVar[str]
    variables: ClassVar[Mapping[str, str]] = {}

    def _where(self, name: str) -> str:
        return f"{type(self).__name__}.{name}"


class Trace(NamedTuple):
    """What a synapse remembers of the spikes of one side: it decays with `tau`, and each spike adds 1.

    Attributes
    ----------
    tau : float
        Time constant of the decay (ms).
    nearest : bool
        If True, a spike sets it to 1, so that only the last spike counts.
    """

    tau: float
    nearest: bool = False


class TracePair(NamedTuple):
    """The traces of a rule of learning: those of presynaptic and those of postsynaptic spikes."""

    pre: tuple[Trace, ...]
    post: tuple[Trace, ...]


class ReceptorName(str):
    """The name of a receptor that was given itself: in a population it may have another one, with that of a dendrite.

    Attributes
    ----------
    receptor : Receptor or None
        The receptor.
    """

    receptor: Any = None


class WeightRule(Plasticity):
    """Base class of what changes weights for good: they are stored one by one, and stay in [0, w_max].

    Attributes
    ----------
    learns : str or None
        Receptor whose weight changes; None if the projection has only one, or another rule names it.
    RECEPTORS : tuple of str
        Names of the parameters that are receptors of the projection.
    """

    learns: str | None = None
    RECEPTORS: ClassVar[tuple[str, ...]] = ("learns",)

    def _check_learns(self) -> None:
        """Check the receptor whose weight changes, and replace it by its name."""
        if self.learns is not None:
            self._check_receptor("learns")

    def _check_receptor(self, parameter: str) -> None:
        """Check a parameter that is a receptor, and replace it by its name."""
        given = getattr(self, parameter)
        if isinstance(given, str):
            return
        name = attribute(given, "name")  # of a receptor
        if not isinstance(name, str):
            raise ArgumentError(
                f"{self._where(parameter)}: must be the name of a receptor, or a receptor (got {show(given)})"
            )
        kept = ReceptorName(name)
        kept.receptor = given
        object.__setattr__(self, parameter, kept)

    def _check_numbers(
        self,
        unit: str,
        *names: str,
        low: float | None = None,
        high: float | None = None,
        above: float | None = None,
    ) -> None:
        for name in names:
            number = real(getattr(self, name), self._where(name), unit=unit, low=low, high=high, above=above)
            object.__setattr__(self, name, number)


class LearningRule(WeightRule):
    """Base class of rules by which spikes change weights.

    At each spike of either side, when it reaches the synapse, the weight w is changed by a number that may depend on w
    and on the traces of both sides just before, and is kept in [0, w_max]. The equations are the struct `struct`, in
    CUDA and in numpy; docs/adding_a_learning_rule.md shows how to write a rule of one's own.

    Attributes
    ----------
    struct : str
        Name of the equations.
    axonal : float
        Part of the delay, 0 to 1, that a spike needs to reach the synapse; the rest is needed from there to the soma,
        and back from it.
    """

    role: ClassVar[str] = "learning"
    struct: str
    axonal: float = 0.0

    @property
    def traces(self) -> TracePair:
        """Traces that the equations take, in their order."""
        raise NotImplementedError

    def coefficients(self, w_max: float) -> tuple[float, ...]:
        """Return the numbers of the equations, in their order.

        Parameters
        ----------
        w_max : float
            Largest weight (nS, or pA), in whose units the equations have weights and their changes.

        Returns
        -------
        tuple of float
        """
        raise NotImplementedError

    def _check_place(self) -> None:
        """Check where the rule acts: the receptor that learns, and the axonal part of the delay."""
        self._check_learns()
        object.__setattr__(self, "axonal", real(self.axonal, self._where("axonal"), low=0.0, high=1.0))

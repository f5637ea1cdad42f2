"""A drug: its name and its actions."""

from __future__ import annotations

from gpusyn.drugs.actions import Action
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.parameters.scalars import instance, object_name, public
from gpusyn.utils.immutable import Immutable

__all__ = ["Drug"]


class Drug(Immutable):
    """A drug with its actions; common drugs are in :data:`gpusyn.drugs.LIBRARY`.

    Parameters
    ----------
    name : str
        Name of the drug.
    *actions : Action
        Actions of the drug, such as :class:`~gpusyn.drugs.CompetitiveAntagonist`; at most one of each kind on each
        class of receptors.
    source : str
        Origin and certainty of the constants.

    Raises
    ------
    ArgumentError
        If there is no action, or an argument has the wrong type.
    ParameterError
        If the name is not valid, or two actions of one kind act on the same class of receptors.

    Examples
    --------
    >>> from gpusyn.drugs import NonCompetitiveAntagonist
    >>> Drug("GYKI 53655", NonCompetitiveAntagonist("AMPA", IC50=1.0))
    Drug('GYKI 53655', NonCompetitiveAntagonist(receptor='AMPA', IC50=1.0, n=1.0))
    """

    name: str
    actions: tuple[Action, ...]
    source: str

    @public
    def __init__(self, name: str, *actions: Action, source: str = "") -> None:
        kept = object_name(name, "Drug.name")
        where = f"Drug {kept!r}"
        if not actions:
            raise ArgumentError(
                f"{where}: needs at least one action (got none); "
                "give one such as gs.drugs.CompetitiveAntagonist('AMPA', K=0.3)"
            )
        seen = set()
        for k, action in enumerate(actions):
            instance(action, Action, f"{where}.actions[{k}]", "an action such as gs.drugs.CompetitiveAntagonist(...)")
            key = type(action), action.receptor
            if key in seen:
                raise ParameterError(
                    f"{where}.actions[{k}]: a second {type(action).__name__} on {action.receptor} is not allowed "
                    f"(got {action!r}); combine the constants of both in one action"
                )
            seen.add(key)
        self._set(name=kept, actions=actions, source=instance(source, str, f"{where}.source", "a str"))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Drug):
            return NotImplemented
        return (self.name, self.actions) == (other.name, other.actions)

    def __hash__(self) -> int:
        return hash((self.name, self.actions))

    def __repr__(self) -> str:
        return f"Drug({', '.join([repr(self.name), *map(repr, self.actions)])})"

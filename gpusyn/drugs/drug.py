"""A drug: a name and what it does."""

from __future__ import annotations

from gpusyn.drugs.actions import Action
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.parameters.scalars import instance, object_name, public
from gpusyn.utils.immutable import Immutable

__all__ = ["Drug"]


class Drug(Immutable):
    """A drug of your own; :data:`gpusyn.drugs.LIBRARY` has the common ones.

    Parameters
    ----------
    name : str
        Name of the drug.
    *actions : Action
        What it does, such as a :class:`~gpusyn.drugs.CompetitiveAntagonist`; at most one of a kind on a receptor class.
    source : str
        Where the constants are from, and how certain they are.

    Raises
    ------
    GpusynError
        If there is no action, or one that is no action or comes twice.

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
                f"{where}: must do something (got no action); "
                "give one such as gs.drugs.CompetitiveAntagonist('AMPA', K=0.3)"
            )
        seen = set()
        for k, action in enumerate(actions):
            instance(action, Action, f"{where}.actions[{k}]", "an action such as gs.drugs.CompetitiveAntagonist(...)")
            key = type(action), action.receptor
            if key in seen:
                raise ParameterError(
                    f"{where}.actions[{k}]: is the second {type(action).__name__} on {action.receptor} "
                    f"(got {action!r}); give one, with the constants of both together"
                )
            seen.add(key)
        if not isinstance(source, str):
            raise ArgumentError(f"{where}.source: must be a str (got {source!r})")
        self._set(name=kept, actions=actions, source=source)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Drug):
            return NotImplemented
        return (self.name, self.actions) == (other.name, other.actions)

    def __hash__(self) -> int:
        return hash((self.name, self.actions))

    def __repr__(self) -> str:
        return f"Drug({', '.join([repr(self.name), *map(repr, self.actions)])})"

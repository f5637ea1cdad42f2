"""Connections between populations: their rules, weights and delays."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from gpusyn.connectivity.distance_weight import DistanceWeight
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.network.compartments import without_soma
from gpusyn.network.populations import Population, Selection
from gpusyn.parameters.scalars import one_of, public, real, show
from gpusyn.parameters.values import values
from gpusyn.plasticity import Plasticity, WeightRule
from gpusyn.receptors import Receptor
from gpusyn.utils.calls import Hinting
from gpusyn.utils.immutable import ReadOnlyDict
from gpusyn.utils.typing import Floats

if TYPE_CHECKING:
    from gpusyn.connectivity.base import Rule
    from gpusyn.connectivity.distance_delay import DistanceDelay
    from gpusyn.parameters.distributions import Distribution


__all__ = ["Projection", "Ratio"]


@public
@dataclass(frozen=True)
class Ratio:
    """A weight that is a multiple of the weight of the same synapse at another receptor.

    Parameters
    ----------
    receptor : str or Receptor
        Receptor whose weight is multiplied, kept as its name; the dict that is given as ``weight=`` must contain it.
    factor : float
        Factor by which it is multiplied; it must be >= 0 for a conductance.

    Raises
    ------
    ArgumentError
        If the receptor is neither a name nor a receptor, or the factor is not a number.
    ParameterError
        If the factor is not finite.

    Examples
    --------
    >>> Ratio("AMPA", 0.08)
    Ratio(receptor='AMPA', factor=0.08)
    """

    receptor: str
    factor: float

    def __init__(self, receptor: str | Receptor, factor: float) -> None:
        name = receptor.name if isinstance(receptor, Receptor) else receptor
        if not isinstance(name, str):
            raise ArgumentError(f"Ratio.receptor: must be the name of a receptor, or a receptor (got {show(receptor)})")
        object.__setattr__(self, "receptor", name)
        object.__setattr__(self, "factor", real(factor, "Ratio.factor"))


@public
@dataclass(frozen=True, eq=False)
class Projection(Hinting):
    """A projection; made by :meth:`gpusyn.Network.connect`.

    Attributes
    ----------
    name : str
        Name, unique in the network and the key of the projection's random streams.
    pre, post : Selection
        Presynaptic and postsynaptic neurons.
    rule : Rule
        Rule that selects the pairs of neurons that are connected.
    weights : mapping of str to (float, ndarray, Distribution or Ratio)
        Weights by receptor, in the order given (nS, pA for a CurrentReceptor, mV for a DeltaReceptor); an array has
        shape (n_synapses,). A DistanceWeight is the Distribution of the weights between the two selections.
    delay : float, ndarray of float64, shape (n_synapses,), Distribution or DistanceDelay
        Delays (ms).
    w_max : mapping of str to float, or None
        Declared largest magnitude to which a weight may be changed, by receptor (nS, pA or mV).
    storage : {"stored", "procedural"}
        Whether synapses are stored, or drawn again at each spike.
    plasticity : tuple of Plasticity
        Short-term plasticity, random release and rule of learning: at most one of each.
    axonal : float
        Part of the delay, 0 to 1, before the synapse, where a rule of learning asks for it.
    """

    _MADE_BY: ClassVar[str] = "net.connect(pre, post, rule, ...)"

    name: str
    pre: Selection
    post: Selection
    rule: Rule
    weights: Mapping[str, float | Floats | Distribution | Ratio]
    delay: float | Floats | Distribution | DistanceDelay
    w_max: Mapping[str, float] | None
    storage: str = "stored"
    plasticity: tuple[Plasticity, ...] = ()
    axonal: float = 0.0

    @property
    def procedural(self) -> bool:
        """True if nothing is stored of the synapses, and rows of them are drawn again at each spike."""
        return self.storage == "procedural"

    @property
    def size(self) -> int | None:
        """Number of synapses; None if it is drawn."""
        return round(self.rule.expected(*_sizes(self.pre, self.post))) if self.rule.exact else None

    @property
    def variables(self) -> Mapping[str, str]:
        """Variables of the synapses that can be recorded, with their units: weights, and what is plastic about them.

        The weights onto several receptors have the names of these, as in ``"weight_AMPA"``.
        """
        units = {receptor.name: receptor.weight_unit for receptor in self.post.parts[0].population.receptors}
        found = {weight_variable(self.weights, name): units[name] for name in self.weights}
        for one in self.plasticity:
            found |= one.variables
        return ReadOnlyDict(found)

    @property
    def learned(self) -> str | None:
        """Receptor whose weight changes for good, None if there is none."""
        rules = [one for one in self.plasticity if isinstance(one, WeightRule)]
        named = next((rule.learns for rule in rules if rule.learns is not None), None)
        return named if named is not None or not rules else next(iter(self.weights))

    def __repr__(self) -> str:
        drawn = ", procedural" if self.procedural else ""
        plastic = "".join(f", {one!r}" for one in self.plasticity)
        return f"Projection({self.name!r}, {self.pre.size} -> {self.post.size} neurons, {self.rule!r}{drawn}{plastic})"


def weight_variable(weights: Collection[str], receptor: str) -> str:
    """Return the name under which the weights onto one of the receptors of a projection are recorded.

    >>> weight_variable(["AMPA"], "AMPA"), weight_variable(["AMPA", "NMDA"], "NMDA")
    ('weight', 'weight_NMDA')
    """
    return "weight" if len(weights) == 1 else f"weight_{receptor}"


def base_weight(weights: Mapping[str, Any], receptor: str) -> tuple[str, float]:
    """Return the receptor of whose weight the weight on `receptor` is a multiple, and the factor.

    A weight that is not a Ratio is 1 times itself. The base of a Ratio is never a Ratio (see :func:`checked_weights`).

    >>> base_weight({"AMPA": 4.0, "NMDA": Ratio("AMPA", 0.08)}, "NMDA")
    ('AMPA', 0.08)
    """
    given = weights[receptor]
    return (given.receptor, given.factor) if isinstance(given, Ratio) else (receptor, 1.0)


def receptor_at(target: Selection, wanted: Any, where: str) -> Receptor:
    """Return the receptor, given itself or its name, that every population of `target` must have.

    Raises
    ------
    ParameterError
        If the target has spike sources, the receptor itself is given and a population has another one of its name, or
        weights of the receptor have different units in two populations.
    UnknownNameError
        If a population lacks the receptor.
    """
    found = []
    for population in target.populations:
        if population.is_source:
            raise ParameterError(
                f"{where}: {population.name!r} is a {population.model.kind}, "
                "which has no receptors and takes no input; give neurons, such as gs.LIF, as the target"
            )
        place = f"{where}: population {population.name!r}, receptor"
        found.append(_named(wanted, population, place))
    if len(units := {receptor.weight_unit: None for receptor in found}) > 1:
        raise ParameterError(
            f"{where}: weights of receptor {found[0].name!r} are in {' and '.join(units)} in different populations of "
            f"{target.name}; connect to them one by one"
        )
    return found[0]


def _named(wanted: Any, population: Population, place: str) -> Receptor:
    """Return the receptor of a population that is given by name, or as the object that the population was given."""
    own = {receptor.name: receptor for receptor in population.receptors}
    if not isinstance(wanted, Receptor):
        several = len(population.compartments) > 1
        return own[one_of(without_soma(wanted) if several else wanted, own, place)]
    placed = [one.receptor for one in population.placed if wanted in (one.given, one.receptor)]
    if len(placed) > 1:
        names = ", ".join(receptor.name for receptor in placed)
        raise ParameterError(f"{place}: the same object is {names} (got {show(wanted)}); give the name of one of them")
    if placed:
        return placed[0]
    name = one_of(wanted.name, own, place)
    raise ParameterError(
        f"{place}: must be a receptor that the population was given, but its {name!r} is another object "
        f"(got {show(wanted)}); give the name, or the object that it was given"
    )


def receptor_name(wanted: Any, post: Selection, names: Collection[str], where: str) -> str:
    """Return one of the names of receptors, which is given as such or as the receptor of `post` itself."""
    given = receptor_at(post, wanted, where).name if isinstance(wanted, Receptor) else wanted
    name: str = one_of(without_soma(given) if isinstance(given, str) and given not in names else given, names, where)
    return name


def weight_value(value: Any, receptor: Receptor, size: int | None, where: str, per: str = "synapse") -> Any:
    """Return a checked weight of a receptor: a number, an array or a distribution."""
    if receptor.signed:
        return values(value, size, where, unit=receptor.weight_unit, per=per)
    move = "inhibition is the receptor's E_rev and not a sign, and a CurrentReceptor takes signed weights"
    try:
        return values(value, size, where, unit="nS", low=0.0, if_low=move, per=per)
    except ParameterError as error:
        if move in str(error) and isinstance(value, np.ndarray) and (value > 0).any():
            raise ParameterError(
                f"{error}; connect weights of both signs in two parts (gs.FromSparse has .positive and .negative, "
                "a table has frame[frame['weight'] > 0])"
            ) from None
        raise


def named_weights(weight: Any, receptor: Any, post: Selection, rule: Rule, where: str) -> tuple[dict[str, Any], bool]:
    """Return the weights by receptor, and True if the user gave them as a dict; columns of the rule are looked up.

    Raises
    ------
    ArgumentError
        If `weight` is missing, or `receptor` is missing for a single weight or given beside a dict.
    ParameterError
        If a receptor is named twice, or `post` has another one of its name.
    UnknownNameError
        If a population of `post` lacks a receptor.
    """
    known = ", ".join(r.name for r in post.parts[0].population.receptors) or "(none)"
    if weight is None:
        raise ArgumentError(f"{where}: needs weight=, a number, an array, a distribution or a dict by receptor")
    if isinstance(weight, Mapping):
        if receptor is not None:
            raise ArgumentError(
                f"{where}: takes receptor= or a dict as weight= (got both); "
                "the keys of the dict name the receptors, so drop receptor="
            )
        if not weight:
            raise ParameterError(f"{where}.weight: must name at least one receptor (got {{}}); known: {known}")
        given: dict[str, Any] = {}
        for key, value in weight.items():
            name = receptor_at(post, key, where).name
            if name in given:
                raise ParameterError(f"{where}.weight: names receptor {name!r} twice; name it once")
            given[name] = _looked_up(value, rule, f"{where}.weight[{name!r}]")
        return given, True
    if receptor is None:
        raise ArgumentError(
            f"{where}: needs receptor=, one of {known}, or weight={{receptor: value}} for several (got neither)"
        )
    if not isinstance(receptor, (str, Receptor)):
        raise ArgumentError(
            f"{where}.receptor: must be the name of one receptor or itself, one of {known} (got {show(receptor)}); "
            "for several, give weight={receptor: value}"
        )
    name = receptor_at(post, receptor, where).name
    if isinstance(weight, Ratio):
        raise ArgumentError(
            f"{where}.weight: a Ratio needs the weight of the other receptor too (got {show(weight)}); "
            f"write weight={{{show(weight.receptor)}: ..., {show(name)}: {show(weight)}}}"
        )
    return {name: _looked_up(weight, rule, f"{where}.weight")}, False


def _looked_up(weight: Any, rule: Rule, where: str) -> Any:
    """Return the column of a rule that a weight names, and other weights as they are."""
    return rule.column(weight, where) if isinstance(weight, str) else weight


def placed_weights(
    weights: Mapping[str, Any], kinds: Mapping[str, Receptor], pre: Selection, post: Selection, rule: Rule, where: str
) -> dict[str, Any]:
    """Return the weights by receptor, with those that depend on distance placed between the two selections.

    Raises
    ------
    ArgumentError, ParameterError
        If a weight by distance has no positions, or its function returns what is no weight.
    """
    return {
        name: weight.bind(pre, post, rule, f"{where}.weight", signed=kinds[name].signed)
        if isinstance(weight, DistanceWeight)
        else weight
        for name, weight in weights.items()
    }


def checked_weights(
    weights: dict[str, Any], kinds: dict[str, Receptor], size: int | None, where: str, by_name: bool
) -> Mapping[str, Any]:
    """Return read-only weights by receptor, given the receptors; `size` is the number of synapses if it is known."""
    kept: dict[str, Any] = {}
    for name, weight in weights.items():
        place = f"{where}.weight[{name!r}]" if by_name else f"{where}.weight"
        if not isinstance(weight, Ratio):
            kept[name] = weight_value(weight, kinds[name], size, place)
            continue
        others = [other for other in weights if other != name and not isinstance(weights[other], Ratio)]
        if weight.receptor not in others and without_soma(weight.receptor) in others:
            weight = Ratio(without_soma(weight.receptor), weight.factor)
        one_of(weight.receptor, others, f"{place}: Ratio.receptor")
        units = kinds[weight.receptor].weight_unit, kinds[name].weight_unit
        if units[0] != units[1]:
            raise ParameterError(
                f"{place}: a Ratio cannot convert between {units[0]} and {units[1]} (got {weight!r}); give a weight of "
                "its own"
            )
        if not kinds[name].signed and weight.factor < 0:
            raise ParameterError(f"{place}: Ratio.factor must be >= 0 for a conductance (got {weight.factor:g})")
        kept[name] = weight
    return ReadOnlyDict(kept)


def checked_limits(
    w_max: Any, weights: Mapping[str, Any], kinds: dict[str, Receptor], post: Selection, where: str
) -> Mapping[str, float] | None:
    """Return the declared largest weights by receptor; a number is allowed if there is only one receptor."""
    if w_max is None:
        return None
    if not isinstance(w_max, Mapping):
        if len(weights) > 1:
            raise ArgumentError(
                f"{where}.w_max: must be a dict by receptor, as there are {len(weights)} of them (got {show(w_max)})"
            )
        w_max = dict.fromkeys(weights, w_max)
    kept = {}
    for receptor, value in w_max.items():
        name = receptor_name(receptor, post, weights, f"{where}.w_max: receptor")
        place = f"{where}.w_max[{name!r}]"
        kept[name] = real(value, place, unit=kinds[name].weight_unit, above=0.0)
        weight = weights[name]
        largest = float(np.max(np.abs(weight), initial=0.0)) if isinstance(weight, (float, np.ndarray)) else 0.0
        if largest > kept[name]:
            raise ParameterError(f"{place}: must be at least the largest weight, {largest:g} (got {kept[name]:g})")
    return ReadOnlyDict(kept)


def synapse_count(rule: Rule, pre: Selection, post: Selection, where: str) -> int | None:
    """Check the rule against the sizes, and return the number of synapses if it is certain."""
    n_pre, n_post, same = _sizes(pre, post)
    rule.check(n_pre, n_post, f"{where}.rule", same)
    return round(rule.expected(n_pre, n_post, same)) if rule.exact else None


def _sizes(pre: Selection, post: Selection) -> tuple[int, int, Any]:
    """Return the sizes of two selections, and the keys of both if they have populations in common."""
    common = {*pre.populations} & {*post.populations}
    return pre.size, post.size, (pre.key_spans, post.key_spans) if common else None

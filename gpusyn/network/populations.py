"""Populations of neurons, and selections of their neurons."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.network.compartments import Compartment, PlacedReceptor
from gpusyn.neurons import NeuronModel
from gpusyn.parameters.scalars import instance, public, show
from gpusyn.parameters.units import as_array, as_integers
from gpusyn.receptors import Receptor
from gpusyn.receptors.calcium import Calcium
from gpusyn.utils.calls import Hinting
from gpusyn.utils.ids import KeySpans, Span, as_ids, between, count_common, joined, taken
from gpusyn.utils.immutable import Immutable, ReadOnlyDict
from gpusyn.utils.typing import Floats, Integers

if TYPE_CHECKING:
    from gpusyn.parameters.distributions import Distribution

__all__ = ["Part", "Population", "Selection"]


class Part(Immutable):
    """Neurons of one population, which unpacks as the population and the local ids of the neurons.

    Attributes
    ----------
    population : Population
        The population.
    span : range or ndarray of int64
        Local ids in increasing order: a range if they are evenly spaced, as those of a slice.
    """

    population: Population
    span: Span

    def __init__(self, population: Population, span: Span) -> None:
        self._set(population=population, span=span)

    @property
    def ids(self) -> Integers:
        """Local ids in increasing order: an array, made anew of a range."""
        return as_ids(self.span)

    @property
    def size(self) -> int:
        """Number of neurons."""
        return len(self.span)

    def __iter__(self) -> Iterator[Any]:
        return iter((self.population, self.ids))

    def __getitem__(self, index: int) -> Any:
        return (self.population, self.ids)[index]


class Selection(Immutable, Hinting):
    """Neurons of one or more populations, in a fixed order.

    Slice a population (``E[:10]``, ``E[mask]``, ``E[[3, 7]]``, ``E[5]``) or join selections with ``+`` to make one.

    Attributes
    ----------
    parts : tuple of (Population, ndarray of int64)
        The populations in the order in which they were joined, each with the local ids of its selected neurons in
        increasing order.
    populations : tuple of Population
        The populations alone.
    size : int
        Number of neurons.
    name : str
        Name for messages, such as ``"E"``, ``"E[0:10]"`` or ``"E+I"``.

    Raises
    ------
    ArgumentError
        If an index is not an int, a slice, a mask or a list of indices, or something else than a selection is added.
    ParameterError
        If no neuron is selected, an index is out of range, indices do not increase, or a neuron occurs twice.
    """

    _MADE_BY: ClassVar[str] = "a population: population[:10], or E + I"

    parts: tuple[Part, ...]
    size: int
    name: str

    @public
    def __init__(self, parts: Sequence[Part]) -> None:
        kept = _joined(parts)
        self._set(
            parts=kept,
            size=sum(part.size for part in kept),
            name="+".join(_part_name(part) for part in kept),
        )

    @property
    def populations(self) -> tuple[Population, ...]:
        """The populations in the order in which they were joined."""
        return tuple(part.population for part in self.parts)

    @public
    def keys(self) -> Integers:
        """Return a number for each neuron that no other neuron of the network has.

        Returns
        -------
        ndarray of int64, shape (size,)
        """
        return np.asarray(self.key_spans)

    @property
    def key_spans(self) -> KeySpans:
        """The keys of the neurons, not yet an array."""
        return KeySpans([(part.population.index << 32, part.span) for part in self.parts])

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[Selection]:
        return (self[k] for k in range(self.size))

    def __add__(self, other: Selection) -> Selection:
        instance(other, Selection, f"{self.name} + ...", "a population or a selection")
        return Selection(self.parts + other.parts)

    def __radd__(self, other: Any) -> Selection:
        if isinstance(other, int) and other == 0:  # sum([E, I]) starts with 0
            return self
        raise ArgumentError(f"... + {self.name}: must be a population or a selection (got {show(other)})")

    def __getitem__(self, index: Any) -> Selection:
        positions = _positions(index, self.size, self.name)
        parts, first = [], 0
        for part in self.parts:
            inside = between(positions, first, first + part.size)
            if len(inside):
                parts.append(Part(part.population, taken(part.span, inside)))
            first += part.size
        return Selection(parts)

    def __repr__(self) -> str:
        return f"Selection({self.name!r}, {self.size} neurons)"


class Population(Selection):
    """Neurons of one model with the same receptors; made by :meth:`gpusyn.Network.population`.

    Attributes
    ----------
    name : str
        Name, unique in the network.
    size : int
        Number of neurons.
    model : NeuronModel
        Neuron model or spike source with its parameters.
    receptors : tuple of Receptor
        Receptors of each neuron, in the order given; those of a dendrite have its name in theirs, as in
        ``"apical.AMPA"``.
    placed : tuple of PlacedReceptor
        The receptors with their compartments, and as they were given.
    compartments : tuple of Compartment
        Soma and dendrites, each with its name, initial potential and calcium; none of a spike source.
    V : float, ndarray of float64, shape (size,), Distribution or None
        Initial potential of the soma (mV); ``None``: E_L, or c of an Izhikevich neuron.
    positions : ndarray of float64, shape (size, 1 to 3), or None
        Coordinates of each neuron, in a unit of the user's choice.
    index : int
        Position among the populations of the network, in order of creation.
    calcium : Calcium
        Parameters of the calcium trace of the soma, which is computed if it is recorded.
    variables : mapping of str to str
        Variables that can be recorded beside ``"spikes"``, with their units.
    """

    _MADE_BY: ClassVar[str] = "net.population(name, size, model)"

    model: NeuronModel
    receptors: tuple[Receptor, ...]
    placed: tuple[PlacedReceptor, ...]
    compartments: tuple[Compartment, ...]
    V: float | Floats | Distribution | None
    positions: Floats | None
    index: int
    calcium: Calcium
    variables: Mapping[str, str]

    @public
    def __init__(
        self,
        name: str,
        size: int,
        model: NeuronModel,
        placed: tuple[PlacedReceptor, ...],
        compartments: tuple[Compartment, ...],
        positions: Floats | None,
        index: int,
    ) -> None:
        soma = compartments[0] if compartments else Compartment("", None, Calcium())
        self._set(name=name, size=size, model=model, positions=positions, index=index)
        self._set(receptors=tuple(one.receptor for one in placed), placed=placed, compartments=compartments)
        self._set(V=soma.V, calcium=soma.calcium)
        self._set(parts=(Part(self, range(size)),), variables=ReadOnlyDict(_variables(model, placed, compartments)))

    @property
    def is_source(self) -> bool:
        """True if the neurons only emit spikes: they have no membrane and no receptors."""
        return self.model.is_source

    @public
    def receptor(self, name: str) -> Receptor | None:
        """Return the receptor of the given name.

        Parameters
        ----------
        name : str
            Name of the receptor.

        Returns
        -------
        Receptor or None
            The receptor; ``None`` if there is none of this name.

        Raises
        ------
        ArgumentError
            If the name is not a str.
        """
        instance(name, str, "Population.receptor().name", "a str")
        return next((r for r in self.receptors if r.name == name), None)

    def __repr__(self) -> str:
        receptors = f", receptors {', '.join(r.name for r in self.receptors)}" if self.receptors else ""
        return f"Population({self.name!r}, {self.size} x {self.model.kind}{receptors})"


def _variables(
    model: NeuronModel, placed: tuple[PlacedReceptor, ...], compartments: tuple[Compartment, ...]
) -> dict[str, str]:
    """Return the variables of a population that can be recorded, with their units."""
    if model.is_source:
        return {}
    found = {"V": "mV", **model.STATES} | {f"V_{dendrite.name}": "mV" for dendrite in compartments[1:]}
    for receptor, _, _ in placed:
        found |= receptor.variables
    for number, compartment in enumerate(compartments):
        if any(one.receptor.Pf for one in placed if one.compartment == number):
            found[f"Ca_{compartment.name}" if number else "Ca"] = "uM"
    return found


def _joined(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Join consecutive parts of one population, and refuse neurons that occur twice."""
    merged: list[Part] = []
    for part in parts:
        last = merged[-1] if merged else None
        if last and last.population is part.population and last.span[-1] < part.span[0]:
            merged[-1] = Part(part.population, joined(last.span, part.span))
        else:
            merged.append(part)
    for population in {part.population for part in merged}:
        spans = [part.span for part in merged if part.population is population]
        if any(count_common(one, other) for one, other in itertools.combinations(spans, 2)):
            found, counts = np.unique(np.concatenate([as_ids(span) for span in spans]), return_counts=True)
            twice = int(found[counts > 1][0])
            where = " + ".join(_part_name(part) for part in parts)
            raise ParameterError(
                f"{where}: neuron {twice} of {population.name!r} occurs twice; join selections that do not overlap"
            )
    return tuple(merged)


def _part_name(part: Part) -> str:
    """Return ``E``, ``E[3]``, ``E[0:10]``, ``E[0:100:2]`` or ``E[3,5,9,...]`` for neurons of E."""
    name, ids = part.population.name, part.span
    if len(ids) == part.population.size:
        return name
    if len(ids) < 2:
        return f"{name}[{ids[0] if len(ids) else ':0'}]"
    steps = {ids.step} if isinstance(ids, range) else set(np.diff(ids).tolist())
    if len(steps) == 1:
        (step,) = steps
        by = "" if step == 1 else f":{step}"
        return f"{name}[{ids[0]}:{ids[-1] + 1}{by}]"
    return f"{name}[{','.join(map(str, ids[:4]))}{',...' if len(ids) > 4 else ''}]"


def _positions(index: Any, size: int, name: str) -> Span:
    """Return the positions, in increasing order, that an index, slice, mask or array of indices selects."""
    where = f"{name}[...]"
    must = f"must be an index, a slice, a mask of {size} values or increasing indices"
    if isinstance(index, slice):
        positions: Span = _sliced(index, size, where)
    else:
        array = np.empty(0, dtype=object) if isinstance(index, (str, tuple)) else as_array(index, where, must)
        if isinstance(index, (list, range)) and array.size == 0:
            array = np.empty(0, dtype=np.int64)
        if array.dtype == np.bool_ and array.ndim == 1:
            if len(array) != size:
                raise ParameterError(f"{where}: the mask must have {size} values, one per neuron (got {len(array)})")
            positions = np.flatnonzero(array)
        elif array.dtype.kind in "iu" and array.ndim <= 1:
            positions = _listed(np.atleast_1d(as_integers(array, where, must)), size, where)
        else:
            raise ArgumentError(f"{where}: {must} (got {show(index)})")
    if len(positions) == 0:
        raise ParameterError(f"{where}: must select at least one of {size} neurons (got {show(index)})")
    return positions if isinstance(positions, range) else positions.astype(np.int64)


def _sliced(index: slice, size: int, where: str) -> range:
    for bound in (index.start, index.stop, index.step):
        if bound is not None and (isinstance(bound, (bool, np.bool_)) or not isinstance(bound, (int, np.integer))):
            raise ArgumentError(f"{where}: slices must be of whole numbers (got {show(index)})")
    if index.step is not None and index.step <= 0:
        raise ParameterError(f"{where}: the step must be >= 1 (got {index.step}); neurons stay in their order")
    return range(size)[index]


def _listed(positions: Integers, size: int, where: str) -> Integers:
    """Return a list of indices in which negative ones are counted from the end."""
    outside = (positions >= size) | (positions < -size)
    if outside.any():
        raise ParameterError(f"{where}: must be below {size}, the number of neurons (got {positions[outside][0]})")
    positions = np.where(positions < 0, positions + size, positions)
    if (np.diff(positions) <= 0).any():
        raise ParameterError(
            f"{where}: indices must increase and not repeat, since a selection keeps the order of the population "
            f"(got {show(positions)}); use np.unique(indices)"
        )
    return positions


def first_position(selection: Selection, number: int) -> int:
    """Return the position, in a selection, of the first neuron of one of its parts."""
    return sum(part.size for part in selection.parts[:number])

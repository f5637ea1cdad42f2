"""Recorded variables of synapses: weights, and the states of what is plastic about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from gpusyn.errors import ParameterError
from gpusyn.parameters.scalars import instance, public
from gpusyn.parameters.units import as_integers
from gpusyn.results.trace_data import TraceData
from gpusyn.utils.typing import Array, Floats, Integers

_WHOLE = "must be whole numbers, one per synapse"


class SynapseData(TraceData):
    """Sampled variables of the synapses of a projection; ``data["weight"]`` has the shape (n_samples, n_synapses).

    It is a :class:`TraceData`, whose population is the projection, and whose local ids are the numbers of its synapses.

    Parameters
    ----------
    projection : str
        Name of the projection.
    synapses : array_like of int, shape (n_synapses,)
        Recorded synapses, one per column: positions in the order of ``sim.weights(projection)``.
    pre, post : array_like of int, shape (n_synapses,)
        Their neurons: positions in the projection's selections.
    variables : mapping of str to array_like, shape (n_samples, n_synapses)
        Samples of each variable.
    t : array_like, shape (n_samples,)
        Times of the samples (ms), equally spaced.
    units : mapping of str to str
        Unit of each variable.
    every : float, optional
        Time between samples (ms); needed only if there are fewer than two samples.

    Attributes
    ----------
    synapses, pre, post : ndarray of int64, shape (n_synapses,)
        Recorded synapses and their neurons.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If shapes do not fit or the times are not equally spaced.

    Examples
    --------
    >>> weight = [[1.0, 2.0], [1.1, 1.9], [1.2, 1.8]]
    >>> data = SynapseData("E->I:AMPA", [4, 7], [0, 1], [2, 0], {"weight": weight}, [5.0, 10.0, 15.0], {"weight": "nS"})
    >>> data
    SynapseData(weight (nS), 3 samples every 5 ms, of 2 synapses of E->I:AMPA)
    >>> data["weight"][-1], data.post
    (array([1.2, 1.8]), array([2, 0]))
    """

    _KIND = "synapses"

    @public
    def __init__(
        self,
        projection: str,
        synapses: npt.ArrayLike,
        pre: npt.ArrayLike,
        post: npt.ArrayLike,
        variables: Mapping[str, npt.ArrayLike],
        t: npt.ArrayLike,
        units: Mapping[str, str],
        every: float | None = None,
    ) -> None:
        instance(projection, str, "SynapseData.projection", "a str")
        numbers = {"synapses": synapses, "pre": pre, "post": post}
        arrays = [as_integers(given, f"SynapseData.{name}", _WHOLE) for name, given in numbers.items()]
        self.synapses, self.pre, self.post = arrays
        for name, array in zip(numbers, arrays, strict=True):
            if array.ndim != 1 or array.shape != self.synapses.shape:
                raise ParameterError(f"SynapseData.{name}: {_WHOLE} (got shape {array.shape})")
        super().__init__([(projection, len(self.synapses), self.synapses)], variables, t, units, every)

    @property
    def projection(self) -> str:
        """Name of the projection."""
        return self.populations[0][0]

    @public
    def select(self, synapses: Any) -> SynapseData:
        """Return the traces of some of the recorded synapses.

        Parameters
        ----------
        synapses : array_like of int or of bool, shape (n,)
            Columns, or a mask of them such as ``data.post == 3``.

        Returns
        -------
        SynapseData
            Their traces, in the order given.

        Raises
        ------
        ArgumentError
            If neither whole numbers nor a mask are given.
        ParameterError
            If there is no such column.

        Examples
        --------
        >>> data = SynapseData("c", [0, 1, 2], [0, 0, 1], [1, 3, 3], {"weight": [[1.0, 2.0, 3.0]]}, [5.0], {}, 5.0)
        >>> data.select(data.post == 3)["weight"]
        array([[2., 3.]])
        """
        where = "SynapseData.select().synapses"
        must = f"must be columns, 0 to {self.size - 1}, or a mask of {self.size}"
        mask = isinstance(synapses, np.ndarray) and synapses.dtype == bool and synapses.shape == (self.size,)
        at = np.flatnonzero(synapses) if mask else np.atleast_1d(as_integers(synapses, where, must))
        if at.ndim != 1:
            raise ParameterError(f"{where}: {must} (got an array of shape {at.shape}; give it in one dimension)")
        if at.size and not (at.min() >= 0 and at.max() < self.size):
            raise ParameterError(f"{where}: {must} (got {at.min()} to {at.max()})")
        values = {name: array[:, at] for name, array in self.values.items()}
        return self._at(at, values, self.t)

    def _at(self, at: Any, values: Mapping[str, Array], t: Floats) -> Self:
        chosen = self.synapses[at], self.pre[at], self.post[at]
        found = type(self)(self.projection, *chosen, values, t, self.units, self.every)
        return found._of_simulation(self._origin)

    def _with(self, values: Mapping[str, Array], t: Floats) -> Self:
        return self._at(slice(None), values, t)

    def __eq__(self, other: object) -> bool:
        same = super().__eq__(other)
        if same is not True or not isinstance(other, SynapseData):
            return same
        return np.array_equal(self.pre, other.pre) and np.array_equal(self.post, other.post)

    __hash__ = None

    def _recorded(self) -> str:
        return f"{self.size} {'synapse' if self.size == 1 else 'synapses'} of {self.projection}"

    def _columns(self) -> dict[str, Array]:
        ids: Integers = self.ids
        names = np.broadcast_to(np.array(self.projection), ids.shape)
        return {"projection": names, "synapse": self.synapses, "pre": self.pre, "post": self.post, "id": ids}

    def _name(self, column: int) -> str:
        return f"{self.projection}[{self.pre[column]}->{self.post[column]}]"

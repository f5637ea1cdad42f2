"""Rules whose synapses are given: as arrays or as a sparse matrix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from gpusyn.connectivity.base import BLOCK, Ids, Keys, Rule, id_type
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.numerics.rng import Stream
from gpusyn.parameters.scalars import frozen, one_of, public, show
from gpusyn.parameters.units import as_integers
from gpusyn.utils.immutable import Immutable
from gpusyn.utils.typing import Array

__all__ = ["FromArrays", "FromSparse"]

_SPARSE = 4  # targets to a synapse from which most have none


class GivenSynapses(Immutable, Rule):
    """Synapses that the user lists, in the order given."""

    pre: Ids
    post: Ids

    def _hold(self, pre: npt.ArrayLike, post: npt.ArrayLike) -> None:
        for name, given in (("pre", pre), ("post", post)):
            self._set(**{name: _positions(given, f"{type(self).__name__}.{name}")})
        if len(self.pre) != len(self.post):
            raise ParameterError(
                f"{type(self).__name__}: pre and post must be of equal length "
                f"(got {len(self.pre)} and {len(self.post)})"
            )

    @property
    def exact(self) -> bool:
        """True: the number of synapses is certain."""
        return True

    def expected(self, n_pre: int, n_post: int, same: Keys | None = None) -> float:
        """Return the number of synapses."""
        return float(len(self.pre))

    def max_in_degree(self, n_pre: int, n_post: int) -> int:
        """Return the largest in-degree, which is exact."""
        if int(self.post.max(initial=0)) > _SPARSE * len(self.post):  # without a number for each target
            return int(np.unique(self.post, return_counts=True)[1].max(initial=0))
        degree = np.zeros(int(self.post.max(initial=-1)) + 1, np.int64)
        step = max(BLOCK, len(degree))  # numpy copies what it counts
        for start in range(0, len(self.post), step):
            degree += np.bincount(self.post[start : start + step], minlength=len(degree))
        return int(degree.max(initial=0))

    def check(self, n_pre: int, n_post: int, where: str, same: Keys | None = None) -> None:
        """Check that every position lies in its selection."""
        for name, values, size in (("pre", self.pre, n_pre), ("post", self.post, n_post)):
            if len(values) and int(values.max()) >= size:
                at = int(np.argmax(values >= size))
                raise ParameterError(
                    f"{where}: {type(self).__name__}.{name} must be positions below {size}, "
                    f"the size of the {name} selection "
                    f"(got {values[at]} at index {at}); positions count within the selection"
                )

    def blocks(self, n_pre: int, n_post: int, stream: Stream, same: Keys | None = None) -> Iterator[tuple[Ids, Ids]]:
        """Yield the synapses in consecutive blocks, which are views."""
        for start in range(0, len(self.pre), BLOCK):
            yield self.pre[start : start + BLOCK], self.post[start : start + BLOCK]

    def draw(self, n_pre: int, n_post: int, stream: Stream, same: Keys | None = None) -> tuple[Ids, Ids]:
        """Return the given synapses: read-only arrays, not copies."""
        self.check(n_pre, n_post, repr(self), same)
        return self.pre, self.post

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, GivenSynapses)
        return np.array_equal(self.pre, other.pre) and np.array_equal(self.post, other.post)

    def __hash__(self) -> int:
        return hash((type(self).__name__, len(self.pre)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.pre)} synapses)"


@public
class FromArrays(GivenSynapses):
    """Synapses from two arrays of positions in the two selections; a pair may occur more than once.

    Parameters
    ----------
    pre, post : array_like of int, shape (n_synapses,)
        Positions in the presynaptic and the postsynaptic selection, from 0. Arrays of weights or delays have the same
        order.

    Raises
    ------
    ArgumentError
        If the positions are not integers.
    ParameterError
        If the arrays differ in length, are not one-dimensional or have negative values. When they are connected: if a
        position lies beyond its selection.

    Examples
    --------
    >>> FromArrays([0, 0, 2], [1, 3, 1])
    FromArrays(3 synapses)
    """

    def __init__(self, pre: npt.ArrayLike, post: npt.ArrayLike) -> None:
        self._hold(pre, post)


@public
class FromSparse(GivenSynapses):
    """Synapses at the stored entries of a sparse matrix; rows are presynaptic, columns are postsynaptic.

    Parameters
    ----------
    matrix : sparse matrix or array, shape (n_pre, n_post)
        An object with ``.tocoo()``, such as those of `scipy.sparse`. Each stored entry is a synapse, even an explicit
        zero. ``connect(..., weight="data")`` takes the values as weights; without it they are not used.

    Raises
    ------
    ArgumentError
        If the matrix has no ``.tocoo()``.
    ParameterError
        If the matrix does not have two dimensions. When it is connected: if its shape is not that of the selections.

    Examples
    --------
    Entries of both signs are excitatory and inhibitory synapses, which have receptors of their own::

        synapses = gs.FromSparse(matrix)
        net.connect(cells, cells, synapses.positive, receptor="AMPA", weight="data")
        net.connect(cells, cells, synapses.negative, receptor="GABA_A", weight="data")

    A dense matrix or an adjacency table of pandas becomes a sparse one, without its zeros, with
    ``scipy.sparse.coo_array(matrix)``. A graph of networkx is a table of edges, ``gs.FromTable(graph)``; as a matrix it
    would be in the order in which its nodes were added.
    """

    shape: tuple[int, int]
    data: Array

    def __init__(self, matrix: Any) -> None:
        try:
            coo = matrix.tocoo()
            shape, row, column = tuple(int(size) for size in coo.shape), coo.row, coo.col
        except Exception:  # whatever an object of another kind raises
            raise ArgumentError(
                f"FromSparse.matrix: must be a sparse matrix with .tocoo() and two dimensions (got {show(matrix)}); "
                "for a dense one give scipy.sparse.coo_array(matrix), for a graph use gs.FromTable(graph)"
            ) from None
        if len(shape) != 2:
            raise ParameterError(f"FromSparse.matrix: must have two dimensions (got shape {shape})")
        self._hold(row, column)
        self._set(shape=shape, data=frozen(coo.data, coo.data.dtype))

    @property
    def positive(self) -> FromSparse:
        """The rule with the entries above 0 alone."""
        return self._signed(1)

    @property
    def negative(self) -> FromSparse:
        """The rule with the entries below 0 alone, of which ``"data"`` is the magnitude."""
        return self._signed(-1)

    def _signed(self, sign: int) -> FromSparse:
        if self.data.dtype.kind not in "iuf" or np.isnan(self.data).any():
            kind = "nan" if self.data.dtype.kind == "f" else self.data.dtype
            raise ParameterError(f"FromSparse.matrix: must have real numbers to have signs (got {kind})")
        size = sign * self.data.astype(np.float64)  # -128 has no magnitude among int8, and unsigned numbers no sign
        chosen = size > 0
        part = object.__new__(FromSparse)
        for name, values in (("pre", self.pre), ("post", self.post), ("data", size)):
            part._set(**{name: frozen(values[chosen], values.dtype)})
        part._set(shape=self.shape)
        return part

    def column(self, name: str, where: str) -> Array:
        """Return the values of the entries, which have the name ``"data"``."""
        one_of(name, ["data"], where)
        return self.data

    def check(self, n_pre: int, n_post: int, where: str, same: Keys | None = None) -> None:
        """Check that the matrix has the shape of the selections."""
        if self.shape != (n_pre, n_post):
            turned = "; transpose it" if self.shape == (n_post, n_pre) else ""
            raise ParameterError(
                f"{where}: FromSparse.matrix must have the shape "
                f"(pre, post) = ({n_pre}, {n_post}) of the selections (got {self.shape}){turned}"
            )

    def __eq__(self, other: object) -> bool:
        same = super().__eq__(other)
        if same is not True:
            return same
        assert isinstance(other, FromSparse)
        return self.shape == other.shape and np.array_equal(self.data, other.data)

    __hash__ = GivenSynapses.__hash__


def _positions(given: npt.ArrayLike, where: str) -> Ids:
    """Return a read-only copy as int32 or int64; refuse positions that are not integers from 0 to 2**32 - 1."""
    array = as_integers(given, where, "must be integers")
    if array.ndim != 1:
        raise ParameterError(f"{where}: must be one-dimensional (got shape {array.shape})")
    if array.size and int(array.min()) < 0:
        at = int(np.argmax(array < 0))
        raise ParameterError(f"{where}: must be positions >= 0 (got {array[at]} at index {at})")
    largest = int(array.max(initial=0))
    if largest > 2**32:
        raise ParameterError(f"{where}: must be positions below 2**32 (got {largest})")
    return frozen(array, id_type(largest + 1))

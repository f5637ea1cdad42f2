"""Channels with any number of states, some of them open, under pulses of transmitter."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

import numpy as np

from gpusyn.equations.kinetics.base import MOST_COMPONENTS
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.kinetics.base import Kinetics
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import integer, listed, public
from gpusyn.parameters.units import as_floats

MOST_STATES = MOST_COMPONENTS + 1
Matrix: TypeAlias = "tuple[tuple[float, ...], ...]"


@public
@dataclass(frozen=True, repr=False)
class Markov(Kinetics):
    """Channels that change between states at rates that a pulse of transmitter increases.

    Occupancies p obey p' = (rates + [T] binding) p, with [T] = `T_max` for `T_dur` after each spike and 0 otherwise;
    the gate is the sum of the open states. Between spikes the channels return to rest, where none of them is open.

    Parameters
    ----------
    rates : array_like, shape (n, n)
        Rates without transmitter (1/ms), from state j to state i in row i and column j, >= 0; the diagonal is ignored.
        2 to 8 states.
    binding : array_like, shape (n, n)
        Increase of the rates per mM of transmitter (1/(mM ms)), >= 0; the diagonal is ignored.
    open : int or sequence of int
        States that conduct.
    T_max : float
        Concentration during the pulse (mM), > 0.
    T_dur : float
        Duration of the pulse (ms), a multiple of dt.
    deadtime : float, optional
        Time after the end of a pulse (ms, a multiple of dt) during which spikes are ignored, as during the pulse; by
        default no spike is ignored.

    Attributes
    ----------
    rest : tuple of float
        Occupancies at rest.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If a value is out of range, an array has the wrong shape, there is more than one state of rest without
        transmitter, or channels are open at rest.

    Examples
    --------
    >>> channel = Markov(rates=[[0, 0.2], [0, 0]], binding=[[0, 0], [1.1, 0]], open=1)
    >>> channel.rest
    (1.0, 0.0)
    >>> Markov.NMDA()
    Markov(5 states, open=(4,), T_max=1.0, T_dur=1.0, deadtime=None)
    """

    rates: Matrix
    binding: Matrix
    open: tuple[int, ...]
    T_max: float = 1.0
    T_dur: float = 1.0
    deadtime: float | None = None
    rest: tuple[float, ...] = field(init=False, compare=False)
    kind: ClassVar[str] = "markov"
    linear: ClassVar[bool] = False
    units: ClassVar[dict[str, str]] = {"T_max": "mM"}
    rate_names: ClassVar[tuple[str, ...]] = ("rates", "binding")

    def __post_init__(self) -> None:
        super().__post_init__()
        rates = _rate_matrix(self.rates, self._where("rates"), "1/ms")
        binding = _rate_matrix(self.binding, self._where("binding"), "1/(mM*ms)")
        if len(binding) != len(rates):
            raise ParameterError(
                f"{self._where('binding')}: has {len(binding)} states where rates has {len(rates)}; give both alike"
            )
        conducting = _open_states(self.open, len(rates), self._where("open"))
        rest = resting_occupancies(rates, self._where("rates"))
        occupied = [i for i in conducting if rest[i] > 0]
        if occupied:
            raise ParameterError(
                f"{self._where('open')}: state {occupied[0]} is occupied without transmitter "
                f"(by {rest[occupied[0]]:.3g} of the channels), so a synapse at rest would conduct; "
                "let the channels leave it for good, by rates towards a closed state that only binding leaves"
            )
        kept = {"rates": _as_tuples(rates), "binding": _as_tuples(binding), "open": conducting, "rest": rest}
        for name, value in kept.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        more = f"T_max={self.T_max}, T_dur={self.T_dur}, deadtime={self.deadtime}"
        return f"Markov({len(self.rates)} states, open={self.open}, {more})"

    @classmethod
    @public
    def NMDA(cls) -> Markov:
        """Return NMDA channels with 5 states C0, C1, C2, D, O (Destexhe, Mainen & Sejnowski 1998; ModelDB 18198).

        Both binding rates are 5 /(mM ms) and both unbinding rates 0.0129 /ms: they have no statistical factors.
        """
        return cls._nmda(0.0129, 0.0084, 0.0068, 0.0465, 0.0738)

    @classmethod
    @public
    def NMDA_LesterJahr(cls) -> Markov:
        """Return NMDA channels with the same 5 states and the rates of Lester & Jahr 1992, as in ModelDB 18198."""
        return cls._nmda(0.0067, 0.0152, 0.0094, 0.0838, 0.0838)

    @classmethod
    def _nmda(cls, unbind: float, desensitise: float, recover: float, opening: float, closing: float) -> Markov:
        off = {(1, 0): unbind, (2, 1): unbind, (2, 3): desensitise, (3, 2): recover, (2, 4): opening, (4, 2): closing}
        return cls(_moves(5, off), _moves(5, {(0, 1): 5.0, (1, 2): 5.0}), (4,))

    @classmethod
    @public
    def AMPA(cls) -> Markov:
        """Return AMPA channels with 6 states C0, C1, C2, D1, D2, O (Destexhe, Mainen & Sejnowski 1998; ModelDB 18198).

        Both binding rates are 13 /(mM ms): they have no statistical factors.
        """
        off = {(1, 0): 0.0059, (2, 1): 86.0, (1, 3): 0.9, (3, 1): 0.064, (2, 4): 0.9, (4, 2): 0.064,
               (2, 5): 2.7, (5, 2): 0.2}  # fmt: skip
        return cls(_moves(6, off), _moves(6, {(0, 1): 13.0, (1, 2): 13.0}), (5,))

    @classmethod
    @public
    def GABA_A(cls) -> Markov:
        """Return GABA_A channels with 5 states C0, C1, C2, O1, O2 (Busch & Sakmann 1990; ModelDB 18198).

        O1 and O2 are open.
        """
        off = {(1, 0): 4.6, (2, 1): 9.2, (1, 3): 3.3, (3, 1): 9.8, (2, 4): 10.6, (4, 2): 0.41}
        return cls(_moves(5, off), _moves(5, {(0, 1): 20.0, (1, 2): 10.0}), (3, 4))


def _moves(n: int, moves: dict[tuple[int, int], float]) -> Matrix:
    """Return a matrix from its rates by (from, to)."""
    return tuple(tuple(moves.get((j, i), 0.0) for j in range(n)) for i in range(n))


def _as_tuples(matrix: Any) -> Matrix:
    return tuple(tuple(float(x) for x in row) for row in matrix)


def _rate_matrix(value: Any, where: str, unit: str) -> Any:
    """Return a checked matrix of rates whose columns sum to zero."""
    must = f"must be a square matrix of rates ({unit}) between 2 to {MOST_STATES} states"
    matrix = as_floats(value, where, unit, must)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not 2 <= len(matrix) <= MOST_STATES:
        raise ArgumentError(f"{where}: {must} (got shape {matrix.shape})")
    matrix = np.where(np.eye(len(matrix), dtype=bool), 0.0, matrix)
    Limits(unit, 0.0, None, None, None, False).check(matrix.reshape(-1), where)
    for j in range(len(matrix)):
        matrix[j, j] = -math.fsum(matrix[i, j] for i in range(len(matrix)) if i != j)
    return matrix


def _open_states(value: Any, n: int, where: str) -> tuple[int, ...]:
    several = isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)
    given = listed(value, where, f"states from 0 to {n - 1}") if several else [value]
    states = tuple(sorted({integer(i, where, low=0, high=n - 1) for i in given}))
    if not states:
        raise ParameterError(f"{where}: needs at least one state that conducts (got none), of 0 to {n - 1}")
    return states


def resting_occupancies(rates: Any, where: str) -> tuple[float, ...]:
    """Return the occupancies that channels reach from any start, without a subtraction (Grassmann et al. 1985).

    Raises
    ------
    ParameterError
        If channels may come to rest in different sets of states.
    """
    n = len(rates)
    reach = [[i == j or rates[i][j] > 0 for i in range(n)] for j in range(n)]  # True if i can be reached from j
    for k in range(n):
        for j in range(n):
            reach[j] = [reach[j][i] or (reach[j][k] and reach[k][i]) for i in range(n)]
    last = [j for j in range(n) if all(reach[i][j] for i in range(n) if reach[j][i])]  # never left for good
    apart = [i for i in last if not reach[last[0]][i]]
    if apart:
        raise ParameterError(
            f"{where}: without transmitter channels stay in state {last[0]} or in state {apart[0]} for ever, so there "
            "is no one state of rest; add a rate from one of them towards the other"
        )
    weight = _balance([[float(rates[i][j]) for j in last] for i in last])
    total = math.fsum(weight)
    found = dict(zip(last, weight, strict=True))
    return tuple(found.get(i, 0.0) / total for i in range(n))


def _balance(rates: list[list[float]]) -> list[float]:
    """Return the balanced occupancies, up to a factor, of states that all reach each other; eliminate one by one."""
    n = len(rates)
    for k in range(n - 1, 0, -1):
        away = math.fsum(rates[i][k] for i in range(k))
        for j in range(k):
            rates[k][j] /= away
            for i in range(k):
                rates[i][j] += rates[i][k] * rates[k][j]
    weight = [1.0]
    for k in range(1, n):
        weight.append(math.fsum(weight[j] * rates[k][j] for j in range(k)))
    return weight

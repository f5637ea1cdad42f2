"""Exact propagators of linear equations over one step, computed once on the host in double precision.

A chain x0' = -a0 x0 + b0 x1, x1' = -a1 x1 + b1 x2, ... is solved by the exponential of a matrix whose off-diagonal
entries are >= 0. After a shift that makes all entries non-negative, the Taylor series has no cancellation, so every
entry is accurate to rounding, even for equal time constants.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gpusyn.numerics import portable_math
from gpusyn.utils.typing import Floats

_TAYLOR_TERMS = 20


def exp(x: Any) -> Floats:
    """Return exp(x) of a number or an array in double precision."""
    out: Floats = portable_math.exp(np.asarray(x, dtype=np.float64))
    return out


def expm1(x: Any) -> Floats:
    """Return exp(x) - 1 of a number or an array in double precision."""
    out: Floats = portable_math.expm1(np.asarray(x, dtype=np.float64))
    return out


def chain_propagator(decay: Sequence[Any], link: Sequence[Any], dt: float) -> list[list[Floats]]:
    """Return the exponential of dt times the chain's matrix, entry by entry.

    Parameters
    ----------
    decay : sequence of float or ndarray
        Rates a_i (1/ms), each a number or an array of one value per neuron.
    link : sequence of float or ndarray
        Factors b_i, one fewer.
    dt : float
        Step (ms).

    Returns
    -------
    list of lists of ndarray
        Entry [i][j] is the contribution of a unit of x_j to x_i after the step.
    """
    m = len(decay)
    shape = np.broadcast_shapes(*(np.shape(x) for x in (*decay, *link)))
    rates = [np.broadcast_to(np.asarray(a, dtype=np.float64) * dt, shape) for a in decay]
    largest = np.max(np.stack(rates), axis=0)
    zero = np.zeros(shape)
    matrix = [[zero] * m for _ in range(m)]
    for i in range(m):
        matrix[i][i] = largest - rates[i]
        if i + 1 < m:
            matrix[i][i + 1] = np.broadcast_to(np.asarray(link[i], dtype=np.float64) * dt, shape)
    norm = max(float(np.max(entry, initial=0.0)) for row in matrix for entry in row)
    halvings = max(0, int(np.ceil(np.log2(max(norm, 0.25)))) + 2)
    scale = 0.5**halvings
    base = [[entry * scale for entry in row] for row in matrix]
    total = _identity(m, shape)
    for k in range(_TAYLOR_TERMS, 0, -1):  # Horner: I + B/1 (I + B/2 (I + ...))
        product = _multiply(base, total)
        total = [[product[i][j] / k + float(i == j) for j in range(m)] for i in range(m)]
    damping = exp(-largest * scale)
    total = [[entry * damping for entry in row] for row in total]
    for _ in range(halvings):
        total = _multiply(total, total)
    return total


def _identity(m: int, shape: tuple[int, ...]) -> list[list[Floats]]:
    return [[np.full(shape, float(i == j)) for j in range(m)] for i in range(m)]


def _multiply(a: list[list[Floats]], b: list[list[Floats]]) -> list[list[Floats]]:
    """Return the product of two upper triangular matrices, summed in a fixed order."""
    m = len(a)
    zero = np.zeros_like(a[0][0])
    out = [[zero] * m for _ in range(m)]
    for i in range(m):
        for j in range(i, m):
            entry = a[i][i] * b[i][j]
            for k in range(i + 1, j + 1):
                entry = entry + a[i][k] * b[k][j]
            out[i][j] = entry
    return out


def product(a: Floats, b: Floats) -> Floats:
    """Return the matrix product, summed in a fixed order, because the order of libraries depends on the processor."""
    out = np.zeros((a.shape[0], b.shape[1]))
    for k in range(a.shape[1]):
        out = out + a[:, k : k + 1] * b[k : k + 1, :]
    return out


def exponential(matrix: Floats, dt: float) -> Floats:
    """Return exp(dt matrix) for off-diagonal entries >= 0; a shift makes all entries >= 0, so nothing cancels."""
    shift = max(0.0, float(-np.diag(matrix).min(initial=0.0))) * dt
    base = matrix * dt + shift * np.eye(len(matrix))
    norm = float(base.sum(axis=0).max(initial=0.0))
    halvings = max(0, int(np.ceil(np.log2(max(norm, 0.25)))) + 2)
    base = base * 0.5**halvings
    total = np.eye(len(matrix))
    for k in range(_TAYLOR_TERMS, 0, -1):  # Horner: I + B/1 (I + B/2 (I + ...))
        total = np.eye(len(matrix)) + product(base, total) / k
    total = total * float(portable_math.exp(np.float64(-shift * 0.5**halvings)))
    for _ in range(halvings):
        total = product(total, total)
    return total


def with_diagonal(rates: Any) -> Floats:
    """Return a rate matrix, whose columns sum to zero, from its off-diagonal entries (rate j -> i in row i)."""
    Q = np.array(rates, dtype=np.float64)
    np.fill_diagonal(Q, 0.0)
    np.fill_diagonal(Q, -Q.sum(axis=0))
    return Q

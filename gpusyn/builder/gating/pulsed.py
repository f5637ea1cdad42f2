"""Channels that a pulse of transmitter opens, as linear schemes: exact propagators with transmitter on and off.

Occupancies obey p' = Q p. Without transmitter they rest at p0, where no channel is open; y is the deviation from it,
less one closed state (the others tell it), and y[0] is the open fraction. Then y' is linear with transmitter off, and
linear with a constant drive with transmitter on, so that weighted sums of y over synapses obey the same equations:
one pair of sums a target neuron stands for all its synapses (Lytton 1996; Destexhe, Mainen and Sejnowski 1994).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.numerics import portable_math

Floats = NDArray[np.float64]
_TAYLOR_TERMS = 20


class PulseScheme(NamedTuple):
    """One step of y: off y' = `off` y, on y' = `on` y + `drive`; the open fraction's mean over the step.

    Attributes
    ----------
    on, off : ndarray (m, m)
        Propagators over one step.
    drive : ndarray (m,)
        What one step of transmitter adds.
    mean_on, mean_off : ndarray (m,)
        Mean of y[0] over the step for a unit of each y at its start.
    mean_drive : float
        Mean of y[0] over a step of transmitter from y = 0.
    """

    on: Floats
    off: Floats
    drive: Floats
    mean_on: Floats
    mean_off: Floats
    mean_drive: float

    @property
    def size(self) -> int:
        """Number of components, m."""
        return len(self.drive)


def product(a: Floats, b: Floats) -> Floats:
    """Matrix product, summed in one written order: libraries may change theirs with the processor."""
    out = np.zeros((a.shape[0], b.shape[1]))
    for k in range(a.shape[1]):
        out = out + a[:, k : k + 1] * b[k : k + 1, :]
    return out


def exponential(matrix: Floats, dt: float) -> Floats:
    """exp(dt matrix) for off-diagonal entries >= 0: shifted to be non-negative throughout, nothing cancels."""
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
    """A rate matrix from its off-diagonal entries (rate j -> i in row i): columns sum to zero."""
    Q = np.array(rates, dtype=np.float64)
    np.fill_diagonal(Q, 0.0)
    np.fill_diagonal(Q, -Q.sum(axis=0))
    return Q


def pulse_scheme(
    rates_off: Any, rates_on: Any, rest: Sequence[float], open_states: Sequence[int], dt: float
) -> PulseScheme:
    """Propagators over one step in the coordinates y.

    Parameters
    ----------
    rates_off, rates_on : array_like (n, n)
        Transition rates j -> i (1/ms) without and with transmitter; diagonals are ignored.
    rest : sequence of n floats
        Occupancies at rest without transmitter; none of the open states is occupied.
    open_states : sequence of int
        Conducting states.
    dt : float
        Step (ms).
    """
    p0 = np.array(rest, dtype=np.float64)
    lift, keep = _coordinates(p0, open_states)
    on, on_mean = _step(with_diagonal(rates_on), dt)
    off, off_mean = _step(with_diagonal(rates_off), dt)
    drive = product(on, p0[:, None])[:, 0] - p0
    drive_mean = product(on_mean, p0[:, None])[:, 0] - p0
    reduced = [keep(product(matrix, lift)) for matrix in (on, off, on_mean, off_mean)]
    return PulseScheme(
        reduced[0],
        reduced[1],
        keep(drive[:, None])[:, 0],
        reduced[2][0],
        reduced[3][0],
        float(keep(drive_mean[:, None])[0, 0]),
    )


def _step(Q: Floats, dt: float) -> tuple[Floats, Floats]:
    """Propagator over dt, and the mean of the propagators over [0, dt]."""
    n = len(Q)
    whole = np.zeros((2 * n, 2 * n))
    whole[:n, :n], whole[:n, n:] = Q, np.eye(n)
    grown = exponential(whole, dt)
    return grown[:n, :n], grown[:n, n:] / dt


def _coordinates(p0: Floats, open_states: Sequence[int]) -> tuple[Floats, Any]:
    """The map from y to deviations of all states, and the one back (applied to columns)."""
    n, opens = len(p0), list(open_states)
    left_out = int(np.argmax(p0))  # the closed state that the others tell
    others = [i for i in range(n) if i != left_out and i != opens[0]]
    lift = np.zeros((n, n - 1))
    lift[opens[0], 0] = 1.0
    for column, i in enumerate(others, start=1):
        lift[i, column] = 1.0
        if i in opens:
            lift[opens[0], column] = -1.0
    lift[left_out] = -lift.sum(axis=0)

    def keep(columns: Floats) -> Floats:
        opened = columns[opens[0]]
        for i in opens[1:]:
            opened = opened + columns[i]
        return np.stack([opened, *(columns[i] for i in others)])

    return lift, keep

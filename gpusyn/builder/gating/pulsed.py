"""Channels that a pulse of transmitter opens, as linear schemes: exact propagators with transmitter on and off.

Occupancies obey p' = Q p. Without transmitter they rest at p0, where no channel is open; y is the deviation from it,
without one closed state (which follows from the others), and y[0] is the open fraction. Then y' is linear with
transmitter off, and linear with a constant drive with transmitter on, so weighted sums of y over synapses obey the same
equations: one pair of sums per target neuron represents all its synapses (Lytton 1996; Destexhe, Mainen and Sejnowski
1994).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.gating.forms import Coefficients, GateForm, GateStep, enter
from gpusyn.equations.kinetics.pulsed import (
    FirstOrderCoefficients,
    MarkovCoefficients,
    PulsedCoefficients,
    PulsedSourceCoefficients,
)
from gpusyn.kinetics import FirstOrder, Markov
from gpusyn.numerics.propagators import exp, expm1, exponential, product, with_diagonal
from gpusyn.utils.typing import Floats

REASON = "sums over synapses in and out of a pulse on the target (Lytton 1996): two deliveries per burst, exact"


class PulseScheme(NamedTuple):
    """One step of y: off y' = `off` y, on y' = `on` y + `drive`; the open fraction's mean over the step.

    Attributes
    ----------
    on, off : ndarray (m, m)
        Propagators over one step.
    drive : ndarray (m,)
        Increase by one step of transmitter.
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


def pulse_scheme(
    rates_off: Any, rates_on: Any, rest: Sequence[float], open_states: Sequence[int], dt: float
) -> PulseScheme:
    """Return the propagators over one step in the coordinates y.

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
    """Return the propagator over dt, and the mean of the propagators over [0, dt]."""
    n = len(Q)
    whole = np.zeros((2 * n, 2 * n))
    whole[:n, :n], whole[:n, n:] = Q, np.eye(n)
    grown = exponential(whole, dt)
    return grown[:n, :n], grown[:n, n:] / dt


def _coordinates(p0: Floats, open_states: Sequence[int]) -> tuple[Floats, Any]:
    """Return the map from y to deviations of all states, and the inverse map (applied to columns)."""
    n, opens = len(p0), list(open_states)
    left_out = int(np.argmax(p0))  # the closed state that follows from the others
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


def first_order_scheme(kinetics: FirstOrder, dt: float) -> PulseScheme:
    """Return one step of two-state channels."""
    closing, opening = kinetics.beta, kinetics.alpha * kinetics.T_max
    return pulse_scheme([[0.0, closing], [0.0, 0.0]], [[0.0, closing], [opening, 0.0]], (1.0, 0.0), (1,), dt)


def markov_scheme(kinetics: Markov, dt: float) -> PulseScheme:
    """Return one step of channels with any number of states."""
    off = np.asarray(kinetics.rates)
    on = off + kinetics.T_max * np.asarray(kinetics.binding)
    return pulse_scheme(off, on, kinetics.rest, kinetics.open, dt)


def first_order(kinetics: FirstOrder, step: GateStep) -> FirstOrderCoefficients:
    """Return the exact step of a first-order gate, transmitter on and off (Destexhe, Mainen and Sejnowski 1994)."""
    dt = step.dt
    on = kinetics.alpha * kinetics.T_max + kinetics.beta
    r_inf = kinetics.alpha * kinetics.T_max / on
    fall_on, fall_off = -expm1(-on * dt), -expm1(-kinetics.beta * dt)
    mean_on, decay_on, decay_off = fall_on / (on * dt), exp(-on * dt), exp(-kinetics.beta * dt)
    ratio = fall_off / (kinetics.beta * dt) / decay_off  # of the mean to the gate at the end, without transmitter
    return FirstOrderCoefficients(
        decay_on=decay_on,
        rise_on=r_inf * fall_on,
        decay_off=decay_off,
        mean_off=ratio,
        extra=r_inf * (1 - mean_on) - ratio * (r_inf * fall_on),
        extra_r=mean_on - ratio * decay_on,
    )


def markov(kinetics: Markov, step: GateStep) -> MarkovCoefficients:
    """Return one step of a synapse's channels."""
    s = markov_scheme(kinetics, step.dt)
    return MarkovCoefficients(size=float(s.size), **s._asdict())


def pulsed_form(
    kind: str,
    scheme_of: Callable[[Any, float], PulseScheme],
    synapse: str,
    each: Callable[[Any, GateStep], Coefficients],
    components: Callable[[Any], int],
) -> GateForm:
    """Return the record of channels under pulses: `scheme_of` gives one step of them, from the kinetics and dt."""

    def target(kinetics: Any, dt: float, quantum: float) -> PulsedCoefficients:
        return PulsedCoefficients(**scheme_of(kinetics, dt)._asdict(), jump=quantum)

    def own(kinetics: Any, step: GateStep) -> PulsedSourceCoefficients:
        s = scheme_of(kinetics, step.dt)
        return PulsedSourceCoefficients(on=s.on, off=s.off, drive=s.drive)

    return GateForm(
        kind, "Pulsed<{m}>", target, synapse, each, REASON, source="PulsedSource", own=own, components=components
    )


enter(pulsed_form("first_order", first_order_scheme, "FirstOrderGate", first_order, lambda kinetics: 1))
enter(pulsed_form("markov", markov_scheme, "MarkovGate", markov, lambda kinetics: len(kinetics.rates) - 1))

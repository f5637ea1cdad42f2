"""Responses in closed form."""

import math

import numpy as np

T = np.arange(0.0, 120.0, 0.1)  # ms
ONSET = 10.0


def exponential(t, tau, onset=ONSET):
    """A jump to 1 and its decay."""
    return np.where(t >= onset - 1e-9, np.exp(-np.maximum(t - onset, 0.0) / tau), 0.0)


def dual(t, rise, decay, onset=ONSET):
    """Unit-peak difference of exponentials (science.md 1.2)."""
    s = np.maximum(t - onset, 0.0)
    at = peak_time(rise, decay)
    return (np.exp(-s / decay) - np.exp(-s / rise)) / (math.exp(-at / decay) - math.exp(-at / rise))


def peak_time(rise, decay):
    """When it peaks, after its onset."""
    return rise * decay / (decay - rise) * math.log(decay / rise)


def block(V):
    """The open part of the magnesium block at 1 mM."""
    return 1.0 / (1.0 + math.exp(-0.062 * V) / 3.57)


def two_pulses(second=0.5, tau=5.0):
    """Two currents 10 ms apart, the second so many times the first."""
    return -80.0 * (exponential(T, tau, 10.0) + second * exponential(T, tau, 20.0))

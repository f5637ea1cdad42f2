"""The cortical microcircuit of Potjans and Diesmann (2014): one column of 77,169 neurons and 299 million synapses.

Tobias C. Potjans and Markus Diesmann, Cerebral Cortex 24: 785; the numbers are those of their reference implementation
in NEST. Scaled to x, there are x times the neurons and x times the synapses of each; weights grow by 1/sqrt(x), and a
current replaces the lost mean input.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import gpusyn as gs

DT = 0.1  # ms; the shortest delay
# One column per population. P[target][source] is the probability of a connection; RATES are the mean rates of the full
# network (Hz), which scaling preserves.
NAMES = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
SIZES = (20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948)
P = (
    (0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0),
    (0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0),
    (0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0),
    (0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0),
    (0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0),
    (0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0),
    (0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252),
    (0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443),
)
EXTERNAL = (1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100)
RATES = (0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829)
V_MEAN = (-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43)  # mV, at the start
V_SD = (5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48)
PSC, INHIBITION, BACKGROUND, TAU = 87.81, -4.0, 8.0, 0.5  # pA, ratio, Hz, ms
C_M, G_L, E_L, V_TH, V_RESET, T_REF = 250.0, 25.0, -65.0, -50.0, -65.0, 2.0  # pF, nS, mV and ms
WEIGHT_SD = 0.1  # of the mean
DELAYS = ((1.5, 0.75), (0.75, 0.375))  # mean and standard deviation (ms) of excitation and inhibition


class Projection(NamedTuple):
    """Synapses from one population to another: indices, number, mean weight (pA), mean and SD of the delay (ms)."""

    source: int
    target: int
    synapses: int
    weight: float
    delay: tuple[float, float]


class Numbers(NamedTuple):
    """What distinguishes the cases: the scale of neurons and of synapses of each neuron."""

    scale: float = 1.0

    @property
    def populations(self) -> dict[str, int]:
        """Sizes of the populations."""
        return {name: max(round(self.scale * size), 1) for name, size in zip(NAMES, SIZES, strict=True)}

    @property
    def expected_synapses(self) -> float:
        """Number of synapses."""
        return float(sum(p.synapses for p in self.projections()))

    @property
    def external_weight(self) -> float:
        """Weight of the background (pA)."""
        return PSC / math.sqrt(self.scale)

    def projections(self) -> Iterator[Projection]:
        """Yield the projections that have synapses."""
        for t in range(8):
            for s in range(8):
                n = round(_synapses(t, s) * self.scale**2)
                if n:
                    yield Projection(s, t, n, _psc(t, s) / math.sqrt(self.scale), DELAYS[s % 2])

    def currents(self) -> list[float]:
        """Return the current (pA) into each population that replaces the mean input lost by scaling."""
        lost = 1e-3 * TAU * (1.0 - math.sqrt(self.scale))
        return [
            lost * (PSC * EXTERNAL[t] * BACKGROUND
                    + sum(_psc(t, s) * _synapses(t, s) / SIZES[t] * RATES[s] for s in range(8)))
            for t in range(8)
        ]  # fmt: skip

    def rate(self, target: int) -> float:
        """Return the rate of all background spikes of one neuron (Hz)."""
        return EXTERNAL[target] * BACKGROUND * self.scale


def _psc(target: int, source: int) -> float:
    """Return the mean amplitude of a connection (pA); that of L4E to L23E is doubled."""
    if source % 2:
        return INHIBITION * PSC
    return 2.0 * PSC if (target, source) == (0, 2) else PSC


def _synapses(target: int, source: int) -> float:
    """Return the number of synapses of a connection in the full network.

    They are drawn with replacement, so there are more than p times the number of pairs.
    """
    p, pairs = P[target][source], SIZES[target] * SIZES[source]
    return math.log(1.0 - p) / math.log1p(-1.0 / pairs)


def microcircuit(scale: float) -> gs.Network:
    """Return the network, scaled to `scale` times the neurons and times the synapses of each."""
    n = Numbers(scale)
    net = gs.Network()
    synapse = gs.CurrentReceptor("synapse", tau_decay=TAU)
    parts = []
    for t, (name, size) in enumerate(n.populations.items()):
        cell = gs.LIF(C_m=C_M, g_L=G_L, E_L=E_L, V_th=V_TH, V_reset=V_RESET, t_ref=T_REF, I_e=n.currents()[t])
        parts.append(net.population(name, size, cell, receptors=[synapse], V=gs.Normal(V_MEAN[t], V_SD[t])))
        net.drive(parts[t], "synapse", rate=n.rate(t), weight=n.external_weight)
    for p in n.projections():
        limit = {"low": 0.0} if p.weight > 0 else {"high": 0.0}  # redrawn while the sign is wrong
        net.connect(
            parts[p.source],
            parts[p.target],
            gs.FixedTotalNumber(p.synapses),
            receptor="synapse",
            weight=gs.Normal(p.weight, WEIGHT_SD * abs(p.weight), **limit),
            delay=gs.Normal(*p.delay, low=DT),
        )
    return net

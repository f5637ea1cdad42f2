"""The cortical microcircuit of Potjans and Diesmann (2014): one column of 77,169 neurons and 299 million synapses.

Tobias C. Potjans and Markus Diesmann, Cerebral Cortex 24: 785; the numbers are those of their reference implementation
in NEST. Scaled to x, there are x times the neurons and x times the synapses of each; weights grow by 1/sqrt(x), and a
current replaces the lost mean input.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from gpusyn.connectivity.total_number import FixedTotalNumber
from gpusyn.models.demonstration import (
    Built,
    Demonstration,
    Full,
    Published,
    Runs,
    mosaic,
    population_rates,
    synchrony,
)
from gpusyn.network.network import Network
from gpusyn.network.populations import Population
from gpusyn.neurons.lif import LIF
from gpusyn.neurons.sources import PoissonSource
from gpusyn.parameters.distributions import Normal
from gpusyn.parameters.scalars import one_of, public, real
from gpusyn.parameters.waveform import Waveform
from gpusyn.plot.panels import BLUE, VERMILLION
from gpusyn.plot.spike_plots import raster
from gpusyn.receptors.current import CurrentReceptor

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
V_ORIGINAL = (-58.0, 10.0)  # mean and SD in the paper, of all populations
THALAMIC = 902  # cells, and the probabilities of their connections to each population
P_THALAMIC = (0.0, 0.0, 0.0983, 0.0619, 0.0, 0.0, 0.0512, 0.0196)
PULSE = 120.0, 10.0  # rate (Hz) and duration (ms) of the thalamic pulse
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


class Scaled(NamedTuple):
    """The numbers of the network at a scale, of neurons and of synapses of each."""

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

    def background_currents(self) -> list[float]:
        """Return the current (pA) into each population that has the mean of its background."""
        return [1e-3 * TAU * self.external_weight * self.rate(t) for t in range(8)]

    def thalamic_synapses(self, target: int) -> int:
        """Return the number of synapses from the thalamus onto a population."""
        return round(_drawn(P_THALAMIC[target], SIZES[target] * THALAMIC) * self.scale**2)

    def rate(self, target: int) -> float:
        """Return the rate of all background spikes of one neuron (Hz)."""
        return EXTERNAL[target] * BACKGROUND * self.scale


def _psc(target: int, source: int) -> float:
    """Return the mean amplitude of a connection (pA); that of L4E to L23E is doubled."""
    if source % 2:
        return INHIBITION * PSC
    return 2.0 * PSC if (target, source) == (0, 2) else PSC


def _synapses(target: int, source: int) -> float:
    """Return the number of synapses of a connection in the full network."""
    return _drawn(P[target][source], SIZES[target] * SIZES[source])


def _drawn(p: float, pairs: int) -> float:
    """Return how many synapses, drawn with replacement, connect a pair with probability p."""
    return math.log(1.0 - p) / math.log1p(-1.0 / pairs)


@public
def microcircuit(
    scale: float = 1.0,
    *,
    background: str = "poisson",
    initial: str = "optimised",
    thalamus: float | None = None,
) -> Built:
    """Return the cortical microcircuit of Potjans and Diesmann (2014), Cerebral Cortex 24: 785.

    It has the excitatory and inhibitory cells of four layers under 1 mm2 of cortex: 77,169 LIF neurons and 299 million
    synapses. The numbers are those of the authors' reference implementation in NEST.

    Parameters
    ----------
    scale : float
        Share of the neurons, and of the synapses onto each, above 0. Weights grow by 1/sqrt(scale), and a current
        replaces the mean input that is lost: rates are kept, correlations are not.
    background : {"poisson", "dc"}
        Input from outside: Poisson spikes of 8 Hz through 1,500 to 2,900 synapses of each neuron, or a current of the
        same mean.
    initial : {"optimised", "original"}
        Distribution of V at the start: with ``"optimised"``, each population begins near its stationary distribution;
        with ``"original"``, all begin as in the paper, with a burst of spikes.
    thalamus : float, optional
        Time (ms) at which 902 thalamic cells fire at 120 Hz for 10 ms; without it there are no such cells.

    Returns
    -------
    net : Network
    populations : dict of str to Population
        L23E, L23I, L4E, L4I, L5E, L5I, L6E and L6I, and thalamus if it is there.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If `scale` or `thalamus` is out of range.
    UnknownNameError
        If `background` or `initial` is unknown.

    Examples
    --------
    >>> net, populations = microcircuit(scale=0.1)
    >>> {name: p.size for name, p in populations.items() if name.startswith("L4")}
    {'L4E': 2192, 'L4I': 548}
    """
    where = "models.microcircuit()"
    n = Scaled(real(scale, f"{where}.scale", above=0.0, high=1.0))
    direct = one_of(background, ("poisson", "dc"), f"{where}.background") == "dc"
    optimised = one_of(initial, ("optimised", "original"), f"{where}.initial") == "optimised"
    net = Network()
    synapse = CurrentReceptor("synapse", tau_decay=TAU)
    parts = []
    for t, (name, size) in enumerate(n.populations.items()):
        I_e = n.currents()[t] + (n.background_currents()[t] if direct else 0.0)
        cell = LIF(C_m=C_M, g_L=G_L, E_L=E_L, V_th=V_TH, V_reset=V_RESET, t_ref=T_REF, I_e=I_e)
        V = Normal(V_MEAN[t], V_SD[t]) if optimised else Normal(*V_ORIGINAL)
        parts.append(net.population(name, size, cell, receptors=[synapse], V=V))
        if not direct:
            net.drive(parts[t], "synapse", rate=n.rate(t), weight=n.external_weight)
    for p in n.projections():
        _connect(net, parts[p.source], parts[p.target], p.synapses, p.weight, p.delay)
    if thalamus is not None:
        parts.append(_add_thalamus(net, parts, n, real(thalamus, f"{where}.thalamus", unit="ms", low=0.0)))
    return net, {part.name: part for part in parts}


def _connect(
    net: Network, pre: Population, post: Population, synapses: int, weight: float, delay: tuple[float, float]
) -> None:
    rule = FixedTotalNumber(synapses)
    net.connect(pre, post, rule, receptor="synapse", weight=_weights(weight), delay=_delays(*delay))


@functools.cache
def _weights(mean: float) -> Normal:
    """Return weights, which are drawn again while the sign is wrong."""
    limit = {"low": 0.0} if mean > 0 else {"high": 0.0}
    return Normal(mean, WEIGHT_SD * abs(mean), **limit)


@functools.cache
def _delays(mean: float, sd: float) -> Normal:
    return Normal(mean, sd, low=DT)


def _add_thalamus(net: Network, parts: list[Population], n: Scaled, start: float) -> Population:
    rate, duration = PULSE
    pulse = PoissonSource(rate=Waveform([start, start + duration], [rate, 0.0]))
    cells = net.population("thalamus", max(round(n.scale * THALAMIC), 1), pulse)
    for t, part in enumerate(parts):
        if synapses := n.thalamic_synapses(t):
            _connect(net, cells, part, synapses, n.external_weight, DELAYS[0])
    return cells


SHOWN = 400.0  # ms in the raster


def measure(runs: Runs) -> dict[str, float]:
    """Return the rate, the mean CV of the interspike intervals and the synchrony of each population."""
    run = runs[""]
    cvs = {f"CV of intervals of {name}": run.cv(name) for name in NAMES}
    return population_rates(runs) | cvs | {f"synchrony of {name}": synchrony(run, name) for name in NAMES}


def figure(runs: Runs) -> Any:
    """Draw what the paper shows of spontaneous activity: raster, rates, irregularity and synchrony by cell type."""
    run, numbers = runs[""], measure(runs)
    drawn, axes = mosaic(["raster rate", "raster CV", "raster synchrony"], (8.5, 5.5), width_ratios=[1.6, 1])
    stop = run.spikes.start + run.spikes.duration
    raster(run.spikes, axes["raster"], start=max(run.start, stop - SHOWN), stop=stop)
    axes["raster"].invert_yaxis()
    places = np.arange(len(NAMES))
    colours = [VERMILLION if name.endswith("I") else BLUE for name in NAMES]
    for panel, key, text in (
        ("rate", "rate of {} (Hz)", "rate (Hz)"),
        ("CV", "CV of intervals of {}", "CV of intervals"),
        ("synchrony", "synchrony of {}", "synchrony"),
    ):
        values = [numbers[key.format(name)] for name in NAMES]
        axes[panel].bar(places, values, color=colours)
        axes[panel].set_ylabel(text)
        axes[panel].set_xticks(places, NAMES, fontsize="x-small")
        axes[panel].set_xlim(-0.6, len(NAMES) - 0.4)  # a number that nobody has keeps its place
    axes["rate"].plot(places, RATES, "_", color="black", markersize=12, label="published")
    axes["rate"].legend(frameon=False, fontsize="small")
    return drawn


# Romaro et al. (2021), Neural Comput 33: 1993, tables A.1, A.3, A.5 and A.6: full scale, 60 s. Their Poisson background
# has a weight of its own for each neuron, which makes neurons unlike and the network less synchronous.
NETPYNE = "NetPyNE"
NETPYNE_RATES = (0.90, 2.80, 4.39, 5.70, 6.80, 8.22, 1.14, 7.60)
NETPYNE_CVS = (0.938, 0.916, 0.891, 0.873, 0.847, 0.809, 0.924, 0.819)
NETPYNE_SYNCHRONY = (2.9, 1.8, 3.0, 1.7, 4.4, 1.1, 1.2, 1.0)
NETPYNE_SYNCHRONY_DC = (5.1, 3.3, 5.5, 2.7, 8.0, 2.0, 1.5, 1.3)


def _published() -> dict[str, tuple[Published, ...]]:
    """Return published numbers; rates of L23E and L5E differ most from one drawn network to the next."""
    numbers: dict[str, tuple[Published, ...]] = {}
    for k, name in enumerate(NAMES):
        tolerance = 0.15 if name in ("L23E", "L5E") else 0.1
        numbers[f"rate of {name} (Hz)"] = (
            Published(RATES[k], tolerance, "NEST, authors' reference"),
            Published(NETPYNE_RATES[k], tolerance, NETPYNE),
        )
        numbers[f"CV of intervals of {name}"] = (Published(NETPYNE_CVS[k], 0.1, NETPYNE),)
        numbers[f"synchrony of {name}"] = (
            Published(NETPYNE_SYNCHRONY_DC[k], 0.25, f"{NETPYNE}, constant background"),
            Published(NETPYNE_SYNCHRONY[k], None, f"{NETPYNE}, background of varied weights"),
        )
    return numbers


DEMONSTRATION = Demonstration(
    build=microcircuit,
    title="cortical microcircuit of Potjans & Diesmann (2014), Cereb Cortex 24: 785",
    duration=2000.0,
    start=500.0,
    variants={"": {"scale": 0.1}},
    measure=measure,
    figure=figure,
    full=Full(20_500.0, {"scale": 1.0}),
    published=_published(),
)

"""Networks that the benchmarks run, with the reason for each.

Each network is described by a function. Sizes and weights are arguments or constants in this module and nowhere else.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import gpusyn as gs

DT = 0.1  # ms, in all benchmarks


class Coba(NamedTuple):
    """A network of conductance-based neurons after Vogels and Abbott (2005), as specified by Brette et al. (2007).

    Attributes
    ----------
    neurons, synapses : int
        Number of neurons, four fifths of which are excitatory, and mean number of synapses onto each neuron.
    excitatory, inhibitory : float
        Peak conductance of one event (nS).
    current : float
        Constant current into every neuron (pA).
    why : str
        Purpose of the case.
    """

    neurons: int
    synapses: int
    excitatory: float
    inhibitory: float
    current: float
    why: str

    @property
    def name(self) -> str:
        """Name of the case: neurons x synapses."""
        return f"{self.neurons:,} x {self.synapses:,}"


# Upper limits of the initial conductances (nS) that start the activity. With more excitation, or with less varied
# inhibition, one volley of spikes occurs, and its inhibition ends the activity for good.
START_EXCITATION = 40.0
START_INHIBITION = 200.0

COBA = {
    "small": Coba(4000, 80, 6.0, 67.0, 0.0, "the published network: few synapses, so neurons and overhead dominate"),
    "large": Coba(
        20000,
        1000,
        0.05,
        0.5,
        350.0,
        "20 million synapses, larger than all caches, so delivery dominates; a current keeps it between 10 and 20 Hz",
    ),
}


def coba(case: Coba) -> tuple[gs.Network, gs.Recorder]:
    """Return the network of a case, with a recorder of all its spikes; `kick` starts its activity."""
    net = gs.Network()
    cell = gs.LIF(C_m=200.0, g_L=10.0, E_L=-60.0, V_th=-50.0, V_reset=-60.0, t_ref=5.0, I_e=case.current)
    receptors = [gs.AMPA(tau_decay=5.0, E_rev=0.0), gs.GABA_A(tau_decay=10.0, E_rev=-80.0)]
    n = case.neurons
    start = gs.Uniform(-60.0, -50.0)
    E = net.population("E", n * 4 // 5, cell, receptors=receptors, V=start)
    I = net.population("I", n - n * 4 // 5, cell, receptors=receptors, V=start)
    rule = gs.FixedProbability(case.synapses / n)
    net.connect(E, E + I, rule, receptor="AMPA", weight=case.excitatory, delay=DT)
    net.connect(I, E + I, rule, receptor="GABA_A", weight=case.inhibitory, delay=DT)
    return net, net.record(E + I, "spikes")


def kick(sim: gs.Simulator) -> None:
    """Set random conductances at time 0, without which the published network stays silent."""
    for population in sim.net.populations.values():
        sim.set(population, "g_AMPA", gs.Uniform(0.0, START_EXCITATION))
        sim.set(population, "g_GABA_A", gs.Uniform(0.0, START_INHIBITION))


def gated(sources: int, targets: int, in_degree: int, rate: float, gating: str = "per-synapse") -> gs.Network:
    """Return a network with a saturating receptor, in which every synapse has its own weight and delay.

    With per-synapse gating every synapse also has its own gate.
    """
    net = gs.Network()
    bg = net.population("sources", sources, gs.PoissonSource(rate=rate))
    receptor = gs.AMPA(kinetics=gs.kinetics.FirstOrder.AMPA(), gating=gating)
    cells = net.population("targets", targets, gs.LIF(), receptors=[receptor])
    net.connect(
        bg,
        cells,
        gs.FixedInDegree(in_degree),
        receptor="AMPA",
        weight=gs.LogNormal(mean=0.05, std=0.03),
        delay=gs.Uniform(0.5, 5.0),
    )
    return net


def demo(size: int = 4000) -> tuple[gs.Network, gs.Recorder]:
    """Return the README's network.

    It has AMPA and NMDA in one contact, GABA_A with varied weights and delays, and a Poisson background.
    """
    net = gs.Network()
    cell = gs.LIF(C_m=200.0, g_L=10.0, E_L=-60.0, V_th=-50.0, V_reset=-60.0, t_ref=5.0)
    receptors = [gs.AMPA(tau_decay=5.0, E_rev=0.0), gs.NMDA(Mg=1.0), gs.GABA_A(tau_decay=10.0, E_rev=-80.0)]
    start = gs.Uniform(-60.0, -50.0)
    E = net.population("E", size * 4 // 5, cell, receptors=receptors, V=start)
    I = net.population("I", size - size * 4 // 5, cell, receptors=receptors, V=start)
    bg = net.population("bg", size // 4, gs.PoissonSource(rate=20.0))
    rule = gs.FixedProbability(80.0 / size)
    net.connect(bg, E + I, rule, receptor="AMPA", weight=1.2)
    net.connect(E, E + I, rule, weight={"AMPA": 4.0, "NMDA": gs.Ratio("AMPA", 0.08)}, delay=1.5)
    inhibition = gs.LogNormal(mean=51.0, std=5.0)
    net.connect(I, E + I, rule, receptor="GABA_A", weight=inhibition, delay=gs.Uniform(0.5, 2.0))
    return net, net.record(E + I, "spikes")


# The cortical microcircuit of Potjans and Diesmann (2014), one column per population. PD14_P[target][source] is the
# connection probability, PD14_RATES are the mean rates of the full network (Hz), which scaling preserves.
PD14 = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
PD14_SIZES = (20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948)
PD14_P = (
    (0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0),
    (0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0),
    (0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0),
    (0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0),
    (0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0),
    (0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0),
    (0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252),
    (0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443),
)
PD14_EXTERNAL = (1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100)
PD14_RATES = (0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829)
PD14_V = (-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43)
PD14_V_SD = (5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48)
PD14_PSC, PD14_G, PD14_BACKGROUND, PD14_TAU = 87.81, -4.0, 8.0, 0.5  # pA, ratio, Hz, ms


def pd14(scale: float = 1.0) -> tuple[gs.Network, gs.Recorder]:
    """Return the microcircuit with `scale` times the neurons and `scale` times the synapses of each neuron.

    If it is scaled down, the weights grow by 1/sqrt(scale) and a current replaces the lost mean input. This preserves
    the rates but not the correlations.
    """
    net = gs.Network()
    root = math.sqrt(scale)
    synapse = gs.CurrentReceptor("synapse", tau_decay=PD14_TAU)
    populations = []
    for t, name in enumerate(PD14):
        mean = PD14_PSC * PD14_EXTERNAL[t] * PD14_BACKGROUND
        mean += sum(_pd14_psc(t, s) * _pd14_synapses(t, s) / PD14_SIZES[t] * PD14_RATES[s] for s in range(8))
        cell = gs.LIF(
            C_m=250.0,
            g_L=25.0,
            E_L=-65.0,
            V_th=-50.0,
            V_reset=-65.0,
            t_ref=2.0,
            I_e=1e-3 * PD14_TAU * (1.0 - root) * mean,
        )
        size = round(scale * PD14_SIZES[t])
        V = gs.Normal(PD14_V[t], PD14_V_SD[t])
        populations.append(net.population(name, size, cell, receptors=[synapse], V=V))
    for t, target in enumerate(populations):
        rate = PD14_EXTERNAL[t] * PD14_BACKGROUND * scale
        net.drive(target, "synapse", rate=rate, weight=PD14_PSC / root)
        for s, source in enumerate(populations):
            n = round(_pd14_synapses(t, s) * scale * scale)
            if n:
                mean, excites = _pd14_psc(t, s) / root, s % 2 == 0
                limit = {"low": 0.0} if excites else {"high": 0.0}
                delay = (1.5, 0.75) if excites else (0.75, 0.375)
                net.connect(
                    source,
                    target,
                    gs.FixedTotalNumber(n),
                    receptor="synapse",
                    weight=gs.Normal(mean, 0.1 * abs(mean), **limit),  # redrawn while the sign is wrong
                    delay=gs.Normal(*delay, low=DT),
                )
    everyone = populations[0]
    for population in populations[1:]:
        everyone = everyone + population
    return net, net.record(everyone, "spikes")


def _pd14_psc(target: int, source: int) -> float:
    """Return the mean amplitude of a connection (pA); that of L4E to L23E is doubled."""
    if source % 2:
        return PD14_G * PD14_PSC
    return 2.0 * PD14_PSC if (target, source) == (0, 2) else PD14_PSC


def _pd14_synapses(target: int, source: int) -> float:
    """Return the number of synapses of a connection in the full network.

    They are drawn with replacement, so there are more than p times the number of pairs.
    """
    p, pairs = PD14_P[target][source], PD14_SIZES[target] * PD14_SIZES[source]
    return math.log(1.0 - p) / math.log1p(-1.0 / pairs)

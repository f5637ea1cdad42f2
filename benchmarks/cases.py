"""Networks that the benchmarks run, with the reason for each.

Each network is described by a function. Sizes and weights are arguments or constants in this module and nowhere else.
"""

from __future__ import annotations

import functools
import operator

import gpusyn as gs
from benchmarks.peers import networks
from benchmarks.peers.networks import microcircuit

DT = networks.DT  # ms, in all benchmarks


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


def microcircuit_network(scale: float = 1.0) -> gs.Network:
    """Return the cortical microcircuit of Potjans and Diesmann (2014), with a recorder of all its spikes."""
    net: gs.Network = microcircuit.gpusyn(gs, microcircuit.Numbers(scale))[0]
    record_all(net)
    return net


def record_all(net: gs.Network, start: float = 0.0) -> gs.Recorder:
    """Record the spikes of all neurons after a time (ms)."""
    return net.record(functools.reduce(operator.add, net.populations.values()), "spikes", start=start)

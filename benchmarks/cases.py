"""The networks that benchmarks run, and why these.

Each is a function that returns a description; sizes and strengths are arguments or constants here, nowhere else.
"""

from __future__ import annotations

from typing import NamedTuple

import gpusyn as gs

DT = 0.1  # ms, everywhere


class Coba(NamedTuple):
    """A network of conductance-based neurons after Vogels and Abbott (2005), as Brette et al. (2007) wrote it down.

    Attributes
    ----------
    neurons, synapses : int
        Four fifths are excitatory; each neuron gets `synapses` of them on average.
    excitatory, inhibitory : float
        Peak conductance of one event (nS).
    current : float
        Constant current into every neuron (pA).
    why : str
        What the case is for.
    """

    neurons: int
    synapses: int
    excitatory: float
    inhibitory: float
    current: float
    why: str

    @property
    def name(self) -> str:
        """Neurons x synapses."""
        return f"{self.neurons:,} x {self.synapses:,}"


# The start that sets the network going, in nS: too much excitation or too even an inhibition brings one volley
# of spikes, whose own inhibition then ends the activity for good.
START_EXCITATION = 40.0
START_INHIBITION = 200.0

COBA = {
    "small": Coba(4000, 80, 6.0, 67.0, 0.0, "the published network: few synapses, so neurons and overheads count"),
    "large": Coba(
        20000,
        1000,
        0.05,
        0.5,
        350.0,
        "20 million synapses, beyond all caches: delivery counts; a current keeps it between 10 and 20 Hz",
    ),
}


def coba(case: Coba) -> tuple[gs.Network, gs.Recorder]:
    """The network of a case, with a recorder of all its spikes; `kick` sets it going."""
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
    """Random conductances at time 0, without which the published network stays silent."""
    for population in sim.net.populations.values():
        sim.set(population, "g_AMPA", gs.Uniform(0.0, START_EXCITATION))
        sim.set(population, "g_GABA_A", gs.Uniform(0.0, START_INHIBITION))


def gated(sources: int, targets: int, in_degree: int, rate: float) -> gs.Network:
    """Per-synapse gating of a saturating receptor: every synapse has its own gate, weight and delay."""
    net = gs.Network()
    bg = net.population("sources", sources, gs.PoissonSource(rate=rate))
    receptor = gs.AMPA(kinetics=gs.kinetics.FirstOrder(alpha=1.1, beta=0.19, T_max=1.0, T_dur=1.0), E_rev=0.0)
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
    """The README's network: AMPA and NMDA in one contact, GABA_A of varied weights and delays, a Poisson background."""
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

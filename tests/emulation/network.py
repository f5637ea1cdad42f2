"""A small network with something of everything, on the stand-in and on numpy: the same bits.

``python -m tests.emulation.network MS [OLD NEW]`` runs it once in a process of its own, for the sanitizers, with
OLD replaced by NEW in the text of the kernels.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

import gpusyn as gs

from . import compile as emulation
from .stand_in_cupy import install

DT = 0.1


def describe(gating: str) -> tuple[gs.Network, list[Any]]:
    """The network, and its recorders."""
    net = gs.Network()
    cell = gs.LIF(E_L=-60.0, V_th=-50.0, V_reset=-60.0, t_ref=1.0)
    receptors = [
        gs.AMPA(kinetics=gs.kinetics.FirstOrder(alpha=1.1, beta=0.19, T_max=1.0, T_dur=1.0), gating=gating),
        gs.NMDA(Mg=1.0, gating=gating),
        gs.GABA_A(tau_decay=10.0, E_rev=-80.0),
    ]
    E = net.population("E", 150, cell, receptors=receptors, V=gs.Uniform(-55.0, -49.0))
    I = net.population("I", 40, cell, receptors=receptors, V=gs.Uniform(-55.0, -49.0))
    C = net.population("C", 30, gs.LIF(), receptors=[gs.CurrentReceptor("syn", tau=2.0)])
    noise = net.population("noise", 40, gs.PoissonSource(rate=300.0))
    listed = net.population("listed", 3, gs.SpikeSource([[0.5, 1.0], [], [0.7]]))
    net.connect(noise, E + I, gs.FixedProbability(0.2), receptor="AMPA", weight=3.0)
    net.connect(E, E + I, gs.FixedInDegree(9), weight={"AMPA": 4.0, "NMDA": gs.Ratio("AMPA", 0.1)}, delay=0.3)
    net.connect(I, E, gs.FixedOutDegree(20), receptor="GABA_A", weight=gs.LogNormal(mean=20.0, std=5.0))
    net.connect(listed, C, gs.AllToAll(), receptor="syn", weight=-30.0, delay=gs.Uniform(0.1, 0.6))
    drawn = {"weight": gs.LogNormal(mean=2.0, std=0.5), "delay": gs.Uniform(0.1, 0.6), "storage": "procedural"}
    if gating == "auto":
        net.connect(E + noise, E, gs.FixedProbability(0.1, autapses=False), receptor="AMPA", **drawn, name="drawn")
    net.connect(I, E, gs.FixedOutDegree(20, multapses=False), receptor="GABA_A", **drawn, name="drawn inhibition")
    net.connect(I, E[5:], gs.FixedOutDegree(20), receptor="GABA_A", **drawn, name="drawn again")
    glycine = gs.Waveform([0.0, 1.0, 2.0], [1.0, 0.1, 2.0])
    spiny = net.population("spiny", 20, cell, receptors=[gs.AMPA(), gs.NMDA(glycine=glycine)])
    # The last row of all is read: listed neurons surely spike.
    net.connect(noise + E + listed, spiny, gs.FixedInDegree(40), weight={"AMPA": gs.Uniform(0.0, 2.0), "NMDA": 0.5},
                w_max={"AMPA": 2.0}, delay=gs.Uniform(0.1, 0.6),
                plasticity=gs.NMDAPlasticity(speed=1000.0, G=0.05))  # fmt: skip
    net.drive(I, "GABA_A", rate=500.0, weight=0.5)
    net.drive(C[:3], "syn", rate=gs.Waveform([0.0, 1.0], [[500.0, 0.0, 900.0], [700.0, 0.0, 0.0]]), weight=9.0)
    net.inject(C[:10], gs.Waveform([0.0, 1.0], [400.0, 700.0]))
    net.inject(C[12:], gs.OrnsteinUhlenbeck(mean=200.0, std=100.0, tau=2.0))
    net.clamp(C[10:12], -65.0)
    recorders = [
        net.record(E + I + C, "spikes"),
        net.record(E[:10], ["V", "g_AMPA", "I_NMDA", "B_NMDA"]),
        net.record(spiny, ["V", "g_AMPA"]),
        net.record(C, ["V", "I_syn"], every=0.3),
    ]
    return net, recorders


def run(backend: str, duration: float, gating: str = "auto", precision: str = "single") -> list[np.ndarray]:
    """Spikes and traces of a run."""
    net, (spikes, *traces) = describe(gating)
    with gs.Simulator(net, dt=DT, seed=7, backend=backend, precision=precision) as sim:
        sim.run(duration)
        found = [sim.data[spikes].times, sim.data[spikes].ids]
        for trace in traces:
            found += [sim.data[trace][variable] for variable in trace.variables]
    return found


def same(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    """Equal in every bit."""
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


def damage(old: str, new: str) -> list[str]:
    """Compile kernels with a piece of their text replaced; the list that is returned gets each text that had it."""
    load, damaged = emulation.load, []

    def load_damaged(text: str, *arguments: Any) -> emulation.Module:
        if old in text:
            damaged.append(text)
        return load(text.replace(old, new), *arguments)

    vars(emulation)["load"] = load_damaged
    return damaged


if __name__ == "__main__":
    install()
    milliseconds = float(sys.argv[1])
    damaged = damage(*sys.argv[2:]) if sys.argv[2:] else None
    for how in ("auto", "per-synapse"):
        ours = run("cuda", milliseconds, how)
        assert same(ours, run("numpy", milliseconds, how)), f"{how}: bits differ from numpy's"
        print("ran", how, len(ours[0]), "spikes")
    assert damaged is None or damaged, f"no kernel has the text {sys.argv[2]!r}"

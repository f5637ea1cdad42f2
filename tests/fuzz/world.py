"""What the calls are made on: a small network with everything in it, its simulator and its results."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

import gpusyn as gs
from gpusyn import kinetics
from gpusyn.results import SpikeData, TraceData
from gpusyn.sonata import read_config
from tests.helpers.sonata_circuit import SmallCircuit

DURATION = 50.0  # ms
T = np.arange(1, 501) * 0.1
COURSE = -70.0 * np.exp(-np.maximum(T - 10.0, 0.0) / 2.0) * (T >= 10.0)


def other_network() -> gs.Network:
    """A network that no simulator uses."""
    net = gs.Network()
    cells = net.population("E", 10, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(cells, cells, gs.OneToOne(), receptor="AMPA", weight=1.0)
    net.record(cells, "spikes")
    return net


class Files:
    """A result file, a checkpoint, a SONATA circuit and tables of one, which no call changes."""

    def __init__(self, folder: Path) -> None:
        net = gs.Network()
        cells = net.population("E", 4, gs.LIF(I_e=400.0), receptors=[gs.AMPA()])
        net.record(cells, "spikes")
        net.record(cells[:2], ["V", "g_AMPA"])
        with gs.Simulator(net, backend="numpy") as sim:
            sim.run(DURATION)
            sim.save(str(folder / "run.h5"))
        with gs.Simulator(other_network(), backend="numpy") as sim:
            sim.step(2)
            sim.save_checkpoint(folder / "state.h5")
        self.results, self.checkpoint = folder / "run.h5", folder / "state.h5"
        (folder / "circuit").mkdir()
        self.config = SmallCircuit(folder / "circuit").write()
        self.cells, self.edges, self.spikes = (folder / f"{name}.csv" for name in ("cells", "edges", "spikes"))
        self.cells.write_text("population size model_template\nE 4 nest:iaf_psc_exp\ninput 2 virtual\n")
        self.edges.write_text("pre post pre_population post_population\n0 3 input E\n")
        self.spikes.write_text("timestamps node_ids\n1.0 0\n")


class Networks:
    """Two networks: a small one with everything in it, and another whose objects are foreign to it."""

    def __init__(self) -> None:
        net = self.net = gs.Network()
        receptors = [gs.AMPA(), gs.NMDA(), gs.GABA_A(kinetics=kinetics.FirstOrder.GABA_A())]
        self.E = net.population("E", 10, gs.LIF(), receptors=receptors, positions=np.arange(10.0)[:, None])
        self.I = net.population("I", 4, gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A()])
        self.bg = net.population("bg", 10, gs.PoissonSource(20.0))
        self.list = net.population("list", 2, gs.SpikeSource([1.0, 3.0]))
        self.projection = net.connect(self.E, self.I, gs.AllToAll(), receptor="AMPA", weight=1.0, w_max=2.0)
        self.rewired = net.connect(
            self.bg, self.I, gs.FixedInDegree(2), receptor="AMPA", weight=1.0, w_max=2.0, name="rewired",
            plasticity=gs.Rewiring(every=0.1, prune_below=0.5, weight=1.0),
        )  # fmt: skip
        self.drive = net.drive(self.E, "AMPA", rate=100.0, weight=1.0)
        self.injection = net.inject(self.I, 100.0)
        self.clamp = net.clamp(self.I[:1], -60.0)
        self.coupling = net.couple(self.E, self.E + self.I, gs.FixedProbability(0.3))
        self.infusion = net.infuse("CNQX", 10.0, start=1.0, stop=5.0, wash_out=1.0)
        self.spike_recorder = net.record(self.E + self.I, "spikes")
        self.trace_recorder = net.record(self.E[:2], ["V", "g_AMPA"], every=0.5)
        self.synapse_recorder = net.record(self.projection, "weight", every=0.1, synapses=[0, 3])
        other = self.other = other_network()
        (self.foreign,) = other.populations.values()
        (self.foreign_projection,) = other.projections.values()
        (self.foreign_recorder,) = other.recorders.values()


class World:
    """Objects of every kind; those that cost time are made when they are first asked for."""

    def __init__(self, files: Files) -> None:
        self.files = files

    @cached_property
    def networks(self) -> Networks:
        return Networks()

    def __getattr__(self, name: str) -> Any:
        """Return a network, or an object of one."""
        return getattr(self.networks, name)

    @cached_property
    def sim(self) -> gs.Simulator:
        sim = gs.Simulator(self.net, backend="numpy")
        sim.step(2)
        return sim

    @cached_property
    def closed(self) -> gs.Simulator:
        net = gs.Network()
        net.record(net.population("E", 1, gs.LIF()), "spikes")
        sim = gs.Simulator(net, backend="numpy")
        sim.close()
        return sim

    @cached_property
    def spikes(self) -> SpikeData:
        times, ids = np.arange(1.0, 41.0), np.arange(40) % 14
        return SpikeData([("E", 10, None), ("I", 4, [0, 2, 3, 5])], times, ids, duration=DURATION)

    @cached_property
    def traces(self) -> TraceData:
        columns = np.stack([COURSE, 0.5 * COURSE], axis=1)
        return TraceData([("E", 2, None)], {"V": columns - 70.0, "I_AMPA": columns}, T, {"V": "mV", "I_AMPA": "pA"})

    @cached_property
    def results(self):
        return gs.open_results(self.files.results)

    @cached_property
    def config(self):
        return read_config(self.files.config)

    @cached_property
    def curve(self):
        V = np.array([-80.0, -40.0, 0.0, 40.0])
        return gs.measure.IVCurve(V, V, None, V, V, None)

"""Random trains and synapses, and the conductances that they open in a row of cells."""

import numpy as np

import gpusyn as gs

DT, DURATION = 0.1, 60.0
SOURCES, TARGETS, SYNAPSES, EVENTS = 12, 6, 60, 12


class Wiring:
    """Random trains and synapses, several between some pairs; all times on the grid."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        # coincident events included; nothing arrives in the first 3 ms
        self.trains = [np.sort(rng.integers(20, 400, EVENTS)) for _ in range(SOURCES)]
        self.pre, self.post = rng.integers(0, SOURCES, SYNAPSES), rng.integers(0, TARGETS, SYNAPSES)
        self.post[:TARGETS] = np.arange(TARGETS)
        self.weight = rng.lognormal(0.0, 0.5, SYNAPSES)
        self.delay = rng.integers(1, 80, SYNAPSES)  # steps: more than one word of a transmitter history

    def connect(self, net, cells, weight, name, **more):
        source = net.populations.get("source") or net.population(
            "source", SOURCES, gs.SpikeSource([train * DT for train in self.trains])
        )
        rule = gs.FromArrays(self.pre, self.post)
        net.connect(source, cells, rule, weight=weight, delay=self.delay * DT, name=name, **more)

    def arrivals(self, synapse):
        """Steps at which events reach a synapse, equal ones included."""
        return self.trains[self.pre[synapse]] + self.delay[synapse]


def run(lab, net, recorders):
    with lab.open(net, DT) as sim:
        sim.run(DURATION)
        return [{v: np.asarray(sim.data[r][v], np.float64) for v in sim.data[r].variables} for r in recorders]


def both(lab, make, variables, seed=1, mean=5.0, **model):
    """The same network with the receptor's gates on the targets, and on the synapses."""
    net, wiring, recorders = gs.Network(), Wiring(seed), []
    for gating in ("auto", "per-synapse"):
        receptor = make(gating)
        cells = net.population(gating, TARGETS, gs.LIF(**model), receptors=[receptor])
        wiring.connect(net, cells, {receptor.name: mean * wiring.weight}, f"to {gating}")
        recorders.append(net.record(cells, list(variables)))
    return run(lab, net, recorders)


def summed(wiring, gates):
    """Sum of w x gate over the synapses of each target; `gates` is (steps, synapses)."""
    to = np.zeros((SYNAPSES, TARGETS))
    to[np.arange(SYNAPSES), wiring.post] = wiring.weight
    return gates @ to


def one_population(lab, receptor, seed=4):
    net, wiring = gs.Network(), Wiring(seed)
    cells = net.population("cells", TARGETS, gs.LIF(V_th=100.0), receptors=[receptor])
    wiring.connect(net, cells, {receptor.name: wiring.weight}, "wires")
    name = f"g_{receptor.name}"
    return wiring, run(lab, net, [net.record(cells, name)])[0][name]

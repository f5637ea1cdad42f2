"""A simulation goes on with more recorders, and with the same bits."""

import copy

import numpy as np

import gpusyn as gs
from gpusyn.simulation.checkpoint import carry_over


def described() -> gs.Network:
    net = gs.Network()
    cells = net.population("cells", 5, gs.LIF(), receptors=[gs.AMPA()])
    net.drive(cells, "AMPA", rate=800.0, weight=4.0)
    net.connect(cells, cells, gs.AllToAll(), receptor="AMPA", weight=1.0, delay=3.0)
    net.record(cells, "spikes", name="spikes")
    return net


def simulator(net: gs.Network) -> gs.Simulator:
    return gs.Simulator(net, seed=2, backend="numpy", precision="double")


def test_more_is_recorded_of_the_same_simulation():
    net = described()
    net.record("cells", "V", name="V")
    with simulator(net) as whole:
        whole.run(12.0)
        whole.set("cells", "I_e", 300.0)
        whole.run(12.0)
        V, spikes = whole.data["V"]["V"], whole.data["spikes"]
    before = simulator(described())
    before.run(12.0)
    before.set("cells", "I_e", 300.0)
    more = copy.copy(before.net)
    more.record("cells", "V", start=12.0, name="V")
    with simulator(more) as after:
        carry_over(before._running, after._running)
        before.close()
        assert after.time == 12.0
        after.run(12.0)
        assert np.array_equal(after.data["V"]["V"], V[120:])
        assert after.data["spikes"] == spikes
        assert len(spikes) > 5

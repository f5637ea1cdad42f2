"""DistanceDependent and DistanceDelay in networks: positions of the populations, delays on the grid."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.connectivity.distance_dependent import DistanceDependent
from gpusyn.errors import ParameterError

SIDE = 12
SHEET = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), axis=-1).reshape(-1, 2) * 100.0  # um


def sheet():
    net = gs.Network()
    E = net.population("E", SIDE**2, gs.LIF(), receptors=[gs.AMPA()], positions=SHEET)
    I = net.population("I", 20, gs.LIF(), receptors=[gs.AMPA()], positions=SHEET[:20] + 50.0)
    return net, E, I


def apart(pre, post, extent=None):
    d = np.abs(pre - post)
    if extent is not None:
        d = np.minimum(d, extent - d)
    return np.sqrt((d**2).sum(axis=1))


def synapses(net, projection, dt=0.1):
    with gs.Simulator(net, dt=dt, seed=5, backend="numpy") as sim:
        return sim.weights(projection)


def test_positions_come_from_the_populations():
    net, E, I = sheet()
    near = E[SIDE:] + I
    projection = net.connect(E, near, gs.DistanceDependent(0.8, sigma=150.0), receptor="AMPA", weight=1.0)
    where = np.concatenate([SHEET[SIDE:], SHEET[:20] + 50.0])
    explicit = DistanceDependent(0.8, sigma=150.0, positions=(SHEET, where))
    assert projection.rule == explicit
    found = synapses(net, projection)
    assert abs(len(found.pre) - explicit.expected(E.size, near.size)) < 5 * len(found.pre) ** 0.5
    assert np.median(apart(SHEET[found.pre], where[found.post])) < 250.0


def test_a_delay_grows_with_distance_and_is_rounded_to_the_grid():
    net, E, _ = sheet()
    projection = net.connect(
        E, E, gs.FixedProbability(0.1), receptor="AMPA", weight=1.0, delay=gs.DistanceDelay(300.0, offset=0.5)
    )
    found = synapses(net, projection)
    exact = 0.5 + apart(SHEET[found.pre], SHEET[found.post]) / 300.0
    np.testing.assert_allclose(found.delay, exact, atol=0.05 + 1e-9)
    assert len(np.unique(found.delay)) > 10


def test_a_delay_follows_the_boundary_of_the_rule():
    net, E, _ = sheet()
    rule = gs.DistanceDependent(0.5, sigma=300.0, max_distance=350.0, boundary="periodic", extent=SIDE * 100.0)
    projection = net.connect(E, E, rule, receptor="AMPA", weight=1.0, delay=gs.DistanceDelay(100.0))
    assert projection.delay.bounds() == (0.0, 3.5)
    found = synapses(net, projection)
    exact = np.maximum(apart(SHEET[found.pre], SHEET[found.post], SIDE * 100.0) / 100.0, 0.1)
    np.testing.assert_allclose(found.delay, exact, atol=0.05 + 1e-9)
    assert found.delay.max() <= 3.5
    own = net.connect(
        E, E, rule, receptor="AMPA", weight=1.0, delay=gs.DistanceDelay(100.0, boundary="open"), name="open"
    )
    assert own.delay.bounds()[1] > 15.0


def test_a_spike_arrives_later_the_farther_away():
    net = gs.Network()
    line = np.array([[0.0], [300.0], [600.0]])
    source = net.population("source", 1, gs.SpikeSource([1.0]), positions=[[0.0]])
    cells = net.population("cells", 3, gs.LIF(), receptors=[gs.AMPA()], positions=line)
    net.connect(source, cells, gs.AllToAll(), receptor="AMPA", weight=1.0, delay=gs.DistanceDelay(300.0, offset=0.5))
    traces = net.record(cells, "g_AMPA")
    with gs.Simulator(net, dt=0.1, backend="numpy") as sim:
        sim.run(5.0)
        data = sim.data[traces]
    first = [float(data.t[np.flatnonzero(data["g_AMPA"][:, k])[0]]) for k in range(3)]
    assert first == pytest.approx([1.5, 2.5, 3.5])


def test_what_is_refused_names_the_projection():
    net, E, _ = sheet()
    bare = net.population("bare", 5, gs.LIF(), receptors=[gs.AMPA()])
    with pytest.raises(ParameterError, match=r"Projection .*E->bare:AMPA.*rule.* population 'bare' has none"):
        net.connect(E, bare, gs.DistanceDependent(0.5, sigma=1.0), receptor="AMPA", weight=1.0)
    with pytest.raises(ParameterError, match=r"Projection .*delay.* population 'bare' has none"):
        net.connect(E, bare, gs.AllToAll(), receptor="AMPA", weight=1.0, delay=gs.DistanceDelay(1.0))
    line = net.population("line", 5, gs.LIF(), receptors=[gs.AMPA()], positions=np.arange(5.0)[:, None])
    with pytest.raises(ParameterError, match="the same space"):
        net.connect(E, line, gs.DistanceDependent(0.5, sigma=1.0), receptor="AMPA", weight=1.0)
    with pytest.raises(ParameterError, match="different dimensions"):
        net.connect(E + line, E, gs.DistanceDependent(0.5, sigma=1.0), receptor="AMPA", weight=1.0)
    with pytest.raises(ParameterError, match="the selections have 10 and 144"):
        net.connect(
            E[:10], E, gs.DistanceDependent(0.5, sigma=1.0, positions=(SHEET, SHEET)), receptor="AMPA", weight=1.0
        )
    with pytest.raises(ParameterError, match="delay: DistanceDelay has positions of 144 and 144"):
        net.connect(
            E[:10], E, gs.AllToAll(), receptor="AMPA", weight=1.0, delay=gs.DistanceDelay(1.0, positions=(SHEET, SHEET))
        )

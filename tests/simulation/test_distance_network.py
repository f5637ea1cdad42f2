"""DistanceDependent and DistanceDelay in networks: positions of the populations, delays on the grid."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.connectivity.distance_dependent import DistanceDependent
from gpusyn.errors import ParameterError
from gpusyn.numerics.rng import Stream

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


def near(d):
    """A profile of operations that are rounded alike everywhere."""
    return 1.0 / (1.0 + (d / 150.0) ** 2)


def test_kernels_masks_and_weights_have_the_same_bits_everywhere(backend):
    def simulated(where):
        net, E, _ = sheet()
        rule = gs.DistanceDependent(0.6, kernel=near, mask=gs.Ellipse(900.0, 500.0, azimuth_angle=20.0))
        weight = {"AMPA": gs.DistanceWeight(lambda d: 2.0 * near(d)), "NMDA": gs.Ratio("AMPA", 0.1)}
        cells = net.population("cells", 60, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA()], positions=SHEET[40:100] + 20.0)
        wide = net.connect(E, cells, rule, weight=weight, delay=gs.DistanceDelay(300.0, offset=0.5))
        ring = gs.DistanceDependent(0.5, mask=gs.Annulus(150.0, 400.0), boundary="periodic", extent=SIDE * 100.0)
        tight = net.connect(cells, E, ring, receptor="AMPA", weight=gs.DistanceWeight(np.sqrt, low=10.0, high=20.0))
        net.drive(E, "AMPA", rate=4000.0, weight=2.0)
        spikes = net.record(E + cells, "spikes")
        with gs.Simulator(net, seed=4, backend=where) as sim:
            sim.run(50.0)
            return sim.data[spikes], *(sim.weights(each) for each in (wide, tight))

    (spikes, *found), (reference, *wanted) = simulated(backend), simulated("numpy")
    assert spikes == reference
    assert len(spikes) > 100
    for one, other in zip(found, wanted, strict=True):
        assert len(one.pre) > 300
        for name in ("pre", "post", "delay"):
            assert np.array_equal(getattr(one, name), getattr(other, name))
        mine, theirs = (each.weight if isinstance(each.weight, dict) else {"": each.weight} for each in (one, other))
        assert all(np.array_equal(mine[receptor], theirs[receptor]) for receptor in theirs)


def test_weights_follow_the_distance():
    net, E, I = sheet()
    rule = gs.DistanceDependent(0.5, sigma=300.0, boundary="periodic", extent=SIDE * 100.0)
    weights = {"torus": gs.DistanceWeight(near), "open": gs.DistanceWeight(near, boundary="open")}
    for name, extent in (("torus", SIDE * 100.0), ("open", None)):
        found = synapses(net, net.connect(E, E, rule, receptor="AMPA", weight=weights[name], name=name))
        exact = near(apart(SHEET[found.pre], SHEET[found.post], extent))
        np.testing.assert_allclose(found.weight, exact, rtol=1e-5)
        assert len(np.unique(exact)) > 10
    given = gs.FromArrays([0, 5, 7], [3, 2, 19])
    for place in ({}, {"positions": (SHEET, SHEET[:20] + 50.0)}):
        projection = net.connect(E, I, given, receptor="AMPA", weight=gs.DistanceWeight(near, **place))
        exact = near(apart(SHEET[[0, 5, 7]], SHEET[[3, 2, 19]] + 50.0))
        np.testing.assert_allclose(np.sort(synapses(net, projection).weight), np.sort(exact), rtol=1e-5)


def test_a_weight_by_distance_can_learn_and_be_negative():
    net, E, I = sheet()
    stdp = gs.STDP(A_plus=0.01, A_minus=0.01, tau_plus=20.0, tau_minus=20.0)
    options = {"receptor": "AMPA", "weight": gs.DistanceWeight(near), "w_max": 2.0, "plasticity": stdp}
    learned = net.connect(E, I, gs.AllToAll(), **options)
    found = synapses(net, learned)
    np.testing.assert_allclose(found.weight, near(apart(SHEET[found.pre], SHEET[found.post] + 50.0)), rtol=1e-5)
    with pytest.raises(ParameterError, match=r"weight\['AMPA'\]: 0\.8.* exceeds the declared w_max = 0\.5"):
        synapses(net, net.connect(E, I, gs.AllToAll(), name="low", **(options | {"w_max": 0.5})))
    other = gs.Network()
    cells = other.population("cells", 9, gs.LIF(), receptors=gs.CurrentReceptor("I", tau=2.0), positions=SHEET[:9])
    hat = gs.DistanceWeight(lambda d: 5.0 - d / 100.0)
    found = synapses(other, other.connect(cells, cells, gs.AllToAll(), receptor="I", weight=hat))
    assert found.weight.min() == pytest.approx(-3.0)
    assert found.weight.max() == pytest.approx(5.0)


def test_planning_knows_weights_by_distance():
    """As a distribution, they are those of the pairs that the rule connects."""
    net, E, _ = sheet()
    rule = gs.DistanceDependent(0.8, sigma=150.0)
    placed = net.connect(E, E, rule, receptor="AMPA", weight=gs.DistanceWeight(near)).weights["AMPA"]
    drawn = synapses(net, net.projections["E->E:AMPA"]).weight
    low, high = placed.bounds()
    assert low <= drawn.min() <= drawn.max() <= high <= 1.011
    assert placed.mean_value() == pytest.approx(drawn.mean(), rel=0.03)
    sample = placed.checked_draw(Stream(1), np.arange(5000))
    assert sample.mean() == pytest.approx(drawn.mean(), rel=0.03)
    assert np.std(sample) == pytest.approx(np.std(drawn), rel=0.1)
    assert repr(placed) == "DistanceWeight(near)"
    assert "DistanceWeight(near) nS" in str(net.describe())


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        (gs.DistanceWeight(lambda d: -d), r"'E->E:AMPA'\.weight: DistanceWeight\.function: .*>= 0 \(got -.*E_rev"),
        (gs.DistanceWeight(near, high=0.5), r"must return finite numbers >= 0 and <= 0\.5 \(got 1 at distance 0\)"),
        (gs.DistanceWeight(lambda d: 3), None),
        (gs.DistanceWeight(lambda d: np.where(d > 0, 5.0, np.inf)), r"\(got inf at distance 0\).*low= and high="),
        (gs.DistanceWeight(near, positions=(SHEET[:3], SHEET[:3])), r"weight: DistanceWeight has positions of 3 and 3"),
        (gs.DistanceWeight(lambda d: d[1:]), "one for each distance"),
    ],
)
def test_wrong_weights_by_distance_are_refused_when_they_are_connected(weight, words):
    net, E, _ = sheet()
    if words is None:  # one number for all
        found = synapses(net, net.connect(E, E, gs.AllToAll(), receptor="AMPA", weight=weight))
        assert set(found.weight) == {3.0}
        return
    with pytest.raises(gs.GpusynError, match=words):
        net.connect(E, E, gs.AllToAll(), receptor="AMPA", weight=weight)


def test_a_weight_beyond_those_that_were_looked_at_is_refused(monkeypatch):
    monkeypatch.setattr("gpusyn.connectivity.distance_weight._PAIRS", 16)
    net, E, I = sheet()
    one = apart(SHEET[:1], SHEET[7:8] + 50.0)[0]
    spike = gs.DistanceWeight(lambda d: np.where(np.abs(d - one) < 1e-6, 9.0, 1.0))
    projection = net.connect(E, I, gs.AllToAll(), receptor="AMPA", weight=spike)
    with pytest.raises(ParameterError, match=r"returned 9 at distance .*sums were planned; give it low= and high="):
        synapses(net, projection)
    net, E, I = sheet()
    bounded = gs.DistanceWeight(spike.function.function, low=1.0, high=9.0)
    assert synapses(net, net.connect(E, I, gs.AllToAll(), receptor="AMPA", weight=bounded)).weight.max() == 9.0
    far = gs.DistanceWeight(lambda d: 100.0 / d, low=0.0, high=2.0)  # no neuron of I is where one of E is
    assert synapses(net, net.connect(E, I, gs.AllToAll(), receptor="AMPA", weight=far, name="far")).weight.max() < 1.5


def test_a_kernel_that_changes_is_refused():
    net, E, _ = sheet()
    calls = []

    def moody(d):
        calls.append(len(d))
        return np.full(len(d), 0.5 / len(calls))

    net.connect(E, E, gs.DistanceDependent(kernel=moody, max_distance=400.0), receptor="AMPA", weight=1.0)
    with pytest.raises(ParameterError, match=r"'E->E:AMPA': DistanceDependent\.kernel returned other values"):
        gs.Simulator(net, backend="numpy")


def test_errors_of_kernels_and_masks_name_the_projection():
    net, E, _ = sheet()
    with pytest.raises(ParameterError, match=r"'E->E:AMPA'\.rule: DistanceDependent\.kernel: <lambda> must"):
        net.connect(E, E, gs.DistanceDependent(kernel=lambda d: near(d) + 1.0), receptor="AMPA", weight=1.0)
    with pytest.raises(
        ParameterError, match=r"'E->E:AMPA'\.rule: DistanceDependent\.mask: Rectangle\(.*positions of 2"
    ):
        net.connect(E, E, gs.DistanceDependent(mask=gs.Rectangle(0.0, 1.0)), receptor="AMPA", weight=1.0)
    with pytest.raises(ParameterError, match=r"DistanceWeight needs the positions of the neurons.*storage='stored'"):
        net.connect(
            E, E, gs.FixedProbability(0.1), receptor="AMPA", weight=gs.DistanceWeight(near), storage="procedural"
        )


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

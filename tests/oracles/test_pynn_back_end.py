"""What the back end of PyNN does beside what PyNN's scenarios ask: rules, splitting, electrodes, late recording."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.helpers.pynn import needs_pynn

pytestmark = [pytest.mark.oracle, needs_pynn, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

DT = 0.1


@pytest.fixture
def sim() -> Any:
    import gpusyn.pynn

    gpusyn.pynn.setup(timestep=DT, seed=3, backend="numpy")
    return gpusyn.pynn


def signal(cells: Any, name: str, segment: int = 0) -> Any:
    return cells.get_data().segments[segment].filter(name=name)[0].magnitude


def passive(current: Any, v_rest: float = -65.0, tau: float = 20.0, cm: float = 1.0) -> Any:
    """V of a passive membrane with a current (nA) that is held for each step, in closed form."""
    decay, v = np.exp(-DT / tau), [v_rest]
    for one in current[:-1]:
        v.append(v_rest + (v[-1] - v_rest) * decay + (1.0 - decay) * tau / cm * one)
    return np.array(v)


def test_the_current_of_noise_is_the_one_that_the_first_cell_gets(sim):
    cells = sim.Population(3, sim.IF_curr_exp(v_thresh=1000.0))
    noise = sim.NoisyCurrentSource(mean=0.2, stdev=0.5, start=2.0, stop=8.0, dt=0.3)
    cells[1:].inject(noise)
    cells.record("v")
    sim.run(5.0)
    noise.stdev = 1.0
    sim.run(5.0)
    current = noise.get_data().magnitude[:, 0]
    v = signal(cells, "v")
    np.testing.assert_allclose(v[:, 1], passive(current), atol=1e-10)
    assert np.ptp(current) > 1.0
    assert np.abs(v[:, 2] - v[:, 1]).max() > 0.01  # each cell has its own
    assert np.ptp(v[:, 0]) == 0.0


def test_electrodes_that_come_while_time_runs_add_up(sim):
    cells = sim.Population(2, sim.IF_curr_exp(v_thresh=1000.0))
    cells.record("v")
    sim.run(3.0)
    constant = sim.DCSource(amplitude=1.0, start=4.0, stop=6.0)
    cells[:1].inject(constant)
    wave = sim.ACSource(amplitude=0.5, start=3.0, stop=9.0, frequency=100.0)
    cells.inject(wave)
    sim.run(4.0)
    sim.run(3.0)
    one, other = (electrode.get_data().magnitude[:, 0] for electrode in (constant, wave))
    for segment in range(2):
        v = signal(cells, "v", segment)
        np.testing.assert_allclose(v[:, 0], passive(one + other), atol=1e-10)
        np.testing.assert_allclose(v[:, 1], passive(other), atol=1e-10)
        sim.reset()
        sim.run(10.0)


@pytest.mark.parametrize("weight", [[1e-3, 2e-3, 3e-3, 4e-3], [1e-3] * 4], ids=["a list", "a rule"])
def test_cells_with_other_time_constants_keep_their_order(sim, weight):
    sources = sim.Population(4, sim.SpikeSourceArray(spike_times=[[5.0], [10.0], [15.0], [20.0]]))
    cells = sim.Population(4, sim.IF_cond_exp())
    weights = np.diag(weight)
    given = weights if np.ptp(weight) else weight[0]
    synapses = sim.Projection(sources, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=given, delay=1.0))
    assert (synapses.drawn is None) == (np.ndim(given) > 0)
    cells.set(tau_syn_E=[1.0, 2.0, 1.0, 3.0])
    cells.record("gsyn_exc")
    sim.run(30.0)
    g = signal(cells, "gsyn_exc")
    assert g.argmax(axis=0).tolist() == [60, 110, 160, 210]
    np.testing.assert_allclose(g.max(axis=0), np.diag(weights), rtol=1e-9)
    ten = [g[peak + 10, k] / g[peak, k] for k, peak in enumerate(g.argmax(axis=0))]
    np.testing.assert_allclose(ten, np.exp([-1.0, -0.5, -1.0, -1.0 / 3.0]), rtol=1e-9)
    assert synapses.get("weight", format="list", with_address=False) == np.diag(weights).tolist()


def test_rules_are_drawn_by_gpusyn_and_lists_by_pynn(sim):
    from pyNN.random import NumpyRNG

    cells = sim.Population(20, sim.IF_cond_exp())

    def connected(**rng: Any) -> Any:
        connector = sim.FixedProbabilityConnector(0.3, allow_self_connections=False, **rng)
        return sim.Projection(cells, cells, connector, sim.StaticSynapse(weight=0.001))

    rule, native, listed = connected(), connected(rng=sim.NativeRNG()), connected(rng=NumpyRNG(seed=5))
    assert [one.drawn is not None for one in (rule, native, listed)] == [True, True, False]
    found = {(i, j) for i, j, _ in rule.get("weight", format="list")}
    assert all(i != j for i, j in found)
    own = {(i, j) for i, j, _ in listed.get("weight", format="list")}
    draw = np.random.RandomState(5)
    wanted = {(i, j) for j in range(20) for i, u in enumerate(draw.uniform(0, 1, 20)) if u < 0.3 and i != j}
    assert own == wanted != found
    rule.set(weight=0.002)
    assert {(i, j) for i, j, w in rule.get("weight", format="list") if w == 0.002} == found


def test_a_gap_junction_is_one_whichever_way_it_is_listed(sim):
    peaks = []
    for pairs in ([(0, 1, 0.01)], [(1, 0, 0.01)], [(0, 1, 0.004), (1, 0, 0.006)], [(0, 1, 0.02)]):
        sim.setup(timestep=DT, backend="numpy")
        cells = sim.Population(2, sim.IF_curr_exp(v_thresh=1000.0, i_offset=[1.0, 0.0]))
        connector = sim.FromListConnector(pairs, column_names=["weight"])
        junctions = sim.Projection(cells, cells, connector, sim.ElectricalSynapse())
        cells.record("v")
        sim.run(10.0)
        peaks.append(signal(cells, "v")[-1, 1])
    assert peaks[0] == peaks[1] == peaks[2] < peaks[3]
    junctions.set(weight=0.0)
    sim.run(100.0)
    assert signal(cells, "v")[-1, 1] == pytest.approx(-65.0, abs=0.02)


def network(sim: Any, recorded: Any) -> Any:
    sources = sim.Population(20, sim.SpikeSourcePoisson(rate=[50.0] * 10 + [100.0] * 10, start=5.0))
    cells = sim.Population(6, sim.IF_cond_exp(tau_syn_E=[2.0, 3.0] * 3))
    rule = sim.STDPMechanism(
        sim.SpikePairRule(A_plus=0.1, A_minus=0.1), sim.AdditiveWeightDependence(w_max=0.2), weight=0.1, delay=2.0
    )
    sim.Projection(sources, cells, sim.FixedProbabilityConnector(0.8), rule)
    cells.inject(sim.NoisyCurrentSource(mean=0.1, stdev=0.2, dt=0.3))
    recorded(cells)
    sim.run(20.0)
    cells[:2].set(tau_m=30.0)
    sources.set(rate=120.0)
    sim.run(5.0)
    return cells


def test_what_is_recorded_later_is_what_would_have_been_recorded(sim):
    def everything(cells: Any) -> None:
        cells.record(["v", "gsyn_exc", "spikes"])

    cells = network(sim, everything)
    sim.run(15.0)
    early = cells.get_data().segments[0]
    sim.setup(timestep=DT, seed=3, backend="numpy")
    cells = network(sim, lambda cells: None)
    everything(cells)
    sim.run(15.0)
    late = cells.get_data().segments[0]
    for name in ("v", "gsyn_exc"):
        one, other = early.filter(name=name)[0], late.filter(name=name)[0]
        assert float(other.t_start) == 25.0
        assert np.array_equal(one.magnitude[250:], other.magnitude)
    trains = [[t for t in train.magnitude.tolist() if t > 25.0] for train in early.spiketrains]
    assert trains == [train.magnitude.tolist() for train in late.spiketrains]
    assert sum(map(len, trains)) > 0


def test_more_to_record_is_unknown_before(sim):
    cells = network(sim, lambda cells: cells[:2].record("v"))
    cells.record("v")
    sim.run(1.0)
    v = signal(cells, "v")
    assert v.shape == (261, 6)
    assert np.isnan(v[:250, 2:]).all()
    assert not np.isnan(v[:, :2]).any()
    assert not np.isnan(v[250:]).any()


def test_sources_are_active_in_their_windows(sim):
    sources = sim.Population(40, sim.SpikeSourcePoisson(rate=400.0, start=[10.0] * 20 + [20.0] * 20, duration=30.0))
    sources.record("spikes")
    sim.run(15.0)
    sources.set(rate=800.0)
    sim.run(45.0)
    trains = [train.magnitude for train in sources.get_data().segments[0].spiketrains]
    for own, start in ((trains[:20], 10.0), (trains[20:], 20.0)):
        times = np.concatenate(own)
        assert start < times.min() <= times.max() <= start + 30.0
    counts = [sum((train <= 15.0).sum() for train in trains), sum((train > 20.0).sum() for train in trains)]
    assert counts[0] == pytest.approx(20 * 5 * 0.4, abs=4 * 40**0.5)
    assert counts[1] == pytest.approx(20 * 0.8 * (20 + 30), abs=4 * 800**0.5)


@pytest.mark.parametrize(
    ("act", "kind", "message"),
    [
        (lambda s, p, c: s.Population(1, s.IF_cond_exp()), "SimulationError", "after reset"),
        (lambda s, p, c: p.set(tau_syn_E=3.0), "InvalidParameterValueError", "tau_syn_E cannot change at t = 1 ms"),
        (lambda s, p, c: p.set(cm=-1.0), "InvalidParameterValueError", "C_m = 1000 cm"),
        (lambda s, p, c: c.set(weight=9.0), "ConnectionError", r"at most 0\.1 at t = 1 ms \(got 9\); .*max_weight="),
        (lambda s, p, c: c.set(delay=2.0), "ConnectionError", "delay cannot change at t = 1 ms"),
        (lambda s, p, c: c.pre.set(rate=5e3), "InvalidParameterValueError", r"at most 200 Hz .*max_rate="),
    ],
)
def test_what_cannot_change_says_so(sim, act, kind, message):
    sources = sim.Population(2, sim.SpikeSourcePoisson(rate=20.0))
    cells = sim.Population(2, sim.IF_cond_exp())
    synapses = sim.Projection(sources, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.01))
    sim.run(1.0)
    with pytest.raises(Exception, match=message) as caught:
        act(sim, cells, synapses)
    assert type(caught.value).__name__ == kind
    sim.run(1.0)


def test_what_is_left_out_says_why(sim):
    with pytest.raises(AttributeError, match="no attribute 'GIF_cond_exp': it spikes at random"):
        sim.GIF_cond_exp  # noqa: B018
    with pytest.raises(AttributeError, match=r"no attribute 'native_cell_type': models of NEST itself .*nest\.md"):
        sim.native_cell_type("iaf_psc_exp")
    assert not hasattr(sim, "IF_curr_dirac")


def test_spikes_between_steps_are_told_to_be_on_the_grid(sim, caplog):
    sim.Population(1, sim.IF_curr_exp())
    with pytest.raises(ValueError, match=r"spike_precision must be one of on_grid, off_grid \(got 'exact'\)"):
        sim.setup(timestep=0.5, spike_precision="exact")
    assert sim.get_time_step() == DT  # what was set up stays
    for asked, warnings in (("on_grid", 0), ("off_grid", 1)):
        sim.setup(timestep=0.5, spike_precision=asked, backend="numpy")
        assert sim.get_time_step() == 0.5
        assert [record.levelname for record in caplog.records].count("WARNING") == warnings


def pairs(sim: Any, rule: Any = None, weight: Any = 0.1, **bounds: Any) -> Any:
    dependence = sim.AdditiveWeightDependence(**{"w_max": 0.2, **bounds})
    return sim.STDPMechanism(sim.SpikePairRule() if rule is None else rule, dependence, weight=weight)


def drawn_weight(**law: Any) -> Any:
    from pyNN.random import RandomDistribution

    return RandomDistribution("uniform", **law)


REFUSED = [
    (lambda s: s.SimpleStochasticSynapse(p=1.5), "SimpleStochasticSynapse.p: .*got 1.5"),
    (lambda s: s.TsodyksMarkramSynapse(U=2.0), "TsodyksMarkramSynapse.U: .*got 2"),
    (lambda s: s.StochasticTsodyksMarkramSynapse(tau_rec=-1.0), "StochasticTsodyksMarkramSynapse.tau_rec: .*ms"),
    (lambda s: s.MultiQuantalSynapse(n=0), "MultiQuantalSynapse.n: .*got 0"),
    (lambda s: pairs(s, w_min=0.05), "w_min must be 0"),
    (lambda s: pairs(s, s.SpikePairRule(tau_plus=0.0)), "STDPMechanism.tau_plus: .*ms"),
    (lambda s: pairs(s, s.Vogels2011Rule(eta=-0.01)), r"STDPMechanism.eta: .*got -0\.01"),
    (lambda s: pairs(s, s.Vogels2011Rule(rho=-3.0)), "STDPMechanism.rho: .*got -3"),
    (lambda s: pairs(s, weight=0.5), r"0 to w_max = 0\.2 nA \(got 0\.5 nA\)"),
    (lambda s: pairs(s, weight=-0.1), r"0 to w_max = 0\.2 nA \(got -0\.1 nA\)"),
    (lambda s: pairs(s, w_max=0.0), r"w_max must be > 0 nA \(got 0\)"),
]


@pytest.mark.parametrize("listed", [False, True], ids=["a rule", "a list"])
@pytest.mark.parametrize(("wrong", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_a_projection_is_refused_where_it_is_made(sim, wrong, message, listed):
    cells = sim.Population(2, sim.IF_curr_exp())
    connector = sim.FromListConnector([(0, 1)]) if listed else sim.AllToAllConnector(allow_self_connections=False)
    with pytest.raises(Exception, match=message) as caught:
        sim.Projection(cells, cells, connector, wrong(sim))
    assert type(caught.value).__module__ == "pyNN.errors"
    sim.run(DT)  # nothing of it is left


def test_laws_of_weights_and_gap_junctions_are_refused_where_they_are_made(sim):
    cells = sim.Population(2, sim.IF_curr_exp())
    rule, one = sim.AllToAllConnector(), sim.FromListConnector([(0, 1)])
    for connector, synapse, message in (
        (rule, pairs(sim, weight=drawn_weight(low=-0.1, high=0.1)), r"got -0\.1 to 0\.1 nA"),
        (rule, pairs(sim, weight=drawn_weight(low=0.0, high=0.5)), r"w_max = 0\.2 nA \(got 0 to 0\.5 nA\)"),
        (rule, sim.StaticSynapse(weight=drawn_weight(low=0.2, high=0.1)), "weight: Uniform"),
        (one, sim.ElectricalSynapse(weight=-0.1), r"weights must be >= 0 uS \(got -0\.1\)"),
    ):
        with pytest.raises(Exception, match=message) as caught:
            sim.Projection(cells, cells, connector, synapse)
        assert type(caught.value).__name__ == "ConnectionError"
    sim.run(DT)


def test_a_projection_keeps_what_it_was_when_a_value_is_refused(sim):
    cells = sim.Population(2, sim.IF_cond_exp())
    learned = sim.Projection(cells, cells, sim.AllToAllConnector(), pairs(sim))
    with pytest.raises(Exception, match=r"0 to w_max = 0\.2 uS \(got 0\.5 uS\)"):
        learned.set(weight=0.5)
    assert set(learned.get("weight", format="list", with_address=False)) == {0.1}
    sim.run(DT)


@pytest.mark.parametrize("values", [{"start": 3.0, "stop": 3.0}, {"start": 5.0, "stop": 3.0}, {"start": -1.0}])
def test_noise_that_never_is_is_refused(sim, values):
    with pytest.raises(ValueError, match=r"stop at least a step of 0\.1 ms later"):
        sim.NoisyCurrentSource(mean=0.1, stdev=0.1, **values)
    noise = sim.NoisyCurrentSource(mean=0.1, stdev=0.1, start=1.0, stop=2.0)
    with pytest.raises(ValueError, match=r"got 1 and 1\.04 ms"):
        noise.stop = 1.04
    with pytest.raises(ValueError, match="stdev must be at least 0 nA"):
        noise.stdev = -0.1
    sim.Population(1, sim.IF_curr_exp()).inject(noise)
    sim.run(DT)


def test_a_run_of_less_than_a_step_is_refused(sim):
    for run, time in ((sim.run, 0.04), (sim.run_until, 1.04)):
        with pytest.raises(ValueError, match=r"half a time step of 0\.1 ms \(got 0\.04 ms"):
            run(time)
        sim.run(0.0)
        assert sim.run(1.0) == pytest.approx(sim.get_current_time())
    assert sim.run(0.06) == 2.1


def test_lists_are_taken_at_once_and_their_cells_must_be_there(sim):
    import pyNN.connectors

    cells = sim.Population(4, sim.IF_curr_exp())
    listed = [(3, 1, 0.4), (0, 2, 0.1), (0, 1, 0.2), (0, 1, 0.3)]

    def connected(kind: Any) -> list[tuple[Any, ...]]:
        connector = kind(listed, column_names=["weight"])
        return sim.Projection(cells, cells, connector, sim.StaticSynapse(delay=0.33)).get(["weight", "delay"], "list")

    assert connected(sim.FromListConnector) == connected(pyNN.connectors.FromListConnector)
    for wrong, side in (((-1, 0), "source"), ((0, 4), "target")):
        with pytest.raises(Exception, match=rf"{side} index out of range: .* has the indices 0 to 3 \(got -?\d\)"):
            sim.Projection(cells, cells, sim.FromListConnector([wrong]), sim.StaticSynapse())


def test_one_number_is_set_without_a_matrix_of_all_pairs(sim, monkeypatch):
    cells = sim.Population(5, sim.IF_curr_exp())
    synapses = sim.Projection(cells, cells, sim.FixedNumberPreConnector(2), sim.StaticSynapse(weight=0.1))
    monkeypatch.setattr(synapses, "_get_attributes_as_arrays", None)
    synapses.set(weight=0.2)
    assert synapses.get("weight", format="list", with_address=False) == [0.2] * 10


def test_a_weight_that_is_set_leaves_what_others_learned_out_of_the_next_segment(sim):
    sources = sim.Population(2, sim.SpikeSourceArray(spike_times=[5.0]))
    cells = sim.Population(1, sim.IF_curr_exp(i_offset=3.0))
    rule = sim.STDPMechanism(
        sim.SpikePairRule(A_plus=0.1), sim.AdditiveWeightDependence(w_max=2.0), weight=1.0, delay=1.0
    )
    synapses = sim.Projection(sources, cells, sim.AllToAllConnector(), rule)
    sim.run(15.0)
    synapses[0].weight = 0.5
    chosen, learned = synapses.get("weight", format="list", with_address=False)
    assert chosen == 0.5
    assert learned > 1.0
    sim.reset()
    assert synapses.get("weight", format="list", with_address=False) == [0.5, 1.0]


def test_delays_between_steps_are_read_as_they_are_and_stay_so(sim):
    cells = sim.Population(2, sim.IF_curr_exp())
    for delay, wanted in ((0.04, 0.1), (0.15, 0.2), (0.27, 0.3), (0.35, 0.4), (None, 0.1)):
        synapses = sim.Projection(cells, cells, sim.OneToOneConnector(), sim.StaticSynapse(delay=delay))
        assert synapses.get("delay", format="list", with_address=False) == [wanted] * 2
    sim.run(0.1)


def test_what_failed_leaves_nothing_behind(sim):
    from pyNN.errors import InvalidParameterValueError

    with pytest.raises(InvalidParameterValueError, match="no variable foo"):
        sim.Population(2, sim.IF_curr_exp(), initial_values={"foo": 1.0})
    with pytest.raises(ValueError, match=r"size must be at least 1 \(got 0\)"):
        sim.Population(0, sim.IF_curr_exp())
    cells, others = (sim.Population(1, sim.IF_curr_exp()) for _ in range(2))
    assert sim.simulator.state.populations == [cells, others]
    cells.initialize(v=float("nan"))
    others.initialize(v=-60.0)
    others.record("v")
    with pytest.raises(Exception, match="must be a finite number of mV"):
        sim.run(1.0)
    cells.initialize(v=-65.0)
    sim.run(1.0)
    assert signal(others, "v")[0, 0] == -60.0


def test_samples_after_a_clear_between_two_of_them_keep_their_times(sim):
    cells = sim.Population(1, sim.IF_curr_exp(i_offset=0.5))
    cells.record("v", sampling_interval=0.5)
    sim.run(1.2)
    whole = cells.get_data(clear=True).segments[0].analogsignals[0]
    sim.run(0.8)
    rest = cells.get_data().segments[0].analogsignals[0]
    assert rest.times.tolist() == [1.0, 1.5, 2.0]
    assert rest[0] == whole[2]


def test_what_was_made_before_the_last_setup_says_so(sim):
    old, electrode = sim.Population(1, sim.IF_curr_exp()), sim.DCSource()
    old.record("v")
    sim.run(0.1)
    sim.setup(timestep=DT, backend="numpy")
    cells = sim.Population(1, sim.IF_curr_exp())
    for act in (
        lambda: sim.Projection(old, cells, sim.AllToAllConnector()),
        lambda: cells.inject(electrode),
        lambda: sim.DCSource().inject_into(old),
        lambda: old.set(tau_m=5.0),
        lambda: old.initialize(v=-60.0),
        old.get_data,
    ):
        with pytest.raises(Exception, match=r"was made before the last setup\(\)"):
            act()


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda s, c: s.run(float("nan")), r"finite number of ms \(got nan\)"),
        (lambda s, c: s.Population(2, s.SpikeSourceArray(spike_times=1.0)), "must be a list of times"),
        (lambda s, c: s.DCSource(amplitude=float("nan")), r"DCSource: amplitude must be finite \(got nan\)"),
        (lambda s, c: s.NoisyCurrentSource(stdev=-1.0), r"stdev must be at least 0 nA \(got -1\)"),
        (lambda s, c: c.initialize(isyn_exc=1.0), "no variable isyn_exc that can be initialized; v can"),
        (
            lambda s, c: s.Projection(c, s.Population(1, s.SpikeSourcePoisson()), s.AllToAllConnector()),
            "SpikeSourcePoisson receives no spikes",
        ),
    ],
)
def test_values_that_cannot_be_say_so(sim, act, message):
    cells = sim.Population(1, sim.IF_curr_exp())
    with pytest.raises(Exception, match=message):
        act(sim, cells)


def test_an_electrode_without_times_does_nothing(sim):
    cells = sim.Population(1, sim.IF_curr_exp())
    cells.inject(sim.StepCurrentSource(times=[], amplitudes=[]))
    cells.record("v")
    sim.run(1.0)
    assert np.ptp(signal(cells, "v")) == 0.0

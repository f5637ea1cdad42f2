"""What a description keeps: values, names, selections, defaults; nothing is computed yet."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

import gpusyn as gs
from gpusyn import checks
from gpusyn.errors import ArgumentError, ImmutableError, ParameterError, UnknownNameError
from gpusyn.neurons import NEURONS
from gpusyn.receptors import RECEPTORS


@pytest.fixture
def net():
    return gs.Network()


@pytest.fixture
def E(net):
    return net.population("E", 20, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA(), gs.GABA_A()])


@pytest.fixture
def I(net, E):  # noqa: E743 - the field's name for inhibitory neurons
    return net.population("I", 5, gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A()])


def test_import_needs_numpy_only():
    code = "import sys, gpusyn; print([m for m in sys.modules if m.split('.')[0] in sys.argv[1:]])"
    optional = ["h5py", "scipy", "matplotlib", "tqdm", "cupy", "pandas", "neo"]
    done = subprocess.run([sys.executable, "-c", code, *optional], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_promised_name_is_exported():
    assert set(gs.__all__) <= set(dir(gs))
    for name in set(gs.__all__) - {"Simulator", "open_results", "plot"}:  # those load optional packages
        assert getattr(gs, name) is not None


def test_plan_stays_a_function_once_its_module_is_imported():
    code = "import gpusyn.plan, gpusyn; gpusyn.Simulator; print(callable(gpusyn.plan))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Netwrok'"):
        gs.Netwrok  # noqa: B018


class TestErrors:
    @pytest.mark.parametrize(
        ("error", "builtin"),
        [
            ("ParameterError", ValueError),
            ("ArgumentError", TypeError),
            ("UnknownNameError", LookupError),
            ("PlanMemoryError", MemoryError),
            ("BackendError", RuntimeError),
            ("SimulationError", RuntimeError),
            ("FileError", OSError),
            ("MissingDependencyError", ImportError),
            ("ImmutableError", AttributeError),
        ],
    )
    def test_each_is_a_builtin_too_and_prints_its_text(self, error, builtin):
        kind = getattr(gs, error)
        assert issubclass(kind, gs.GpusynError)
        assert issubclass(kind, builtin)
        assert str(kind("place: what")) == "place: what"
        assert str(pickle.loads(pickle.dumps(kind("place: what")))) == "place: what"


class TestKinetics:
    def test_published_rates(self):
        first_order = gs.kinetics.FirstOrder
        assert first_order.AMPA() == first_order(alpha=1.1, beta=0.19, T_max=1.0, T_dur=1.0)
        assert first_order.NMDA() == first_order(0.072, 0.0066)
        assert first_order.GABA_A() == first_order(5.0, 0.18)

    def test_kinds_and_linearity(self):
        kinetics = gs.kinetics
        made = [
            kinetics.Exponential(1),
            kinetics.Alpha(1),
            kinetics.DualExponential(1, 2),
            kinetics.FirstOrder(1, 1),
            kinetics.Saturating(),
            kinetics.Saturating(jump=True),
            kinetics.Markov.AMPA(),
            kinetics.GProtein(),
        ]
        assert [k.kind for k in made] == [
            "exponential", "alpha", "dual", "first_order", "saturating", "jump", "markov", "g_protein"
        ]  # fmt: skip
        assert [k.linear for k in made] == [True] * 3 + [False] * 5
        assert len(set(made)) == len(made)

    def test_published_schemes(self):
        made = gs.kinetics.Markov.GABA_A()
        assert [made.rates[i][j] for j, i in ((1, 0), (2, 1), (1, 3), (3, 1), (2, 4), (4, 2))] == [
            4.6, 9.2, 3.3, 9.8, 10.6, 0.41
        ]  # fmt: skip
        assert (made.binding[1][0], made.binding[2][1], made.open, made.rest) == (20.0, 10.0, (3, 4), (1, 0, 0, 0, 0))
        assert [len(m.rates) for m in (gs.kinetics.Markov.NMDA(), gs.kinetics.Markov.AMPA())] == [5, 6]
        assert gs.GABA_B().kinetics == gs.kinetics.GProtein()
        assert gs.kinetics.Saturating.NMDA() == gs.kinetics.Saturating(0.5, 2.0, 100.0)

    def test_rest_among_several_closed_states(self):
        drain = gs.kinetics.Markov([[9, 0.2, 0.1], [0.1, 9, 0], [0, 0, 9]], [[0, 0, 0], [0, 0, 0], [1, 0, 0]], 2)
        np.testing.assert_allclose(drain.rest, [2 / 3, 1 / 3, 0.0], rtol=1e-15)
        np.testing.assert_allclose(np.sum(drain.rates, axis=0), 0.0, atol=1e-15)
        assert drain == gs.kinetics.Markov(np.array(drain.rates), np.array(drain.binding), np.array([2]))

    def test_temperature(self):
        kinetics = gs.kinetics
        warm = kinetics.FirstOrder.AMPA().at(35, reference=25, Q10=2.0)
        assert (warm.alpha, warm.beta, warm.T_dur) == (pytest.approx(2.2), pytest.approx(0.38), 1.0)
        one = kinetics.GProtein().at(20, reference=30, Q10={"K1": 2.5})
        assert one == kinetics.GProtein(K1=one.K1)
        np.testing.assert_allclose(one.K1, 0.09 / 2.5)
        scheme = kinetics.Markov.NMDA()
        np.testing.assert_allclose(scheme.at(32, reference=22).rates, 3 * np.array(scheme.rates), rtol=1e-14)
        assert kinetics.DualExponential(2.0, 100.0).at(32, reference=22).tau_rise == pytest.approx(2 / 3)

    def test_values_become_floats(self):
        assert type(gs.kinetics.Alpha(np.int32(3)).tau) is float

    def test_equal_time_constants_are_allowed(self):
        assert gs.kinetics.DualExponential(5.0, 5.0).tau_rise == 5.0


class TestReceptors:
    def test_defaults(self):
        ampa, nmda, gaba = gs.AMPA(), gs.NMDA(), gs.GABA_A()
        assert (ampa.kinetics, ampa.E_rev, ampa.Mg) == (gs.kinetics.Exponential(2.0), 0.0, None)
        assert (nmda.kinetics, nmda.E_rev, nmda.Mg) == (gs.kinetics.DualExponential(2.0, 100.0), 0.0, 1.0)
        assert (gaba.kinetics, gaba.E_rev, gaba.Mg) == (gs.kinetics.Exponential(10.0), -75.0, None)
        assert {(r.gating, r.is_current) for r in (ampa, nmda, gaba)} == {("auto", False)}

    def test_shorthand_chooses_the_kinetics(self):
        assert gs.AMPA(tau_decay=5).kinetics == gs.kinetics.Exponential(5.0)
        assert gs.GABA_A(tau_rise=0.5).kinetics == gs.kinetics.DualExponential(0.5, 10.0)
        assert gs.NMDA(tau_decay=60).kinetics == gs.kinetics.DualExponential(2.0, 60.0)

    def test_current_receptor(self):
        made = gs.CurrentReceptor("exc", tau=5.0)
        assert (made.name, made.kind, made.is_current, made.E_rev) == ("exc", "CurrentReceptor", True, None)
        assert made.weight_unit == "pA"
        assert gs.CurrentReceptor("exc", tau_decay=5.0).kinetics == made.kinetics
        assert gs.CurrentReceptor("exc", tau=5.0, tau_rise=1.0).kinetics == gs.kinetics.DualExponential(1.0, 5.0)
        assert gs.CurrentReceptor("a", kinetics=gs.kinetics.Alpha(2.0)).kinetics.kind == "alpha"

    def test_registry_holds_each_kind_under_its_name(self):
        assert set(RECEPTORS) == {"AMPA", "NMDA", "GABA_A", "GABA_B", "CurrentReceptor"}
        assert all(kind.__name__ == name for name, kind in RECEPTORS.items())

    def test_immutable(self):
        with pytest.raises(ImmutableError, match=r"E_rev cannot be set.*make a new one"):
            gs.AMPA().E_rev = -10.0


class TestParameterTables:
    @pytest.mark.parametrize("model", [*NEURONS.values(), *RECEPTORS.values()])
    def test_table_lists_the_arguments_with_units(self, model, capsys):
        table = model.parameters()
        print(table)
        printed = capsys.readouterr().out
        assert printed.startswith("name")
        for row in table:
            assert row.name in printed
            assert row.meaning in printed
        assert all(len(line) < 110 for line in printed.splitlines())
        assert "<table>" in table._repr_html_()

    @pytest.mark.parametrize("model", [gs.LIF, gs.PoissonSource])
    def test_stated_defaults_are_the_defaults(self, model):
        made = model()
        for row in model.parameters():
            assert getattr(made, row.name) == row.default

    @pytest.mark.parametrize("kind", [gs.AMPA, gs.NMDA, gs.GABA_A])
    def test_stated_receptor_defaults_are_the_defaults(self, kind):
        stated = {row.name: row.default for row in kind.parameters() if isinstance(row.default, float)}
        made, spelled_out = kind(), kind(**stated)
        assert (made.kinetics, made.E_rev, made.Mg) == (
            spelled_out.kinetics,
            spelled_out.E_rev,
            spelled_out.Mg,
        )


class TestNeurons:
    def test_values_are_kept_by_name_in_order(self):
        cell = gs.LIF(C_m=250, V_th=-50.0)
        assert list(cell.values) == ["C_m", "g_L", "E_L", "V_th", "V_reset", "t_ref", "I_e"]
        assert cell.values["C_m"] == 250.0
        assert cell.V_th == -50.0
        assert (cell.kind, cell.is_source) == ("LIF", False)

    def test_arrays_are_copied_and_read_only(self):
        mine = np.full(3, -50.0)
        cell = gs.LIF(V_th=mine)
        mine[:] = 0.0
        assert cell.values["V_th"].tolist() == [-50.0] * 3
        with pytest.raises(ValueError, match="read-only"):
            cell.values["V_th"][0] = 1.0
        with pytest.raises(TypeError):
            cell.values["V_th"] = mine

    def test_distributions_are_kept(self):
        assert gs.LIF(V_th=gs.Uniform(-55.0, -50.0)).values["V_th"] == gs.Uniform(-55.0, -50.0)

    def test_spike_source_shares_a_flat_list(self):
        assert gs.SpikeSource([3, 1.0]).times.tolist() == [1.0, 3.0]
        assert gs.SpikeSource([]).times.tolist() == []
        assert gs.SpikeSource(np.array([2.0, 1.0])).times.tolist() == [1.0, 2.0]

    def test_spike_source_keeps_a_list_a_neuron(self):
        for times in ([[5, 1], []], [np.array([1, 5]), np.array([])], ([1, 5], ())):
            assert [t.tolist() for t in gs.SpikeSource(times).times] == [[1.0, 5.0], []]
        assert [t.tolist() for t in gs.SpikeSource(np.array([[1.0], [2.0]])).times] == [[1.0], [2.0]]

    def test_declared_maximum_of_events(self):
        assert gs.PoissonSource(5.0).max_events is None
        assert gs.PoissonSource(5.0, max_events=3).max_events == 3
        assert gs.SpikeSource([1.0], max_events=np.int64(2)).max_events == 2

    def test_models_survive_pickling(self):
        cell = pickle.loads(pickle.dumps(gs.LIF(V_th=[-50.0, -51.0])))
        assert cell.V_th.tolist() == [-50.0, -51.0]
        assert repr(cell) == repr(gs.LIF(V_th=[-50.0, -51.0]))
        assert pickle.loads(pickle.dumps(gs.LIF.parameters())) == gs.LIF.parameters()


class TestWaveform:
    t = np.array([-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 9.0])

    def test_step_holds(self):
        assert gs.Waveform([0, 1, 2], [5, 6, 7]).sample(self.t).tolist() == [0, 5, 5, 6, 6, 7, 7]

    def test_linear_joins(self):
        wave = gs.Waveform([0, 1, 2], [0, 10, 0], interpolation="linear")
        assert wave.sample(self.t).tolist() == [0, 0, 5, 10, 5, 0, 0]

    def test_before_the_first_time(self):
        assert gs.Waveform([0], [-70.0]).sample(self.t, before=-70.0).tolist() == [-70.0] * 7

    @pytest.mark.parametrize("dt", [0.1, 0.05, 0.025, 1 / 3])
    @pytest.mark.parametrize("interpolation", ["step", "linear"])
    def test_times_on_the_grid_start_at_their_step(self, dt, interpolation):
        """K times dt may fall short of the k-th time by a rounding error."""
        steps = np.arange(1, 200_000, 997)
        wave = gs.Waveform([round(float(k) * dt, 10) for k in steps], steps, interpolation=interpolation)
        np.testing.assert_allclose(wave.sample(steps * dt), steps, rtol=1e-6)

    def test_copies(self):
        mine = np.array([1.0, 2.0])
        wave = gs.Waveform(mine, mine)
        mine[:] = 9.0
        assert wave.times.tolist() == [1.0, 2.0]
        assert not wave.values.flags.writeable


class TestSelections:
    @pytest.mark.parametrize(
        ("index", "ids", "name"),
        [
            (slice(None, 10), range(10), "E[0:10]"),
            (slice(2, 10, 3), [2, 5, 8], "E[2:9:3]"),
            (slice(-2, None), [18, 19], "E[18:20]"),
            (3, [3], "E[3]"),
            (-1, [19], "E[19]"),
            (np.int64(4), [4], "E[4]"),
            ([1, 2, 7], [1, 2, 7], "E[1,2,7]"),
            (np.array([0, -1]), [0, 19], "E[0:20:19]"),
            ([1, 2, 4, 8, 16], [1, 2, 4, 8, 16], "E[1,2,4,8,...]"),
            (np.arange(20) > 17, [18, 19], "E[18:20]"),
            ([k == 0 for k in range(20)], [0], "E[0]"),
            (slice(None), range(20), "E"),
            (slice(5, 500), range(5, 20), "E[5:20]"),
        ],
    )
    def test_indexing(self, E, index, ids, name):
        chosen = E[index]
        ((population, kept),) = chosen.parts
        assert population is E
        assert kept.tolist() == list(ids)
        assert (chosen.size, len(chosen), chosen.name) == (len(ids), len(ids), name)
        assert kept.dtype == np.int64

    def test_union_keeps_its_order(self, E, I):
        both = I + E[:3]
        assert [(p.name, ids.tolist()) for p, ids in both.parts] == [("I", [0, 1, 2, 3, 4]), ("E", [0, 1, 2])]
        assert both.name == "I+E[0:3]"
        assert [(p.name, ids.tolist()) for p, ids in both[4:6].parts] == [("I", [4]), ("E", [0])]
        assert [s.name for s in both[[0, 7]]] == ["I[0]", "E[2]"]

    def test_neighbouring_slices_join(self, E):
        assert [ids.tolist() for _, ids in (E[:2] + E[4:6]).parts] == [[0, 1, 4, 5]]
        assert (E[:10] + E[10:]).name == "E"

    def test_slices_out_of_order_stay_apart(self, E):
        assert [ids.tolist() for _, ids in (E[4:6] + E[:2]).parts] == [[4, 5], [0, 1]]

    def test_sum(self, E, I):
        assert sum([E, I]).name == "E+I"

    def test_keys_tell_neurons_apart(self, E, I):
        assert len(np.unique((E + I).keys())) == 25
        assert np.array_equal(E[5:].keys(), E.keys()[5:])


class TestNetwork:
    def test_population(self, net):
        V = np.linspace(-60, -50, 4)
        made = net.population("cells", 4, gs.LIF(V_th=[-50.0] * 4), receptors=gs.AMPA(), V=V, positions=np.ones((4, 2)))
        assert net.populations["cells"] is made
        assert (made.name, made.size, made.index, made.is_source) == ("cells", 4, 0, False)
        assert [r.name for r in made.receptors] == ["AMPA"]
        assert made.V.tolist() == V.tolist()
        assert made.positions.shape == (4, 2)
        assert made.parts[0].population is made
        with pytest.raises(ImmutableError):
            made.size = 5

    def test_a_source_needs_no_receptors(self, net):
        source = net.population("in", 2, gs.SpikeSource([[1.0], [2.0]]))
        assert (source.is_source, source.receptors, source.V, dict(source.variables)) == (True, (), None, {})

    def test_recordable_variables_and_units(self, net):
        receptors = [
            gs.AMPA(),
            gs.NMDA(),
            gs.GABA_A(kinetics=gs.kinetics.FirstOrder.GABA_A()),
            gs.CurrentReceptor("dc", kinetics=gs.kinetics.Alpha(2.0)),
        ]
        assert dict(net.population("E", 1, gs.LIF(), receptors=receptors).variables) == {
            "V": "mV",
            "g_AMPA": "nS",
            "I_AMPA": "pA",
            "g_NMDA": "nS",
            "I_NMDA": "pA",
            "B_NMDA": "1",
            "h_NMDA": "nS/ms",
            "g_GABA_A": "nS",
            "I_GABA_A": "pA",
            "I_dc": "pA",
            "h_dc": "pA/ms",
            "Ca": "uM",
        }

    def test_a_class_of_receptor_may_come_twice(self, net):
        receptors = [gs.AMPA(), gs.AMPA(name="AMPA_slow", tau_decay=20.0)]
        E = net.population("E", 2, gs.LIF(), receptors=receptors)
        assert E.receptor("AMPA_slow") is receptors[1]
        assert E.receptor("NMDA") is None

    def test_connect_keeps_what_was_given(self, net, E, I):
        contact = {"AMPA": 4.0, "NMDA": gs.Ratio("AMPA", 0.08)}
        made = net.connect(I, E[:10], gs.FixedProbability(0.5), weight=contact, delay=gs.Uniform(0.5, 2.0))
        contact["AMPA"] = 9.0
        assert net.projections["I->E[0:10]:AMPA+NMDA"] is made
        assert list(made.weights.items()) == [("AMPA", 4.0), ("NMDA", gs.Ratio("AMPA", 0.08))]
        assert (made.delay, made.w_max) == (gs.Uniform(0.5, 2.0), None)
        assert (made.pre, made.post.size) == (I, 10)

    def test_arrays_of_one_value_a_synapse(self, net, E, I):
        weight = np.arange(5.0)
        made = net.connect(I, E[:5], gs.OneToOne(), receptor="AMPA", weight=weight, delay=[1.0] * 5, w_max=10.0)
        weight[:] = -1.0
        assert made.weights["AMPA"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
        assert not made.weights["AMPA"].flags.writeable
        assert dict(made.w_max) == {"AMPA": 10.0}
        pairs = gs.FromArrays([0, 1], [2, 2])
        assert net.connect(I, E, pairs, receptor="GABA_A", weight=[1, 2]).weights["GABA_A"].tolist() == [
            1.0,
            2.0,
        ]
        assert net.connect(I, E, gs.AllToAll(), receptor="AMPA", weight=np.ones(100)).weights["AMPA"].shape == (100,)

    def test_length_counts_excluded_autapses(self, net, E):
        rule = gs.AllToAll(autapses=False)
        assert net.connect(E, E, rule, receptor="AMPA", weight=np.ones(380)).weights["AMPA"].shape == (380,)
        with pytest.raises(ParameterError, match="380"):
            net.connect(E, E, rule, receptor="AMPA", weight=np.ones(400), name="all")

    def test_current_weights_may_be_negative(self, net):
        cells = net.population("cells", 2, gs.LIF(), receptors=gs.CurrentReceptor("syn", tau=5.0))
        made = net.connect(cells, cells, gs.AllToAll(), receptor="syn", weight=-90.0)
        assert made.weights["syn"] == -90.0

    def test_inputs(self, net, E):
        drive = net.drive(E, "AMPA", rate=np.full(20, 100.0), weight=gs.Normal(2.0, 0.1), start=5.0, stop=10.0)
        assert (drive.name, drive.receptor, drive.start, drive.stop) == ("drive->E:AMPA", "AMPA", 5.0, 10.0)
        current = net.inject(E[:5], gs.Waveform([0.0], [100.0]))
        assert (current.name, current.start, current.stop) == ("inject->E[0:5]", 0.0, None)
        assert net.clamp(E[:5], -70).V == -70.0
        assert net.clamp(E[5:], gs.Waveform([0.0], [-60.0])).name == "clamp->E[5:20]"
        assert (len(net.drives), len(net.injections), len(net.clamps)) == (1, 1, 2)

    def test_recorders(self, net, E, I, tmp_path):
        spikes = net.record(E + I, "spikes")
        traces = net.record(E[:3], ["V", "g_NMDA"], every=1, file=tmp_path / "run.h5")
        assert (spikes.name, spikes.is_spikes, spikes.variables) == ("E+I:spikes", True, ("spikes",))
        assert (traces.name, traces.is_spikes) == ("E[0:3]:V+g_NMDA", False)
        assert (traces.every, traces.file) == (1.0, str(tmp_path / "run.h5"))
        assert {spikes: 1, traces: 2}[traces] == 2

    def test_names_given_by_the_user(self, net, E):
        made = [net.connect(E, E, gs.AllToAll(), receptor="AMPA", weight=1.0, name=name) for name in ("a", "b")]
        assert list(net.projections) == ["a", "b"]
        assert made[0] is not made[1]

    def test_a_refused_call_leaves_nothing_behind(self, net, E):
        with pytest.raises(ParameterError):
            net.connect(E, E, gs.AllToAll(), receptor="AMPA", weight=-1.0)
        assert not net.projections
        net.connect(E, E, gs.AllToAll(), receptor="AMPA", weight=1.0)

    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
    def test_a_network_can_be_copied(self, net, E, copied):
        net.connect(E, E[:3], gs.AllToAll(), receptor="AMPA", weight=1.0, w_max=2.0)
        net.record(E, "V")
        other = copied(net)
        assert repr(other) == repr(net)
        twin = other.populations["E"]
        assert twin is not E
        assert other.projections["E->E[0:3]:AMPA"].pre is twin
        assert other.recorders["E:V"].source is twin
        other.connect(twin, twin, gs.AllToAll(), receptor="NMDA", weight=1.0)
        assert len(net.projections) == 1

    def test_views_are_read_only(self, net, E):
        with pytest.raises(TypeError):
            net.populations["other"] = E


class FakeQuantity:
    """A quantity of seconds or volts, as pint (``to``, ``magnitude``) or quantities (``rescale``) have it."""

    units = "SI"

    def __init__(self, si, way="to"):
        self.si = si
        setattr(self, way, self._convert)

    def _convert(self, unit):
        if unit not in ("ms", "mV"):
            raise RuntimeError(f"cannot convert to {unit}")
        return type("Converted", (), {"magnitude": 1000 * np.asarray(self.si), "units": unit})()


class TestUnits:
    @pytest.mark.parametrize("way", ["to", "rescale"])
    def test_quantities_are_converted(self, way):
        assert gs.LIF(t_ref=FakeQuantity(0.002, way)).t_ref == 2.0
        assert gs.LIF(V_th=FakeQuantity(np.array([-0.05, -0.04]), way)).V_th.tolist() == [-50.0, -40.0]
        assert gs.LIF(V_th=[FakeQuantity(-0.05, way), FakeQuantity(-0.04, way)]).V_th.tolist() == [
            -50.0,
            -40.0,
        ]

    def test_a_wrong_dimension_is_refused(self):
        with pytest.raises(ParameterError, match=r"LIF.C_m: must be in pF.*cannot convert to pF"):
            gs.LIF(C_m=FakeQuantity(1.0))


class TestChecks:
    @pytest.mark.parametrize("time", [0.3, 0.30000000000000004, 0.3 + 0.9e-7])
    def test_times_on_the_grid(self, time):
        assert checks.whole_steps(time, 0.1, "x") == 3

    @pytest.mark.parametrize("time", [0.35, 0.3 + 2e-7, 1e30])
    def test_times_off_the_grid(self, time):
        with pytest.raises(ParameterError, match=r"must be a multiple of dt = 0\.1 ms"):
            checks.whole_steps(time, 0.1, "x")

    def test_the_message_of_the_manual(self):
        text = r"^Projection 'I->E'\.delay: must be a multiple of dt = 0\.1 ms \(got 0\.25\); .* 0\.2 and 0\.3"
        with pytest.raises(ParameterError, match=text):
            checks.whole_steps(0.25, 0.1, "Projection 'I->E'.delay")

    def test_shortest_time(self):
        with pytest.raises(ParameterError, match=r"must be at least dt = 0\.1 ms \(got 0\)"):
            checks.whole_steps(0.0, 0.1, "x")
        assert checks.whole_steps(0.0, 0.1, "x", low=0) == 0

    def test_arrays_of_times(self):
        assert checks.whole_steps_array(np.array([0.1, 2.0]), 0.1, "x").tolist() == [1, 20]
        with pytest.raises(ParameterError, match=r"x\[1\]: must be a multiple"):
            checks.whole_steps_array(np.array([0.1, 0.25]), 0.1, "x")

    def test_drawn_values_are_checked_with_a_next_move(self):
        with pytest.raises(ParameterError, match=r"w\[1\]: must be .* >= 0 \(got -1.*drawn.*low="):
            checks.check_drawn(np.array([1.0, -1.0]), "w", unit="nS", low=0.0)

    def test_public_classes_and_methods(self):
        @checks.public
        class Thing:
            def __init__(self, size, *, colour="red"):
                self.size = size

        assert Thing(3).size == 3
        with pytest.raises(ArgumentError, match=r"^Thing\(\): unknown argument 'color' \(did you mean 'colour'\?\)"):
            Thing(3, color="blue")
        with pytest.raises(ArgumentError, match=r"^Thing\(\): missing a required argument: 'size'; it takes size, col"):
            Thing()
        with pytest.raises(ArgumentError, match=r"^Thing\(\): got 2 without a keyword, at most 1 allowed"):
            Thing(3, "blue")

    def test_nearest_ignores_case(self):
        with pytest.raises(UnknownNameError, match="did you mean 'GABA_A'"):
            checks.one_of("gaba_a", ["AMPA", "GABA_A"], "x")

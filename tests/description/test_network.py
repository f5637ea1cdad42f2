"""What a network keeps: populations, selections, projections, inputs, recorders; nothing is computed yet."""

import copy
import pickle

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import ImmutableError, ParameterError, UnknownNameError


@pytest.fixture
def net():
    return gs.Network()


@pytest.fixture
def E(net):
    return net.population("E", 20, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA(), gs.GABA_A()])


@pytest.fixture
def I(net, E):  # noqa: E743 - the field's name for inhibitory neurons
    return net.population("I", 5, gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A()])


class TestNames:
    def test_a_second_object_of_the_same_kind_is_numbered(self, net, E):
        """Names key the random streams: the first keeps the name that it has alone."""
        for number in ("", " #2", " #3"):
            assert net.connect(E, E, gs.OneToOne(), receptor="AMPA", weight=1.0).name == f"E->E:AMPA{number}"
            assert net.inject(E, 1.0).name == f"inject->E{number}"
            assert net.drive(E, "AMPA", rate=1.0, weight=1.0).name == f"drive->E:AMPA{number}"
            assert net.infuse("NBQX", 1.0).name == f"infuse->NBQX{number}"
            assert net.record(E, "V").name == f"E:V{number}"

    def test_a_name_that_was_given_is_passed_over(self, net, E):
        net.inject(E, 1.0, name="inject->E #2")
        assert [net.inject(E, 1.0).name for _ in range(3)] == ["inject->E", "inject->E #3", "inject->E #4"]

    def test_populations_by_name(self, net, E, I):
        projection = net.connect("E", "I", gs.AllToAll(), receptor="AMPA", weight=1.0)
        assert projection.pre is E
        assert projection.post is I
        assert net.drive("E", "AMPA", rate=1.0, weight=1.0).target is E
        assert net.inject("E", np.ones(20)).target is E
        assert net.clamp("I", -60.0).target is I
        assert net.record("E", "spikes").source is E

    @pytest.mark.parametrize("method", ["inject", "clamp"])
    def test_an_unknown_name_says_which_are_known(self, net, E, I, method):
        with pytest.raises(UnknownNameError, match=rf"Network.{method}\(\).target: unknown name 'F'.*known here: E, I"):
            getattr(net, method)("F", 1.0)


def test_what_a_network_returns_prints_short(net, E):
    """Whatever its arrays and how many neurons it has, an object prints on a line or two."""
    many = net.population(
        "many", 5000, gs.LIF(C_m=100.0 + np.arange(5000)), receptors=gs.AMPA(), V=np.full(5000, -60.0)
    )
    ones = np.ones(5000)
    for made in (
        many,
        net.drive(many, "AMPA", rate=ones, weight=ones),
        net.inject(many, ones),
        net.clamp(many[10:20], gs.Waveform(np.arange(999.0), np.zeros(999))),
        net.connect(many, many, gs.OneToOne(), receptor="AMPA", weight=ones),
        net.record(many[np.arange(0, 5000, 7)], "V"),
    ):
        assert "\n" not in repr(made)
        assert len(repr(made)) < 250
        assert made.name in repr(made)


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

"""Synapses are recorded: each sample is what `sim.weights` returns at that time, and recording changes nothing else."""

from __future__ import annotations

import copy
import pickle
import re

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.io.writer import ReportWriter
from gpusyn.results import SynapseData
from tests.helpers.long_checks import every
from tests.helpers.runs import same_bits

DT = 0.1
CELL = gs.LIF(E_L=-60.0, V_th=-50.0, V_reset=-60.0, t_ref=1.0, I_e=400.0)


def network(*, precision: str = "single", file=None, **options):
    """Two populations that reach two populations by two receptors, with synapses of every way of storing them."""
    net = gs.Network()
    slow = gs.NMDA(kinetics=gs.kinetics.FirstOrder.NMDA(), gating="per-synapse")
    receptors = [gs.AMPA(), slow, gs.CurrentReceptor("fast", tau=2.0)]
    A, B = (
        net.population(name, n, CELL, receptors=receptors, V=gs.Uniform(-60.0, -49.0))
        for name, n in zip("AB", (9, 6), strict=True)
    )
    both = {"AMPA": gs.Uniform(0.5, 4.0), "NMDA": gs.Ratio("AMPA", 0.1)}
    net.connect(
        A + B,
        B + A[:4],
        gs.FixedInDegree(5),
        weight=both,
        delay=gs.Uniform(0.1, 3.0),
        w_max={"AMPA": 8.0, "NMDA": 1.0},
        name="both",
    )
    net.connect(
        B,
        A,
        gs.FixedProbability(0.5),
        receptor="fast",
        weight=gs.Normal(0.0, 20.0, low=-50.0, high=50.0),
        w_max=60.0,
        name="current",
    )
    net.connect(A, A, gs.AllToAll(), receptor="AMPA", weight=0.25, name="shared")
    net.record(A + B, "spikes", name="spikes", file=file)
    net.record(A[:2], ["V", "g_AMPA"], every=0.7, name="traces", file=file)
    return net


WINDOWS = {
    "whole": {},
    "late": {"start": 1.0, "stop": 4.2},
    "some": {"synapses": [0, 3, 4, 11, 20]},
    "never": {"start": 50.0},
}


def recorded(every: float | None = 0.5, file=None):
    """Record all synapses, in windows and in part."""
    net = network(file=file)
    for name, options in WINDOWS.items():
        net.record("both", ["weight_AMPA", "weight_NMDA"], every=every, name=name, file=file, **options)
    net.record(net.projections["current"], "weight", every=1.2, name="pA", file=file)
    net.record("shared", "weight", every=2.0, name="one", file=file)
    return net


def change(sim: gs.Simulator) -> None:
    """Give weights another value."""
    w = sim.weights("both").weight
    sim.set_weights("both", {"AMPA": 0.75 * w["AMPA"], "NMDA": 0.5 * w["NMDA"]})
    sim.set_weights("current", -0.5 * sim.weights("current").weight)


def run(backend, net, cuts=(10, 23, 30, 55), **options):
    """Run to 6 ms, with other weights after 2.3 ms and after 3 ms."""
    with gs.Simulator(net, dt=DT, seed=3, backend=backend, **options) as sim:
        for stop in (*cuts, 60):
            sim.step(stop - round(sim.time / DT))
            if stop in (23, 30):
                change(sim)
        return dict(sim.data)


def followed(backend, **options):
    """Return what `sim.weights` says after every step of the same run, by time in steps, and the other recordings."""
    seen = {}
    with gs.Simulator(network(), dt=DT, seed=3, backend=backend, **options) as sim:
        for step in range(1, 61):
            sim.step(1)
            seen[step] = {name: sim.weights(name) for name in ("both", "current", "shared")}
            if step in (23, 30):
                change(sim)
        return seen, dict(sim.data)


@pytest.mark.parametrize("precision", every(2, ["single", "double"]))
def test_a_sample_is_what_the_weights_are(backend, precision):
    seen, _ = followed(backend, precision=precision)
    data = run(backend, recorded(), precision=precision)
    for name, projection, variable, receptor in (
        ("whole", "both", "weight_AMPA", "AMPA"),
        ("whole", "both", "weight_NMDA", "NMDA"),
        ("pA", "current", "weight", None),
        ("one", "shared", "weight", None),
    ):
        traces = data[name]
        assert isinstance(traces, SynapseData)
        assert traces[variable].dtype == np.float64
        assert len(traces) == int(6.0 / traces.every + 1e-9)
        for t, row in zip(traces.t, traces[variable], strict=True):
            weights = seen[round(t / DT)][projection]
            expected = weights.weight if receptor is None else weights.weight[receptor]
            assert same_bits(row, expected)
            assert traces.pre.tolist() == weights.pre.tolist()
            assert traces.post.tolist() == weights.post.tolist()
        assert traces.synapses.tolist() == traces.ids.tolist() == list(range(traces.size))
        assert traces.projection == projection
    levels = {tuple(row) for row in data["whole"]["weight_NMDA"]}
    assert len(levels) == 3  # before the first change, after it, and after the second one


def test_samples_do_not_depend_on_chunks_or_cuts(backend):
    whole = run(backend, recorded())
    assert len(whole["whole"]) == 12
    for chunk_steps, cuts in ((1, (23, 30)), (3, (1, 2, 23, 25, 30, 59)), (32, (23, 30)), (512, (5, 23, 30))):
        assert run(backend, recorded(), cuts, chunk_steps=chunk_steps) == whole


def test_recording_changes_nothing_else(backend):
    _, plain = followed(backend)
    data = run(backend, recorded())
    assert len(plain["spikes"]) > 10
    for name in plain:
        assert data[name] == plain[name]
    assert data == run("numpy", recorded())


def test_windows_and_parts_have_what_the_whole_has():
    data = run("cpu", recorded())
    whole, chosen = data["whole"], WINDOWS["some"]["synapses"]
    assert data["late"] == whole.between(1.0, 4.2)
    assert data["late"].t.tolist() == pytest.approx([1.5, 2.0, 2.5, 3.0, 3.5, 4.0])
    assert data["some"] == whole.select(chosen)
    assert data["some"].synapses.tolist() == data["some"].local_ids.tolist() == chosen
    assert data["some"].ids.tolist() == [0, 1, 2, 3, 4]
    assert data["some"].pre.tolist() == whole.pre[chosen].tolist()
    assert data["never"]["weight_AMPA"].shape == (0, whole.size)


def test_every_step_is_sampled_where_no_interval_is_given(caplog):
    net = network()
    every = net.record("shared", "weight", synapses=5, name="every step")
    assert every.synapses.tolist() == [5]
    told = "'every step': synapses are read by the host after every step, which takes longer than the step; give every="
    assert told in str(gs.plan(net, dt=DT))
    with gs.Simulator(net, dt=DT, backend="numpy", chunk_steps=7) as sim:
        sim.step(25)
        assert sim.data[every].t.tolist() == (np.arange(1, 26) * DT).tolist()
        assert sim.data[every]["weight"].tolist() == [[0.25]] * 25


def test_a_reset_begins_again(backend):
    with gs.Simulator(recorded(), dt=DT, seed=3, backend=backend) as sim:
        sim.step(17)
        change(sim)
        sim.step(13)
        sim.reset(trial=4)
        assert sim.data["whole"]["weight_AMPA"].shape[0] == 0
        sim.step(12)
        assert sim.data["whole"]["weight_AMPA"].tolist() == [sim.weights("both").weight["AMPA"].tolist()] * 2


def test_multapses_keep_the_order_of_their_creation(backend):
    net = gs.Network()
    cells = net.population("E", 3, CELL, receptors=[gs.AMPA()])
    pre, post = np.array([(2, 1), (0, 2), (2, 1), (1, 0), (2, 1)]).T
    rule = gs.FromArrays(pre, post)
    net.connect(
        cells, cells, rule, receptor="AMPA", weight=np.arange(1.0, 6.0), delay=[0.2, 0.1, 0.1, 0.3, 2.0], name="c"
    )
    net.record("c", "weight", every=0.1, name="w")
    net.record("c", "weight", every=0.1, synapses=[2, 4], name="some")
    with gs.Simulator(net, dt=DT, backend=backend) as sim:
        sim.step(1)
        assert sim.data["w"]["weight"].tolist() == [[2.0, 4.0, 1.0, 3.0, 5.0]]
        assert sim.data["some"]["weight"].tolist() == [[1.0, 5.0]]


# ---- files ----


def test_files_have_what_is_in_memory(tmp_path):
    h5py = pytest.importorskip("h5py")
    kept, path = recorded(), tmp_path / "stream.h5"
    with (
        gs.Simulator(kept, dt=DT, seed=3, backend="numpy", chunk_steps=9) as sim,
        gs.Simulator(recorded(file=path), dt=DT, seed=3, backend="numpy", chunk_steps=7) as streaming,
    ):
        for stop in (13, 30, 60):
            for one in (sim, streaming):
                one.step(stop - round(one.time / DT))
                change(one)
            live = gs.open_results(path)
            assert live.status != "finished" or stop == 60
            for name in sim.data:
                assert sim.data[name] == streaming.data[name] == live[name]
        for name in ("run.h5", "folder"):
            sim.save(tmp_path / name)
            assert dict(gs.open_results(tmp_path / name)) == dict(sim.data)
        data = dict(sim.data)
    assert dict(gs.open_results(path)) == data
    assert gs.open_results(path).provenance["seed"] == 3
    with h5py.File(tmp_path / "run.h5") as file:
        group = file["gpusyn/weight/report/current"]
        assert np.array_equal(group["data"], data["pA"]["weight"])
        assert group["data"].attrs["units"] == "pA"
        assert group["mapping/edge_ids"][()].tolist() == data["pA"].synapses.tolist()
        assert group["mapping/time"][()].tolist() == pytest.approx([1.2, 7.2, 1.2])
        assert file["gpusyn/recorders/pA/post"][()].tolist() == data["pA"].post.tolist()
    assert {"weight.h5", "weight_AMPA.h5", "weight_NMDA.h5"} <= {p.name for p in (tmp_path / "folder").iterdir()}


def test_what_a_full_disk_refused_is_kept(tmp_path, monkeypatch):
    pytest.importorskip("h5py")
    path = tmp_path / "run.h5"
    expected = run("numpy", recorded())

    def refuse(*arguments):
        raise OSError("no room")

    with gs.Simulator(recorded(file=path), dt=DT, seed=3, backend="numpy") as sim:
        sim.step(23)
        change(sim)
        sim.step(1)  # the next chunk ends with a sample
        with monkeypatch.context() as full:
            full.setattr(ReportWriter, "flush", refuse)
            with pytest.raises(gs.FileError, match="no room"):
                sim.step(6)
        at = sim.time
        assert sim.data["whole"] == expected["whole"].between(0.0, at)
        assert len(gs.open_results(path)["whole"]) < len(sim.data["whole"])
        sim.step(30 - round(at / DT))
        change(sim)
        sim.step(30)
    assert dict(gs.open_results(path)) == expected


def test_nwb_has_synapses_too(tmp_path):
    neo = pytest.importorskip("neo")
    pytest.importorskip("pynwb")
    net = network()
    net.record("current", "weight", every=1.0, name="w")
    with gs.Simulator(net, dt=DT, seed=3, backend="numpy") as sim:
        sim.step(30)
        sim.save(tmp_path / "run.nwb")
        weight = sim.data["w"]["weight"]
    blocks = neo.io.NWBIO(str(tmp_path / "run.nwb")).read_all_blocks()
    signals = [signal for block in blocks for signal in block.segments[0].analogsignals]
    assert any(signal.shape == weight.shape and np.allclose(signal.magnitude, weight) for signal in signals)


# ---- what is made of the data ----


@pytest.fixture
def data() -> SynapseData:
    weight = np.arange(12.0).reshape(3, 4)
    return SynapseData(
        "E->I:AMPA", [1, 4, 5, 9], [0, 0, 2, 3], [1, 3, 3, 0], {"weight": weight}, [5.0, 10.0, 15.0], {"weight": "nS"}
    )


def test_data_of_synapses_are_traces(data):
    assert isinstance(data, gs.TraceData)
    assert repr(data) == "SynapseData(weight (nS), 3 samples every 5 ms, of 4 synapses of E->I:AMPA)"
    assert (data.names, data.variables, data.units["weight"]) == (("E->I:AMPA",), ("weight",), "nS")
    assert repr(data.select(data.synapses == 4)).endswith("of 1 synapse of E->I:AMPA)")
    with pytest.raises(gs.UnknownNameError, match=r"^SynapseData: unknown name 'W'.*known here: weight"):
        data["W"]
    late = data.between(5.0, 15.0)
    assert (type(late), late.t.tolist(), late.post.tolist()) == (SynapseData, [10.0, 15.0], [1, 3, 3, 0])
    onto = data.select(data.post == 3)
    assert (onto.synapses.tolist(), onto.pre.tolist(), onto["weight"][0].tolist()) == ([4, 5], [0, 2], [1.0, 2.0])
    assert data.select([3, 0]).synapses.tolist() == [9, 1]
    for copied in (copy.deepcopy(data), pickle.loads(pickle.dumps(data))):
        assert copied == data
        assert copied.pre.tolist() == data.pre.tolist()
    assert data != SynapseData(data.projection, data.synapses, data.pre, [1, 3, 3, 1], data.values, data.t, data.units)
    plain = gs.TraceData(data.populations, data.values, data.t, data.units)
    assert data != plain
    assert plain != data


@pytest.mark.parametrize(
    "wrong, error",
    [
        ([4], gs.ParameterError),
        ([-1], gs.ParameterError),
        ("E", gs.ArgumentError),
        ([0.5], gs.ArgumentError),
        ([[0]], gs.ParameterError),
        (np.ones((0, 3)), gs.ParameterError),
        (np.ones(3, bool), gs.ArgumentError),
    ],
)
def test_columns_that_are_not_there(data, wrong, error):
    with pytest.raises(error, match=r"SynapseData.select\(\).synapses: must be columns, 0 to 3, or a mask of 4 \(got"):
        data.select(wrong)


def test_neurons_of_every_synapse_are_needed(data):
    with pytest.raises(
        gs.ParameterError, match=r"SynapseData.post: must be whole numbers, one per synapse \(got shape"
    ):
        SynapseData("c", [0, 1], [0, 1], [0], {}, [], {})


def test_xarray_and_neo_know_the_neurons(data):
    xarray = pytest.importorskip("xarray")
    made = data.to_xarray()
    assert isinstance(made, xarray.Dataset)
    assert made["weight"].sel(id=made.post == 3).values.tolist() == data["weight"][:, 1:3].tolist()
    assert set(made.coords) == {"time", "projection", "synapse", "pre", "post", "id"}
    pytest.importorskip("neo")
    (signal,) = data.to_neo().segments[0].analogsignals
    assert signal.array_annotations["pre"].tolist() == data.pre.tolist()


def test_a_plot_names_the_neurons(data):
    pytest.importorskip("matplotlib").use("agg")
    (panel,) = gs.plot.traces(data, ids=[1, 3])
    assert [line.get_label() for line in panel.lines] == ["E->I:AMPA[0->3]", "E->I:AMPA[3->0]"]
    assert panel.get_ylabel() == "weight (nS)"


# ---- what is said of it ----


@pytest.mark.parametrize("file", [None, "run.h5"])
def test_the_plan_counts_what_is_kept(file, tmp_path):
    net = network()
    file = file and tmp_path / file
    net.record("shared", "weight", every=1.0, stop=5.5, name="all", file=file)
    net.record("shared", "weight", every=1.0, start=2.0, stop=5.5, synapses=[3, 5], name="two", file=file)
    plan = gs.plan(net, dt=DT)
    with gs.Simulator(net, dt=DT, backend="numpy") as sim:
        sim.step(80)
        for name, synapses, samples in (("all", 81, 5), ("two", 2, 3)):
            log = sim._running.recordings.synapses[name]
            held = sum(rows.nbytes for rows in log.rows["weight"])
            assert held == (0 if file else samples * synapses * 8)
            index = log.synapses.nbytes + sum(ids.nbytes for ids in log.pairs)
            assert index + held <= plan.recordings[name] == synapses * 48 + held


def test_the_plan_counts_what_it_takes_to_find_a_few_of_many_synapses():
    net = gs.Network()
    cells = net.population("E", 2000, CELL, receptors=[gs.AMPA()])
    net.connect(cells, cells, gs.FixedProbability(0.5), receptor="AMPA", weight=1.0, name="c")
    scratch = [gs.plan(net).scratch]
    net.record("c", "weight", every=100.0, stop=1000.0, synapses=[0, 1])
    plan = gs.plan(net)
    assert scratch[0] < 150 * 2e6 < plan.scratch
    assert plan.recordings["c:weight"] == 2 * (48 + 10 * 8)


def test_what_is_printed_of_recorded_synapses():
    net = recorded()
    assert re.search(r"\none +shared +weight, every 2 ms$", net.describe())
    assert re.search(r"\nsome +both \(5 synapses\) +weight_AMPA, weight_NMDA, every 0.5 ms\n", net.describe())
    with gs.Simulator(net, dt=DT, backend="numpy") as sim:
        assert "\n  some: weight_AMPA, weight_NMDA of 5 synapses of both\n" in repr(sim.data)
        assert "\n  one: weight of 81 synapses of shared" in repr(sim.data)
    assert dict(net.projections["both"].variables) == {"weight_AMPA": "nS", "weight_NMDA": "nS"}
    assert dict(net.projections["current"].variables) == {"weight": "pA"}
    assert (net.projections["shared"].size, net.projections["both"].size, net.projections["current"].size) == (
        81,
        50,
        None,
    )
    assert type(net.recorders["pA"]) is gs.SynapseRecorder
    assert not net.recorders["pA"].is_spikes


def test_synapses_that_were_not_drawn_are_refused_when_they_are_known():
    net = network()
    net.record("current", "weight", every=1.0, synapses=[0, 53], name="r")
    with pytest.raises(
        gs.ParameterError, match=r"Recorder 'r'.synapses: the last of \d+ synapses is \d+ \(got 53\); choose"
    ):
        gs.Simulator(net, dt=DT, seed=3, backend="numpy")

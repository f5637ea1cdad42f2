"""`sim.data` is a mapping by recorder, and what is printed of it and of weights fits on a few lines."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

import gpusyn as gs


@pytest.fixture
def made() -> tuple[gs.Network, gs.Recorder, gs.Recorder]:
    net = gs.Network()
    cells = net.population("cells", 4, gs.LIF(I_e=300.0), receptors=[gs.AMPA(), gs.NMDA()])
    net.connect(cells, cells, gs.AllToAll(), receptor="AMPA", weight=gs.Uniform(1.0, 2.0), delay=1.5, name="one")
    net.connect(cells, cells, gs.OneToOne(), weight={"AMPA": 1.0, "NMDA": 0.25}, name="two")
    return net, net.record(cells, "spikes", name="s"), net.record(cells[:2], ["V", "g_AMPA"], name="v")


def test_the_data_are_a_mapping(made) -> None:
    net, s, v = made
    with gs.Simulator(net, backend="numpy") as sim:
        sim.run(30.0)
        data = sim.data
        assert isinstance(data, Mapping)
        assert (list(data), len(data), list(data.keys())) == (["s", "v"], 2, ["s", "v"])
        assert data["s"] == data[s] == dict(data)["s"] == dict(data.items())["s"]
        assert list(data.values())[1] == data[v]
        assert "s" in data
        assert s in data
        assert data.get(v) == data["v"]
        other = gs.Network()
        stranger = other.record(other.population("cells", 4, gs.LIF()), "spikes", name="s")
        for absent in ("x", stranger, 0, None, [s], np.arange(3)):
            assert absent not in data
            assert data.get(absent, "none") == "none"
        with pytest.raises(gs.UnknownNameError, match="known here: s, v"):
            data["x"]
        with pytest.raises(gs.ArgumentError, match="belongs to another network"):
            data[stranger]


def test_files_are_a_mapping_too(made, tmp_path) -> None:
    pytest.importorskip("h5py")
    net, s, v = made
    with gs.Simulator(net, backend="numpy") as sim:
        sim.run(30.0)
        sim.save(tmp_path / "run.h5")
        results = gs.open_results(tmp_path / "run.h5")
        assert dict(results) == dict(sim.data)
        assert (list(results), len(results), s in results, 0 in results) == (["s", "v"], 2, True, False)
        assert results.get("x") is None
        assert results.get(v) == sim.data[v]
        assert results.traces.get("x") is None
        assert list(results.traces) == ["V", "g_AMPA"]


def test_what_get_and_set_cannot_read_of_a_projection_is_refused_with_what_can(made) -> None:
    net, *_ = made
    with gs.Simulator(net, backend="numpy") as sim:
        with pytest.raises(gs.UnknownNameError, match=r"unknown name 'A_plus'; known here: weight"):
            sim.get(net.projections["one"], "A_plus")
        with pytest.raises(
            gs.ArgumentError, match=r"Simulator.set_weights\(\); other variables of synapses can be read"
        ):
            sim.set(net.projections["one"], "A_plus", 0.0)


def test_what_is_printed_is_short(made) -> None:
    net, *_ = made
    with gs.Simulator(net, backend="numpy") as sim:
        assert repr(sim.data) == "Data(2 recorders)\n  s: spikes of 4 neurons\n  v: V, g_AMPA of 2 neurons"
        assert repr(sim.weights("two")) == "Weights(4 synapses, AMPA 1 to 1, NMDA 0.25 to 0.25, delay 1 to 1 ms)"
        one = sim.weights("one")
        span = f"{one.weight.min():.4g} to {one.weight.max():.4g}"
        assert repr(one) == f"Weights(16 synapses, weight {span}, delay 1.5 to 1.5 ms)"
        assert str(one._replace(pre=one.pre[:0], weight=one.weight[:0], delay=one.delay[:0])).startswith("Weights(0 ")
        assert repr(type(one)(*(values[:1] for values in one))).startswith("Weights(1 synapse, ")
    for k in range(20):
        net.record(net.populations["cells"], "V", name=f"more {k}")
    with gs.Simulator(net, backend="numpy") as sim:
        assert repr(sim.data).splitlines()[0] == "Data(22 recorders)"
        assert repr(sim.data).splitlines()[-1] == "  14 more"


def test_a_recorder_says_what_it_records(made) -> None:
    _, s, v = made
    assert (type(s).__name__, type(v).__name__) == ("SpikeRecorder", "TraceRecorder")
    assert (s.is_spikes, v.is_spikes) == (True, False)

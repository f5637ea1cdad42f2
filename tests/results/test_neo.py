"""Blocks of Neo: linked trains that name their neurons, and a file in NWB that holds what was recorded."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

import gpusyn as gs

neo = pytest.importorskip("neo")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

# E's neurons 2, 5, 9 and all of I (2): positions 0-4.
PARTS = [("E", 3, [2, 5, 9]), ("I", 2, None)]


@pytest.fixture
def spikes() -> gs.SpikeData:
    """Spikes of a recording from 5 to 10 ms; the last is at its end, which 71 + 29 steps exceed by a bit."""
    return gs.SpikeData(PARTS, [6.0, 7.5, 8.0, 100 * 0.1], [0, 3, 0, 4], duration=10.0 - 5.0, start=5.0)


@pytest.fixture
def traces() -> gs.TraceData:
    V = np.arange(20, dtype=np.float32).reshape(4, 5)
    units = {"V": "mV", "B_NMDA": "1", "h_GABA_A": "nS/ms", "Ca": "uM", "I_AMPA": "pA", "w": "pA", "u": "mV/ms"}
    return gs.TraceData(PARTS, dict.fromkeys(units, V), [0.5, 1.0, 1.5, 2.0], units)


def times(train: object) -> list[float]:
    return train.rescale("ms").magnitude.tolist()


def test_every_train_is_linked_to_its_segment_and_names_its_neuron(spikes: gs.SpikeData) -> None:
    block = spikes.to_neo()
    (segment,) = block.segments
    assert segment.block is block
    assert [times(train) for train in segment.spiketrains] == [[6.0, 8.0], [], [], [7.5], [10.0]]
    for train in segment.spiketrains:
        assert train.segment is segment
        assert (float(train.t_start), float(train.t_stop)) == (5.0, 10.0)
    assert [train.name for train in segment.spiketrains] == ["E[2]", "E[5]", "E[9]", "I[0]", "I[1]"]
    assert [train.annotations["id"] for train in segment.spiketrains] == [0, 1, 2, 3, 4]
    assert [times(train) for train in block.filter(population="I", objects="SpikeTrain")] == [[7.5], [10.0]]


def test_a_time_at_the_end_may_exceed_it_by_its_rounding() -> None:
    end = 3 * 0.1
    assert end > 0.3
    spikes = gs.SpikeData([("E", 1, None)], [end], [0], duration=0.3)
    assert times(spikes.to_neo().segments[0].spiketrains[0]) == [0.3]


def test_signals_have_units_and_name_their_neurons(traces: gs.TraceData) -> None:
    block = traces.to_neo()
    (segment,) = block.segments
    signals = {signal.name: signal for signal in segment.analogsignals}
    assert list(signals) == list(traces.variables)
    for name, signal in signals.items():
        assert signal.segment is segment
        assert signal.magnitude.tolist() == traces[name].tolist()
        assert signal.times.rescale("ms").magnitude.tolist() == pytest.approx(traces.t.tolist())
        assert signal.array_annotations["population"].tolist() == ["E", "E", "E", "I", "I"]
        assert signal.array_annotations["local_id"].tolist() == [2, 5, 9, 0, 1]
    assert str(signals["V"].units.dimensionality) == "mV"
    assert str(signals["B_NMDA"].units.dimensionality) == "dimensionless"


def test_nwb_holds_the_blocks_of_many_recorders(traces: gs.TraceData, tmp_path: Path) -> None:
    pytest.importorskip("pynwb")
    path = str(tmp_path / "run.nwb")
    given = [traces.to_neo(), traces.select("I").to_neo(), traces.to_neo("E+I:V")]
    neo.io.NWBIO(path, mode="w").write_all_blocks(given)
    blocks = neo.io.NWBIO(path, mode="r").read_all_blocks()
    assert {block.name for block in blocks} == {"+".join(traces.variables) + " of E+I", given[1].name, "E+I:V"}


def test_a_simulation_is_saved_as_nwb(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    pytest.importorskip("pynwb")
    net = gs.Network()
    cells = net.population("cells", 3, gs.LIF(I_e=[0.0, 400.0, 500.0]), receptors=gs.NMDA())
    recorders = [net.record(cells, "spikes"), net.record(cells, ["V", "B_NMDA"], name="a b"), net.record(cells, "V")]
    net.record(cells[:1], "V", name="a:b")  # NWB allows no colon, and may not mix it with "a b"
    path = tmp_path / "run.nwb"
    with gs.Simulator(net, backend="numpy", seed=7) as sim:
        sim.run(50.0)
        sim.save(path)
        with pytest.raises(gs.FileError, match=r"holds a recording already, which neo.io.NWBIO reads.*overwrite=True"):
            sim.save(path)
        sim.save(path, overwrite=True)
        foreign = tmp_path / "foreign.nwb"
        neo.io.NWBIO(str(foreign), mode="w").write_all_blocks([sim.data[recorders[0]].to_neo()])
        with pytest.raises(gs.FileError, match="is an HDF5 file without results"):
            sim.save(foreign, overwrite=True)
        spikes, data = sim.data[recorders[0]], dict(sim.data)
    assert not [each for each in recwarn if ".gpusyn-" in str(each.message)]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["foreign.nwb", "run.nwb"]
    blocks = {block.name: block.segments[0] for block in neo.io.NWBIO(str(path), mode="r").read_all_blocks()}
    assert set(blocks) == set(data)
    trains = blocks["cells:spikes"].spiketrains
    assert [train.name for train in trains] == ["cells[0]", "cells[1]", "cells[2]"]
    for train, wanted in zip(trains, spikes.trains(), strict=True):
        assert times(train) == pytest.approx(wanted.tolist())
    assert len(spikes) > 0
    for name, shape in (("a b", (500, 3)), ("a:b", (500, 1))):
        assert {signal.shape for signal in blocks[name].analogsignals} == {shape}
    assert "seed 7" in blocks["a b"].block.description


def test_nwb_holds_what_was_recorded(spikes: gs.SpikeData, traces: gs.TraceData, tmp_path: Path) -> None:
    pytest.importorskip("pynwb")
    path = str(tmp_path / "run.nwb")
    writer = neo.io.NWBIO(path, mode="w")
    writer.write_all_blocks([spikes.to_neo(), traces.select("E").to_neo()])
    blocks = neo.io.NWBIO(path, mode="r").read_all_blocks()
    trains = [train for block in blocks for segment in block.segments for train in segment.spiketrains]
    wanted = dict(zip(["E[2]", "E[5]", "E[9]", "I[0]", "I[1]"], spikes.trains(), strict=True))
    assert [train.name for train in trains] == list(wanted)
    for train, time in zip(trains, wanted.values(), strict=True):
        assert times(train) == pytest.approx(time.tolist())
    signals = [signal for block in blocks for segment in block.segments for signal in segment.analogsignals]
    assert len(signals) == len(traces.variables)
    (V,) = (signal for signal in signals if " V " in signal.name)
    assert V.magnitude.tolist() == traces["V"][:, :3].tolist()


def test_the_tables_of_nwb_name_neurons_and_synapses(tmp_path: Path) -> None:
    pynwb = pytest.importorskip("pynwb")
    net = gs.Network()
    E = net.population("E", 3, gs.LIF(I_e=[0.0, 400.0, 500.0]), receptors=gs.AMPA())
    I = net.population("I", 2, gs.LIF(I_e=450.0), receptors=gs.AMPA())
    contacts = net.connect(
        E, I, gs.AllToAll(), receptor="AMPA", weight=1.0, w_max=5.0,
        plasticity=gs.STDP(A_plus=0.01, A_minus=0.01, tau_plus=20.0, tau_minus=20.0),
    )  # fmt: skip
    recorders = [
        net.record(E[1:] + I, "spikes"),
        net.record(I + E[2:], "V", name="a b"),
        net.record(I, "V", name="a:b"),
    ]
    recorders += [net.record(I, "spikes"), net.record(contacts, "weight", every=10.0, synapses=[1, 4])]
    path = tmp_path / "run.nwb"
    with gs.Simulator(net, backend="numpy") as sim:
        sim.run(50.0)
        sim.save(path)
        data = [sim.data[recorder] for recorder in recorders]
    assert pynwb.validate(path=str(path)) == []
    with pynwb.NWBHDF5IO(str(path), "r") as stream:
        content = stream.read()
        units = content.units.to_dataframe()
        tables = {name: table.to_dataframe() for name, table in content.processing["gpusyn"].data_interfaces.items()}
        series = {name: np.array(found.data) for name, found in content.acquisition.items()}
    assert units["population"].tolist() == ["E", "E", "I", "I", "I", "I"]
    assert units["local_id"].tolist() == [1, 2, 0, 1, 0, 1]
    trains = [train for spikes in (data[0], data[3]) for train in spikes.trains()]
    for found, train in zip(units["spike_times"], trains, strict=True):
        np.testing.assert_allclose(found, train / 1e3, rtol=1e-12)
    assert list(tables) == ["1 a b", "2 a b", "4 E->I AMPA weight"]
    assert tables["1 a b"].values.tolist() == [["I", 0], ["I", 1], ["E", 2]]
    assert tables["2 a b"].values.tolist() == [["I", 0], ["I", 1]]
    assert tables["4 E->I AMPA weight"].values.tolist() == [["E->I:AMPA", 1, 0, 1], ["E->I:AMPA", 4, 2, 0]]
    for name, table in tables.items():
        (values,) = (values for key, values in series.items() if key.startswith(name))
        assert values.shape[1] == len(table)


def test_trials_stay_apart_in_nwb(tmp_path: Path) -> None:
    pytest.importorskip("pynwb")
    net = gs.Network()
    cells = net.population("cells", 2, gs.LIF(), receptors=gs.AMPA())
    net.drive(cells, "AMPA", rate=2000.0, weight=5.0)
    recorder = net.record(cells, "spikes")
    trials, traces = [], net.record(cells, "V", every=1.0)
    with gs.Simulator(net, backend="numpy", seed=7) as sim:
        for trial in range(3):
            sim.reset(trial=trial)
            sim.run(100.0)
            trials.append(pickle.loads(pickle.dumps(sim.data[recorder])).between(20.0, 100.0)["cells"])
        assert sim.data[traces].between(1.0).select("cells").to_neo().name == "V of cells, seed 7, trial 2"
        sim.save(tmp_path / "run.h5")
    results = gs.open_results(tmp_path / "run.h5")
    assert results.spikes.to_neo().name == "spikes of cells, seed 7, trial 2"
    assert results.traces["V"].to_neo().name == "V of cells, seed 7, trial 2"
    path = str(tmp_path / "trials.nwb")
    neo.io.NWBIO(path, mode="w").write_all_blocks([trial.to_neo() for trial in trials])
    blocks = {block.name: block for block in neo.io.NWBIO(path, mode="r").read_all_blocks()}
    for number, trial in enumerate(trials):
        (segment,) = blocks[f"spikes of cells, seed 7, trial {number}"].segments
        assert [times(train) for train in segment.spiketrains] == [
            pytest.approx(train.tolist()) for train in trial.trains()
        ]

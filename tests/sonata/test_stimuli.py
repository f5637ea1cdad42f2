"""Inputs of a configuration: currents, voltage clamps, spikes from CSV and NWB files, and replayed spikes."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import FileError, ParameterError
from gpusyn.sonata import build, read_config, run_config
from tests.helpers.sonata_circuit import SmallCircuit, write_csv, write_spikes

DRIVE = {"input_type": "spikes", "module": "h5", "node_set": "inputs"}


@pytest.fixture
def small(tmp_path):
    made = SmallCircuit(tmp_path)
    made.simulation["reports"]["potential"]["cells"] = "cells"
    return made


def built(small):
    return build(read_config(small.write()))


def said(notes, *words: str) -> bool:
    return any(all(word in note for word in words) for note in notes)


def current(small, **entry):
    """Replace the inputs by one current, and return its injection and the notes."""
    small.simulation["inputs"] = {
        "step": {"input_type": "current_clamp", "module": "IClamp", "node_set": "watched", **entry}
    }
    model = built(small)
    return model.net.injections["step"], model


def course(injection):
    return injection.current.times.tolist(), injection.current.values.tolist(), injection.current.interpolation


# ---- currents


def test_a_current_of_one_piece(small):
    injection, model = current(small, amp=150.0, delay=10.0, duration=30.0)
    assert course(injection) == ([10.0, 40.0], [150.0, 0.0], "step")
    assert [(part.population.name, list(part.span)) for part in injection.target.parts] == [("cells", [0, 4])]
    assert said(model.notes, "inputs.step.amp: in pA, as for NEST")


def test_currents_of_neuron_are_in_nanoampere(small):
    small.simulation["target_simulator"] = "NEURON"
    injection, model = current(small, amp=0.15, delay=10.0, duration=30.0)
    assert injection.current.values.tolist() == [150.0, 0.0]
    assert said(model.notes, "inputs.step.amp: in nA, as for NEURON")


def test_a_list_of_pieces(small):
    injection, _ = current(small, amp=[50.0, 20.0, -30.0], delay=[20.0, 5.0, 30.0], duration=[10.0, 2.0, 5.0])
    assert course(injection) == ([5, 7, 20, 30, 35], [20, 0, 50, -30, 0], "step")


def test_a_table_of_currents(small):
    table = write_csv(small.folder / "inputs" / "amps.csv", ["time,amps,note", "0.0,0.0,a", "2.5,100.0,b", "40.0,-5,c"])
    entry = {"input_type": "csv", "file": str(table), "separator": ",", "timestamps_column": "time"}
    injection, _ = current(small, **entry)
    assert course(injection) == ([0.0, 2.5, 40.0], [0.0, 100.0, -5.0], "step")


def test_linear_currents_and_pulses(small):
    injection, _ = current(small, module="linear", amp_start=0.1, delay=5.0, duration=10.0)
    assert course(injection) == ([5.0, 15.0], [100.0, 0.0], "step")
    injection, _ = current(small, module="linear", amp_start=0.1, amp_end=0.3, delay=5.0, duration=10.0)
    times = np.array([0, 5, 10, 15, 15.1])
    assert injection.current.sample(times) == pytest.approx([0, 100, 200, 300, 300])
    assert injection.stop == 15.0
    injection, _ = current(small, module="pulse", amp_start=0.2, width=2.0, frequency=100.0, delay=5.0, duration=25.0)
    assert course(injection) == ([5, 7, 15, 17, 25, 27], [200, 0, 200, 0, 200, 0], "step")


def test_a_current_moves_the_neuron_as_it_would_in_python(small):
    """The reference is the same circuit with the same current, injected by hand."""
    small.simulation["inputs"] = {}
    model = built(small)
    model.net.inject(model.net.populations["cells"], gs.Waveform([10.0, 40.0], [400.0, 0.0]))
    with gs.Simulator(model.net, dt=0.1, backend="numpy", precision="double") as sim:
        sim.run(50.0)
        V = sim.data[model.reports[0].recorder]["V"]
    small.simulation["inputs"] = {
        "x": {"input_type": "current_clamp", "module": "IClamp", "node_set": "all", "amp": 400.0, "delay": 10.0,
              "duration": 30.0}
    }  # fmt: skip
    result = run_config(small.write(), backend="numpy", echo=str)
    assert np.array_equal(result.reports["potential"]["V"], V)
    assert len(result.spikes) > 6
    assert said(result.notes, "inputs.x.node_set: 2 virtual nodes are left out")


@pytest.mark.parametrize(
    "entry, words",
    [
        ({"amp": [1.0, 2.0], "delay": 0.0, "duration": 5.0}, ["step.amp", "2, 1 and 1"]),
        ({"amp": 1.0, "delay": -1.0, "duration": 5.0}, ["step.delay", ">= 0 ms"]),
        ({"amp": 1.0, "delay": 1.0, "duration": 0.0}, ["step.delay", "above 0 ms"]),
        ({"amp": [1, 2], "delay": [0, 3], "duration": [5, 5]}, ["step.delay", "overlap"]),
        ({"amp": "x", "delay": 1.0, "duration": 5.0}, ["step.amp", "finite number [pA] or a list"]),
        ({"amp": 1.0, "delay": 1.0, "duratoin": 5.0}, ["step.duration: missing", "'duratoin' is there"]),
        ({"amp": [], "delay": 1.0, "duration": 5.0}, ["step.amp", "a list of these (got [])"]),
        ({"amp": 1.0, "delay": 1.0}, ["step.duration", "missing"]),
        ({"module": "noise", "mean": 1.0}, ["step.module", "noise", "pulse"]),
        ({"module": "pulse", "amp_start": 1, "width": 20, "frequency": 100, "delay": 0, "duration": 9}, ["step.width"]),
        ({"module": "pulse", "amp_start": 1, "width": -1, "frequency": -9, "delay": 0, "duration": 9}, ["step.width"]),
        ({"module": "linear", "amp_start": 1, "delay": 0, "duration": 0}, ["step.duration", "above 0 ms"]),
        ({"input_type": "csv", "file": "absent.csv"}, ["step.file", "no such file"]),
        ({"node_set": "inputs", "amp": 1.0, "delay": 1.0, "duration": 5.0}, ["step.node_set", "virtual"]),
    ],
)
def test_wrong_currents(small, entry, words):
    with pytest.raises((FileError, ParameterError)) as caught:
        current(small, **entry)
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    "rows, words",
    [
        (["timestamps amps", "0 1", "0 2"], ["must rise"]),
        (["timestamps amp", "0 1"], ["has no column 'amps'"]),
        (["timestamps amps", "0 x"], ["amps.csv: row 2", "'x'"]),
        (["timestamps amps", "0 1 2"], ["row 2", "3 fields for 2 columns"]),
    ],
)
def test_wrong_tables_of_currents(small, rows, words):
    table = write_csv(small.folder / "amps.csv", rows)
    with pytest.raises((FileError, ParameterError, TypeError)) as caught:
        current(small, input_type="csv", file=str(table))
    assert all(word in str(caught.value) for word in words), caught.value


# ---- voltage clamp


def clamp(small, **entry):
    small.simulation["inputs"] = {
        "hold": {"input_type": "voltage_clamp", "module": "seclamp", "node_set": "watched", **entry}
    }
    return built(small)


def test_a_clamp_of_one_voltage(small):
    model = clamp(small, voltage=-55.0, delay=0.0, duration=50.0, series_resistance=0.01)
    assert model.net.clamps["hold"].V == -55.0
    assert said(model.notes, "hold.series_resistance", "ideal")


def test_a_clamp_of_levels(small):
    model = clamp(small, module="SEClamp", amplitudes=[-70.0, -20.0, -60.0], durations=[10.0, 20.0, 100.0])
    wave = model.net.clamps["hold"].V
    assert (wave.times.tolist(), wave.values.tolist()) == ([0, 10, 30], [-70, -20, -60])


@pytest.mark.parametrize(
    "entry, words",
    [
        ({"voltage": -55.0, "delay": 5.0, "duration": 50.0}, ["inputs.hold", "from 5 to 55 ms", "the whole run"]),
        ({"voltage": -55.0, "delay": 0.0, "duration": 20.0}, ["from 0 to 20 ms", "the whole run"]),
        ({"voltage": -0.055, "delay": 0.0, "duration": 50.0}, ["looks like volts"]),
        ({"amplitudes": [-55, -60], "durations": [50.0]}, ["hold.durations", "as many as the levels, 2"]),
        ({"amplitudes": [-55, -60], "durations": [0.25, 50.0]}, ["hold.durations", "multiple of dt"]),
        ({"amplitudes": [-55, -60], "durations": [0.0, 50.0]}, ["hold.durations", "above 0 ms"]),
    ],
)
def test_wrong_clamps(small, entry, words):
    with pytest.raises((FileError, ParameterError)) as caught:
        clamp(small, **entry)
    assert all(word in str(caught.value) for word in words), caught.value


def test_two_clamps_of_a_neuron(small):
    hold = {"input_type": "voltage_clamp", "module": "seclamp", "voltage": -55.0, "delay": 0.0, "duration": 50.0}
    small.simulation["inputs"] = {"one": {**hold, "node_set": "watched"}, "two": {**hold, "node_set": "cells"}}
    with pytest.raises(ParameterError, match=r"simulation_config\.json: inputs\.two: .*clamp"):
        built(small)


# ---- spikes in other files


def trains(small, path, **entry):
    small.simulation["inputs"] = {"drive": {**DRIVE, "input_file": str(path), **entry}}
    return [times.tolist() for times in built(small).net.populations["inputs"].model.values["times"]]


def test_spikes_in_csv_files(small):
    rows = ["timestamps population node_ids", "1.0 inputs 0", "3.0 others 7", "2.0 inputs 1", "5.0 inputs 0"]
    wanted = [[1.0, 5.0], [2.0]]
    assert trains(small, write_csv(small.folder / "a.csv", rows), module="csv") == wanted
    rows = ["node_ids,timestamps", "0,1.0", "1,2.0", "0,5.0"]
    assert trains(small, write_csv(small.folder / "b.csv", rows), module="csv") == wanted
    rows = ["gid spike-times", "0 1.0,5.0", "1 2.0"]
    assert trains(small, write_csv(small.folder / "c.csv", rows), module="csv") == wanted


def test_spikes_in_nwb_files(small):
    path = small.folder / "one.nwb"
    with h5py.File(path, "w") as file:
        for trial, late in (("trial_0", 0.0), ("trial_1", 10.0)):
            for node, times in (("0", [1.0, 5.0]), ("1", [2.0])):
                file[f"processing/{trial}/spike_train/{node}/data"] = np.array(times) + late
    assert trains(small, path, module="nwb", trial="trial_1") == [[11.0, 15.0], [12.0]]
    with pytest.raises(FileError, match=r"give one of its groups as trial \(got ''; found: trial_0, trial_1\)"):
        trains(small, path, module="nwb")
    with h5py.File(path, "w") as file:
        file["units/id"], file["units/spike_times_index"] = [0, 1], [2, 3]
        file["units/spike_times"] = [0.001, 0.005, 0.002]
    assert trains(small, path, module="nwb") == [[1.0, 5.0], [2.0]]
    with h5py.File(path, "a") as file:
        file["units/spike_times_index"][...] = [2, 4]
    with pytest.raises(FileError, match="does not fit"):
        trains(small, path, module="nwb")
    with h5py.File(path, "w") as file:
        file["acquisition"] = 3
    with pytest.raises(FileError, match="neither /units nor /processing"):
        trains(small, path, module="nwb")


@pytest.mark.parametrize(
    "rows, words",
    [
        (["timestamps node_ids", "1.0 x"], ["a node id must be a whole number >= 0 (got 'x')"]),
        (["timestamps node_ids", "1.0 -1"], ["(got '-1')"]),
        (["timestamps node_ids", "soon 1"], ["a time must be a number"]),
        (["timestamps node_ids", "-1 1"], ["must be finite and >= 0 ms"]),
        (["timestamps node_ids", "1 8"], ["node 8 is not in population 'inputs'"]),
        (["time node_ids", "1 0"], ["has no column 'timestamps' (found: time, node_ids)"]),
        (["timestamps node_ids population", "1 0 others"], ["has spikes of others"]),
        ([], ["an empty file"]),
    ],
)
def test_wrong_spikes_in_csv_files(small, rows, words):
    with pytest.raises(FileError) as caught:
        trains(small, write_csv(small.folder / "a.csv", rows), module="csv")
    assert all(word in str(caught.value) for word in ["a.csv", *words]), caught.value


def test_no_spikes_at_all(small):
    assert trains(small, write_csv(small.folder / "a.csv", ["timestamps node_ids"]), module="csv") == [[], []]


# ---- replay


def test_replayed_spikes_reach_the_node_set_alone(small):
    """Spikes of neurons, which also spike by themselves, at their own edges."""
    small.simulation["inputs"]["again"] = {
        "input_type": "spikes", "module": "synapse_replay", "spike_file": "again.h5", "source": {"ei": "e"},
        "node_set": {"node_id": [7, 20]}, "delay": 5.0, "duration": 20.0,
    }  # fmt: skip
    write_spikes(small.folder / "again.h5", [1.0, 10.0, 12.02, 20.0, 30.0], [10, 10, 5, 20, 10], "cells", "ms")
    model = built(small)
    source = model.net.populations["cells replayed"]
    assert [times.tolist() for times in source.model.times] == [[10.0], [pytest.approx(12.1)]]  # nodes 10 and 5
    added = model.net.projections["cells_to_cells:cells replayed->cells:ex"]
    assert (added.pre.name, added.post.name) == ("cells replayed", "cells")
    # Of the edges 10->3 and 5->20, with weights 160 and 120, the second.
    assert (added.rule.pre.tolist(), added.rule.post.tolist()) == ([1], [4])
    assert added.weights["ex"] == 120.0
    assert said(model.notes, "inputs.again: 2 spikes outside of its delay and duration are not used")
    assert said(model.notes, "inputs.again: 1 spikes of nodes outside its node set")
    assert said(model.notes, "inputs.again: 2 spikes of 2 nodes are replayed at 1 edges")


def test_a_replay_of_virtual_nodes_does_what_spikes_do(small):
    small.input_times, small.input_ids = [1.0, 4.0, 9.0, 9.0], [0, 1, 1, 0]
    direct = run_config(small.write(), backend="numpy", echo=str)
    replayed = {**small.simulation["inputs"]["drive"], "module": "replay", "source": "inputs", "node_set": "cells"}
    small.simulation["inputs"] = {"drive": replayed}
    again = run_config(small.write(), backend="numpy", echo=str)
    assert again.spikes == direct.spikes
    assert len(direct.spikes) > 6
    assert said(again.notes, "population 'inputs': 2 of 2 virtual nodes get no input spikes")


# ---- what else is found in files


def test_names_of_populations_as_node_sets(small):
    small.simulation["inputs"]["drive"]["node_set"] = "inputs"
    del small.node_sets["inputs"]
    model = built(small)
    assert model.reports[0].recorder.source.size == 6


def test_the_length_may_be_called_duration(small):
    small.simulation["run"] = {"dt": 0.1, "duration": 20.0}
    assert read_config(small.write()).tstop == 20.0
    small.simulation["run"]["tstop"] = 20.0
    assert read_config(small.write()).tstop == 20.0
    small.simulation["run"]["tstop"] = 25.0
    with pytest.raises(FileError, match=r"run\.duration: must be tstop, 25 ms"):
        read_config(small.write())


@pytest.mark.parametrize("variables", [["V_m", "I_syn_ex"], "V_m, I_syn_ex"])
def test_several_variables_in_a_report(small, variables):
    small.simulation["reports"]["potential"] |= {"variable_name": variables, "file_name": "deep/both.h5"}
    result = run_config(small.write(), backend="numpy", duration=5.0, echo=str)
    names = ["deep/both_V_m.h5", "deep/both_I_syn_ex.h5"]
    assert [file.relative_to(small.folder / "output").as_posix() for file in result.files[1:3]] == names
    assert list(result.reports) == ["potential.V_m", "potential.I_syn_ex"]
    for file, unit in zip(result.files[1:3], ("mV", "pA"), strict=True):
        with h5py.File(file) as content:
            assert content["report/cells/data"].attrs["units"] == unit
    assert said(result.notes, "reports.potential.variable_name", "both_V_m.h5, both_I_syn_ex.h5")


@pytest.mark.parametrize("value", [[], [3], "", ["V_m", ""], ["V_m", "V_m"]])
def test_wrong_variables(small, value):
    small.simulation["reports"]["potential"]["variable_name"] = value
    with pytest.raises(FileError, match=r"reports\.potential\.variable_name"):
        read_config(small.write())


def test_empty_populations(small):
    """No nodes, and no edges to or from them."""
    path = small.write()
    with h5py.File(small.folder / "network" / "cells.h5", "a") as file:
        for name in ("node_type_id", "node_id", "node_group_id", "node_group_index"):
            file[f"nodes/none/{name}"] = np.empty(0, dtype=np.uint64)
        file.create_group("nodes/none/0")
    with h5py.File(small.folder / "network" / "cells_cells.h5", "a") as file:
        for name in ("source_node_id", "target_node_id", "edge_type_id", "edge_group_id", "edge_group_index"):
            file[f"edges/none/{name}"] = np.empty(0, dtype=np.uint64)
        for end, name in (("source", "none"), ("target", "cells")):
            file[f"edges/none/{end}_node_id"].attrs["node_population"] = name
        file.create_group("edges/none/0")
    lines: list[str] = []
    result = run_config(path, backend="numpy", duration=5.0, echo=lines.append)
    assert "  nodes none: 0 (empty)" in lines
    assert result.model.parts["none"] == ()
    with h5py.File(small.folder / "network" / "cells_cells.h5", "a") as file:
        del file["edges/none"]
        file.copy("edges/cells_to_cells", "edges/none")
        file["edges/none/source_node_id"].attrs["node_population"] = "none"
    with pytest.raises(FileError, match=r"node 10 is not in population 'none' .*0 nodes"):
        build(read_config(path))


def test_reports_and_inputs_of_no_nodes_are_left_out(small):
    small.simulation["reports"]["potential"]["cells"] = {"layer": 4}
    small.simulation["inputs"]["drive"]["node_set"] = {"layer": 4}
    result = run_config(small.write(), backend="numpy", duration=5.0, echo=str)
    assert result.reports == {}
    assert [file.name for file in result.files] == ["spikes.h5", "log.txt"]
    assert said(result.notes, "reports.potential.cells", "no node has an attribute 'layer'")
    assert said(result.notes, "inputs.drive.node_set", "contains no node")


def test_virtual_nodes_in_a_report_are_left_out(small):
    small.simulation["reports"]["potential"]["cells"] = "all"
    result = run_config(small.write(), backend="numpy", duration=5.0, echo=str)
    assert result.reports["potential"]["V"].shape == (50, 6)
    assert said(result.notes, "reports.potential.cells: 2 virtual nodes are left out")

"""SONATA configurations from files to files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gpusyn.errors import FileError, ParameterError
from gpusyn.io.results_file import open_results
from gpusyn.sonata import run_config
from tests.helpers.long_checks import every
from tests.helpers.sonata_circuit import SmallCircuit, write_json, write_nodes

h5py = pytest.importorskip("h5py", reason="SONATA files need h5py")


@pytest.fixture
def small(tmp_path: Path) -> SmallCircuit:
    return SmallCircuit(tmp_path)


def run(small: SmallCircuit, **options):
    lines: list[str] = []
    result = run_config(small.write(), backend="numpy", echo=lines.append, **options)
    return result, lines


def test_run_writes_what_the_files_ask_for(small):
    result, lines = run(small)
    output = small.folder / "output"
    assert [file.name for file in result.files] == ["spikes.h5", "potential.h5", "log.txt"]
    assert sorted(file.name for file in output.iterdir()) == ["log.txt", "potential.h5", "spikes.h5"]
    assert (output / "log.txt").read_text().splitlines() == lines
    with h5py.File(output / "spikes.h5") as file:
        group = file["spikes/cells"]
        times, ids = group["timestamps"][()], group["node_ids"][()]
        assert group["timestamps"].attrs["units"] == "ms"
    assert len(times) == len(result.spikes.times) > 0
    assert (np.diff(times) >= 0).all()
    assert ids.tolist() == np.array([10, 3, 5, 7, 20, 1])[result.spikes.ids].tolist()
    with h5py.File(output / "potential.h5") as file:
        group = file["report/cells"]
        # Node ids rise in a report: node 10 is row 0, node 20 row 4.
        assert group["mapping/node_ids"][()].tolist() == [10, 20]
        assert group["mapping/time"][()].tolist() == pytest.approx([0.1, 50.1, 0.1])
        assert group["data"].shape == (500, 2)
        assert group["data"].attrs["units"] == "mV"
        assert group["data"][()].tobytes() == result.reports["potential"]["V"].astype(np.float32).tobytes()


def test_rates_by_type(small):
    result, lines = run(small)
    counts = result.spikes.counts()
    found = {one.type: (one.population, one.nodes, one.spikes, one.rate) for one in result.rates}
    E, I = int(counts[:4].sum()), int(counts[4:].sum())
    assert found == {"E": ("cells", 4, E, E / 4 / 0.05), "I": ("cells", 2, I, I / 2 / 0.05)}
    assert any(line.split()[:3] == ["cells", "E", "4"] for line in lines)
    assert all(any(note in line for line in lines) for note in result.notes)


def test_v_init_is_where_the_trace_starts(small):
    small.input_times = [40.0] * 4
    small.simulation["run"]["dt"] = 0.5
    result, _ = run(small)
    V = result.reports["potential"]["V"]
    assert V[0, 0] == pytest.approx(-70 + 5 * np.exp(-0.5 / 20), abs=1e-9)
    assert V[0, 1] == pytest.approx(-70 + 5 * np.exp(-0.5 / 10), abs=1e-9)


def test_duration_and_folder_of_the_command_line(small, tmp_path):
    small.simulation["reports"]["potential"].update(start_time=2.0, end_time=4.0, dt=0.5)
    result, _ = run(small, duration=10.0, out=tmp_path / "there")
    assert not (small.folder / "output").exists()
    assert result.spikes.duration == 10.0
    with h5py.File(tmp_path / "there" / "potential.h5") as file:
        assert file["report/cells/data"].shape == (5, 2)
        assert file["report/cells/mapping/time"][()].tolist() == pytest.approx([2.0, 4.5, 0.5])


def test_times_in_float32_are_those_in_double(small):
    """Delays, refractory times and input spikes, on a grid on which nine tenths of them are no exact numbers."""
    small.simulation["run"]["dt"] = 0.01
    found = []
    for dtype in (np.float32, np.float64):
        delay = np.array([15.3, 7.17, 2.03, 0.77, 1.91, 19.99, 3.33, 0.01]).astype(dtype)
        small.edge_groups = ([0] * 8, range(8), {0: {"syn_weight": np.full(8, 300.0), "delay": delay}})
        small.input_times = np.array([1.37, 4.44, 9.01, 20.01]).astype(dtype)
        config = small.write()
        with h5py.File(small.folder / "network" / "cells.h5", "a") as file:
            pause = np.array([2.03, 1.11, 0.33, 4.47, 2.0, 0.0])
            file["nodes/cells/0/dynamics_params/t_ref"] = pause.astype(dtype)
        result = run_config(config, backend="numpy", echo=str)
        assert not any("off the grid" in note for note in result.notes)
        found.append((result.spikes, result.reports["potential"]["V"].tolist()))
    assert found[0] == found[1]
    assert len(found[0][0]) > 6


def test_a_run_may_be_longer_than_the_files_say(small):
    result, _ = run(small, duration=60.0)
    with h5py.File(small.folder / "output" / "potential.h5") as file:
        assert file["report/cells/data"].shape == (600, 2)
    assert result.spikes.duration == 60.0


def test_currents_are_reported_as_the_template_means_them(small):
    small.simulation["reports"]["potential"]["variable_name"] = "I_syn_ex"
    small.input_times = [1.0, 1.0, 400.0, 400.0]
    result, _ = run(small)
    with h5py.File(small.folder / "output" / "potential.h5") as file:
        assert file["report/cells/data"].attrs["units"] == "pA"
        peak = file["report/cells/data"][()].max()
    assert peak == pytest.approx(2000.0, rel=0.1)
    assert peak == np.float32(-result.reports["potential"]["I_ex"].min())


def test_spikes_sorted_by_id(small):
    small.simulation["output"]["spikes_sort_order"] = "id"
    run(small)
    with h5py.File(small.folder / "output" / "spikes.h5") as file:
        ids = file["spikes/cells/node_ids"][()]
        assert (np.diff(ids.astype(int)) >= 0).all()
        assert file["spikes/cells"].attrs["sorting"] == 1


def test_models_and_results_print_short(small):
    result, _ = run(small)
    for thing in (result, result.model, result.model.config, result.model.circuit, result.model.parts["cells"][0]):
        assert "\n" not in repr(thing)
        assert len(repr(thing)) < 1000
    assert "report:potential" in repr(result.model.reports[0])


def test_split_populations_come_back_together(small):
    whole, _ = run(small)
    small.models["I.json"]["tau_syn_in"] = 1.0  # no inhibitory neuron has inhibitory input
    small.folder = small.folder / "again"
    parts, _ = run(small)
    assert len(parts.model.parts["cells"]) == 2
    with h5py.File(parts.files[0]) as mine, h5py.File(whole.files[0]) as other:
        for name in ("timestamps", "node_ids"):
            assert mine[f"spikes/cells/{name}"][()].tolist() == other[f"spikes/cells/{name}"][()].tolist()
    assert [(one.type, one.spikes) for one in parts.rates] == [(one.type, one.spikes) for one in whole.rates]


@pytest.mark.parametrize(
    "name", every(2, ["spikes", "report:potential", "cells_to_cells:cells_0->cells_0:ex", "cells_0"])
)
def test_names_of_populations_may_be_those_that_gpusyn_gives(small, name):
    """The names of a circuit's populations are its own; no object of gpusyn's stands in their way."""
    small.models["I.json"]["tau_syn_in"] = 1.0  # so that "cells" becomes "cells_0" and "cells_1"
    alone, _ = run(small)
    small.folder = small.folder / "again"
    write_nodes(small.folder / "network" / "more.h5", name, [100, 100])
    more = {"nodes_file": "$NETWORK_DIR/more.h5", "node_types_file": "$NETWORK_DIR/cell_types.csv"}
    for entries in (lambda nodes: nodes.append(more), lambda nodes: nodes.insert(0, nodes.pop())):
        entries(small.circuit["networks"]["nodes"])  # behind the others, then before them
        found, _ = run(small)
        assert found.model.net.populations[name].size == 2
        assert [part.nodes.name for part in found.model.parts[name]] == [name]
        with h5py.File(found.files[0]) as mine, h5py.File(alone.files[0]) as other:
            assert sorted(mine["spikes"]) == sorted(["cells", name])
            for dataset in ("timestamps", "node_ids"):
                assert mine[f"spikes/cells/{dataset}"][()].tolist() == other[f"spikes/cells/{dataset}"][()].tolist()
        small.simulation["output"]["overwrite_output_dir"] = True


def test_nothing_is_written_when_something_is_wrong(small):
    small.node_types[1] = "100 E e point_neuron nest:none E.json"
    with pytest.raises(FileError, match="nest:none"):
        run(small)
    assert not (small.folder / "output").exists()


def test_a_file_that_is_no_result_is_not_overwritten(small):
    small.write()
    target = small.folder / "output" / "spikes.h5"
    write_json(target, {"precious": True})
    with pytest.raises(FileError, match=r"spikes\.h5"):
        run_config(small.folder / "config.json", backend="numpy", echo=lambda line: None)
    assert json.loads(target.read_text()) == {"precious": True}
    assert [file.name for file in target.parent.iterdir()] == ["spikes.h5"]


def test_duration_off_the_grid(small):
    with pytest.raises(ParameterError, match=r"duration: must be a multiple of dt = 0\.1 ms"):
        run(small, duration=10.05)


def test_gpusyn_opens_the_files(small):
    result, _ = run(small)
    spikes = open_results(result.files[0]).spikes
    assert spikes.times.tolist() == result.spikes.times.tolist()
    assert spikes.names == ("cells",)
    traces = open_results(result.files[1]).traces["V_m"]
    assert traces["V_m"].shape == (500, 2)
    assert traces.units["V_m"] == "mV"
    assert traces.t.tolist() == result.reports["potential"].t.tolist()


def test_other_readers_open_the_files(small):
    libsonata = pytest.importorskip("libsonata", reason="libsonata, the independent reader, is not installed")
    result, _ = run(small)
    spikes = libsonata.SpikeReader(str(result.files[0]))["cells"].get()
    assert [time for _, time in spikes] == result.spikes.times.tolist()
    report = libsonata.SomaReportReader(str(result.files[1]))["cells"]
    assert list(report.get_node_ids()) == [10, 20]
    assert report.get().data.shape == (500, 2)
    circuit = libsonata.NodeStorage(str(small.folder / "network" / "cells.h5")).open_population("cells")
    assert circuit.size == result.model.circuit.nodes["cells"].size

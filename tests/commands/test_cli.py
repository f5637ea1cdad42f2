"""The command line: its frame, a user's mistakes, and the commands info, run, repair and bench."""

import json
import os
import subprocess
import sys

import pytest

import gpusyn as gs
from gpusyn.backends.numpy.backend import NumpyBackend
from gpusyn.commands import bench, bench_cases
from gpusyn.commands.bench_profile import launch_seconds
from gpusyn.commands.cli import main
from tests.helpers.command_line import one_line_of_error
from tests.helpers.long_checks import every
from tests.helpers.paths import ROOT
from tests.helpers.runs import cpu

COMMANDS = ["info", "demo", "run", "circuit", "bench", "check", "repair"]


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.delenv("GPUSYN_BACKEND", raising=False)


# --- the frame ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_tells_every_command_and_option(arguments, capsys):
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert text.startswith("usage: gpusyn")
    if len(arguments) == 1:
        assert all(name in text for name in COMMANDS)


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"gpusyn {gs.__version__}\n"


def test_no_command_shows_the_commands(capsys):
    assert main([]) == 2
    assert "bench" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dmeo"], "dmeo"),
        (["demo", "--size", "many"], "--size: must be a whole number (got 'many')"),
        (["demo", "--size", "3"], "--size: must be a whole number >= 10 (got 3)"),
        (["demo", "--duration", "0.25"], "--duration: must be a multiple of dt = 0.1 ms (got 0.25)"),
        (["demo", "--duration", "-5"], "--duration"),
        (["demo", "--duration", "nan"], "--duration"),
        (["demo", "--backend", "gpu"], "(did you mean 'cuda'?)"),
        (["demo", "--threads", "0"], "--threads"),
        (["demo", "--seed", "-1"], "--seed"),
        (["demo", "--colour"], "--colour"),
        (["run"], "CONFIG.json"),
        (["run", "nowhere.json"], "nowhere.json"),
        (["bench", "--case", "cobra"], "'cobra'"),
        (["bench", "--size", "1"], "--size"),
        (["bench", "--size", "100", "--fan-out", "101"], "--fan-out: must be at most the 100 neurons"),
        (
            ["bench", "--case", "empty", "--fan-out", "5"],
            "--fan-out: the synapses of case 'empty' follow from its size",
        ),
        (["bench", "--duration", "0.01"], "--duration"),
        (["bench", "--backend", "numpy", "--profile"], "--profile: the numpy backend does not time its launches"),
        (["bench", "--json", "no/such/place.json"], "--json no/such/place.json"),
        (["check", "everything"], "everything"),
        (["demo", "--out", "a\0b"], "--out: must not contain control characters"),
        (["demo", "--out", "x" * 256], "--out: must have names of at most 255 bytes"),
        (["demo", "--out", "\ud800"], "--out: has letters that no file name can have here"),
        (["bench", "--json", "a\0b"], "--json: must not contain control characters"),
        (["info", "a\nb"], "unrecognized arguments: a b"),
        (["repair"], "FILE"),
        (["repair", "nowhere.h5"], "nowhere.h5: there is no such file"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert said in one_line_of_error(capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="needs a file that is neither a file nor a folder")
def test_a_device_is_neither_read_without_end_nor_replaced(tmp_path, capsys):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert main(["run", str(pipe)]) == 2
    assert "pipe: is not a file" in one_line_of_error(capsys)
    assert main(["bench", "--case", "empty", "--backend", "numpy", "--json", str(pipe)]) == 2
    assert "pipe: must name a file in an existing directory" in one_line_of_error(capsys)
    assert pipe.is_fifo()


def test_module_runs_as_a_program():
    command = [sys.executable, "-m", "gpusyn", "demo", "--size", "x"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("gpusyn demo: error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="pipes that break are POSIX's")
def test_a_reader_that_leaves_early_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "gpusyn", "info"], stdout=writing, stderr=subprocess.PIPE, cwd=ROOT, check=False
    )
    os.close(writing)
    assert done.stderr == b""


# --- info --------------------------------------------------------------------------------------------------


def test_info_ends_with_the_verdict(capsys):
    assert main(["info"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("GPU: ")


# --- run and repair ----------------------------------------------------------------------------------------


def test_run_takes_a_configuration(tmp_path, capsys):
    pytest.importorskip("h5py")
    from tests.helpers.sonata_circuit import SmallCircuit

    config = SmallCircuit(tmp_path / "circuit").write()
    arguments = ["run", str(config), "--backend", "numpy", "--duration", "20", "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert "simulated 20 ms" in out
    assert "20/20 ms" in err
    assert (tmp_path / "out" / "spikes.h5").exists()


def test_repair_tells_what_it_did(tmp_path, capsys):
    pytest.importorskip("h5py")
    net = gs.Network()
    net.record(net.population("cells", 2, gs.LIF()), "spikes")
    with gs.Simulator(net, backend="numpy") as sim:
        sim.run(1.0)
        sim.save(tmp_path / "run.h5")
    assert main(["repair", str(tmp_path / "run.h5")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'run.h5'}: nothing to repair\n"


# --- bench -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", every(3, bench_cases.CASES))
def test_bench_measures_each_case(name, tmp_path, capsys):
    target = tmp_path / "numbers.json"
    arguments = ["bench", "--case", name, "--size", "60", "--backend", "numpy", "--json", str(target)]
    assert main([*arguments, "--duration", "20"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("machine: ")
    assert "versions: gpusyn " in out
    assert "backend: numpy" in out
    assert "1 s of model time" in out
    report = json.loads(target.read_text())
    assert report["backend"]["name"] == "numpy"
    assert {"processor", "cores_usable", "load", "copy_bytes_per_s"} <= report["machine"].keys()
    (result,) = report["results"]
    assert (result["case"], result["size"], result["duration_ms"]) == (name, 60, 20.0)
    assert result["build_s"] > 0
    assert result["wall_s_per_model_s"] == pytest.approx(result["wall_s"] * 50)
    assert result["us_per_step"] == pytest.approx(result["wall_s"] / 200 * 1e6)
    assert (result["bytes_per_synapse"] >= 2) == (name != "empty")
    assert ("gate_updates_per_s" in result) == (name == "per-synapse")
    assert [path.name for path in tmp_path.iterdir()] == ["numbers.json"]


def test_bench_counts_what_is_delivered():
    result = bench.measure("per-synapse", 40, 20, 100.0, NumpyBackend())
    assert result["spikes"] == pytest.approx(200, rel=0.3)  # 200 sources of 10 Hz for 0.1 s
    assert result["deliveries"] == result["spikes"] * 20
    assert result["synapses"] == 200 * 20
    assert result["rates_hz"]["sources"] == pytest.approx(10, rel=0.3)


def test_bench_without_a_run_times_building_alone(capsys):
    assert main(["bench", "--case", "build", "--size", "100", "--backend", "numpy"]) == 0
    out = capsys.readouterr().out
    assert "synapses/s" in out
    assert "1 s of model time" not in out


def test_bench_says_where_the_time_of_a_step_goes():
    result = bench.measure("per-synapse", 40, 20, 10.0, cpu(1), profile=True)
    profile = result["profile"]
    parts = {part["part"]: part for part in profile["parts"]}
    assert profile["steps"] == 100
    assert list(parts) == ["advance_first_order.g0", "advance_neurons.g0", "advance_poisson", "deliver_spikes", "host"]
    assert sum(part["seconds"] for part in parts.values()) == pytest.approx(profile["wall_s"])
    units = {"advance_first_order.g0": ("gate", 200 * 20), "advance_neurons.g0": ("neuron", 40)}
    units["advance_poisson"] = ("source", 200)
    for name, (unit, number) in units.items():
        assert parts[name]["unit"] == unit
        assert parts[name]["ns"] == pytest.approx(1e9 * parts[name]["seconds"] / (100 * number))
    assert parts["deliver_spikes"]["unit"] == "delivery"
    assert parts["host"]["unit"] is None
    lines = bench.result_lines(result)
    assert lines[-6].startswith("  where the time goes, over 100 steps")
    assert sorted(line.split()[0] for line in lines[-5:]) == sorted(parts)


def test_a_profile_leaves_the_session_as_it_was():
    net = bench_cases.coba(60, 20)
    with gs.Simulator(net, backend=cpu(1)) as sim:
        before = dict(vars(sim._session))
        assert list(launch_seconds(sim, 10)) == ["advance_neurons.g0", "deliver_spikes"]
        assert vars(sim._session).keys() == before.keys()
        assert sim.time == 1.0


def test_bench_runs_all_cases(capsys, monkeypatch):
    asked = []
    monkeypatch.setattr(bench, "measure", lambda name, *rest: asked.append(name) or {})
    monkeypatch.setattr(bench, "result_lines", lambda result: [])
    assert main(["bench", "--case", "all", "--backend", "numpy"]) == 0
    assert asked == list(bench_cases.CASES)

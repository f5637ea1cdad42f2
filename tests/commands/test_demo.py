"""`gpusyn demo`: what it prints and writes, with and without optional packages, and interruptions."""

import importlib.util
import os
import signal
import subprocess
import sys
import time

import pytest

import gpusyn as gs
from gpusyn.backends import select
from gpusyn.commands import demo
from gpusyn.commands.cli import main
from gpusyn.errors import GpusynError
from tests.helpers.command_line import one_line_of_error, only_numpy
from tests.helpers.paths import ROOT


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.delenv("GPUSYN_BACKEND", raising=False)


@pytest.fixture
def numpy_alone(monkeypatch):
    only_numpy(monkeypatch)


@pytest.fixture
def no_figure(monkeypatch):
    """Figures take most of the time of a small demo."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)


def small_demo(folder, *more):
    return ["demo", "--size", "80", "--duration", "5", "--backend", "numpy", "--out", str(folder), *more]


def test_demo_says_backend_plan_rates_and_writes_both_files(tmp_path, capsys):
    pytest.importorskip("h5py")
    pytest.importorskip("matplotlib")
    assert main(small_demo(tmp_path / "new" / "folder")) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert "80 neurons, AMPA + NMDA + GABA_A, random delays, 5 ms" in lines[0]
    assert lines[1].startswith("backend: numpy, ")
    assert lines[2] == "why: asked for with --backend"
    assert "slow: numpy is the reference" in lines[3]
    assert any(line.startswith("  size: 100 neurons and sources") for line in lines)
    assert "rate of E: " in out
    assert "5/5 ms" in err
    assert lines[-1].startswith("next: gpusyn info")
    folder = tmp_path / "new" / "folder"
    assert sorted(path.name for path in folder.iterdir()) == ["demo.h5", "demo.png"]
    assert (folder / "demo.png").read_bytes().startswith(b"\x89PNG")
    results = gs.open_results(folder / "demo.h5")
    assert f"rate of E: {results['spikes'].rate('E'):.1f} Hz" in lines
    assert results["traces"]["I_NMDA"].shape == (10, 10)


def test_demo_replaces_its_own_files_and_repeats_its_numbers(tmp_path, no_figure):
    pytest.importorskip("h5py")
    first = demo.run_demo(80, 15.0, "numpy", tmp_path, seed=1)
    assert first == demo.run_demo(80, 15.0, "numpy", tmp_path, seed=1)
    assert first != demo.run_demo(80, 15.0, "numpy", tmp_path, seed=2)


def test_shortest_and_smallest_demo(tmp_path):
    arguments = ["demo", "--size", "10", "--duration", "0.1", "--backend", "numpy", "--out", str(tmp_path)]
    assert main(arguments) == 0


def test_demo_without_optional_packages_says_the_line_and_goes_on(tmp_path, capsys, caplog, monkeypatch):
    for name in ("h5py", "matplotlib", "tqdm"):
        monkeypatch.setitem(sys.modules, name, None)
        assert importlib.util.find_spec(name) is None
    assert main(small_demo(tmp_path)) == 0
    out = capsys.readouterr().out
    assert "without demo.h5: h5py is not installed; pip install h5py" in out
    assert "without demo.png: matplotlib is not installed; pip install matplotlib" in out
    assert "rate of I: " in out
    assert "wrote" not in out
    assert caplog.messages == ["running 5 ms; for a progress bar: pip install tqdm"]
    assert list(tmp_path.iterdir()) == []


def test_demo_without_gpu_and_compiler_says_that_it_is_slow_and_why(tmp_path, capsys, caplog, numpy_alone, no_figure):
    assert main([*small_demo(tmp_path), "--backend", "auto"]) == 0
    assert caplog.messages == []  # the lines below say it
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[1].startswith("backend: numpy")
    assert [line for line in lines if line.startswith("why: ")] == [
        f"why: backend '{name}' cannot be used: not on this machine; fix: buy one" for name in ("cuda", "cpu")
    ]
    assert any(line.startswith("slow: ") for line in lines)


def test_demo_follows_the_environment(tmp_path, capsys, monkeypatch, no_figure):
    monkeypatch.setenv("GPUSYN_BACKEND", "numpy")
    assert main([*small_demo(tmp_path), "--backend", "auto"]) == 0
    assert "why: asked for with the environment variable GPUSYN_BACKEND" in capsys.readouterr().out


def test_demo_refuses_a_backend_that_is_not_there(tmp_path, capsys, numpy_alone):
    assert main([*small_demo(tmp_path), "--backend", "cpu"]) == 2
    assert "backend 'cpu'" in one_line_of_error(capsys)


def test_demo_refuses_a_place_that_cannot_be_written_before_it_runs(tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        assert main(small_demo(place)) == 2
        assert f"--out {place}" in one_line_of_error(capsys)


FOREIGN = {
    "demo.h5": [lambda path: path.write_text("my notes")],
    "demo.png": [
        lambda path: path.mkdir(),
        lambda path: path.write_text("my notes"),
        lambda path: path.write_bytes(b"\x89PNG\r\n a figure of mine"),
    ],
}


@pytest.mark.parametrize(("name", "make"), [(name, make) for name, makers in FOREIGN.items() for make in makers])
def test_demo_refuses_to_destroy_what_is_not_its_own(name, make, tmp_path, capsys):
    make(tmp_path / name)
    before = (tmp_path / name).is_file() and (tmp_path / name).read_bytes()
    assert main(small_demo(tmp_path)) == 2
    assert name in one_line_of_error(capsys)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert ((tmp_path / name).is_file() and (tmp_path / name).read_bytes()) == before


def test_demo_replaces_its_own_files(tmp_path):
    pytest.importorskip("h5py")
    pytest.importorskip("matplotlib")
    assert main(small_demo(tmp_path)) == 0
    assert main(small_demo(tmp_path)) == 0


def test_figure_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")

    def half_written(spikes, traces, path):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(gs.plot, "overview", half_written)
    assert main(small_demo(tmp_path)) == 130
    assert not list(tmp_path.glob("*.png"))
    assert not list(tmp_path.glob(".*"))


def test_interruption_is_one_line_and_status_130(tmp_path, capsys, monkeypatch):
    def interrupted(self, duration):
        raise KeyboardInterrupt

    monkeypatch.setattr(gs.Simulator, "run", interrupted)
    assert main(small_demo(tmp_path)) == 130
    assert capsys.readouterr().err.splitlines()[-1].startswith("gpusyn: interrupted")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_ctrl_c_in_the_middle_of_a_run_is_clean(tmp_path):
    arguments = ["--size", "100", "--duration", "100000", "--backend", "numpy", "--out", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "gpusyn", "demo", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        # a shell's background jobs ignore SIGINT, and so would their children
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert any("fits" in line for line in process.stdout)  # the plan's last line
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("gpusyn: interrupted")
    assert list(tmp_path.iterdir()) == []


def test_choice_of_an_unknown_backend_is_refused():
    with pytest.raises(GpusynError, match="did you mean 'numpy'"):
        select.choose("numppy")

"""`gpusyn demo --model NAME`: what it prints and writes, and what it refuses."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.commands.cli import main
from gpusyn.models.catalogue import DEMONSTRATIONS
from tests.helpers.command_line import one_line_of_error, only_numpy


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.delenv("GPUSYN_BACKEND", raising=False)


def small(folder, *more, name="microcircuit"):
    arguments = ["--scale", "0.01", "--duration", "40", "--backend", "numpy", "--out", str(folder)]
    return ["demo", "--model", name, *arguments, *more]


def test_it_prints_numbers_beside_published_ones_and_writes_recording_and_figure(tmp_path, capsys):
    pytest.importorskip("h5py")
    pytest.importorskip("matplotlib")
    assert main(small(tmp_path)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "cortical microcircuit of Potjans & Diesmann (2014), Cereb Cortex 24: 785, 40 ms" in lines[0]
    assert "gs.models.microcircuit(scale=0.01)" in lines
    assert any("fits" in line for line in lines)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["microcircuit.h5", "microcircuit.png"]
    assert (tmp_path / "microcircuit.png").read_bytes().startswith(b"\x89PNG")
    spikes = gs.open_results(tmp_path / "microcircuit.h5")["spikes"]
    rate = spikes.rate("L4I", 20.0)  # of the second half, where less is recorded than the network needs to settle
    (said,) = (line for line in lines if line.startswith("rate of L4I (Hz) "))
    assert said.split()[4] == f"{rate:.4g}"
    assert "(published: 5.876, NEST, authors' reference; 5.7, NetPyNE)" in said


def test_each_variant_is_told_and_has_its_recording(tmp_path, capsys, monkeypatch):
    pytest.importorskip("h5py")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(small(tmp_path, "--scale", "0.05", "--duration", "5", name="vogels_abbott")) == 0
    out = capsys.readouterr().out
    kinds = list(DEMONSTRATIONS["vogels_abbott"].variants)
    assert len(kinds) > 1
    for kind in kinds:
        assert f"gs.models.vogels_abbott(kind={kind!r}, " in out
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"vogels_abbott_{kind}.h5" for kind in kinds)
    assert "without vogels_abbott.png: matplotlib is not installed" in out


@pytest.mark.fuzz
def test_the_seed_decides(tmp_path, monkeypatch):
    from gpusyn.commands.demo_model import run_demo_model

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    one, again, other = (
        run_demo_model("microcircuit", 0.005, 20.0, "numpy", tmp_path, seed=seed) for seed in (1, 1, 2)
    )
    assert np.array_equal(list(one.values()), list(again.values()), equal_nan=True)
    assert not np.array_equal(list(one.values()), list(other.values()), equal_nan=True)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ["--model", "microcircut"],
            "--model: unknown name 'microcircut' (did you mean 'microcircuit'?); known here: ",
        ),
        (["--model", "microcircuit", "--size", "100"], "--size: is of the demo's own network"),
        (["--scale", "0.5"], "--scale: is of a model"),
        (["--model", "microcircuit", "--scale", "2"], "models.microcircuit().scale: must be"),
        (["--model", "brunel", "--scale", "0.05"], "models.brunel().scale"),
        (["--model", "brunel", "--duration", "0.05"], "--duration"),
        (["--model", "brunel", "--duration", "0"], "--duration"),
        (["--model", "brunel", "--seed", "-1"], "--seed"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_run(arguments, text, tmp_path, capsys):
    assert main(["demo", *arguments, "--out", str(tmp_path)]) == 2
    assert text in one_line_of_error(capsys)
    assert list(tmp_path.iterdir()) == []


def test_a_backend_that_is_not_there_is_refused(tmp_path, capsys, monkeypatch):
    only_numpy(monkeypatch)
    assert main(small(tmp_path, "--backend", "cpu")) == 2
    assert "backend 'cpu'" in one_line_of_error(capsys)


def test_a_file_that_is_no_figure_of_gpusyn_stays(tmp_path, capsys):
    (tmp_path / "microcircuit.png").write_text("mine")
    assert main(small(tmp_path)) == 2
    assert "microcircuit.png" in one_line_of_error(capsys)
    assert (tmp_path / "microcircuit.png").read_text() == "mine"

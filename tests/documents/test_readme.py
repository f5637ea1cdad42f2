"""The README's example runs as it stands, and its two commands are the ones that CI uses."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.paths import ROOT
from tests.helpers.validation.lab import fastest

pytestmark = pytest.mark.usefixtures("long_runs")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return [text for named, text in fenced if named == language]


def test_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for module in ("h5py", "matplotlib"):
        pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    example, *_ = blocks("python")
    exec(compile(example, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "launches per step" in printed
    rates = [float(x) for x in printed.splitlines()[-1].split()]
    assert len(rates) == 2
    assert all(0.5 < rate < 60 for rate in rates)
    assert (tmp_path / "run.h5").stat().st_size > 1000
    assert (tmp_path / "run.png").stat().st_size > 10_000


def test_neurons_in_space_connect_as_the_text_says() -> None:
    _, example, *_ = blocks("python")
    found: dict[str, Any] = {}
    exec(compile(example, "README.md", "exec"), found)
    net, where = found["net"], found["where"]
    with gs.Simulator(net, backend="numpy") as sim:
        near, ring = (sim.weights(projection) for projection in net.projections.values())
    for synapses, low, high in ((near, 0.0, 400.0), (ring, 200.0, 450.0)):
        apart = np.abs(where[synapses.post] - where[synapses.pre])
        distance = np.hypot(*np.minimum(apart, 1000.0 - apart).T)
        assert low <= distance.min() <= distance.max() <= high
        assert len(distance) > 1000


@pytest.mark.manual
def test_trials_run_as_a_script(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    _, _, example, *_ = blocks("python")
    (tmp_path / "trials.py").write_text(example)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    start = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, "trials.py"], check=False, **start)
    lines = [[float(x) for x in line.split()] for line in done.stdout.splitlines()]
    assert len(lines) == 4, done.stderr
    for rate, cv, fano in lines:
        assert 1 < rate < 60
        assert 0.3 < cv < 1.5
        assert 0.3 < fano < 1.5
    assert (tmp_path / "trials.png").stat().st_size > 10_000


def test_quantities_are_converted() -> None:
    pytest.importorskip("quantities")
    (example,) = blocks("pycon")
    test = doctest.DocTestParser().get_doctest(example, {"gs": gs}, "README.md", "README.md", 0)
    assert doctest.DocTestRunner().run(test).failed == 0


SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "gpusyn").rglob("*.py"))


def test_every_environment_variable_is_documented() -> None:
    assert set(re.findall(r"\bGPUSYN_\w+\b", SOURCE)) <= set(re.findall(r"^\| `(GPUSYN_\w+)` \|", README, re.MULTILINE))


def test_no_advice_names_a_package_that_no_index_has() -> None:
    assert re.findall(r'pip install[^\n]* "?gpusyn\b|require\([^)]*"gpusyn\[[^)]*\)', SOURCE) == []


def test_laboratory_measures_what_its_comments_say(capsys: pytest.CaptureFixture[str]) -> None:
    *_, example, _ = blocks("python")
    exec(compile(example, "README.md", "exec"), {})
    control, slow, (outward, calcium) = (
        [float(x) for x in line.split()] for line in capsys.readouterr().out.splitlines()
    )
    assert control[0] < 3 * slow[0] < 0  # CNQX takes the fast component
    assert slow[1] > 5 * control[1]
    assert 15 < outward < 25  # 55 mV from potassium's reversal; a burst of ten opens 38 % of 1 nS
    assert calcium > 0


def test_synapses_that_change_do_what_the_text_says(capsys: pytest.CaptureFixture[str]) -> None:
    *_, example = blocks("python")
    exec(compile(example, "README.md", "exec"), {})
    (first, last), (weak, strong) = ([float(x) for x in line.split()] for line in capsys.readouterr().out.splitlines())
    assert first == pytest.approx(69.0, abs=15.0)
    assert last == pytest.approx(8.0, abs=6.0)  # competition slows the cell down
    assert weak == pytest.approx(1 / 6, abs=0.06)
    assert strong == pytest.approx(0.28, abs=0.06)


def weights_that_are_stored(smallest: float, **options: str) -> list[float]:
    net = gs.Network()
    cells = net.population("E", 4, gs.LIF(), receptors=gs.AMPA())
    pairs = gs.FromArrays([0, 1, 2, 3], [1, 2, 3, 0])
    net.connect(cells, cells, pairs, receptor="AMPA", weight=[1.0, 1.0, 1.0, smallest], name="c")
    with gs.Simulator(net, backend="numpy", **options) as sim:  # type: ignore[arg-type]
        return list(sim.weights("c").weight)


def test_weights_are_off_by_what_the_limits_say() -> None:
    limits = README[README.index("## Limits") :]
    said = re.findall(r"(1e-\d+) nS (?:is\s+off )?by (\S+) %", limits)
    assert len(said) == 3
    for (smallest, percent), options in zip(said, ({}, {}, {"weights": "compact"}), strict=True):
        stored = weights_that_are_stored(float(smallest), **options)[3]
        assert f"{100 * abs(stored / float(smallest) - 1):.2g}" == percent
    assert "1e-12 nS is 0" in limits
    assert weights_that_are_stored(1e-12)[3] == 0


def test_a_slow_decay_is_off_by_what_the_limits_say() -> None:
    (percent,) = re.findall(r"off by (\S+) % of what is left", README)
    net = gs.Network()
    source = net.population("source", 1, gs.SpikeSource([0.1]))
    cell = net.population("cell", 1, gs.LIF(), receptors=gs.CurrentReceptor("slow", tau=1e3))
    net.connect(source, cell, gs.OneToOne(), receptor="slow", weight=1.0, delay=0.1)
    recorder = net.record(cell, "I_slow", every=6000.2)
    with gs.Simulator(net, dt=0.1, backend=fastest()) as sim:
        sim.run(6000.2)
        left = -sim.data[recorder]["I_slow"][-1, 0]
    assert f"{100 * abs(left / np.exp(-6.0) - 1):.2g}" == percent


def test_examples_are_short() -> None:
    for example in blocks("python"):
        assert len([line for line in example.splitlines() if line.strip()]) <= 24


def test_commands_are_those_of_ci() -> None:
    install, test = (block.strip() for block in blocks(""))
    assert install == 'pip install ".[compiler,io,plot,progress]" && gpusyn demo'
    assert test == 'pip install -e ".[test]" && pytest'
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert '-e ".[test]"' in ci
    assert re.search(r"^step tests pytest$", ci, re.MULTILINE)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target

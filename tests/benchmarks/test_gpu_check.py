"""gpu_check.py on the stand-in for CuPy: what crashes or hangs takes nothing else with it; digests; the summary."""

import importlib
import json
import os
import stat
import sys
import textwrap
from types import SimpleNamespace

import pytest

import gpusyn as gs
from benchmarks import cases, gpu_check
from benchmarks.gpu import calibration, digests, launch_times, networks, parity, parts, programs, setups, task
from benchmarks.gpu.setups import FULL, TINY, digest_on
from benchmarks.gpu.summary import line_text, summary
from benchmarks.peers import page, store
from tests.emulation import compiler, cupy, pretend
from tests.helpers.networks import EVERYTHING, seeded_case
from tests.helpers.paths import ROOT
from tests.helpers.runs import emulated

CRASHES, HANGS = "check", "large"
STAND_IN = f"""
    import os, sys, time
    if {CRASHES!r} in sys.orig_argv:
        os.abort()
    if {HANGS!r} in sys.orig_argv:
        time.sleep(600)
    from tests.emulation import install, machine
    install()
    machine.devices = 2
"""


@pytest.fixture
def cupy_is(tmp_path, monkeypatch):
    """Make the text of a module what `import cupy` finds in the processes of the parts."""

    def write(text):
        folder = tmp_path / "packages"
        folder.mkdir()
        (folder / "cupy.py").write_text(textwrap.dedent(text))
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(ROOT)]))

    return write


@pytest.fixture
def sanitizer(tmp_path, monkeypatch):
    """A program in the place of compute-sanitizer, which says something and ends with a status."""

    def write(text, status):
        program = tmp_path / "bin" / "compute-sanitizer"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\necho '========= COMPUTE-SANITIZER'\necho '========= {text}'\nexit {status}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    return write


def chosen(*names, limits=None):
    known = {part.name: part for part in parts.PARTS}
    return [known[name]._replace(limit=(limits or {}).get(name, 300.0)) for name in names]


@pytest.mark.fuzz
def test_what_crashes_or_hangs_takes_nothing_else_with_it(tmp_path, cupy_is, sanitizer):
    if compiler() is None:
        pytest.skip("the emulator needs g++, which is not on PATH")
    cupy_is(STAND_IN)
    sanitizer("ERROR SUMMARY: 0 errors", 0)
    every = chosen(*(part.name for part in parts.PARTS), limits={HANGS: 4.0})
    lines = gpu_check.run_parts(every, tmp_path, 900.0, tiny=True)
    assert [json.loads(line) for line in (tmp_path / "lines.jsonl").read_text().splitlines()] == lines
    results = {line["part"]: line["result"] for line in lines}
    logs = {name: (tmp_path / f"{name}.log").read_text() for name in results}
    assert results == {part.name: "passed" for part in parts.PARTS} | {CRASHES: "crashed", HANGS: "out of time"}, logs
    found = {line["part"]: line for line in lines}
    assert found[CRASHES]["why"] == "ended by SIGABRT"
    assert found[HANGS]["why"] == "ended after 4 s"
    assert found["drawn"]["facts"]["equal"] == 1
    assert (found["devices"]["facts"]["equal"], found["devices"]["facts"]["devices"]) == (1, 2)
    assert found["gated"]["facts"]["bits of 400 first-order gates"] == "equal"
    text = (tmp_path / "summary.md").read_text()
    assert text == summary(lines)
    assert "**A try on small networks" in text
    assert f"| {CRASHES} | gpusyn check | **crashed** |" in text
    assert "| copies on the device, read and written |" in text
    networks = [line.split(" | ") for line in text.splitlines() if line.endswith("| equal |")]
    assert len(networks) == len(TINY) - 1  # without the one that hangs
    assert "| 400 first-order gates | advance_first_order.g0 |" in text


def test_several_gpus_are_compared_where_there_are_several(tmp_path, cupy_is):
    cupy_is("from tests.emulation import install; install()")
    lines = gpu_check.run_parts(chosen("devices"), tmp_path, 300.0, tiny=True)
    assert [(line["result"], line["why"]) for line in lines] == [("left out", "there is one GPU")]


def test_nothing_is_begun_without_time(tmp_path, cupy_is):
    cupy_is("import time; time.sleep(600)")
    lines = gpu_check.run_parts(chosen("info", "microcircuit"), tmp_path, 0.0, tiny=True)
    assert [(line["result"], line["why"]) for line in lines] == [("left out", "no time left")] * 2


def test_without_a_gpu_the_first_part_says_why_and_the_others_are_left_out(tmp_path, cupy_is):
    cupy_is("raise ModuleNotFoundError(\"No module named 'cupy'\", name='cupy')")
    lines = gpu_check.run_parts(chosen("info", "coba", "suite"), tmp_path, 300.0, tiny=True)
    assert [(line["part"], line["result"]) for line in lines] == [
        ("info", "failed"),
        ("coba", "left out"),
        ("suite", "left out"),
    ]
    assert "not usable, because CuPy is not installed" in lines[0]["why"]
    assert lines[1]["why"] == "no GPU"


def test_the_work_of_every_part_is_there():
    assert len({part.name for part in parts.PARTS}) == len(parts.PARTS)
    for part in parts.PARTS:
        module, _, function = part.work.partition(":")
        assert callable(getattr(importlib.import_module(f"benchmarks.gpu.{module}"), function))


def test_the_sanitizer_fails_the_part(tmp_path, sanitizer):
    sanitizer("Invalid __global__ read of size 4 bytes", 9)
    with pytest.raises(task.PartFailedError, match="memcheck: Invalid __global__ read of size 4 bytes"):
        programs.sanitizer(task.Task("sanitizer", tmp_path, True))
    assert task.reported(tmp_path, "sanitizer")[0]["racecheck"] == "Invalid __global__ read of size 4 bytes"


# ---- digests ----


@pytest.fixture(scope="module")
def stored():
    return setups.stored()


def test_the_drawn_networks_are_those_of_the_file(stored):
    assert len(stored["drawn"]) == digests.DRAWN
    for number in range(0, digests.DRAWN, 50):
        assert digests.digest(digests.played(digests.drawn(number)[0], "numpy")) == stored["drawn"][number]


def test_how_a_drawn_network_is_played_changes_nothing(stored):
    case, how = digests.drawn(6)
    assert how == {"block": 128, "chunk_steps": None, "cuts": [3], "reset_at": 5}
    assert digests.digest(digests.played(case, emulated(how.pop("block")), **how)) == stored["drawn"][6]


def test_the_drawn_networks_have_everything():
    assert set().union(*(seeded_case(number).tags for number in range(digests.DRAWN))) >= EVERYTHING


def test_the_small_networks_are_those_of_the_file(stored):
    assert set(stored["networks"]) == {*FULL, *(f"{name}, tiny" for name in TINY)}
    assert set(FULL) == set(TINY)
    for name, setup in TINY.items():
        assert digest_on(setup, "numpy") == stored["networks"][f"{name}, tiny"], name


# ---- what differs fails the part ----


@pytest.fixture
def emulated_device(monkeypatch):
    """The parts use the stand-in in this process."""
    for module in (networks, parity):
        monkeypatch.setattr(module, "CudaBackend", lambda block=128: emulated(block))
    monkeypatch.setattr(calibration, "import_cupy", lambda: cupy)


@pytest.mark.usefixtures("emulated_device")
def test_a_network_with_other_bits_fails_its_part_after_all_its_numbers(tmp_path, monkeypatch, stored):
    monkeypatch.setattr(networks, "stored", lambda: {"networks": stored["networks"] | {"gated, tiny": "0" * 32}})
    with pytest.raises(task.PartFailedError, match="other bits than on the CPU: gated"):
        networks.gated(task.Task("gated", tmp_path, True))
    facts, tables = task.reported(tmp_path, "gated")
    assert facts["bits of 400 first-order gates"] == "DIFFERENT"
    assert tables["networks"][0]["bits"] == "DIFFERENT"
    assert len(tables["launches"]) == 4
    monkeypatch.setattr(networks, "stored", lambda: {"networks": {}})
    with pytest.raises(task.PartFailedError, match=r"gated \(whose digest is not stored\)"):
        networks.gated(task.Task("gated", tmp_path, True))


@pytest.mark.usefixtures("emulated_device")
def test_a_drawn_network_with_other_bits_fails_its_part_and_names_the_arrays(tmp_path, monkeypatch, stored):
    played = digests.played

    def changed(case, backend, **how):
        found = played(case, backend, **how)
        return found if backend == "numpy" else found | {"spikes ids": found["spikes ids"] ^ 1}

    monkeypatch.setattr(digests, "played", changed)
    with pytest.raises(task.PartFailedError, match="1 differ or fail, the first of them 6: differs in spikes ids"):
        parity.drawn(task.Task("drawn", tmp_path, True))
    assert task.reported(tmp_path, "drawn")[0]["different"] == 1


@pytest.mark.usefixtures("emulated_device")
def test_a_drawn_network_that_is_another_one_is_not_held_against_the_device(tmp_path, monkeypatch, stored):
    monkeypatch.setattr(parity, "stored", lambda: {"drawn": ["0" * 32] * digests.DRAWN})
    with pytest.raises(task.LeftOutError, match="nothing could be compared"):
        parity.drawn(task.Task("drawn", tmp_path, True))
    assert task.reported(tmp_path, "drawn")[0] == {"equal": 0, "different": 0, "not run": 1, "wrong": {}}


# ---- figures and the summary ----


def test_works_are_those_of_the_launches_in_their_order():
    net = cases.gated(100, 50, 40, 10.0)
    with gs.Simulator(net, dt=cases.DT, backend="numpy", progress=False) as sim:
        launches = [launch.kernel for launch in sim._compiled.program.launches]
        works = dict(zip(launches, launch_times.works(sim.plan, {"targets": 5.0}), strict=True))
    # address, weight, word of the history, gate read and written; something for each row
    assert 20 * 50 * 40 <= works["advance_first_order"].bytes <= 22 * 50 * 40
    assert works["advance_neurons"].bytes < 100 * 50


@pytest.mark.usefixtures("emulated_device")
def test_a_gpu_of_the_table_stands_beside_the_measured_numbers(tmp_path):
    with pretend(name="NVIDIA H200"):
        calibration.measure(task.Task("calibration", tmp_path, True))
        networks.gated(task.Task("gated", tmp_path, True))
    figures = {row["figure"]: row["table"] for row in task.reported(tmp_path, "calibration")[1]["calibration"]}
    assert figures["copies on the device, read and written"] == 4800.0
    assert figures["reading four bytes"] is None
    tables = task.reported(tmp_path, "gated")[1]
    assert 0 < tables["networks"][0]["by the model"] < 1
    assert all(row["by the model (us)"] > 0 and row["binds there"] for row in tables["launches"])
    assert calibration.figures_of("NVIDIA GeForce RTX 4090").name == "RTX4090"
    assert calibration.figures_of("NVIDIA T400 4GB") is None


def test_the_least_time_is_that_of_what_binds():
    known = {"copy_bytes_per_s": 100.0, "atomics_per_s": 10.0}
    assert launch_times.Work(200.0, 5.0).least_seconds(known) == 2.0
    assert launch_times.Work(200.0, 50.0).least_seconds(known) == 5.0
    assert launch_times.Work(200.0, 5.0).least_seconds({}) is None
    assert launch_times.Work().least_seconds(known) is None


def line(part, result="passed", why="", facts=None, tables=None):
    return {
        "part": part, "result": result, "seconds": 2.54, "why": why, "facts": facts or {}, "tables": tables or {}
    }  # fmt: skip


def test_lines_and_cells_of_the_summary():
    crashed = line("coba", "crashed", "ended by SIGABRT")
    assert line_text(crashed) == "coba         crashed        2.5 s  ended by SIGABRT"
    row = {"a": 12345.6, "b": 0.012345, "c": 77169, "d": None, "e": "x|y"}
    text = summary([crashed, line("drawn", facts={"equal": 200, "wrong": {}}, tables={"networks": [row]})])
    assert "| 12,346 | 0.0123 | 77,169 | - | x/y |" in text
    assert "| drawn | bits of drawn networks | passed | 2.5 | equal 200 |" in text


def test_the_page_takes_the_summary_as_it_is(tmp_path, monkeypatch):
    results = store.load(store.STORED)
    before = page.page(results)
    text = summary([line("info", facts={"machine": ["device T4"]})])
    (tmp_path / "summary.md").write_text(text)
    monkeypatch.setattr(page, "ON_A_GPU", tmp_path / "summary.md")
    assert page.page(results) == f"{before}\n{text}"


def test_a_line_cut_short_does_not_count(tmp_path):
    (tmp_path / "coba.jsonl").write_text('{"facts": {"a": 1}}\n{"table": "networks", "row": {"b": 2}}\n{"facts": {"c"')
    assert task.reported(tmp_path, "coba") == ({"a": 1}, {"networks": [{"b": 2}]})


def test_a_part_waits_for_its_turn(tmp_path, monkeypatch):
    waiting = task.Task("microcircuit", tmp_path, True)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(readline=lambda: "\n"))
    waiting.wait_for_turn()
    assert task.reported(tmp_path, "microcircuit")[0] == {"prepared": True}
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(readline=lambda: ""))
    with pytest.raises(task.LeftOutError, match="the script ended"):
        waiting.wait_for_turn()

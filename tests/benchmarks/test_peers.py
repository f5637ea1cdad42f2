"""The comparison with other simulators, without them: order of runs, failures, voiding, environments, and the page."""

import json
import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import gpusyn as gs
from benchmarks.peers import __main__ as command
from benchmarks.peers import cases, environments, figures, measurement, networks, page, store, twins
from benchmarks.peers.environments import Environment
from benchmarks.peers.measurement import Measurement, run_program, turns
from benchmarks.peers.networks import brunel_wang, coba, gates, microcircuit, plastic
from benchmarks.peers.simulators.protocol import MARK, Task, largest_resident, learned, rates_of
from benchmarks.peers.verdict import agreement, learned_apart, verdict

TINY = {
    "coba": coba.Numbers(40, 8),
    "brunel_wang": brunel_wang.Numbers(20, own=True),
    "microcircuit": microcircuit.Numbers(0.002),
    "gates": gates.Numbers(20, 4, 5),
    "plastic": plastic.Numbers(40, 8, plastic.STDP),
}
ROW = cases.Row(cases.table([0.1])[0], 1)


def answer(wall=1.0, cpu=0.5, rate=20.0, **more) -> dict:
    rates = {"E": rate, "I": rate}
    return {"build_s": 2.0, "wall_s": wall, "cpu_s": cpu, "rates_hz": rates, "peak_bytes": 3e6, **more}


def prepared(seconds=5.0) -> dict:
    return {"prepare_s": seconds, "version": "1.2", "versions": {"Python": "3.11"}}


def stored(**cells) -> dict:
    """A row of the results; each cell is a list of runs, or what is stored instead of them."""
    made = {
        simulator: {"prepared": prepared(), "runs": [run | {"time": "2026-01-02T03", "load": 1.0} for run in runs]}
        if isinstance(runs, list)
        else {"runs": [], **runs}
        for simulator, runs in cells.items()
    }
    return {"case": ROW.case._asdict(), "threads": 1, "series": "", "x": 0.0, "cells": made}


def beside_its_twin(seconds=2.0, planned=1e6, **more) -> dict:
    """Two rows of the results: a network that learns, for which gpusyn took `seconds`, and its static twin."""
    kept = {case.key: case for case in cases.table([0.1])}
    own = {"planned_bytes": planned, **more}
    runs = {"learns": [answer(cpu=seconds, **own)], "static": [answer(cpu=0.5, planned_bytes=1e6)]}
    return {
        name: stored(gpusyn=own, Brian2=[answer(cpu=4.0, **more)]) | {"case": kept[key]._asdict()}
        for (name, own), key in zip(runs.items(), ("stdp", "stdp-static"), strict=True)
    }


def results(**rows) -> dict:
    machine = {
        "processor": "P", "cores": 2, "cores_usable": 2, "free_bytes": 1e9, "copy_bytes_per_s": 1e9, "system": "L",
        "commit": "abc",
    }  # fmt: skip
    return {"machine": machine, "rows": rows}


# --- order and failures of runs ----------------------------------------------------------------------------


def test_simulators_take_turns():
    order = "".join(name for name, _ in turns({"A": 0, "B": 0, "C": 0}, 3))
    assert order == "ABCABCABC"
    assert list(turns({"A": 2, "B": 1, "C": 0}, 2)) == [("C", 0), ("B", 1), ("C", 1)]


def program(text: str, limit: float = 60.0) -> dict:
    return run_program([sys.executable, "-c", text], limit, {"TOLD": "yes"})


def test_the_answer_of_a_program_is_found_among_what_it_prints():
    text = f"import os; print('banner'); print('{MARK}' + '[\"' + os.environ['TOLD'] + '\"]'); print('bye')"
    assert program(text) == ["yes"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise SystemExit('no such model')", "exit status 1: no such model"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "exit status -9: no output"),
        ("print('all well')", "exit status 0: all well"),
    ],
)
def test_a_program_that_fails_says_why(text, said):
    assert program(text) == {"failed": said}


def test_a_program_that_takes_too_long_is_ended_with_what_it_started(tmp_path):
    child = tmp_path / "child"
    text = f"""
import subprocess, sys, time
with open({str(child)!r}, "w") as file:
    file.write(str(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid))
time.sleep(600)
"""
    limit = 0.5
    while not child.exists() or not child.read_text():  # a busy machine may need longer to get there
        assert program(text, limit) == {"failed": f"took longer than {limit:g} s"}
        limit *= 2
    for _ in range(1000):  # the system ends processes when it gets to them
        if ended(int(child.read_text())):
            return
        time.sleep(0.01)
    raise AssertionError("the child goes on")


def ended(process: int) -> bool:
    """Whether there is no such process, or it only waits to be noticed by its parent."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().split()[2] in "ZX"
    except (ProcessLookupError, FileNotFoundError):
        return True


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """A measurement of three simulators whose programs are replaced; what ran is listed."""
    ran: list[tuple[str, bool, int]] = []
    broken: dict[str, str] = {}
    found = {name: Environment(name) for name in ("gpusyn", "NEST", "Brian2")}
    found["GeNN"] = Environment("", "not installed")
    kept = results()
    saved: list[str] = []

    def run(arguments, limit, environment):
        name, _, module, text = arguments
        task = Task(**json.loads(text))
        assert module == f"benchmarks.peers.simulators.{name.lower()}"
        ran.append((name, task.prepare, task.seed))
        if broken.get(name) == ("prepare" if task.prepare else "run"):
            return {"failed": "crashed"}
        if broken.get(name) == "silent" and not task.prepare and task.seed < 2000:
            return answer(rate=0.0)
        return prepared() if task.prepare else answer()

    monkeypatch.setattr(measurement, "run_program", run)

    def again(row=ROW, *more, repeats=2):
        ran.clear()
        Measurement(kept, lambda: saved.append(json.dumps(kept)), found, tmp_path, repeats, 1.0).measure(row, *more)
        return kept["rows"][row.key]["cells"]

    return again, ran, broken, saved


def test_runs_are_interleaved_stored_each_and_resumed(measured):
    measure, ran, _, saved = measured
    cells = measure()
    names = ["gpusyn", "NEST", "Brian2"]
    assert ran == [(name, True, 1) for name in names] + [(name, False, seed) for seed in (1, 2) for name in names]
    assert len(saved) == len(ran)
    assert cells["GeNN"] == {"runs": [], "lacking": "not installed"}
    assert {len(cells[name]["runs"]) for name in names} == {2}
    cells["GeNN"] |= {"runs": [answer()]}  # measured when its environment was given
    measure(repeats=3)
    assert ran == [(name, False, 3) for name in names]
    assert cells["GeNN"] == {"runs": [answer()]}
    measure(ROW._replace(case=ROW.case.times(0.5)), repeats=1)  # another case: its runs are its own
    assert len(ran) == 6
    assert json.loads(saved[-1])["rows"][ROW.key]["case"]["duration"] == ROW.case.duration / 2


def test_a_network_takes_turns_with_its_static_twin(measured):
    measure, ran, _, _ = measured
    rows = command.rows(command.parser().parse_args(["--cases", "stdp", "gates", "stdp-static", "--threads", "1", "2"]))
    groups = cases.together(rows)
    assert [[row.key for row in group] for group in groups] == [
        ["stdp@1", "stdp-static@1"], ["stdp@2", "stdp-static@2"], ["gates@1"], ["gates@2"],
    ]  # fmt: skip
    measure(*groups[0])
    order = [name for name, prepare, _ in ran if not prepare]
    assert order == ["gpusyn", "gpusyn", "NEST", "NEST", "Brian2", "Brian2"] * 2


def test_a_failed_cell_is_void_and_not_tried_again(measured):
    measure, ran, broken, _ = measured
    broken |= {"NEST": "prepare", "Brian2": "run"}
    cells = measure()
    assert cells["NEST"]["failed"] == "preparing: crashed"
    assert cells["Brian2"]["failed"] == "crashed"
    assert [name for name, prepare, _ in ran if not prepare] == ["gpusyn", "Brian2", "gpusyn"]
    measure(repeats=3)
    assert [name for name, *_ in ran] == ["gpusyn"]
    broken.clear()
    measurement.forget_failures({"rows": {ROW.key: {"cells": cells}}})
    measure(repeats=1)
    assert [(name, prepare) for name, prepare, _ in ran] == [("NEST", True), ("NEST", False), ("Brian2", False)]


def test_what_was_prepared_is_made_again_where_it_is_gone(measured, tmp_path):
    measure, ran, _, _ = measured
    measure(repeats=1)
    shutil.rmtree(tmp_path / "programs" / "brian2")
    measure(repeats=2)
    assert [name for name, prepare, _ in ran if prepare] == ["Brian2"]


def test_a_silent_network_is_drawn_again(measured):
    measure, ran, broken, _ = measured
    broken |= {"NEST": "silent"}
    cells = measure(repeats=1)
    assert [seed for name, prepare, seed in ran if name == "NEST" and not prepare] == [1, 1001, 2001]
    assert [run["rates_hz"]["E"] for run in cells["NEST"]["runs"]] == [20.0]


# --- verdicts ----------------------------------------------------------------------------------------------


def test_times_and_ratios_are_medians_over_pairs_of_runs():
    row = stored(gpusyn=[answer(cpu=c) for c in (0.1, 0.2, 0.4)], Brian2=[answer(cpu=c) for c in (0.3, 0.4, 2.0)])
    v = verdict(row)
    own, peer = v.cells
    assert v.void is None
    assert v.seconds(own) == (0.2, 0.1, 0.4)  # processor time, with one thread
    assert peer.ratio == pytest.approx((3.0, 2.0, 5.0))
    assert own.ratio is None
    assert (own.prepare, peer.prepare) == (3.0, 5.0)  # gpusyn prepares by building, which took 2 s
    several = verdict(row | {"threads": 2})
    assert several.seconds(several.cells[0]) == (1.0, 1.0, 1.0)  # wall time


def test_a_row_is_void_where_rates_differ():
    assert coba.TOLERANCE == 0.2
    assert verdict(stored(gpusyn=[answer()], NEST=[answer(rate=24.4)])).void is None
    v = verdict(stored(gpusyn=[answer()], NEST=[answer(rate=25.0)], Brian2=[answer()]))
    assert "NEST 25.0" in str(v.void)
    assert "20 % is allowed" in str(v.void)


def test_agreement():
    rates = {"A": {"E": 10.0, "I": 5.0}, "B": {"E": 11.0, "I": 5.0}}
    difference, void = agreement(rates, 0.1)
    assert difference == pytest.approx(1 / 10.5)
    assert void is None
    assert "rates of E differ by 10 % (A 10.0, B 11.0 Hz)" in str(agreement(rates, 0.05)[1])
    assert agreement({"A": {"E": 0.0}, "B": {"E": 0.0}}, 0.1) == (None, "E is silent")
    assert agreement({"A": {"E": 1.0}}, 0.1) == (None, None)
    assert agreement({}, 0.1) == (None, None)


def test_a_row_is_void_where_weights_differ():
    agree = {"gpusyn": (0.5, 0.01), "NEST": (0.504, 0.011)}
    assert learned_apart({}) is None
    assert learned_apart(agree) is None
    assert "NEST 0.5060 +- 0.0110" in str(learned_apart({**agree, "NEST": (0.506, 0.011)}))
    assert "15 % of the standard deviation" in str(learned_apart({**agree, "NEST": (0.5, 0.0116)}))
    w_max = cases.Case(**beside_its_twin()["learns"]["case"]).described.w_max
    row = beside_its_twin(learned={"mean": 0.5 * w_max, "sd": 0.01 * w_max})["learns"]
    assert verdict(row).cells[1].learned == pytest.approx((0.5, 0.01))
    assert verdict(row).void is None
    row["cells"]["Brian2"]["runs"][0]["learned"] = {"mean": 0.5 * w_max, "sd": 0.02 * w_max}
    assert "weights differ" in str(verdict(row).void)


def test_the_cost_of_an_event_is_what_the_twin_does_not_take():
    rows = beside_its_twin(seconds=2.0, planned=9e6)
    assert list(twins.pairs(rows)) == [(rows["learns"], rows["static"])]
    rows["static"]["cells"]["Brian2"]["runs"][0] |= {"peak_bytes": None}
    own, peer = twins.beside(rows["learns"], rows["static"])
    events = 20.0 * 8000 * 1000 * 0.5  # spikes of half a second times synapses
    assert own.ratio.median == 4.0
    assert own.above.median == pytest.approx(1.5 / events * 1e9)
    assert own.whole.median == pytest.approx(2.0 / events * 1e9)
    assert (own.bytes_more, own.planned_more) == (0.0, 1.0)
    assert (peer.bytes_more, peer.planned_more) == (None, None)
    rows["static"] |= {"threads": 2}
    assert not list(twins.pairs(rows))


def test_rates_and_memory_are_counted():
    assert learned([]) == {}
    assert learned([1.0, 3.0]) == {"learned": {"mean": 2.0, "sd": 1.0}}
    assert rates_of([0, 0, 1, 4], {"E": 3, "none": 1, "I": 1}, 500.0) == {"E": 2.0, "none": 0.0, "I": 2.0}
    assert largest_resident("Name: x\nVmHWM:\t  2048 kB\n") == 2048 * 1024
    assert largest_resident("") is None


# --- environments ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("simulator", environments.PACKAGES)
def test_environments_are_made_by_pip_from_the_index_it_is_set_up_for(simulator, tmp_path):
    venv, install, probe = environments.commands(simulator, tmp_path)
    assert venv == [sys.executable, "-m", "venv", str(tmp_path)]
    assert install[1:4] == ["-m", "pip", "install"]
    assert any(simulator.lower() in word for word in install[4:])
    assert not [word for word in install if "://" in word or "index" in word]
    assert {install[0], probe[0]} == {str(environments.python_in(tmp_path))}
    assert probe[2] == f"import {simulator.lower()}"


def test_environments_that_cannot_be_had_say_why(tmp_path, monkeypatch):
    monkeypatch.setattr(environments, "commands", lambda *_: [[sys.executable, "-c", "raise SystemExit('no index')"]])
    found = environments.environments(tmp_path, {"Brian2": "/no/python"}, list(cases.SIMULATORS))
    assert found["gpusyn"] == Environment(sys.executable)
    assert found["NEST"].why == "could not be installed: no index"
    assert "cannot be used" in str(found["Brian2"].why)
    assert "--genn-python" in str(found["GeNN"].why)


# --- cases and networks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", cases.table([0.1, 1.0]), ids=lambda case: case.key)
def test_every_simulator_can_run_a_case_or_says_why_not(case):
    numbers = json.loads(json.dumps(case.numbers))  # as the programs get them
    described = networks.numbers(case.network, numbers)
    assert described == case.described
    assert min(described.populations.values()) > 0
    for simulator in cases.SIMULATORS:
        why = cases.lacking(cases.Row(case, 1), simulator)
        assert why or hasattr(networks.network(case.network), simulator.lower())
    assert cases.lacking(cases.Row(case, 2), "GeNN")


@pytest.mark.parametrize("name", networks.NAMES)
def test_networks_build_in_gpusyn(name):
    net, begin = networks.network(name).gpusyn(gs, TINY[name])
    assert {p.name: p.size for p in net.populations.values()} == TINY[name].populations
    with gs.Simulator(net, dt=networks.DT, backend="numpy") as sim:
        begin(sim)
        sim.step(2)
        assert sim.plan.synapses == pytest.approx(TINY[name].expected_synapses, rel=0.01)


@pytest.mark.parametrize(("plasticity", "variable"), [(plastic.STDP, "weight"), (plastic.SHORT_TERM, "x")])
def test_excitatory_synapses_change_in_gpusyn(plasticity, variable):
    numbers = plastic.Numbers(40, 8, plasticity)
    net, _ = plastic.gpusyn(gs, numbers)
    excitation = next(p for p in net.projections.values() if p.plasticity)
    assert (excitation.name == networks.LEARNED) == (plasticity == plastic.STDP)
    changing = net.record(excitation, variable, every=1.0)
    with gs.Simulator(net, dt=networks.DT, backend="numpy", progress=False) as sim:
        sim.run(60.0)
        values = sim.data[changing].values[variable]
    assert np.ptp(values[-1]) > 0.0
    assert values.max() <= (numbers.w_max if plasticity == plastic.STDP else 1.0)


def test_the_microcircuit_is_the_published_one():
    full = microcircuit.Numbers()
    assert sum(full.populations.values()) == 77169
    assert full.expected_synapses == pytest.approx(298.88e6, rel=1e-4)
    assert full.currents() == [0.0] * 8


def test_the_jump_of_nmda_has_the_constants_of_the_literature():
    assert brunel_wang.jump() == pytest.approx((0.648416739, -0.632120559), rel=1e-8)


def test_the_static_twin_differs_in_its_weights_alone():
    for key, own in (("stdp", True), ("stp", False)):
        case, static = (c for c in cases.table([0.1]) if c.key.startswith(key))
        assert case.twin == static.described
        assert static.twin is None
        assert static.described.own == own
        assert static.described.populations == case.described.populations
        assert static.described.plastic_synapses == 0.0
        assert case.described.plastic_synapses == 8e6


def test_series_grow_to_the_threads_that_are_there():
    rows = list(cases.series(4))
    assert {row.series for row in rows} == set(cases.SERIES)
    assert len({row.key for row in rows}) == len(rows)
    assert [row.threads for row in rows if row.series == "strong"] == [1, 2, 4]
    assert [row.case.numbers["neurons"] for row in rows if row.series == "weak"] == [5000, 10000, 20000]


def chosen(*arguments: str) -> list[str]:
    return [row.key for row in command.rows(command.parser().parse_args(arguments))]


def test_the_command_chooses_rows():
    assert chosen("--cases", "gates", "coba-small", "--threads", "1", "2") == [
        "gates@1", "gates@2", "coba-small@1", "coba-small@2",
    ]  # fmt: skip
    assert chosen("--cores", "1", "--series")[-1] == "stp-static@1"
    assert chosen("--cases", "gates", "--threads", "1", "--cores", "2", "--series", "weak")[1:] == [
        "weak:5000x500@1", "weak:10000x500@2",
    ]  # fmt: skip
    assert "microcircuit-0.2@1" in chosen("--scales", "0.2", "--cores", "1")
    for wrong in (("--cases", "cobra"), ("--series", "colour")):
        with pytest.raises(ValueError, match=f"{wrong[0]} {wrong[1]}: there are "):
            chosen(*wrong)


# --- results and page --------------------------------------------------------------------------------------


def test_results_are_resumed_on_the_same_machine_only(tmp_path):
    path = tmp_path / "results.json"
    begun = store.begin()
    store.save(begun, path)
    assert store.resume(path)["machine"] == begun["machine"]
    store.save({**begun, "machine": begun["machine"] | {"commit": "abc"}}, path)
    assert store.resume(path)["machine"]["commit"] == f"abc, {begun['machine']['commit']}"
    begun["machine"]["processor"] = "another"
    store.save(begun, path)
    with pytest.raises(store.StoredElsewhereError, match="another"):
        store.resume(path)
    assert os.listdir(tmp_path) == ["results.json"]


def test_the_page_gives_ratios_and_reasons(tmp_path):
    good = stored(gpusyn=[answer(cpu=0.1)], NEST=[answer(cpu=1.5)], GeNN={"lacking": "not installed"})
    bad = stored(gpusyn=[answer(rate=10.0)], NEST=[answer()], Brian2={"failed": "took longer than 9 s"})
    grown = stored(gpusyn=[answer(cpu=0.2)], NEST=[answer(cpu=0.8)]) | {"series": "neurons", "x": 4000.0}
    text = page.page(results(good=good, bad=bad, grown=grown))
    lines = text.splitlines()
    assert "| COBA 4,000 x 80 | 1 | 0.1 | 1.5 (x 15) | - | - |" in lines
    assert "| COBA 4,000 x 80 | 1 | void | void | - | - |" in lines
    assert "GeNN left out: not installed." in lines
    assert "busy" not in text
    for run in good["cells"]["NEST"]["runs"] + bad["cells"]["NEST"]["runs"] + grown["cells"]["NEST"]["runs"]:
        run["load"] = 9.0
    assert "**The machine was busy" in page.page(results(good=good, bad=bad, grown=grown))
    assert "Brian2 failed: took longer than 9 s." in lines
    assert "**Void:** rates of " in text
    assert "| 4,000 | processor | 20.0 | 0.2 | 0.8 (x 4) |" in lines
    assert not [line for line in lines if len(line) > 120 and not line.startswith(("|", "* ", "!"))]
    page.write(results(good=good, bad=bad, grown=grown), tmp_path / "benchmarks.md")
    assert (tmp_path / "benchmarks.md").read_text() == page.page(results(good=good, bad=bad, grown=grown))
    assert {path.name for path in (tmp_path / "benchmarks").iterdir()} == {figures.file_name(n) for n in figures.TEXTS}


def test_the_page_shows_a_network_beside_its_twin():
    lines = page.page(results(**beside_its_twin(learned={"mean": 1.25, "sd": 0.05}))).splitlines()
    assert "### 10,000 x 1,000, STDP, beside its twin, 1 thread" in lines
    events = [line for line in lines if line.startswith("| gpusyn | 4.00 (4.00 to 4.00) |")]
    assert [line.split("|")[-3:-1] for line in events] == [[" 0.5000 ", " 0.0200 "]]
    assert "By gpusyn's plan, a plastic synapse adds 0.00 bytes." in lines
    differs = beside_its_twin()
    differs["static"]["cells"]["Brian2"]["runs"][0]["rates_hz"]["E"] = 40.0
    assert any(line.startswith("Void: rates of E") for line in page.page(results(**differs)).splitlines())


def test_the_page_of_the_repository_follows_from_its_results():
    expected = page.page(store.load(store.STORED))
    assert page.PAGE.read_text(encoding="utf-8") == expected, "run python -m benchmarks.peers.page --write"
    for name in figures.TEXTS:
        assert (page.PAGE.parent / "benchmarks" / figures.file_name(name)).exists()

"""The page on what can be set between two runs does what it says."""

import re
from typing import Any

import pytest

from gpusyn.network.coupling import Coupling
from gpusyn.network.stimulus import Clamp, Drive, Injection
from gpusyn.simulation.targets import OF_SOURCE, OF_STIMULUS
from tests.helpers.pages import python_blocks
from tests.helpers.paths import ROOT

PAGE = (ROOT / "docs" / "between_runs.md").read_text(encoding="utf-8")
LOOP, WEIGHTS, TRIALS = python_blocks(PAGE)


def printed(code, capsys):
    exec(compile(code, "between_runs.md", "exec"), {})
    return capsys.readouterr().out.splitlines()


def test_the_loop_reaches_its_rate(capsys):
    before, after = (float(line) for line in printed(LOOP, capsys))
    assert before == pytest.approx(10.0, abs=1.5)
    assert after == pytest.approx(10.0, abs=1.5)


def test_the_loop_is_needed(capsys):
    """Without the controller, the rates are others."""
    rates = [float(line) for line in printed(LOOP.replace("    sim.set(current, pA)", ""), capsys)]
    assert all(abs(rate - 10.0) > 3.0 for rate in rates)


def test_weights_over_time_are_those_that_were_set(capsys):
    names: dict[str, Any] = {}
    exec(compile(WEIGHTS, "between_runs.md", "exec"), names)
    weight = names["data"]["weight"]
    assert weight.shape == (8, 250)
    for row, grown in enumerate((0, 0, 1, 1, 2, 2, 3, 3)):
        assert weight[row] == pytest.approx(1.1**grown * weight[0], rel=1e-6)
    assert capsys.readouterr().out.endswith("[ 0  7 12]\n")


def test_trials_differ(capsys):
    (line,) = printed(TRIALS, capsys)
    counts = [int(x) for x in line.strip("[]").split(",")]
    assert len(counts) == 5
    assert len(set(counts)) > 1


def test_everything_that_can_be_set_is_listed():
    calls = "".join(re.findall(r"`(sim\.set\(.*?\))`", PAGE))
    named = {"rate": "rate=", "weight": "weight=", "times": "times="}
    named |= {"current": "injection", "V": "clamp", "conductance": "coupling"}
    for names in (*OF_STIMULUS.values(), OF_SOURCE.values()):
        assert all(named[name] in calls for name in names)
    assert set(OF_STIMULUS) == {Injection, Drive, Clamp, Coupling}

"""The page on neuron models does what it says, and its tables have every model with its states."""

import re

import pytest

import gpusyn as gs
from gpusyn.neurons import NEURONS
from tests.helpers.pages import python_blocks
from tests.helpers.paths import ROOT

PAGE = (ROOT / "docs" / "neurons.md").read_text(encoding="utf-8")
CODES = python_blocks(PAGE)


@pytest.mark.parametrize("code", CODES)
def test_the_examples_run(code):
    exec(compile(code, "neurons.md", "exec"), {})


def test_the_example_adapts_by_its_threshold():
    (adaptive,) = (code for code in CODES if "theta_jump" in code)
    with pytest.raises(AssertionError):
        exec(compile(adaptive.replace("theta_jump=3.0", "theta_jump=0.0"), "neurons.md", "exec"), {})


def test_the_table_has_every_model_with_its_states():
    models = {name: kind() for name, kind in NEURONS.items() if not kind.is_source}
    models["LIF(theta_jump=, tau_theta=)"] = gs.LIF(theta_jump=1.0, tau_theta=1.0)
    models["GLIF(level=)"] = models.pop("GLIF")
    rows = re.findall(r"^\| `gs\.(.*?)` \|.*\| (.*?) \|$", PAGE, re.MULTILINE)
    listed = {name: set(re.findall(r"`(\w+)`", states)) for name, states in rows}
    assert listed == {name: set(model.STATES) for name, model in models.items()}


def test_the_table_of_levels_has_their_states():
    for level in range(1, 6):
        (row,) = re.findall(rf"^\| {level}, LIF.*$", PAGE, re.MULTILINE)
        assert set(re.findall(r"asc_\d|theta_\w+", row)) == set(gs.GLIF(level=level).STATES)

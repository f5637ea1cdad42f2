"""What a process takes while it builds and runs a network is at most what the plan says, and at least 0.8 of it."""

from __future__ import annotations

import sys

import pytest

from benchmarks.plan_memory import FORMS, RULES, SYNAPSES, WITH_ARRAYS, measured

pytestmark = [
    pytest.mark.memory,
    pytest.mark.skipif(sys.platform != "linux", reason="the largest size of a process is reset on Linux alone"),
]

CASES = [(rule, form, "cpu") for rule in RULES for form in FORMS if form != "arrays" or rule in WITH_ARRAYS]
CASES += [(rule, form, "numpy") for rule in RULES for form in ("constants", "both")]
LEAST = {("AllToAll", "constants"): 0.4}  # no synapse is stored, so objects and blocks are half of a few MB
FEWER = {"OneToOne": 1_000_000}  # one synapse for each neuron
BY_NUMPY = 8_000_000  # synapses, which numpy draws slowly


@pytest.mark.parametrize(("rule", "form", "backend"), CASES)
def test_the_plan_holds(rule: str, form: str, backend: str) -> None:
    found = measured(rule, form, FEWER.get(rule, SYNAPSES if backend == "cpu" else BY_NUMPY), backend)
    assert LEAST.get((rule, form), 0.8) <= max(found["built"], found["ran"]) / found["plan"] <= 1.0, found

"""Bytes per synapse and launches per step do not grow beyond the committed table; bytes are those of the arrays."""

from __future__ import annotations

import pytest

from benchmarks import launch_counts, synapse_bytes
from benchmarks.synapse_bytes import FAN_IN, FORMS, SIZE, network, planned
from gpusyn.builder.compile import Compiled
from gpusyn.builder.placement import lay_out
from gpusyn.kernels.arrays import SYNAPTIC
from gpusyn.kernels.resources import table

RENEW = "; if that is meant: python -m benchmarks.kernel_report --write"


@pytest.mark.parametrize(("part", "now"), [
    ("bytes_per_synapse", synapse_bytes.counted), ("launches_per_step", launch_counts.counted),
])  # fmt: skip
def test_the_committed_table_is_what_the_plan_counts(part, now) -> None:
    assert now() == table()[part], part + RENEW


@pytest.mark.parametrize("own_weights", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_the_plan_counts_what_is_allocated(form: str, own_weights: bool) -> None:
    receptor = FORMS[form]
    program = Compiled(lay_out(network(receptor, own_weights), 0.1, "single"), seed=1).program
    own = sum(spec.nbytes for spec in program.specs.values() if not SYNAPTIC.isdisjoint(spec.extents))
    assert own / (SIZE * FAN_IN) == pytest.approx(planned(receptor, own_weights, "single"), rel=0.01)


def test_the_event_driven_form_takes_ten_bytes_at_most() -> None:
    assert planned(FORMS["event-driven, gate on the target"], True, "single") <= 10

"""The committed table of bytes per synapse: as `plan()` counts now, and as the arrays have them."""

from __future__ import annotations

import pytest

from benchmarks.synapse_bytes import FAN_IN, FORMS, SIZE, network, planned, section
from gpusyn.builder.compile import Compiled
from gpusyn.builder.placement import lay_out
from gpusyn.kernels.arrays import SYNAPTIC
from tests.helpers.paths import ROOT


def test_the_committed_table_is_what_the_plan_counts() -> None:
    document = ROOT / "docs" / "kernels.md"
    assert section() in document.read_text(encoding="utf-8")


@pytest.mark.parametrize("own_weights", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_the_plan_counts_what_is_allocated(form: str, own_weights: bool) -> None:
    receptor = FORMS[form]
    program = Compiled(lay_out(network(receptor, own_weights), 0.1, "single"), seed=1).program
    own = sum(spec.nbytes for spec in program.specs.values() if not SYNAPTIC.isdisjoint(spec.extents))
    assert own / (SIZE * FAN_IN) == pytest.approx(planned(receptor, own_weights, "single"), rel=0.01)


def test_the_event_driven_form_takes_ten_bytes_at_most() -> None:
    assert planned(FORMS["event-driven, gate on the target"], True, "single") <= 10

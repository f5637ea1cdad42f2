"""The committed table of bytes a synapse: as `plan()` counts now, and as the arrays have them."""

from __future__ import annotations

import pytest

from benchmarks.synapse_bytes import FAN_IN, FORMS, SIZE, network, planned, section
from gpusyn.builder.compile import Compiled
from gpusyn.builder.placement import lay_out
from tests.helpers.paths import ROOT

PARTS = ("words", "weights", "row_begin", "address", "gates")


def test_the_committed_table_is_what_the_plan_counts() -> None:
    document = ROOT / "docs" / "kernels.md"
    assert section() in document.read_text(encoding="utf-8")


@pytest.mark.parametrize("own_weights", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_the_plan_counts_what_is_allocated(form: str, own_weights: bool) -> None:
    receptor = FORMS[form]
    arrays = Compiled(lay_out(network(receptor, own_weights), 0.1, "single"), seed=1).program.arrays
    own = sum(a.nbytes for name, a in arrays.items() if name.split(".")[-1] in PARTS and not name.startswith("g"))
    assert own / (SIZE * FAN_IN) == pytest.approx(planned(receptor, own_weights, "single"), rel=0.01)


def test_the_event_driven_form_takes_ten_bytes_at_most() -> None:
    assert planned(FORMS["event-driven, gate on the target"], True, "single") <= 10

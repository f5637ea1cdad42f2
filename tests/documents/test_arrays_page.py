"""docs/arrays.md is made from the declarations of arrays and kernels, and lists every array."""

import pytest

from benchmarks.arrays_page import PAGE, page
from gpusyn.kernels.arrays import ARRAYS
from gpusyn.kernels.spec import KERNELS

TEXT = PAGE.read_text(encoding="utf-8")


def test_page_is_up_to_date():
    assert page() == TEXT, "run python -m benchmarks.arrays_page --write"


@pytest.mark.parametrize("kind", ARRAYS, ids=[f"{kind.scope}: {kind.name}" for kind in ARRAYS])
def test_every_array_has_its_row(kind):
    rows = [line for line in TEXT.splitlines() if line.startswith(f"| `{kind.name}` |") and kind.doc in line]
    assert len(rows) == 1
    assert f" {kind.role} " in rows[0]


def test_every_kernel_is_named():
    assert [name for name in KERNELS if f"`{name}`" not in TEXT] == []

"""What compiled code exchanges is what Python does, and what one process simulates."""

import pytest

from tests.helpers.mpi import run_mpi
from tests.helpers.runs import cpu

pytestmark = pytest.mark.mpi


@pytest.mark.parametrize("ranks", [2, 3])
def test_compiled_code_exchanges_what_python_does(ranks):
    cpu()  # or skip
    done = run_mpi(ranks, "tests.mpi.compiled_program", seconds=120)
    assert done.returncode == 0, done.stderr
    ways = "in every step", "after several steps", "while steps are computed"
    assert done.stdout.splitlines() == [f"{way}: the same" for way in ways], done.stderr


def test_a_rank_that_fails_before_its_steps_ends_those_that_wait_for_it():
    cpu()  # or skip
    done = run_mpi(2, "tests.mpi.compiled_program", "fails", seconds=60)
    assert done.returncode != 0
    assert "ZeroDivisionError: division by zero" in done.stderr, done.stderr

"""Ranks that are processes of MPI: messages arrive, and whatever happens to one of them ends all."""

import pytest

from tests.helpers.mpi import run_mpi

pytestmark = pytest.mark.mpi


def run(ranks, name):
    return run_mpi(ranks, "tests.mpi.programs", name)


@pytest.mark.parametrize("ranks", [2, 3])
def test_messages_arrive_and_errors_can_be_handled(ranks):
    done = run(ranks, "exchange")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("error", "gpusyn.errors.ParameterError: wrong"),
        ("error_outside", "ZeroDivisionError: integer division or modulo by zero"),
        ("error_everywhere", "gpusyn.errors.ParameterError: wrong"),
        ("interrupted", "KeyboardInterrupt"),
    ],
)
def test_an_error_ends_all_ranks_and_is_shown_once(name, message):
    done = run(3, name)
    assert done.returncode != 0
    assert done.stderr.splitlines().count(message) == 1, done.stderr
    assert done.stderr.count("Traceback") == 1, done.stderr


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("left", "SimulationError: rank 1 of 2 ended with SystemExit: 0"),
        ("left_outside", "rank 0: Simulator.run(), arrays of int64; rank 1: end of the program"),
    ],
)
def test_a_rank_that_leaves_ends_those_that_wait_for_it(name, message):
    done = run(2, name)
    assert done.returncode != 0
    assert message in done.stderr


@pytest.mark.parametrize("name", ["killed", "killed_in_computing"])
def test_a_rank_that_is_killed_ends_all(name):
    assert run(2, name).returncode != 0


def test_ranks_that_call_different_methods_are_told_so():
    done = run(2, "different")
    assert done.returncode == 0, done.stderr
    message = "all ranks must call the same methods: rank 0: method 0, objects; rank 1: method 1, objects"
    assert done.stdout.count(message) == 2

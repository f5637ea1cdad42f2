"""Something goes wrong in the script of one rank: all ranks end, in time, with one error that says what it was."""

import pytest

from tests.helpers.mpi import run_mpi

pytestmark = pytest.mark.mpi


def run(name, *given, ranks=3):
    return run_mpi(ranks, "tests.mpi.faults", name, *given)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("between_calls", "KeyError: 'my mistake'"),
        ("before_the_simulator", "gpusyn.errors.ArgumentError: comm: must be a communicator of mpi4py, such as"),
    ],
)
def test_an_error_of_the_script_ends_all_and_is_shown_once(name, message):
    done = run(name)
    assert done.returncode != 0
    assert done.stderr.count(message) == 1, done.stderr
    assert done.stderr.count("Traceback") == 1, done.stderr
    assert "rank 1 of 3 ends all:" in done.stderr


def test_a_rank_that_exits_ends_those_that_go_on():
    done = run("exits")
    assert done.returncode != 0
    message = "ranks 0 and 2: Simulator.run(), objects; rank 1: end of the program"
    assert done.stderr.count(f"all ranks must call the same methods: {message}") == 1, done.stderr
    assert done.stderr.count("Traceback") == 1, done.stderr


def test_a_rank_that_is_killed_in_a_run_ends_all():
    assert run("killed").returncode != 0


def test_a_disk_that_is_full_for_one_rank_ends_all(tmp_path):
    pytest.importorskip("h5py", reason="files of recorders need h5py")
    done = run("full_disk", str(tmp_path / "run.h5"))
    assert done.returncode != 0
    assert done.stderr.count("ends all:") == done.stderr.count("rank 1 of 3 ends all:") == 1, done.stderr
    assert "gpusyn.errors.FileError: " in done.stderr
    assert "kept in memory" in done.stderr


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("other_seed", "Simulator.seed: {} (rank 1 differs from rank 0: 1 on rank 0, 2 on rank 1)"),
        (
            "other_network",
            "Simulator.net: {} (rank 1 differs from rank 0: population 'cells', size: 40 on rank 0, 41 on rank 1)",
        ),
    ],
)
def test_what_differs_on_a_rank_is_told_on_all(name, message):
    done = run(name)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(message.format("must be the same on all 3 ranks")) == 3, done.stdout


def test_everything_is_told_once():
    alone, together = run("once", ranks=1), run("once")
    assert together.returncode == 0, together.stderr
    for bar in ("building:   0%", "running:   0%"):  # where tqdm is installed
        assert together.stderr.count(bar) == alone.stderr.count(bar), together.stderr
    lines, notes = together.stderr.splitlines(), [line for line in alone.stderr.splitlines() if "gpusyn: " in line]
    assert len(notes) >= 2, alone.stderr
    assert [line for line in lines if "gpusyn: " in line] == notes

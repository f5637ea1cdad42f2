"""SONATA configurations on several ranks: the files and lines of one process, written once."""

import pytest

from gpusyn.distributed.threads import on_threads
from gpusyn.errors import FileError, SimulationError
from gpusyn.sonata import run_config
from tests.helpers.mpi import run_mpi
from tests.helpers.sonata_circuit import SmallCircuit

h5py = pytest.importorskip("h5py", reason="SONATA files need h5py")


@pytest.fixture
def config(tmp_path):
    return SmallCircuit(tmp_path).write()


def arrays(folder):
    """The bytes of every array of the results in a folder."""
    found = {}

    def keep(name, item):
        if isinstance(item, h5py.Dataset):
            found[file.name, name] = item.dtype, item.shape, item[()].tobytes()

    for file in sorted(folder.glob("*.h5")):
        with h5py.File(file) as content:
            content.visititems(keep)
    return found


def without_time(lines):
    """The lines of a run, without how long it took, on how many ranks, and where it wrote."""
    return [line.partition(" in ")[0] for line in lines if not line.startswith("wrote ")]


@pytest.fixture
def one(config, tmp_path):
    """The result of one process, and its lines."""
    lines = []
    return run_config(config, "numpy", out=tmp_path / "one", echo=lines.append), lines


@pytest.mark.parametrize("size", [1, 2, 3])
def test_files_and_lines_are_those_of_one_process(config, tmp_path, one, size):
    lines = []

    def run(ranks):
        return run_config(config, "numpy", out=tmp_path / "ranks", echo=lines.append, comm=ranks)

    first, *others = on_threads(size, run)
    assert arrays(tmp_path / "ranks") == arrays(tmp_path / "one")
    assert sorted(path.name for path in (tmp_path / "ranks").iterdir()) == ["log.txt", "potential.h5", "spikes.h5"]
    assert without_time(lines) == without_time(one[1])
    assert f"precision, {size} ranks)" in "\n".join(lines)
    assert first.rates == one[0].rates
    assert first.spikes == one[0].spikes
    assert [other.files + other.rates for other in others] == [()] * (size - 1)
    assert sum(len(result.spikes) for result in others) < len(first.spikes)


def test_an_error_of_the_rank_that_writes_ends_all(config, tmp_path):
    (tmp_path / "out").write_text("is no folder")

    def run(ranks):
        with pytest.raises(SimulationError if ranks.rank else FileError, match="out"):
            run_config(config, "numpy", out=tmp_path / "out", echo=str, comm=ranks)
        return "ended"

    assert on_threads(2, run) == ["ended"] * 2


def test_the_command_runs_on_processes_of_mpi(config, tmp_path, one):
    done = run_mpi(2, "gpusyn", "run", str(config), "--mpi", "--backend", "numpy", "--out", str(tmp_path / "mpi"))
    assert done.returncode == 0, done.stderr
    assert arrays(tmp_path / "mpi") == arrays(tmp_path / "one")
    assert without_time(done.stdout.splitlines()) == without_time(one[1])


def test_the_command_says_an_error_once(tmp_path):
    done = run_mpi(2, "gpusyn", "run", str(tmp_path / "none.json"), "--mpi")
    assert done.returncode != 0
    assert done.stderr.count("gpusyn run: error:") == 1

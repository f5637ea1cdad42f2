"""`gpusyn bench --mpi`: one report, with the work of every rank; threads stand for the processes."""

from __future__ import annotations

import json
import threading

import pytest

import gpusyn as gs
from gpusyn.backends.numpy.backend import NumpyBackend
from gpusyn.commands import bench
from gpusyn.commands.bench import measure, result_lines, run_bench
from gpusyn.distributed.threads import on_threads

RANKS, SIZE, FAN_OUT = 3, 300, 20


@pytest.fixture(scope="module")
def found():
    """Return the numbers of a case on some ranks, and in one process."""
    numpy = NumpyBackend()
    spread = on_threads(RANKS, lambda ranks: measure("cuba", SIZE, FAN_OUT, 10.0, numpy, ranks=ranks))
    return spread, measure("cuba", SIZE, FAN_OUT, 10.0, numpy)


def test_the_ranks_do_together_what_one_process_does(found):
    spread, one = found
    for each in spread:
        assert each["spikes"] == one["spikes"] > 0
        assert each["rates_hz"] == one["rates_hz"]
        assert each["deliveries"] == one["deliveries"]
        assert each["synapses"] == pytest.approx(one["synapses"])
        work = each["of_ranks"]
        assert (work["ranks"], each["ranks"]) == (RANKS, RANKS)
        assert sum(work["neurons"]) == SIZE
        assert sum(work["synapses"]) == pytest.approx(SIZE * FAN_OUT, rel=0.05)
        assert sum(work["deliveries"]) == pytest.approx(one["deliveries"], abs=RANKS)
        assert work["exchanges"] == 100 / work["window_steps"]
        assert sum(work["bytes_received"]) == (RANKS - 1) * 4 * (one["spikes"] + 100 * RANKS)


def test_every_rank_has_the_numbers_of_all(found):
    spread, _ = found
    shared = [each["of_ranks"] for each in spread]
    assert shared[0] == shared[1] == shared[2]
    json.dumps(spread)


def test_the_lines_say_what_each_rank_does(found):
    text = "\n".join(result_lines(found[0][0]))
    for part in (
        "ranks                 3; spikes are",
        "exchanges             ",
        "neurons a rank        100",
        "received a rank",
    ):
        assert part in text, part
    assert "arrays of rank 0" in text
    assert "a rank" not in "\n".join(result_lines(found[1]))


def test_the_first_rank_alone_prints_and_writes(monkeypatch, capsys, tmp_path):
    file = tmp_path / "bench.json"

    def run(ranks):
        return run_bench(["cuba"], SIZE, FAN_OUT, 5.0, "numpy", json_file=file if ranks.rank == 0 else None, mpi=True)

    monkeypatch.setattr(bench, "mpi_world", lambda: None)
    current = {}
    monkeypatch.setattr(bench, "as_ranks", lambda _: current[threading.current_thread().name])

    def named(ranks):
        current[f"rank {ranks.rank}"] = ranks
        return run(ranks)

    reports = on_threads(2, named)
    printed = capsys.readouterr().out
    assert printed.count("machine: ") == printed.count("cuba 300 x 20") == printed.count("wrote ") == 1
    written = json.loads(file.read_text(encoding="utf-8"))
    assert written["results"][0]["of_ranks"] == reports[1]["results"][0]["of_ranks"]
    assert written["machine"]
    assert not reports[1]["machine"]


def test_a_profile_is_of_one_process():
    with pytest.raises(gs.ArgumentError, match="--profile: tells of one process; leave out --mpi"):
        run_bench(profile=True, mpi=True)

"""Time of one exchange of spikes between ranks, beside that of MPI alone.

``mpiexec -n 2 python -m benchmarks.exchange [--ids 0 100 10000]``

Each rank sends so many ids of 4 bytes to all others, once in `Ranks.arrays` and once in the all-gathers of MPI that
carry the same bytes: one for numbers of bytes, and one for ids, if there are any. Both run in turns, in chunks of a
hundred exchanges; rank 0 prints the median chunk, and the best one. With more ranks than cores, set
``MPIR_CVAR_ENABLE_HEAVY_YIELD=1``, or ranks of MPICH wait without letting others run.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks import measure
from gpusyn.distributed.communicators import as_ranks, mpi_world

EXCHANGES, CHUNKS = 100, 50


def by_mpi(comm: Any, ids: np.ndarray[Any, Any]) -> Callable[[], object]:
    """Return the exchange that MPI's own operations make."""
    mine, sizes = np.array([len(ids)]), np.empty(comm.Get_size(), np.int64)
    received = np.empty(len(ids) * len(sizes), ids.dtype)

    def exchange() -> None:
        comm.Allgather(mine, sizes)
        if sizes.any():
            comm.Allgatherv(ids, (received, sizes.tolist()))

    return exchange


def repeat(exchange: Callable[[], object]) -> None:
    """Make the exchanges of a chunk."""
    for _ in range(EXCHANGES):
        exchange()


def paired(ours: Callable[[], object], theirs: Callable[[], object], comm: Any) -> tuple[list[float], list[float]]:
    """Return the times of an exchange (us) of both, in the chunks."""
    times: tuple[list[float], list[float]] = [], []
    for _ in range(CHUNKS + 1):
        for exchange, found in zip((ours, theirs), times, strict=True):
            comm.Barrier()
            found.append(measure.seconds(partial(repeat, exchange)) / EXCHANGES * 1e6)
    return times[0][1:], times[1][1:]


def main() -> None:
    """Run the benchmark; rank 0 prints a table for docs/scaling.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ids", type=int, nargs="+", default=[0, 100, 10_000])
    given = parser.parse_args()
    comm = mpi_world()
    ranks = as_ranks(comm)
    lines = [*measure.facts(), "", "| ids of each rank | gpusyn, median (us) | best | MPI alone, median (us) | best |"]
    lines.append("|---:|---:|---:|---:|---:|")
    for count in given.ids:
        ids = np.arange(count, dtype=np.int32)
        columns = paired(lambda ids=ids: ranks.arrays(ids), by_mpi(comm, ids), comm)
        cells = " | ".join(f"{statistics.median(times):.0f} | {min(times):.0f}" for times in columns)
        lines.append(f"| {count:,} | {cells} |")
    if ranks.rank == 0:
        print(f"{ranks.size} ranks", *lines, sep="\n")


if __name__ == "__main__":
    main()

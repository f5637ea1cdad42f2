"""What the programs of all simulators share: the task, its answer, clocks and memory. Only the standard library."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.peers import networks

MARK = "RESULT "  # before the line of JSON, for simulators print things of their own


class Task(NamedTuple):
    """One run of one network.

    Attributes
    ----------
    network : str
        Name of the network's module.
    numbers : dict
        Its numbers.
    threads, seed : int
        Threads, and seed of all random numbers.
    warm_up, duration : float
        Model time before the timed part, and of it (ms).
    folder : str
        Folder of this simulator and case, for what is kept between runs.
    prepare : bool
        If True, generate and compile, and do not run.
    """

    network: str
    numbers: dict[str, Any]
    threads: int
    seed: int
    warm_up: float
    duration: float
    folder: str
    prepare: bool

    def described(self) -> tuple[Any, Any]:
        """Return the module of the network, and its numbers."""
        return networks.network(self.network), networks.numbers(self.network, self.numbers)


class Clocks(NamedTuple):
    """Wall time, and processor time of all threads (s)."""

    wall: float
    cpu: float


def now() -> Clocks:
    """Return both clocks."""
    return Clocks(time.perf_counter(), time.process_time())


def answer(program: Callable[[Task], dict[str, Any]]) -> None:
    """Run the task of the command line, and print the answer."""
    print(MARK + json.dumps(program(Task(**json.loads(sys.argv[1])))), flush=True)


def ran(
    build: float, begin: Clocks, end: Clocks, rates: dict[str, float], peak: int | None, **more: Any
) -> dict[str, Any]:
    """Return the answer of a run, with what else is known."""
    wall, cpu = end.wall - begin.wall, end.cpu - begin.cpu
    return {"build_s": build, "wall_s": wall, "cpu_s": cpu, "rates_hz": rates, "peak_bytes": peak, **more}


def learned(weights: Any) -> dict[str, Any]:
    """Return mean and standard deviation of weights that have changed, for the answer; nothing if there are none."""
    import numpy as np

    values = np.asarray(weights, np.float64)
    return {"learned": {"mean": float(values.mean()), "sd": float(values.std())}} if values.size else {}


def peak_memory() -> int | None:
    """Return the largest resident size of this process so far (bytes), None where the system does not tell."""
    status = Path("/proc/self/status")
    return largest_resident(status.read_text(encoding="utf-8")) if status.exists() else None


def largest_resident(status: str) -> int | None:
    """Return the largest resident size (bytes) that the text of /proc/PID/status names.

    The resource usage of a process would do as well, did it not begin with that of the process that started it.
    """
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    return int(found[1]) * 1024 if found else None


def rates_of(ids: Iterable[Any], populations: dict[str, int], duration: float) -> dict[str, float]:
    """Return the mean rate of each population (Hz) from the ids of spikes, counted through all populations in order."""
    import numpy as np

    counts = np.bincount(np.asarray(ids, np.int64), minlength=sum(populations.values()))
    bounds = np.cumsum([0, *populations.values()])
    spikes = np.add.reduceat(counts, bounds[:-1])
    return {
        name: float(n) / size / (duration * 1e-3) for (name, size), n in zip(populations.items(), spikes, strict=True)
    }

"""Facts about the machine, and paired runs in turns, which all benchmarks share."""

from __future__ import annotations

import datetime
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

import gpusyn
from gpusyn.backends.cpu.compiler import find_compiler
from gpusyn.errors import BackendError


def processor() -> str:
    """Return the name of the processor, as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def facts() -> list[str]:
    """Return date, machine with its load, and versions, one per line; they are printed above every result."""
    try:
        cxx = find_compiler().description
    except BackendError:
        cxx = "no C++ compiler"
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return [
        f"date      {datetime.date.today().isoformat()}",
        f"machine   {processor()}, {os.cpu_count()} cores, load {load}, {platform.platform()}",
        f"versions  gpusyn {gpusyn.__version__}, Python {platform.python_version()}, numpy {np.__version__}, {cxx}",
    ]


class Paired(NamedTuple):
    """Times of two contestants, run in turns.

    Attributes
    ----------
    ours, theirs : list of float
        Time of each run (s), in the order of the pairs.
    """

    ours: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> float:
        """Median over the pairs of theirs / ours, which is how many times faster ours is."""
        return statistics.median(t / o for o, t in zip(self.ours, self.theirs, strict=True))

    def spread(self) -> str:
        """Return the smallest and largest ratio of a pair, which show how noisy the machine was."""
        ratios = [t / o for o, t in zip(self.ours, self.theirs, strict=True)]
        return f"{min(ratios):.2f} to {max(ratios):.2f} over {len(ratios)} pairs"


def paired(ours: Callable[[], float], theirs: Callable[[], float], pairs: int) -> Paired:
    """Run both in turns, `pairs` times after one round that does not count; each returns its own time (s).

    They take turns in going first, so that a machine that warms up or slows down favours neither.
    """
    ours(), theirs()
    result = Paired([], [])
    for i in range(pairs):
        for contestant in ((0, 1), (1, 0))[i % 2]:
            result[contestant].append((ours, theirs)[contestant]())
    return result


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the time that `work` takes, measured by `clock` (s)."""
    start = clock()
    work()
    return clock() - start


def print_speeds(
    sim: gpusyn.Simulator, loops: Mapping[str, Callable[[int], float]], synapses: int, steps: int, pairs: int
) -> None:
    """Print how many synapses are updated per second of processor time: by a simulator, and by loops, in turns.

    A loop returns the processor time (s) that it takes for a number of steps.
    """
    for what, loop in loops.items():
        result = paired(
            lambda: seconds(lambda: sim.step(steps), time.process_time), lambda loop=loop: loop(steps), pairs
        )
        ours, theirs = (synapses * steps / statistics.median(times) for times in result)
        print(f"  gpusyn {ours:.3g} updates/s; {what} {theirs:.3g}; ratio {result.ratio:.2f} ({result.spread()})")

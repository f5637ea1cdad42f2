"""All checks and measurements that need a real GPU: ``python benchmarks/gpu_check.py [--scale S] [--no-suite]``.

The script runs `gpusyn info`, `gpusyn check` (parity of bits) and the test suite with GPUSYN_REQUIRE_CUDA=1. Then it
measures the copy bandwidth of the device and the fraction of it that per-synapse gating reaches, the time per step of
the README's network, and the microcircuit of Potjans and Diesmann (2014), at the largest scale that fits. Each part
reports its own result; the exit status is the number of parts that failed. It has never been run on a GPU.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # a script does not have the parent folder on its path

import gpusyn as gs  # noqa: E402
from benchmarks import cases, measure  # noqa: E402
from gpusyn.backends.cuda.backend import CudaBackend, import_cupy  # noqa: E402

SYNAPSE_BYTES = 16  # read and written per step by a first-order gate: address 4, weight 4, gate 4 + 4


def command(*words: str) -> None:
    """Run a command in a process of its own; raise an error if it fails."""
    environment = os.environ | {"GPUSYN_REQUIRE_CUDA": "1"}
    subprocess.run([sys.executable, "-m", *words], cwd=ROOT, env=environment, check=True)


def copy_bandwidth(cupy: Any, size: int = 1 << 28, repeats: int = 20) -> float:
    """Return the bytes per second that the device reads and writes when it copies an array."""
    source, target = cupy.zeros(size, cupy.uint8), cupy.empty(size, cupy.uint8)
    target[...] = source
    begin, end = cupy.cuda.Event(), cupy.cuda.Event()
    begin.record()
    for _ in range(repeats):
        target[...] = source
    end.record()
    end.synchronize()
    return 2 * size * repeats / (cupy.cuda.get_elapsed_time(begin, end) * 1e-3)


def timed(
    net: gs.Network, duration: float, start: Callable[[gs.Simulator], object] | None = None
) -> tuple[float, float]:
    """Return the time of building (s), and the wall time per second of model time (s)."""
    begin = time.perf_counter()
    with gs.Simulator(net, dt=cases.DT, seed=1, backend="cuda") as sim:
        built = time.perf_counter() - begin
        if start is not None:
            start(sim)
        sim.run(duration / 10)  # loads kernels, captures the graph
        begin = time.perf_counter()
        sim.run(duration)
        return built, (time.perf_counter() - begin) / (duration * 1e-3)


def bandwidth() -> None:
    """Compare the bandwidth of per-synapse gating with that of a copy on the device."""
    limit = copy_bandwidth(import_cupy())
    sources, targets, in_degree = 20_000, 40_000, 1000
    _, wall = timed(cases.gated(sources, targets, in_degree, 10.0), 100.0)
    reached = targets * in_degree * SYNAPSE_BYTES / (wall * cases.DT * 1e-3)
    print(f"copy {limit / 1e9:.0f} GB/s; per-synapse gating {reached / 1e9:.0f} GB/s, {reached / limit:.0%} of it")


def step_time() -> None:
    """Measure the time per step of the network of `gpusyn demo`."""
    built, wall = timed(cases.demo()[0], 1000.0)
    print(
        f"demo network: built in {built:.2f} s, {wall * cases.DT * 1e3:.1f} us per step, "
        f"{wall:.3f} s per second of model time"
    )


def microcircuit(scale: float) -> None:
    """Measure the microcircuit; halve its size until it fits."""
    backend = CudaBackend()
    while not (plan := gs.plan(cases.microcircuit_network(scale), dt=cases.DT, backend=backend)).fits:
        print(f"microcircuit x {scale:g} does not fit: {plan.total / 1e9:.1f} GB")
        scale /= 2
    print(plan)
    built, wall = timed(cases.microcircuit_network(scale), 1000.0)
    print(f"microcircuit x {scale:g}: built in {built:.1f} s, {wall:.3f} s of wall time per second of model time")


def main() -> int:
    """Run every part, and return the number of parts that failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="size of the microcircuit")
    parser.add_argument("--no-suite", action="store_true", help="leave out the test suite")
    arguments = parser.parse_args()
    parts: dict[str, Callable[[], None]] = {
        "info": lambda: command("gpusyn", "info"),
        "check": lambda: command("gpusyn", "check"),
        "suite": lambda: command("pytest", "-q"),
        "bandwidth": bandwidth,
        "step time": step_time,
        "microcircuit": lambda: microcircuit(arguments.scale),
    }
    if arguments.no_suite:
        del parts["suite"]
    print(*measure.facts(), sep="\n")
    try:
        print(f"device    {CudaBackend().describe()}")
    except gs.BackendError as error:
        print(f"nothing to measure: {error}")
        return 1
    failed = []
    for name, part in parts.items():
        print(f"\n== {name}", flush=True)
        try:
            part()
        except (subprocess.CalledProcessError, gs.GpusynError) as error:
            failed.append(name)
            print(f"{name} failed: {error}")
    print(
        f"\n{len(parts) - len(failed)} parts passed, {len(failed)} failed{': ' + ', '.join(failed) if failed else ''}"
    )
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())

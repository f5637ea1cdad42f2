"""Per-synapse gating: 4 million gates on the `cpu` backend against a plain C loop, with one thread each, run in turns.

``python -m benchmarks.per_synapse [--in-degree N] [--steps N] [--pairs N] [--parity-steps N]``

In gpusyn every synapse has its own weight and delay, there are Poisson sources and neurons, and the sums have the same
bits as with numpy; all of this is included in the time. The loop (plain_loop.cpp, the same compiler and flags) has only
gates and sums: one weight, no delays, no neurons, and a fixed set of synapses with transmitter. The target is 0.9 times
the speed of the loop. A second form of the loop, which sums in SIMD lanes as `-ffast-math` would, is reported too.
"""

from __future__ import annotations

import argparse
import ctypes
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import gpusyn as gs
from benchmarks import cases, measure
from gpusyn.backends.cpu.cache import compile_library
from gpusyn.backends.cpu.compiler import find_compiler

SOURCES, SYNAPSES, RATE = 20000, 4_000_000, 10.0
TARGET = 0.9


class PlainLoop:
    """The C loop on a network of the same size, with sorted rows of random sources."""

    def __init__(self, form: str, in_degree: int) -> None:
        text = Path(__file__).with_name("plain_loop.cpp").read_text(encoding="utf-8")
        self.function: Any = getattr(compile_library(find_compiler(), text, "plain_loop"), form)
        draw = np.random.default_rng(1)
        self.targets = SYNAPSES // in_degree
        rows = draw.integers(0, SOURCES, (self.targets, in_degree), np.uint32)
        rows.sort(axis=1)
        self.arrays = [
            np.arange(self.targets + 1, dtype=np.int64) * in_degree,
            rows.reshape(-1),
            (draw.random(SOURCES) < RATE * 1e-3).astype(np.int32),  # a pulse of 1 ms per spike
            np.zeros(rows.size, np.float32),
            np.array([0.88, 0.1, 0.98], np.float32),
        ]
        self.g = np.zeros(self.targets, np.float32)

    def run(self, steps: int) -> float:
        """Return the processor time of a number of steps (s)."""
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in self.arrays]
        count, targets = ctypes.c_longlong(steps), ctypes.c_longlong(self.targets)
        g = ctypes.c_void_p(self.g.ctypes.data)
        weight = ctypes.c_float(0.05)
        return measure.seconds(lambda: self.function(count, targets, *pointers, weight, g), time.process_time)


def same_bits(in_degree: int, steps: int) -> bool:
    """Return True if numpy and the `cpu` backend have the same potentials and conductances after a number of steps."""
    results = []
    for backend in ("numpy", "cpu"):
        net = cases.gated(SOURCES, SYNAPSES // in_degree, in_degree, RATE)
        with gs.Simulator(net, dt=cases.DT, seed=1, backend=backend) as sim:
            sim.step(steps)
            cells = net.populations["targets"]
            results.append([sim.get(cells, name) for name in ("V", "g_AMPA")])
    (v, g), (own_v, own_g) = results
    return bool(np.any(g)) and v.tobytes() == own_v.tobytes() and g.tobytes() == own_g.tobytes()


def main() -> int:
    """Run the benchmark and print the result; return 1 if the bits differ from numpy's, else 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--in-degree", type=int, default=1000, help="synapses of each target")
    parser.add_argument("--steps", type=int, default=40, help="steps per run")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--parity-steps", type=int, default=60, help="steps to compare with numpy; 0: none")
    given = parser.parse_args()
    print(*measure.facts(), sep="\n")
    net = cases.gated(SOURCES, SYNAPSES // given.in_degree, given.in_degree, RATE)
    start = time.perf_counter()
    sim = gs.Simulator(net, dt=cases.DT, seed=1, backend="cpu", threads=1)
    print(f"{SYNAPSES:,} gates, {given.in_degree} for each target, {SOURCES:,} sources at {RATE:g} Hz")
    print(f"  build {time.perf_counter() - start:.1f} s")
    sim.step(200)  # until many gates are open and transmitter is present
    forms = ("plain_steps", "plain C loop"), ("simd_steps", "C loop with sums in SIMD lanes")
    loops = {what: PlainLoop(form, given.in_degree).run for form, what in forms}
    measure.print_speeds(sim, loops, SYNAPSES, given.steps, given.pairs)
    print(f"  target: {TARGET} times the speed of the plain C loop")
    sim.close()
    if given.parity_steps:
        equal = same_bits(given.in_degree, given.parity_steps)
        print(f"  bits of numpy and cpu after {given.parity_steps} steps: {'equal' if equal else 'DIFFERENT'}")
        return 0 if equal else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

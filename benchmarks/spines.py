"""Learning by calcium: 4 million synapses on the `cpu` backend against a plain C loop, with one thread each, in turns.

``python -m benchmarks.spines [--out-degree N] [--late MS] [--steps N] [--pairs N]``

In gpusyn, sources spike, neurons have AMPA and NMDA currents, drugs and magnesium can act, delays can be drawn, and the
bits are those of numpy; all of this is included in the time. The loop (plain_calcium.cpp, the same compiler and flags)
only streams the synapses, which have one delay, with given gates and influx. One form of it is as the equations are
printed, with the exponential of the C library; the other has a polynomial, so that it is SIMD code. The target is 0.5
times the speed of the first.
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
from benchmarks import measure
from gpusyn.backends.cpu.cache import compile_library
from gpusyn.backends.cpu.compiler import find_compiler

SYNAPSES, TARGETS, RATE, DT = 4_000_000, 4000, 5.0, 0.1
TARGET = 0.5


def network(out_degree: int, late: float) -> gs.Network:
    """Poisson sources onto neurons that fire; delays are 1.5 ms, or up to `late` ms longer."""
    net = gs.Network()
    sources = net.population("sources", SYNAPSES // out_degree, gs.PoissonSource(RATE))
    cells = net.population("cells", TARGETS, gs.LIF(I_e=gs.Normal(160.0, 20.0)), receptors=[gs.AMPA(), gs.NMDA()])
    weight: dict[str, Any] = {"AMPA": gs.Uniform(0.0, 0.01), "NMDA": 0.001}
    net.connect(
        sources, cells, gs.FixedOutDegree(out_degree), weight=weight, w_max={"AMPA": 0.02},
        delay=gs.Uniform(1.5, 1.5 + late) if late else 1.5, plasticity=gs.NMDAPlasticity(),
    )  # fmt: skip
    return net


class PlainLoop:
    """The C loop on a network of the same size, with sorted rows of random targets."""

    def __init__(self, form: str, out_degree: int) -> None:
        text = Path(__file__).with_name("plain_calcium.cpp").read_text(encoding="utf-8")
        self.function: Any = getattr(compile_library(find_compiler(), text, "plain_calcium"), form)
        draw = np.random.default_rng(1)
        self.sources, w_max = SYNAPSES // out_degree, 1 << 29
        rows = draw.integers(0, TARGETS, (self.sources, out_degree), np.uint16)
        rows.sort(axis=1)
        self.arrays = [
            np.arange(self.sources + 1, dtype=np.int64) * out_degree,
            rows.reshape(-1),
            (draw.random(self.sources) * 0.5).astype(np.float32),
            (draw.random(TARGETS) * 10.0).astype(np.float32),
            np.zeros(rows.size, np.float32),
            np.full(rows.size, w_max // 4, np.int32),
            np.zeros(rows.size, np.float32),
            np.array([0.998, 1e-4, -80.0, 0.35, 0.55, 100.0, 1e-5, 1000.0, DT, w_max], np.float32),
        ]

    def run(self, steps: int) -> float:
        """Return the processor time of a number of steps (s)."""
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in self.arrays]
        counts = ctypes.c_longlong(steps), ctypes.c_longlong(self.sources)
        return measure.seconds(lambda: self.function(*counts, *pointers), time.process_time)


def main() -> int:
    """Run the benchmark and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out-degree", type=int, default=1000, help="synapses of each source")
    parser.add_argument("--late", type=float, default=0.0, help="by how much drawn delays differ (ms); 0: one delay")
    parser.add_argument("--steps", type=int, default=10, help="steps per run")
    parser.add_argument("--pairs", type=int, default=7)
    given = parser.parse_args()
    print(*measure.facts(), sep="\n")
    sim = gs.Simulator(network(given.out_degree, given.late), dt=DT, seed=1, backend="cpu", threads=1)
    sim.step(200)  # until gates are open and calcium flows
    print(f"{SYNAPSES:,} synapses, {given.out_degree} of each source; delays of 1.5 to {1.5 + given.late:g} ms")
    forms = ("plain_steps", "plain C loop"), ("simd_steps", "C loop with a polynomial, in SIMD code")
    loops = {what: PlainLoop(form, given.out_degree).run for form, what in forms}
    measure.print_speeds(sim, loops, SYNAPSES, given.steps, given.pairs)
    print(f"  target: {TARGET} times the speed of the plain C loop")
    sim.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

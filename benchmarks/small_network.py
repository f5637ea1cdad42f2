"""Overhead per step of a network that has almost nothing to compute: 10,000 steps of 100 neurons without synapses.

``python -m benchmarks.small_network [--backend cpu] [--repeats N]``

The target is 0.2 s on the `cpu` backend (20 microseconds per step), including Python and the reading of spikes.
"""

from __future__ import annotations

import argparse
import statistics
import time

import gpusyn as gs
from benchmarks import cases, measure

NEURONS, STEPS, TARGET = 100, 10_000, 0.2


def main() -> None:
    """Run the benchmark and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", default="cpu")
    parser.add_argument("--repeats", type=int, default=7)
    given = parser.parse_args()
    print(*measure.facts(), sep="\n")
    net = gs.Network()
    cells = net.population("cells", NEURONS, gs.LIF(I_e=200.0), receptors=[gs.AMPA(), gs.GABA_A()])
    net.record(cells, "spikes")
    start = time.perf_counter()
    with gs.Simulator(net, dt=cases.DT, backend=given.backend) as sim:
        built = time.perf_counter() - start
        runs = [measure.seconds(lambda: sim.step(STEPS)) for _ in range(given.repeats)]
    median = statistics.median(runs)
    print(f"{STEPS:,} steps of {NEURONS} neurons on {given.backend}: median {median:.3f} s, best {min(runs):.3f} s")
    print(
        f"  {median / STEPS * 1e6:.1f} us per step; build {built:.2f} s; "
        f"target {TARGET} s: {'met' if median < TARGET else 'missed'}"
    )


if __name__ == "__main__":
    main()

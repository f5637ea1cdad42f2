"""Time of one change between two runs: a current, a rate and a parameter of 1,000 neurons, 1,000 times each.

``python -m benchmarks.closed_loop [--backend cpu]``

The target is a median of 0.1 ms.
"""

from __future__ import annotations

import argparse
import functools
import statistics
from collections.abc import Callable

import gpusyn as gs
from benchmarks import measure

NEURONS, CHANGES, TARGET = 1000, 1000, 1e-4


def main() -> None:
    """Run the benchmark and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", default="cpu")
    given = parser.parse_args()
    print(*measure.facts(), sep="\n")
    net = gs.Network()
    cells = net.population("cells", NEURONS, gs.LIF(), receptors=[gs.AMPA()])
    sources = net.population("sources", NEURONS, gs.PoissonSource(0.0, rate_max=1000.0))
    current = net.inject(cells, 0.0)
    drive = net.drive(cells, "AMPA", rate=0.0, rate_max=1000.0, weight=1.0)
    clamp = net.clamp(net.population("clamped", 1, gs.LIF()), -60.0)
    with gs.Simulator(net, backend=given.backend) as sim:
        changes: dict[str, Callable[[int], None]] = {
            "current": lambda k: sim.set(current, float(k)),
            "rate of a drive": lambda k: sim.set(drive, rate=float(k)),
            "rate of sources": lambda k: sim.set(sources, rate=float(k)),
            "I_e": lambda k: sim.set(cells, "I_e", float(k)),
            "command potential": lambda k: sim.set(clamp, -60.0 - 0.01 * k),
        }
        for name, change in changes.items():
            each = statistics.median(measure.seconds(functools.partial(change, k)) for k in range(CHANGES))
            outcome = "met" if each < TARGET else "missed"
            print(f"{name:20s} {each * 1e6:6.1f} us on {given.backend}; target {TARGET * 1e6:.0f} us: {outcome}")


if __name__ == "__main__":
    main()

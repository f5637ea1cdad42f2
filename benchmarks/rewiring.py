"""What a rewiring takes beside a second of its network: processor time, one thread of the `cpu` backend, in turns.

``python -m benchmarks.rewiring [--neurons N] [--shares P ...] [--pairs N]``

Cells with a thousand synapses each learn by STDP from sources, both at 10 Hz. Before each rewiring weights are set so
that the given part of the synapses is weak; that is not part of the time. A rewiring is the time of the step that ends
with it. With a part of 0 nothing is deleted, and the time is that of looking for weak synapses.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import numpy as np

import gpusyn as gs
from benchmarks import measure

DT, RATE, SOURCES, IN_DEGREE, W_MAX = 0.1, 10.0, 4000, 1000, 0.02
EVERY, SECOND = 5.0, 1000.0  # ms
WEAK = 0.01 * W_MAX
RULES = {
    "FixedInDegree": gs.FixedInDegree(IN_DEGREE, multapses=False),
    "FixedProbability": gs.FixedProbability(IN_DEGREE / SOURCES),
}


def network(rule: str, neurons: int, *, rewired: bool) -> gs.Network:
    """Return cells that learn, and that fire because other inputs make them."""
    net = gs.Network()
    sources = net.population("sources", SOURCES, gs.PoissonSource(rate=RATE))
    receptors = [gs.AMPA(), gs.AMPA(name="force", tau_decay=0.2)]
    cells = net.population("cells", neurons, gs.LIF(), receptors=receptors)
    net.drive(cells, "force", rate=RATE, weight=8000.0)
    rewiring = [gs.Rewiring(every=EVERY, prune_below=WEAK, weight=gs.Uniform(WEAK, W_MAX))] if rewired else []
    net.connect(
        sources, cells, RULES[rule], receptor="AMPA", weight=gs.Uniform(WEAK, W_MAX), w_max=W_MAX,
        delay=gs.Uniform(0.5, 3.0), plasticity=[gs.STDP(), *rewiring], name="plastic",
    )  # fmt: skip
    return net


class Rewired:
    """A network that is rewired, in which a part of the synapses becomes weak before each time."""

    def __init__(self, rule: str, neurons: int) -> None:
        self.sim = gs.Simulator(network(rule, neurons, rewired=True), dt=DT, seed=1, backend="cpu", threads=1)
        self.synapses = len(self.sim.weights("plastic").pre)
        self._draw = np.random.default_rng(1)

    def rewire(self, share: float) -> float:
        """Return the processor time of the step that ends with a rewiring (s)."""
        self.sim.step(round(EVERY / DT) - 1)
        present = len(self.sim.weights("plastic").pre)
        weak = self._draw.random(present) < share
        self.sim.set_weights("plastic", np.where(weak, 0.5 * WEAK, self._draw.uniform(2 * WEAK, W_MAX, present)))
        return measure.seconds(lambda: self.sim.step(1), time.process_time)


def main() -> int:
    """Run the benchmark and print the result; return 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurons", type=int, default=1000, help="cells with a thousand synapses each")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.0, 0.01, 0.1], help="weak parts of the synapses")
    parser.add_argument("--pairs", type=int, default=5)
    given = parser.parse_args()
    print(*measure.facts(), sep="\n")
    for rule in RULES:
        rewired = Rewired(rule, given.neurons)
        plain = network(rule, given.neurons, rewired=False)
        with rewired.sim, gs.Simulator(plain, dt=DT, seed=1, backend="cpu", threads=1) as sim:
            print(f"{rule}, {rewired.synapses:,} synapses")
            for share in given.shares:
                result = measure.paired(
                    lambda share=share, rewired=rewired: rewired.rewire(share),
                    lambda sim=sim: measure.seconds(lambda: sim.run(SECOND), time.process_time),
                    given.pairs,
                )
                each = 1e9 * statistics.median(result.ours) / rewired.synapses
                print(
                    f"  {100 * share:g} % weak: {each:.0f} ns a synapse; a second of the network takes "
                    f"{result.ratio:.2g} times as long ({result.spread()})"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Measured bytes per synapse: the size of the arrays, and the peak memory while the network is built.

``python -m benchmarks.memory [--neurons N] [--synapses K]``

The synapses are event-driven, in two kinds: one weight for all synapses (one word per synapse), or a weight and a delay
for each. Each kind is built in a process of its own, whose largest resident size is compared with its size before
building. The targets are 10 bytes per synapse in total and a peak of at most 1.5 times the final size.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import gpusyn as gs
from benchmarks import cases, measure

TARGET = 10.0
KINDS = {
    "shared": "one weight and one delay",
    "varied": "weights LogNormal, delays Uniform",
}


def network(kind: str, neurons: int, synapses: int) -> gs.Network:
    """Return a network of one population that is connected to itself."""
    net = gs.Network()
    cells = net.population("cells", neurons, gs.LIF(), receptors=[gs.AMPA()])
    varied = kind == "varied"
    net.connect(
        cells,
        cells,
        gs.FixedProbability(synapses / neurons),
        receptor="AMPA",
        weight=gs.LogNormal(mean=1.0, std=0.5) if varied else 1.0,
        delay=gs.Uniform(0.5, 5.0) if varied else 1.5,
    )
    return net


def peak() -> int:
    """Return the largest resident size of this process so far (bytes)."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def one(kind: str, neurons: int, synapses: int) -> dict[str, float]:
    """Build a network in this process, and return its sizes (bytes) and the time of building (s)."""
    with gs.Simulator(network(kind, 100, 10), dt=cases.DT, seed=1, backend="cpu", threads=1) as small:
        small.step(1)  # compiles kernels and loads libraries
    before = peak()
    start = time.perf_counter()
    with gs.Simulator(network(kind, neurons, synapses), dt=cases.DT, seed=1, backend="cpu", threads=1) as sim:
        built = time.perf_counter() - start
        program = sim._compiled.program
        sim.step(10)
    return {
        "synapses": program.specs["targets"].size,
        "own": sum(program.specs[name].nbytes for name in ("targets", "late", "weights", "segment_begin")),
        "all": program.nbytes,
        "planned": sim.plan.total,
        "peak": peak() - before,
        "build": built,
    }


def main() -> None:
    """Run the benchmark and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurons", type=int, default=10_000)
    parser.add_argument("--synapses", type=int, default=1000, help="synapses onto each neuron")
    parser.add_argument("--kind", choices=list(KINDS), help="measure one kind and print JSON; default: all, as text")
    given = parser.parse_args()
    if given.kind:
        print(json.dumps(one(given.kind, given.neurons, given.synapses)))
        return
    print(*measure.facts(), sep="\n")
    size = ["--neurons", str(given.neurons), "--synapses", str(given.synapses)]
    for kind, what in KINDS.items():
        command = [sys.executable, "-m", "benchmarks.memory", "--kind", kind, *size]
        r = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)
        n = r["synapses"]
        print(f"{what}: {n:,} synapses, built in {r['build']:.1f} s")
        print(f"  {r['own'] / n:.2f} bytes per synapse in targets, late steps, weights and bounds of segments")
        print(f"  {r['all'] / n:.2f} with all other arrays, {r['planned'] / n:.2f} in the plan; target {TARGET:g}")
        print(f"  {r['peak'] / n:.2f} at the peak of building, {r['peak'] / r['all']:.2f} times the final size")


if __name__ == "__main__":
    main()

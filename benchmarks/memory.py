"""Measured bytes per synapse: the size of the arrays, and the peak memory while the network is built.

``python -m benchmarks.memory [--neurons N] [--synapses K] [--populations P]``

The synapses are event-driven, in three kinds: one weight for all synapses, or a weight and a delay for each, in 4 bytes
or compact. Each kind is built in a process of its own, whose largest resident size is compared with its size before
building. The targets are 7 bytes per synapse in total, and a peak of at most 1.5 times the final size. With several
populations, each of their pairs has a projection of its own, so that less of the network is drawn at once: 1e9 synapses
are ``--neurons 100000 --synapses 10000 --populations 8``.
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

TARGET = 7.0
KINDS = {
    "shared": "one weight and one delay",
    "varied": "weights LogNormal, delays Uniform",
    "compact": "the same with compact weights",
}


def network(kind: str, neurons: int, synapses: int, populations: int = 1) -> gs.Network:
    """Return a network of populations that are connected to themselves and to each other."""
    net = gs.Network()
    shared = kind == "shared"
    cells = [
        net.population(f"cells {k}", neurons // populations, gs.LIF(), receptors=[gs.AMPA()])
        for k in range(populations)
    ]
    for pre in cells:
        for post in cells:
            net.connect(
                pre,
                post,
                gs.FixedProbability(synapses / neurons),
                receptor="AMPA",
                weight=1.0 if shared else gs.LogNormal(mean=1.0, std=0.5),
                delay=1.5 if shared else gs.Uniform(0.5, 5.0),
            )
    return net


def peak() -> int:
    """Return the largest resident size of this process so far (bytes)."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def one(kind: str, *size: int) -> dict[str, float]:
    """Build a network in this process, and return its sizes (bytes) and the time of building (s)."""
    weights = "compact" if kind == "compact" else "exact"
    with gs.Simulator(network(kind, 100, 10), dt=cases.DT, weights=weights, backend="cpu", threads=1) as small:
        small.step(1)  # compiles kernels and loads libraries
    before = peak()
    start = time.perf_counter()
    with gs.Simulator(network(kind, *size), dt=cases.DT, seed=1, weights=weights, backend="cpu", threads=1) as sim:
        built = time.perf_counter() - start
        program = sim._compiled.program
        sim.step(10)
    return {
        "synapses": program.specs["targets"].size,
        "own": sum(
            program.specs[name].nbytes for name in ("targets", "late", "weights", "segment_begin", "segment_sizes")
        ),
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
    parser.add_argument("--populations", type=int, default=1)
    parser.add_argument("--kind", choices=list(KINDS), help="measure one kind and print JSON; default: all, as text")
    given = parser.parse_args()
    if given.kind:
        print(json.dumps(one(given.kind, given.neurons, given.synapses, given.populations)))
        return
    print(*measure.facts(), sep="\n")
    size = [f"--{name}={getattr(given, name)}" for name in ("neurons", "synapses", "populations")]
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

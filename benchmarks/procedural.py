"""What it costs to draw rows again at each spike, beside rows that are stored, and how much memory that saves.

Run ``python -m benchmarks.procedural`` from a checkout. Sources fire at such a rate into silent neurons that a step
takes hardly more than the deliveries; the table shows the processor's time per synapse that is delivered.
"""

from __future__ import annotations

import argparse
import logging
import resource
import statistics
import time
from typing import Any

import gpusyn as gs
from benchmarks.measure import facts
from gpusyn.backends.cpu.backend import CpuBackend
from gpusyn.network.procedural import STORAGES
from gpusyn.utils.memory import size_text

SOURCES, RATE, STEPS = 200, 4000.0, 20
DRAWN = {"weight": gs.Normal(2.0, 0.5, low=0.0), "delay": gs.Normal(1.5, 0.75, low=0.1)}
CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "FixedProbability, constants": (lambda n, k: gs.FixedProbability(k / n), {"weight": 2.0, "delay": 1.5}),
    "FixedProbability, drawn": (lambda n, k: gs.FixedProbability(k / n), DRAWN),
    "FixedOutDegree, constants": (lambda n, k: gs.FixedOutDegree(k), {"weight": 2.0, "delay": 1.5}),
    "FixedOutDegree, drawn": (lambda n, k: gs.FixedOutDegree(k), DRAWN),
    "FixedOutDegree without multapses, constants": (
        lambda n, k: gs.FixedOutDegree(k, multapses=False),
        {"weight": 2.0, "delay": 1.5},
    ),
    "AllToAll, drawn weights": (lambda n, k: gs.AllToAll(), {"weight": gs.Uniform(0.0, 2.0), "delay": 1.5}),
}


def network(case: str, neurons: int, degree: int, storage: str) -> gs.Network:
    """Return sources that a rule connects to neurons."""
    rule, values = CASES[case]
    net = gs.Network()
    sources = net.population("sources", SOURCES, gs.PoissonSource(rate=RATE))
    cells = net.population("cells", neurons, gs.LIF(V_th=1e6), receptors=[gs.AMPA()])
    net.connect(sources, cells, rule(neurons, degree), receptor="AMPA", storage=storage, **values)
    net.record(sources, "spikes", name="spikes")
    return net


def simulator(net: gs.Network, threads: int) -> gs.Simulator:
    """Return a simulation that has run for a while."""
    sim = gs.Simulator(net, seed=1, backend=CpuBackend(threads))
    sim.step(STEPS)
    return sim


def nanoseconds(sim: gs.Simulator) -> float:
    """Return the processor's time of a step per synapse that is delivered in it (ns)."""
    before, begin = len(sim.data["spikes"].times), time.process_time()
    sim.step(STEPS)
    seconds = time.process_time() - begin
    spikes = len(sim.data["spikes"].times) - before
    return 1e9 * seconds / (spikes * sim.plan.synapses / SOURCES)


def large(neurons: int, degree: int, steps: int, threads: int) -> str:
    """Return what a network takes whose synapses no memory could hold."""
    net = gs.Network()
    cells = net.population("cells", neurons, gs.LIF(), receptors=[gs.AMPA()])
    sources = net.population("sources", neurons, gs.PoissonSource(rate=1.0))
    options = {"receptor": "AMPA", "weight": 1e-3, "delay": 1.5, "storage": "procedural"}
    net.connect(sources, cells, gs.FixedProbability(degree / neurons), **options)
    net.record(sources, "spikes", name="spikes")
    begin = time.perf_counter()
    with gs.Simulator(net, seed=1, backend=CpuBackend(threads)) as sim:
        built = time.perf_counter() - begin
        sim.step(steps)
        begin, before = time.perf_counter(), len(sim.data["spikes"].times)
        sim.step(steps)
        seconds, spikes = time.perf_counter() - begin, len(sim.data["spikes"].times) - before
        peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return (
            f"{sim.plan.synapses:.3g} synapses: planned {size_text(sim.plan.total)}, peak of the process "
            f"{size_text(peak)}; built in {built:.1f} s; {steps} steps with {spikes} spikes in {seconds:.2f} s "
            f"on {threads} threads"
        )


def main() -> None:
    """Measure all cases, each storage in turns, or the large network."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.procedural", description=__doc__)
    parser.add_argument("--neurons", type=int, default=20_000)
    parser.add_argument("--degree", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="1e6 neurons with 1e4 synapses each, and nothing else")
    given = parser.parse_args()
    logging.getLogger("gpusyn").setLevel(logging.WARNING)
    print(*facts(), "", sep="\n")
    if given.large:
        print(large(10**6, 10**4, steps=20, threads=given.threads))
        return
    print("| rule, values | stored, ns | procedural, ns | ratio | stored, bytes | procedural, bytes |")
    print("|---|---|---|---|---|---|", flush=True)
    for case in CASES:
        sims = [simulator(network(case, given.neurons, given.degree, way), given.threads) for way in STORAGES]
        pairs = [[nanoseconds(sim) for sim in sims] for _ in range(given.repeats)]
        stored, drawn = (statistics.median(column) for column in zip(*pairs, strict=True))
        kept = (sim.plan.bytes_per_synapse for sim in sims)
        sizes = " | ".join(f"{size:.2f}" for size in kept)
        print(f"| {case} | {stored:.2f} | {drawn:.2f} | {drawn / stored:.1f} | {sizes} |", flush=True)
        for sim in sims:
            sim.close()


if __name__ == "__main__":
    main()

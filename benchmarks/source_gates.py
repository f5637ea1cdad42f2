"""Time that gates on the sources save: Destexhe AMPA with a gate per source against a gate per synapse, run in turns.

``python -m benchmarks.source_gates [--steps N] [--pairs N]``

Both forms simulate one network of 4 million synapses, each with its own weight and delay, and sources at 10 Hz. The
time is that of whole steps on one thread of the `cpu` backend, including sources and neurons. The benchmark also prints
the fraction of synapses that a step visits, the largest difference between the conductances of the two forms, and the
time of each kernel. Gates on the sources replace the streaming kernel by `advance_gates` and by more work in delivery
and in the neurons. The targets are less than 0.5 % of the synapses and less than 3 % of the streaming kernel's time.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

import gpusyn as gs
from benchmarks import cases, measure
from gpusyn.commands.bench_profile import launch_seconds

SOURCES, TARGETS, IN_DEGREE, RATE = 20000, 4000, 1000, 10.0


def visited(sim: gs.Simulator) -> float:
    """Return the mean fraction of the synapses that are visited per step; each delivery sends one edge of a pulse."""
    sent, steps = 0, 200
    for _ in range(steps):
        sim.step()
        number = round(sim.time / cases.DT) - 1  # of the step that has just ended
        sent += int(sim._session.read("gate_total")[number % 2])
    return float(sent / (steps * SOURCES))


def kernel_times(sim: gs.Simulator, steps: int) -> dict[str, float]:
    """Return the time of each kernel per step (ms)."""
    return {label.partition(".")[0]: 1e3 * seconds / steps for label, seconds in launch_seconds(sim, steps).items()}


def main() -> None:
    """Run the benchmark and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=200, help="steps per run")
    parser.add_argument("--pairs", type=int, default=7)
    given = parser.parse_args()
    print(*measure.facts(), sep="\n")
    sims = []
    for gating in ("auto", "per-synapse"):
        net = cases.gated(SOURCES, TARGETS, IN_DEGREE, RATE, gating)
        sims.append(gs.Simulator(net, dt=cases.DT, seed=1, backend="cpu", threads=1))
        sims[-1].step(500)
    source, synapse = sims
    g = [np.asarray(sim.get(sim.net.populations["targets"], "g_AMPA"), float) for sim in sims]
    result = measure.paired(
        lambda: measure.seconds(lambda: source.step(given.steps), time.process_time),
        lambda: measure.seconds(lambda: synapse.step(given.steps), time.process_time),
        given.pairs,
    )
    ms = [1e3 * float(np.median(t)) / given.steps for t in result]
    print(f"{TARGETS * IN_DEGREE:,} synapses, sources at {RATE:g} Hz, steps of {cases.DT:g} ms")
    print(f"  gates on the sources {ms[0]:.3f} ms per step, on the synapses {ms[1]:.3f} ms per step")
    print(f"  time: {100 * ms[0] / ms[1]:.2f} % ({result.ratio:.0f} times faster; {result.spread()})")
    print(f"  synapses visited per step: {100 * visited(source):.2f} %")
    print(f"  largest relative difference of a conductance: {np.abs(g[0] / g[1] - 1).max():.1e}")
    ours, theirs = kernel_times(source, given.steps), kernel_times(synapse, given.steps)
    for which, times in (("sources", ours), ("synapses", theirs)):
        print(f"  gates on the {which}, ms per step:", ", ".join(f"{k} {v:.3f}" for k, v in times.items()))
    streaming = theirs.pop("advance_first_order")
    more = sum(ours.values()) - sum(theirs.values())
    print(f"  the streaming kernel is replaced by {more:.3f} ms, {100 * more / streaming:.1f} % of its time")
    for sim in sims:
        sim.close()


if __name__ == "__main__":
    sys.exit(main())

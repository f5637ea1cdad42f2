"""What it costs to draw rows again at each spike, beside rows that are stored, and how much memory that saves.

Run ``python -m benchmarks.procedural`` from a checkout. Sources fire at a high rate into silent neurons; the table shows
the processor's time per synapse that is delivered, from the profile of the launches that deliver.
"""

from __future__ import annotations

from typing import Any

import gpusyn as gs
from gpusyn.backends.cpu.backend import CpuBackend

SOURCES, RATE, STEPS = 200, 400.0, 200
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


def nanoseconds(case: str, neurons: int, degree: int, storage: str, threads: int) -> tuple[float, float]:
    """Return the time of a synapse that is delivered (ns), and the bytes of each that is there."""
    with gs.Simulator(network(case, neurons, degree, storage), seed=1, backend=CpuBackend(threads)) as sim:
        sim.step(STEPS)
        before = len(sim.data["spikes"].times)
        seconds = sim._session.profile(STEPS)
        sim.step(1)
        spikes = len(sim.data["spikes"].times) - before
        kept = sum(n for part, n in sim.plan.bytes.items() if part.startswith("synapses"))
        delivered = spikes * sim.plan.synapses / SOURCES
        total = sum(s for name, s in seconds.items() if name.startswith("deliver"))
        return 1e9 * total / delivered, kept / sim.plan.synapses

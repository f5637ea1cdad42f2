"""What each kind of plasticity costs in time: of a synapse that a spike reaches, of one in a step, and at intervals.

``python -m benchmarks.plasticity [--pairs N] [--neurons N] [--write]``

Sources fire at 10 Hz into cells that others make fire at the same rate, on one thread of the `cpu` backend. Networks
that differ in nothing but the plasticity run in turns. The table has the processor's time for each synapse that a spike
reaches, all work of the network included, without plasticity; what plasticity adds to that; and what work in every step
or at intervals adds, for each synapse and time.
``--write`` puts the table into docs/plasticity.md.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import gpusyn as gs
from benchmarks.measure import facts

PAGE = Path(__file__).resolve().parents[1] / "docs" / "plasticity.md"
BEGIN, END = "<!-- times: python -m benchmarks.plasticity --write -->\n", "<!-- end -->\n"
DT, RATE, SOURCES, STEPS = 0.1, 10.0, 4000, 500

SHARED = gs.TsodyksMarkram(U=0.5, tau_rec=800.0)
DRAWN = gs.TsodyksMarkram(U=gs.Uniform(0.1, 0.5), tau_rec=gs.Uniform(100.0, 500.0), tau_facil=gs.Uniform(10.0, 500.0))
WAVE = gs.Waveform([0.0, 1000.0], [2.0, 5.0])


class Kind(NamedTuple):
    """A kind of plasticity; what its work follows is "event", "step" or the interval (ms) at which it happens.

    Before each round a part of the synapses, `weak`, gets a weight that is too small to stay.
    """

    plasticity: Any
    follows: str | float = "event"
    weak: float = 0.0


NONE = "no plasticity"
#: By the names in the tables of docs/plasticity.md.
KINDS: dict[str, Kind] = {
    NONE: Kind(None),
    "`TsodyksMarkram` with numbers": Kind(SHARED),
    "`TsodyksMarkram` with three distributions": Kind(DRAWN),
    "`QuantalRelease`": Kind(gs.QuantalRelease(n=5, p=0.5)),
    "`QuantalRelease` and `TsodyksMarkram` with numbers": Kind([gs.QuantalRelease(n=5), SHARED]),
    "`STDP`": Kind(gs.STDP()),
    "`TripletSTDP`": Kind(gs.TripletSTDP()),
    "`InhibitorySTDP`": Kind(gs.InhibitorySTDP()),
    "`DopamineSTDP`": Kind(gs.DopamineSTDP(gs.STDP(), 1000.0, 200.0, modulator=WAVE)),
    "`CalciumSTDP` without noise": Kind(gs.CalciumSTDP(sigma=0.0)),
    "`CalciumSTDP`": Kind(gs.CalciumSTDP()),
    "`STDP` and `TsodyksMarkram` with numbers": Kind([SHARED, gs.STDP()]),
    "`NMDAPlasticity`": Kind(gs.NMDAPlasticity(calcium="AMPA"), "step"),
    "`HomeostaticScaling`": Kind(gs.HomeostaticScaling(RATE, 100_000.0, every=5.0), 5.0),
    "`STDP` and `HomeostaticScaling`": Kind([gs.STDP(), gs.HomeostaticScaling(RATE, 100_000.0, every=5.0)], 5.0),
    "`Rewiring` of 1 in 20": Kind(gs.Rewiring(50.0, prune_below=0.01, weight=gs.Uniform(0.01, 0.02)), 50.0, weak=0.05),
}


def network(plasticity: Any, neurons: int) -> gs.Network:
    """Return cells that fire because other inputs make them, with a thousand plastic synapses each."""
    net = gs.Network()
    sources = net.population("sources", SOURCES, gs.PoissonSource(rate=RATE))
    receptors = [gs.AMPA(), gs.AMPA(name="force", tau_decay=0.2)]
    cells = net.population("cells", neurons, gs.LIF(), receptors=receptors)
    net.drive(cells, "force", rate=RATE, weight=8000.0)
    net.connect(
        sources, cells, gs.FixedInDegree(1000, multapses=False), receptor="AMPA", weight=gs.Uniform(0.01, 0.02),
        w_max=0.1, delay=1.5, plasticity=plasticity, name="plastic",
    )  # fmt: skip
    return net


def measured(neurons: int, pairs: int) -> dict[str, list[float]]:
    """Return the processor times (s) of `STEPS` steps, by kind, in rounds of all kinds."""
    sims = {}
    for name, kind in KINDS.items():
        sims[name] = gs.Simulator(network(kind.plasticity, neurons), dt=DT, seed=1, backend="cpu", threads=1)
        sims[name].step(2 * STEPS)  # until rings hold spikes
        print(f"  {name}: built", flush=True)
    times: dict[str, list[float]] = {name: [] for name in sims}
    for turn in range(pairs):
        for name, sim in list(sims.items())[:: 1 if turn % 2 else -1]:
            weaken(sim, KINDS[name].weak)
            begin = time.process_time()
            sim.step(STEPS)
            times[name].append(time.process_time() - begin)
    for sim in sims.values():
        sim.close()
    return times


def weaken(sim: gs.Simulator, part: float) -> None:
    """Give a part of the synapses, which are drawn, half of the smallest weight."""
    if part:
        weights = sim.weights("plastic").weight
        sim.set_weights("plastic", np.where(np.random.default_rng(1).random(weights.size) < part, 0.005, weights))


def table(times: dict[str, list[float]], neurons: int) -> str:
    """Return the table of costs (ns)."""
    synapses, base = 1000 * neurons, times[NONE]
    events = synapses * RATE * 1e-3 * STEPS * DT
    lines = ["| `plasticity=` | for each synapse that a spike reaches | for each synapse | when |", "|---|---|---|---|"]
    for name, kind in KINDS.items():
        beside = times["`STDP`"] if "`STDP` and `H" in name else base
        extra = 1e9 * statistics.median(own - other for own, other in zip(times[name], beside, strict=True))
        if name == NONE:
            lines.append(f"| {name} | {1e9 * statistics.median(base) / events:.0f} | - | |")
        elif kind.follows == "event":
            lines.append(f"| {name} | {extra / events:.0f} more | - | |")
        else:
            often = STEPS if kind.follows == "step" else STEPS * DT / float(kind.follows)
            at_spikes = 1e9 * statistics.median(a - b for a, b in zip(beside, base, strict=True)) / events
            when = "in every step" if kind.follows == "step" else "at each interval"
            lines.append(
                f"| {name} | {f'{at_spikes:.0f} more' if at_spikes else '-'} | "
                f"{extra / (synapses * often):.1f} | {when} |"
            )
    return "\n".join(lines)


def main() -> int:
    """Measure all kinds and print the table; return 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=9, help="rounds of all kinds")
    parser.add_argument("--neurons", type=int, default=500, help="cells with a thousand synapses each")
    parser.add_argument("--write", action="store_true", help="update docs/plasticity.md")
    given = parser.parse_args()
    lines = facts()
    print(*lines, sep="\n")
    found = table(measured(given.neurons, given.pairs), given.neurons)
    print(found)
    if given.write:
        text = PAGE.read_text(encoding="utf-8")
        machine = lines[1].removeprefix("machine").strip()
        whole = f"{BEGIN}{found}\n\nMeasured on {machine}; medians of {given.pairs} rounds.\n{END}"
        text, count = re.subn(f"{re.escape(BEGIN)}.*?{END}", lambda _: whole, text, flags=re.DOTALL)
        assert count == 1, f"{PAGE} needs one place for the table"
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

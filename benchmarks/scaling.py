"""Networks that are spread on several ranks: the tables of `docs/scaling.md`, and ranks beside threads.

``python -m benchmarks.scaling`` prints the tables: memory and traffic of a network of 1e9 neurons, worked out, and the
work of each rank as ranks are added, counted in runs under ``mpiexec``. ``--write`` puts them into ``docs/scaling.md``.
``python -m benchmarks.scaling --pairs 5`` measures 2 ranks of 1 thread beside 1 process of 2 threads, in turn.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gpusyn as gs
from gpusyn.models.microcircuit import SIZES
from gpusyn.utils.cores import available_cores

DOCUMENT = Path(__file__).parent.parent / "docs" / "scaling.md"
BEGIN, END = "<!-- {}: python -m benchmarks.scaling --write -->\n", "<!-- end -->\n"

NEURONS, DEGREE, POPULATIONS = 1_000_000_000, 10_000, 8
RATE, DELAY = 5.0, 1.5  # Hz, ms
MACHINES = {"1,024 GPUs": 1024, "10,000 nodes": 10_000}

# The form that is not built yet.
ID = 4  # bytes

# What is assumed of the machines; none of it was measured with gpusyn.
EVENTS = 1e10  # synaptic events that a rank delivers in a second
NETWORK = 25e9  # bytes that a rank receives in a second

WEAK = 2000  # neurons a rank
WEAK_RANKS = (1, 2, 4, 8)
PAIRED = 0.3  # scale of the microcircuit
CROWDED = {"MPIR_CVAR_ENABLE_HEAVY_YIELD": "1"}  # more ranks than cores: MPICH's let others run while they wait


def large_network() -> gs.Network:
    """Return the network that is worked out: populations all connected with each other, weights of their own."""
    net = gs.Network()
    n, k = NEURONS // POPULATIONS, DEGREE // POPULATIONS
    cells = [net.population(f"P{i}", n, gs.LIF(), receptors=[gs.AMPA()]) for i in range(POPULATIONS)]
    for pre in cells:
        for post in cells:
            net.connect(pre, post, gs.FixedInDegree(k), receptor="AMPA", weight=gs.LogNormal(0.1, 0.05), delay=DELAY)
    return net


def reached(ranks: int) -> float:
    """Return the part of the ranks, or of the sources, between which there is a synapse."""
    return -math.expm1(-DEGREE / ranks)


def kept(plan: gs.Plan) -> dict[str, float]:
    """Return what a rank keeps: bytes by part."""
    assert plan.rank is not None
    whole = plan.rank.whole
    rows = sum(n for part, n in plan.bytes.items() if part.startswith("synapses")) - whole["index of rows"]
    host = sum(n for part, n in plan.bytes.items() if part.endswith("for the host"))
    parts = {
        "targets and weights of its synapses": float(rows), "states and parameters of neurons": plan.bytes["neurons"],
        **whole, "tables of the host": host,
    }  # fmt: skip
    return parts | {"all else": max(plan.total - sum(parts.values()), 0.0)}


def received_by_lists(plan: gs.Plan) -> float:
    """Return the bytes that a rank would receive in 1 s of model time, with lists of ids for each rank."""
    assert plan.rank is not None
    return ID * plan.rank.traffic.spikes * reached(plan.rank.ranks) + plan.rank.traffic.counts


def _plans() -> dict[str, gs.Plan]:
    return {name: gs.plan(large_network(), ranks=ranks, rate=RATE) for name, ranks in MACHINES.items()}


def memory_table() -> str:
    """Return in Markdown what a rank keeps and receives."""
    plans = _plans()
    columns = [kept(plan) for plan in plans.values()]
    lines = [f"| GB a rank | {' | '.join(plans)} |", f"| --- |{' --: |' * len(columns)}"]
    for part in dict.fromkeys(part for parts in columns for part in parts):
        lines.append(_row(part, [parts.get(part, 0.0) for parts in columns]))
    lines.append(_row("**all**", [sum(parts.values()) for parts in columns]))
    ranks = [plan.rank for plan in plans.values() if plan.rank is not None]
    lines.append(_row("received in 1 s of model time", [rank.traffic.received for rank in ranks]))
    by_lists = [received_by_lists(plan) for plan in plans.values()]
    lines.append(_row("the same with lists of ids for each rank *(not built)*", by_lists))
    return "\n".join(lines) + "\n"


def _row(name: str, values: Sequence[float]) -> str:
    return f"| {name} | {' | '.join(f'{value / 1e9:,.3g}' for value in values)} |"


def binding_table() -> str:
    """Return in Markdown the time of delivering and of exchanging one second of model time."""
    head = "| ranks | events a rank | delivering (s) | all-gather (s) | lists for each rank (s) *(not built)* | binds |"
    lines = [head, "| --: | --: | --: | --: | --: | --- |"]
    for ranks in sorted({64, 256, 1024, 4096, crossing(), 10_000, 40_000}):
        events = NEURONS * DEGREE * RATE / ranks
        spikes = NEURONS * RATE * (1 - 1 / ranks)
        delivering, all_ids = events / EVENTS, ID * spikes / NETWORK
        times = f"{delivering:.3g} | {all_ids:.3g} | {all_ids * reached(ranks):.3g}"
        binds = "delivering" if delivering > all_ids else "all-gather"
        lines.append(f"| {ranks:,} | {events:.3g} | {times} | {binds} |")
    return "\n".join(lines) + "\n"


def crossing() -> int:
    """Return the number of ranks at which receiving all ids takes as long as delivering a rank's events."""
    return round(DEGREE * NETWORK / (ID * EVENTS))


def bench(ranks: int, *options: object) -> dict[str, Any]:
    """Run ``gpusyn bench`` on some ranks, or in one process for 0, and return the numbers of its case."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.json"
        launcher = [] if not ranks else [_mpiexec(), "-n", str(ranks)]
        spread = ["--mpi"] if ranks else []
        command = [*launcher, sys.executable, "-m", "gpusyn", "bench", *spread, "--backend", "cpu", "--json", str(file)]
        crowded = CROWDED if ranks > available_cores() else {}
        done = subprocess.run(
            [*command, *map(str, options)], capture_output=True, text=True, check=False, env={**os.environ, **crowded}
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["results"][0]
        return found


def _mpiexec() -> str:
    beside = Path(sys.executable).parent / "mpiexec"
    found = str(beside) if beside.exists() else shutil.which("mpiexec")
    if found is None:
        raise SystemExit('mpiexec is missing: pip install "gpusyn[mpi]"')
    return found


def weak_table() -> str:
    """Return in Markdown the work of a rank as ranks are added, each with as many neurons: counts of runs."""
    head = "| ranks | neurons | neurons a rank | synapses a rank | deliveries a rank and step | bytes received a step |"
    lines = [head, "| --: | --: | --: | --: | --: | --: |"]
    for ranks in WEAK_RANKS:
        size = WEAK * ranks
        found = bench(ranks, "--case", "coba", "--size", size, "--duration", 200, "--threads", 1)
        work, steps = found["of_ranks"], found["duration_ms"] / found["dt_ms"]
        cells = [
            f"{max(work['neurons']):,}", f"{max(work['synapses']):,}", f"{max(work['deliveries']) / steps:.1f}",
            f"{max(work['bytes_received']) / steps:.1f}",
        ]  # fmt: skip
        lines.append(f"| {ranks} | {size:,} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def pairs(number: int, scale: float, duration: float) -> str:
    """Return the times of 2 ranks of 1 thread and of 1 process of 2 threads, run in turn, and their ratio."""
    size = round(scale * sum(SIZES))
    options = ("--case", "microcircuit", "--size", size, "--duration", duration)
    both = [(bench(2, *options, "--threads", 1), bench(0, *options, "--threads", 2)) for _ in range(number)]
    ranks, threads = ([one["us_per_step"] for one in side] for side in zip(*both, strict=True))
    ratios = [a / b for a, b in zip(ranks, threads, strict=True)]
    exchange = statistics.median(max(one["of_ranks"]["us_per_exchange"]) for one, _ in both)

    def spread(values: list[float], digits: int = 1) -> str:
        low, high = min(values), max(values)
        return f"{statistics.median(values):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"

    return (
        f"microcircuit x {scale:g}, {number} pairs of {duration:g} ms\n"
        f"2 ranks x 1 thread:    {spread(ranks)} us a step\n"
        f"1 process x 2 threads: {spread(threads)} us a step\n"
        f"ratio of pairs:        {spread(ratios, 2)}\n"
        f"an exchange:           {exchange:.1f} us with waiting for the other rank"
    )


#: The tables of the page; those that are worked out, and those that need runs.
TABLES = {"memory": memory_table, "binding": binding_table}
RUN = {"weak": weak_table}


def renewed(text: str, runs: bool = False) -> str:
    """Return the text of the page with its tables made anew: those that are worked out, and those of runs too."""
    for name, table in {**TABLES, **(RUN if runs else {})}.items():
        head, begin, rest = text.partition(BEGIN.format(name))
        _, end, tail = rest.partition(END)
        if not begin or not end:
            raise SystemExit(f"{DOCUMENT} has no place for the table '{name}'")
        text = f"{head}{begin}\n{table()}\n{end}{tail}"
    return text


def main() -> None:
    """Print the tables, or put them into the page, or measure pairs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/scaling.md")
    parser.add_argument("--pairs", type=int, help="measure ranks beside threads so many times")
    parser.add_argument("--scale", type=float, default=PAIRED, help="of the microcircuit that is measured")
    parser.add_argument("--duration", type=float, default=1000.0, help="model time that is timed (ms)")
    given = parser.parse_args()
    if given.pairs:
        print(pairs(given.pairs, given.scale, given.duration))
    elif given.write:
        DOCUMENT.write_text(renewed(DOCUMENT.read_text(encoding="utf-8"), runs=True), encoding="utf-8")
    else:
        print("\n".join(table() for table in {**TABLES, **RUN}.values()))


if __name__ == "__main__":
    main()

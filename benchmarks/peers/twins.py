"""What synapses that change cost beside their static twin, the same network with weights that stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from benchmarks.arrays_page import table
from benchmarks.peers.cases import GPUSYN, Case, clock
from benchmarks.peers.verdict import MEAN_WEIGHT, WEIGHT_SD, Spread, Verdict, verdict

DEFINITION = f"""Beside the static twin, with which a network takes turns: *events* are spikes of the excitatory neurons
times the 1,000 synapses that each of them reaches. *Above the twin* is (time - time of the twin) / events; *in all* is
time / events, with neurons and inhibition. *Bytes* are (memory - memory of the twin) / plastic synapses. Mean and
standard deviation of the weights after the run are in units of w_max, and must agree within {MEAN_WEIGHT:g} and
{100 * WEIGHT_SD:.0f} %. In NEST they are those of 400 sources, as of the last spike of each, so what targets did since
is missing there"""
HEAD = (
    "simulator", "time / twin", "above the twin (ns per event)", "in all (ns per event)", "bytes per plastic synapse",
    "mean weight", "standard deviation",
)  # fmt: skip


class Beside(NamedTuple):
    """A simulator beside its own static twin.

    Attributes
    ----------
    simulator : str
        Its name.
    ratio : Spread
        Time relative to the twin, over pairs of runs.
    above, whole : Spread
        Time of an event (ns), without and with that of the twin.
    bytes_more, planned_more : float or None
        Bytes that a plastic synapse adds: measured, and by gpusyn's plan.
    """

    simulator: str
    ratio: Spread
    above: Spread
    whole: Spread
    bytes_more: float | None
    planned_more: float | None


def pairs(rows: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Yield each stored row that has a static twin among the others, with it."""
    for row in rows.values():
        case = Case(**row["case"])
        for other in rows.values():
            static = Case(**other["case"])
            same = all(row[name] == other[name] for name in ("threads", "series", "x"))
            times = (case.warm_up, case.duration) == (static.warm_up, static.duration)
            if case.twin is not None and same and times and static.described == case.twin:
                yield row, other


def beside(row: Mapping[str, Any], static: Mapping[str, Any]) -> list[Beside]:
    """Return what the synapses that change cost each simulator that has run both."""
    case = Case(**row["case"])
    timed = clock(row["threads"])
    found = []
    for simulator, cell in row["cells"].items():
        runs = list(zip(cell["runs"], static["cells"].get(simulator, {"runs": []})["runs"], strict=False))
        if not runs:
            continue
        times = [(a[timed], b[timed], case.described.events(a["rates_hz"]) * case.duration * 1e-3) for a, b in runs]
        found.append(
            Beside(
                simulator,
                Spread.of([a / b for a, b, _ in times]),
                Spread.of([(a - b) / events * 1e9 for a, b, events in times]),
                Spread.of([a / events * 1e9 for a, _, events in times]),
                *(_more(runs, name, case.described.plastic_synapses) for name in ("peak_bytes", "planned_bytes")),
            )
        )
    return found


def _more(runs: list[tuple[Any, Any]], name: str, synapses: float) -> float | None:
    """Return how many bytes a plastic synapse adds, None where a simulator does not tell."""
    known = [[run[name] for run in which if run.get(name) is not None] for which in zip(*runs, strict=True)]
    return (max(known[0]) - max(known[1])) / synapses if all(known) else None


def section(rows: Mapping[str, Any], network: str) -> Iterator[str]:
    """Yield what the columns mean, and the tables of a network with their titles; nothing if no row has a twin."""
    meaning = ["", f"{DEFINITION}."]
    for row, static in pairs(rows):
        if row["case"]["network"] == network:
            v = verdict(row)
            yield from meaning
            meaning = []
            yield ""
            yield f"### {v.case.title}, beside its twin, {v.threads} thread{'s' if v.threads > 1 else ''}"
            yield ""
            if why := v.void or verdict(static).void:
                yield f"Void: {why}."
                continue
            costs = beside(row, static)
            yield from table(HEAD, (_line(cost, v) for cost in costs))
            for cost in costs:
                if cost.simulator == GPUSYN and cost.planned_more is not None:
                    yield ""
                    yield f"By gpusyn's plan, a plastic synapse adds {cost.planned_more:.2f} bytes."


def _line(cost: Beside, v: Verdict) -> list[str]:
    learned = next(cell.learned for cell in v.cells if cell.simulator == cost.simulator)
    return [
        cost.simulator,
        _text(cost.ratio, ".2f"),
        _text(cost.above, ".1f"),
        _text(cost.whole, ".1f"),
        "unknown" if cost.bytes_more is None else f"{cost.bytes_more:.1f}".replace("-0.0", "0.0"),
        *("-" if learned is None else f"{value:.4f}" for value in learned or (0.0, 0.0)),
    ]


def _text(spread: Spread, form: str) -> str:
    """Return median and range; differences may be below 0."""
    return f"{spread.median:{form}} ({spread.low:{form}} to {spread.high:{form}})"

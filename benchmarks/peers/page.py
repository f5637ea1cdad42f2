"""Write docs/benchmarks.md and its figures from the stored results.

``python -m benchmarks.peers.page`` prints the page, with ``--write`` it renews page and figures.
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.arrays_page import table
from benchmarks.peers import figures, networks, store, twins
from benchmarks.peers.cases import GPUSYN, SERIES, SIMULATORS
from benchmarks.peers.verdict import Cell, Spread, Verdict, verdict
from gpusyn.utils.memory import size_text

PAGE = store.STORED.parents[2] / "docs" / "benchmarks.md"
ON_A_GPU = store.STORED.parents[1] / "gpu" / "summary.md"  # of benchmarks/gpu_check.py, once a GPU has been at hand
INTRODUCTION = """# gpusyn beside its peers

This page is generated: `python -m benchmarks.peers` measures and writes it, `python -m benchmarks.peers.page --write`
writes it again from the stored results.

Every simulator runs the same equations, with the same parameters, time step (0.1 ms), numbers of synapses and number of
threads, and records all spikes. The simulators take turns (A B C A B C ...), each run is a process of its own, and run
k of each uses seed k (GeNN draws its own). The first stretch of model time is not counted. Times are seconds per second
of the model: the median over the runs, and in brackets the smallest and the largest. With one thread, processor time is
compared, which other work on the machine does not lengthen; with several threads, wall time. *Ratio* is how many times
longer than gpusyn a simulator took: the median over pairs of runs. A row counts only if the mean rates of every
population agree
within the tolerance that is stated; otherwise it is void, and no ratio is given."""
HEAD = (
    "simulator", "processor time", "wall time", "ratio", "mean rate (Hz)", "memory", "build (s)", "compile (s)", "runs"
)  # fmt: skip
NOTES = """* gpusyn and GeNN compute in single precision, NEST and Brian2 in double, each by its default.
* gpusyn runs its `cpu` backend, Brian2 its C++ standalone mode (with OpenMP for several threads), GeNN its
  single-threaded CPU backend.
* *Build* is the time until the first step is done, without what is kept from run to run; *compile* is what is kept:
  kernels of gpusyn, the generated programs of Brian2 and GeNN.
* *Memory* is the largest resident size of the process, Python included where the simulator has it."""


def spread_text(spread: Spread) -> str:
    """Return median and range.

    >>> spread_text(Spread(0.1234, 0.12, 1.5))
    '0.123 (0.12 to 1.5)'
    """
    return f"{number(spread.median)} ({number(spread.low)} to {number(spread.high)})"


def number(value: float) -> str:
    """Return a positive number with three digits, never in the form 1e+03.

    >>> [number(x) for x in (0.01234, 1.5, 12.34, 1234.5)]
    ['0.0123', '1.5', '12.3', '1234']
    """
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def page(results: Mapping[str, Any]) -> str:
    """Return the page in Markdown."""
    verdicts = [verdict(row) for row in results["rows"].values()]
    lines = [*INTRODUCTION.splitlines(), "", *NOTES.splitlines(), ""]
    lines += ["## Machine and versions", "", *_machine(results), ""]
    shown = [v for v in verdicts if not v.series]
    lines += ["## In short", "", "Seconds per second of the model, and the ratio to gpusyn.", "", *_short(shown), ""]
    for name, text in figures.TEXTS.items():
        lines += [f"![{text}](benchmarks/{figures.file_name(name)})", ""]
    for network in networks.NAMES:
        of_network = [v for v in shown if v.case.network == network]
        if of_network:
            lines += [*_network(network, of_network), *_beside(results["rows"], network), ""]
    grown = [v for v in verdicts if v.series]
    if grown:
        lines += ["## Scaling", "", *_scaling(grown), ""]
    if ON_A_GPU.exists():
        lines += [ON_A_GPU.read_text(encoding="utf-8")]
    return "\n".join(lines).rstrip() + "\n"


def _machine(results: Mapping[str, Any]) -> Iterator[str]:
    m = results["machine"]
    runs = [run for row in results["rows"].values() for cell in row["cells"].values() for run in cell["runs"]]
    if runs:
        dates = sorted(run["time"][:10] for run in runs)
        loads = Spread.of([run["load"] for run in runs])
        when = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
        load = f"load before a run {loads.median:.1f} ({loads.low:.1f} to {loads.high:.1f})"
        yield f"* {when}; {load}; gpusyn at commit {m['commit']}"
        if loads.median > m["cores_usable"]:
            yield "* **The machine was busy with other work**: wall times, above all of several threads, are too long."
    cores = f"{m['cores_usable']} of {m['cores']} cores usable"
    copies = f"copies {size_text(m['copy_bytes_per_s'])}/s on one thread"
    yield f"* {m['processor']}, {cores}, {size_text(m['free_bytes'])} free, {copies}; {m['system']}"
    for simulator in SIMULATORS:
        prepared = [
            cell["prepared"]
            for row in results["rows"].values()
            if "version" in (cell := row["cells"].get(simulator, {})).get("prepared", {})
        ]
        if prepared:
            versions = ", ".join(f"{name} {version}" for name, version in prepared[-1]["versions"].items())
            yield f"* {simulator} {prepared[-1]['version']} ({versions})"


def _short(verdicts: list[Verdict]) -> Iterator[str]:
    names = [s for s in SIMULATORS if any(cell.simulator == s for v in verdicts for cell in v.cells)]
    rows = []
    for v in verdicts:
        cells = {cell.simulator: cell for cell in v.cells}
        rows.append([v.case.title, str(v.threads), *(_in_short(v, cells.get(name)) for name in names)])
    return table(["network", "threads", *names], rows)


def _in_short(v: Verdict, cell: Cell | None) -> str:
    seconds = None if cell is None else v.seconds(cell)
    if cell is None or seconds is None:
        return "-"
    if v.void:
        return "void"
    return number(seconds.median) + (f" (x {number(cell.ratio.median)})" if cell.ratio else "")


def _network(name: str, verdicts: list[Verdict]) -> Iterator[str]:
    module = networks.network(name)
    yield f"## {module.TITLE}"
    yield ""
    yield from _wrapped(f"{module.EQUATIONS}.")
    yield ""
    methods = "; ".join(f"{simulator}: {method}" for simulator, method in module.METHODS.items())
    yield from _wrapped(f"Integration: {methods}.")
    for v in verdicts:
        threads = f"{v.threads} thread{'s' if v.threads > 1 else ''}"
        yield ""
        yield f"### {v.case.title}, {threads}"
        yield ""
        synapses = f"{v.case.described.expected_synapses:,.0f} synapses"
        times = f"{v.case.duration:g} ms after {v.case.warm_up:g} ms"
        yield from _wrapped(f"{synapses}; {times}. {_agreement(v, module.TOLERANCE)}")
        yield ""
        yield from table(HEAD, (_row(v, cell) for cell in v.cells if v.seconds(cell)))
        for cell in v.cells:
            if cell.why:
                yield ""
                yield from _wrapped(f"{cell.simulator} {cell.why}.")


def _beside(rows: Mapping[str, Any], network: str) -> Iterator[str]:
    for line in twins.section(rows, network):
        yield from _wrapped(line) if line and not line.startswith("|") else [line]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False)


def _agreement(v: Verdict, tolerance: float) -> str:
    if v.void:
        return f"**Void:** {v.void}."
    if v.difference is None:
        return "No rates to compare."
    return f"The rates differ by at most {100 * v.difference:.0f} % (allowed: {100 * tolerance:.0f} %)."


def _row(v: Verdict, cell: Cell) -> list[str]:
    assert cell.wall is not None
    assert cell.cpu is not None
    sizes = v.case.described.populations
    mean = sum(cell.rates[name] * size for name, size in sizes.items()) / sum(sizes.values())
    ratio = "1" if cell.simulator == GPUSYN else "-" if cell.ratio is None else spread_text(cell.ratio)
    return [
        cell.simulator,
        spread_text(cell.cpu),
        spread_text(cell.wall),
        "void" if v.void else ratio,
        f"{mean:.1f}",
        "unknown" if cell.peak is None else size_text(cell.peak),
        f"{cell.build:.2f}",
        f"{cell.prepare:.1f}",
        str(cell.runs),
    ]


def _scaling(verdicts: list[Verdict]) -> Iterator[str]:
    names = [s for s in SIMULATORS if any(cell.simulator == s for v in verdicts for cell in v.cells)]
    for key, series in SERIES.items():
        rows = sorted((v for v in verdicts if v.series == key), key=lambda v: v.x)
        if not rows:
            continue
        yield f"### {series.title[0].upper()}{series.title[1:]}"
        yield ""
        yield from table(
            [series.axis, "clock", "mean rate of gpusyn (Hz)", *names],
            (
                [f"{v.x:,.0f}", "processor" if v.clock == "cpu" else "wall", _own_rate(v)]
                + [_in_short(v, next((c for c in v.cells if c.simulator == name), None)) for name in names]
                for v in rows
            ),
        )
        yield ""


def _own_rate(v: Verdict) -> str:
    rates = next((cell.rates for cell in v.cells if cell.simulator == GPUSYN and cell.runs), None)
    if not rates:
        return "-"
    sizes = v.case.described.populations
    return f"{sum(rates[name] * size for name, size in sizes.items()) / sum(sizes.values()):.1f}"


def write(results: Mapping[str, Any], path: Path = PAGE) -> None:
    """Write the page, and the figures into the folder `benchmarks` beside it."""
    figures.draw([verdict(row) for row in results["rows"].values()], path.parent / "benchmarks")
    path.write_text(page(results), encoding="utf-8")


def main() -> None:
    """Print the page, or write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="renew docs/benchmarks.md and its figures")
    parser.add_argument("--results", type=Path, default=store.STORED, help="file of results (default: %(default)s)")
    given = parser.parse_args()
    results = store.load(given.results)
    if given.write:
        write(results)
    else:
        print(page(results), end="")


if __name__ == "__main__":
    main()

"""Measure gpusyn and its peers side by side.

``python -m benchmarks.peers [--genn-python PATH] [--threads 1 2] [--repeats 5] [--resume]``

Makes an environment for NEST and one for Brian2 with pip; GeNN takes part where the python of an environment with
pygenn is given. Then every simulator runs every case in turns (A B C A B C ...), each run as a process of its own with
a time limit; a run that fails leaves its cell void. Results are stored after each run: --resume goes on with what is
missing. At the end docs/benchmarks.md is made anew, as ``python -m benchmarks.peers.page --write`` does.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from benchmarks.peers import page, store
from benchmarks.peers.cases import SIMULATORS, Row, series, table, together
from benchmarks.peers.environments import environments
from benchmarks.peers.measurement import ROOT, Measurement, forget_failures
from gpusyn.utils.cores import available_cores


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    for simulator in SIMULATORS[1:]:
        add(f"--{simulator.lower()}-python", metavar="PATH", help=f"python of an environment that has {simulator}")
    add("--simulators", nargs="+", choices=SIMULATORS, default=list(SIMULATORS), help="default: all")
    add("--cases", nargs="*", metavar="KEY", help="cases of the table, by --list; default: all, nothing after it: none")
    add("--series", nargs="*", metavar="NAME", help="series, by --list; default: all, nothing after it: none")
    add("--scales", nargs="+", type=float, default=[0.1], help="scales of the microcircuit (default: 0.1)")
    add("--threads", nargs="+", type=int, help="threads of the cases of the table (default: 1 and all cores)")
    add("--cores", type=int, default=available_cores(), help="most threads of a series (default: all cores)")
    add("--repeats", type=int, default=5, help="runs of each simulator (default: 5)")
    add("--factor", type=float, default=1.0, help="multiplies all durations, for a try")
    add("--limit", type=float, default=1800.0, help="time limit of one process (s, default: 1800)")
    add("--work", type=Path, default=ROOT / ".benchmarks" / "peers", help="folder of environments and programs")
    add("--results", type=Path, default=store.STORED, help="file of results (default: %(default)s)")
    add("--page", type=Path, default=page.PAGE, help="page to make (default: docs/benchmarks.md)")
    add("--list", action="store_true", help="list what would be measured, and stop")
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on with stored results")
    again.add_argument("--retry", action="store_true", help="go on, and try again what failed")
    again.add_argument("--fresh", action="store_true", help="replace stored results")
    return parser


def rows(given: argparse.Namespace) -> list[Row]:
    """Return what is to be measured.

    Raises
    ------
    ValueError
        If a case or a series is unknown.
    """
    cases = {case.key: case for case in table(given.scales)}
    threads = given.threads or sorted({1, given.cores})
    keys = cases if given.cases is None else given.cases
    chosen = [Row(_known(cases, key, "--cases"), n) for key in keys for n in threads]
    grown = list(series(given.cores))
    names = dict.fromkeys(row.series for row in grown)
    wanted = names if given.series is None and given.cases is None else given.series or []
    for name in wanted:
        _known(dict.fromkeys(names, name), name, "--series")
    chosen += [row for row in grown if row.series in wanted]
    return [row._replace(case=row.case.times(given.factor)) for row in chosen]


def _known(known: dict[str, Any], name: str, option: str) -> Any:
    if name not in known:
        raise ValueError(f"{option} {name}: there are {', '.join(known)}")
    return known[name]


def main() -> None:
    """Measure, and make the page."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the program that runs is ended too
    commands = parser()
    given = commands.parse_args()
    try:
        chosen = rows(given)
    except ValueError as error:
        commands.error(str(error))
    if given.list:
        for row in chosen:
            print(f"{row.key:36} {row.case.title}, {row.threads} threads, {row.case.duration:g} ms")
        return
    resumes = given.resume or given.retry
    if given.results.exists() and not (resumes or given.fresh):
        commands.error(f"{given.results} exists: --resume goes on with what is missing, --fresh starts over")
    try:
        results = store.resume(given.results) if resumes and given.results.exists() else store.begin()
    except store.StoredElsewhereError as error:
        commands.error(str(error))
    if given.retry:
        forget_failures(results)
    if given.fresh:
        shutil.rmtree(given.work / "kernels", ignore_errors=True)  # so that compiling them is seen
    pythons = {name: getattr(given, f"{name.lower()}_python") for name in SIMULATORS[1:]}
    found = environments(given.work.resolve() / "environments", pythons, given.simulators)
    for simulator, environment in found.items():
        print(f"{simulator:8} {environment.why or environment.python}")

    def save() -> None:
        store.save(results, given.results)

    measurement = Measurement(results, save, found, given.work.resolve(), given.repeats, given.limit)
    for rows_in_turns in together(chosen):
        measurement.measure(*rows_in_turns)
    page.write(results, given.page)
    print(f"wrote {given.results} and {given.page}")


if __name__ == "__main__":
    main()

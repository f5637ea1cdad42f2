"""Runs of all simulators in turns: each a process of its own with a time limit, stored as soon as it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.peers.cases import Row, lacking
from benchmarks.peers.environments import Environment
from benchmarks.peers.simulators.protocol import MARK, Task

ROOT = Path(__file__).parents[2]
ATTEMPTS = 3  # drawn networks for a run


Key = TypeVar("Key")


def turns(done: Mapping[Key, int], repeats: int) -> Iterator[tuple[Key, int]]:
    """Yield whose turn it is and the number of the run, A B C A B C ..., without the runs that are done.

    >>> list(turns({"A": 0, "B": 1}, 2))
    [('A', 0), ('A', 1), ('B', 1)]
    """
    for k in range(repeats):
        for key, n in done.items():
            if n <= k:
                yield key, k


def run_program(command: list[str], limit: float, environment: Mapping[str, str]) -> dict[str, Any]:
    """Run a program, and return its answer, or ``{"failed": why}``: it crashed, or took longer than `limit` seconds."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environment}, stdout=said, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        try:
            code = process.wait(limit)
        except BaseException as stop:  # the time limit, or Ctrl-C: what it started ends with it
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if not isinstance(stop, subprocess.TimeoutExpired):
                raise
            return {"failed": f"took longer than {limit:g} s"}
        said.seek(0)
        lines = said.read().splitlines()
    for line in reversed(lines):
        if line.startswith(MARK) and not code:
            answer: dict[str, Any] = json.loads(line.removeprefix(MARK))
            return answer
    last = next((line for line in reversed(lines) if line.strip()), "no output")
    return {"failed": f"exit status {code}: {last.strip()[:300]}"}


class Measurement:
    """Runs of rows, kept in one JSON file.

    Parameters
    ----------
    results : dict
        Results so far; they are extended.
    save : callable
        Called after each run.
    environments : dict of str to Environment
        Environment of each simulator.
    work : Path
        Folder for generated programs and compiled kernels.
    repeats : int
        Runs of each simulator that count.
    limit : float
        Time limit of each process (s).
    """

    def __init__(
        self,
        results: dict[str, Any],
        save: Callable[[], None],
        environments: Mapping[str, Environment],
        work: Path,
        repeats: int,
        limit: float,
    ) -> None:
        self.results, self.save, self.environments = results, save, environments
        self.work, self.repeats, self.limit = work, repeats, limit

    def measure(self, *rows: Row) -> None:
        """Prepare and run all simulators that can run some rows, in turns; those that fail are not tried again."""
        cells = {(simulator, i): cell for i, row in enumerate(rows) for simulator, cell in self._cells(row).items()}
        for (simulator, i), cell in cells.items():
            kept = "prepared" in cell and self._folder(rows[i], simulator).exists()
            if not (kept or "failed" in cell):
                cell["prepared"] = self._process(rows[i], simulator, 0, prepare=True)
                if "failed" in cell["prepared"]:
                    cell["failed"] = f"preparing: {cell['prepared']['failed']}"
                self.save()
        order = sorted(cells, key=lambda key: list(self.environments).index(key[0]))  # its rows one after the other
        for (simulator, i), k in turns({key: len(cells[key]["runs"]) for key in order}, self.repeats):
            row, cell = rows[i], cells[simulator, i]
            if "failed" in cell:
                continue
            answer = self._run(row, simulator, k)
            if "failed" in answer:
                cell["failed"] = answer["failed"]
            else:
                cell["runs"].append(answer)
            self.save()

    def _cells(self, row: Row) -> dict[str, Any]:
        """Return the cells of a row that can be measured: made or, if the same was measured before, found."""
        case = json.loads(json.dumps(row.case._asdict()))
        stored = self.results["rows"].get(row.key)
        if stored is None or stored["case"] != case:
            stored = {"case": case, "threads": row.threads, "series": row.series, "x": row.x, "cells": {}}
            self.results["rows"][row.key] = stored
        able = {}
        for simulator, environment in self.environments.items():
            cell = stored["cells"].setdefault(simulator, {"runs": []})
            cell.pop("lacking", None)  # an environment may have been made since
            why = lacking(row, simulator) or environment.why
            if why is None:
                able[simulator] = cell
            elif not cell["runs"]:
                cell["lacking"] = why
        return able

    def _folder(self, row: Row, simulator: str) -> Path:
        """Return the folder of what a simulator keeps between the runs of a row."""
        return self.work / "programs" / simulator.lower() / row.key.replace(":", "-")

    def _run(self, row: Row, simulator: str, k: int) -> dict[str, Any]:
        """Return the answer of run `k`; where the drawn network falls silent, it has no work, and another is drawn."""
        for attempt in range(ATTEMPTS):
            answer = self._process(row, simulator, k + 1000 * attempt)
            if "failed" in answer or min(answer["rates_hz"].values()) > 0.0:
                return answer
        return {"failed": f"a population was silent with {ATTEMPTS} seeds"}

    def _process(self, row: Row, simulator: str, k: int, *, prepare: bool = False) -> dict[str, Any]:
        program = simulator.lower()
        folder, case = self._folder(row, simulator), row.case
        folder.mkdir(parents=True, exist_ok=True)
        task = Task(case.network, case.numbers, row.threads, k + 1, case.warm_up, case.duration, str(folder), prepare)
        command = [self.environments[simulator].python, "-m", f"benchmarks.peers.simulators.{program}"]
        told = "preparing" if prepare else f"seed {k + 1}"
        print(f"{row.key:32} {simulator:8} {told}: ", end="", flush=True)
        load = os.getloadavg()[0]
        environment = {"PYTHONPATH": str(ROOT), "GPUSYN_CACHE": str(self.work / "kernels")}
        answer = run_program([*command, json.dumps(task._asdict())], self.limit, environment)
        print(_in_short(answer, prepare, case.duration), flush=True)
        return {**answer, "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "load": load}


def forget_failures(results: dict[str, Any]) -> None:
    """Remove the failures from results, so that a measurement that goes on with them tries again."""
    for row in results["rows"].values():
        for cell in row["cells"].values():
            if cell.pop("failed", None) and "failed" in cell["prepared"]:
                del cell["prepared"]


def _in_short(answer: dict[str, Any], prepare: bool, duration: float) -> str:
    if "failed" in answer:
        return f"FAILED, {answer['failed']}"
    if prepare:
        return f"{answer['prepare_s']:.1f} s"
    wall, cpu = (answer[name] * 1e3 / duration for name in ("wall_s", "cpu_s"))
    mean = sum(answer["rates_hz"].values()) / len(answer["rates_hz"])
    return f"{wall:.3f} s of wall time, {cpu:.3f} s of processor time per model second, {mean:.1f} Hz"

"""Which lines and branches of the kernel text run under emulation, added up over all modules in which they are.

``python -m tests.emulation.coverage`` measures it and says what is neither run nor listed in ``not_run.toml``;
``--write`` also writes ``benchmarks/kernel_coverage.json``, from which the page of the kernels takes its table.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.kernel_coverage import STORED, Exempt
from gpusyn.kernels.source import kernel_names, read_kernel
from gpusyn.utils.cores import available_cores
from tests.helpers.paths import ROOT

EXEMPT = Path(__file__).parent / "not_run.toml"

#: What is run, each in a process of its own; all compare the results with numpy's.
COMMANDS = (
    ("pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "tests/kernels/test_rare_lines.py"),
    ("pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "tests/builder/test_building.py", "-k", "emulated"),
    ("pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "tests/distributed/test_own_synapses.py", "-k", "emulated"),
    ("tests.helpers.sanitized_network",),
    ("tests.emulation.network", "20"),
)

#: The files of the kernels that GPUs run.
KERNELS = [name for name in kernel_names() if not name.startswith("host/")]

_FUNCTION = re.compile(r"\s*(?:template <.*> )?(?:DEVICE|APART|MEMBER|KERNEL)\b(?! constexpr)")


@dataclass
class Line:
    """How often a line ran, over all modules.

    Attributes
    ----------
    runs : int
    outcomes : dict of int to list of int
        How often each outcome of the line's conditions was taken, by their number: a signature or a template may decide
        a condition when it is compiled, and then has fewer of them.
    """

    runs: int = 0
    outcomes: dict[int, list[int]] = field(default_factory=dict)

    def add(self, runs: int, taken: list[int]) -> None:
        """Add what one function of one module counted."""
        self.runs += runs
        if taken:
            known = self.outcomes.setdefault(len(taken), [0] * len(taken))
            self.outcomes[len(taken)] = [a + b for a, b in zip(known, taken, strict=True)]

    @property
    def never(self) -> int:
        """Number of outcomes that were never taken."""
        return sum(taken.count(0) for taken in self.outcomes.values())


class Place(NamedTuple):
    """A line of a file in the folder of kernels."""

    file: str
    number: int

    @property
    def text(self) -> str:
        return read_kernel(self.file).splitlines()[self.number - 1].strip().removesuffix("\\").rstrip()


Lines = dict[Place, Line]


def _reported(folder: Path) -> Iterator[tuple[list[Place], dict[str, Any]]]:
    """For each module that ran: where its lines are from, and what gcov says of them."""
    for data in sorted(folder.glob("*.gcda")):
        command = ["gcov", "--json-format", "--stdout", "--branch-probabilities", data.name]
        said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
        from_file = json.loads(data.with_suffix(".json").read_text(encoding="utf-8"))
        places = [Place(file.removeprefix("kernels/"), number) for file, number in from_file]
        for file in json.loads(said)["files"]:
            yield places, file


def counted(folder: Path) -> Lines:
    """The lines of the kernel text in the modules of a folder; a function that is in no module is a line as well.

    Names from Python, and what tests add to a module, are left out.
    """
    lines: Lines = {}
    for places, module in _reported(folder):
        for line in module["lines"]:
            taken = [branch["count"] for branch in line["branches"]]
            lines.setdefault(places[line["line_number"] - 1], Line()).add(line["count"], taken)
    for file in KERNELS:
        for number, text in enumerate(read_kernel(file).splitlines(), 1):
            if _FUNCTION.match(text):
                lines.setdefault(Place(file, number), Line())
    return {place: line for place, line in sorted(lines.items()) if place.file in KERNELS}


def measure() -> Lines:
    """Run everything in new processes with modules that count, and return what they counted.

    Raises
    ------
    subprocess.CalledProcessError
        If a command fails; its output is shown.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"GPUSYN_EMULATE_COVERAGE": "1", "GPUSYN_EMULATE_CACHE": folder}

        def run(words: tuple[str, ...]) -> None:
            command = [sys.executable, "-m", *words]
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                print(done.stdout[-4000:], done.stderr[-4000:], sep="\n", file=sys.stderr)
                done.check_returncode()

        with ThreadPoolExecutor(available_cores()) as pool:
            list(pool.map(run, COMMANDS))
        return counted(Path(folder))


def exempt() -> list[Exempt]:
    """The listed lines."""
    listed = tomllib.loads(EXEMPT.read_text(encoding="utf-8"))
    return [Exempt(**entry) for entry in listed.get("line", [])]


def complaints(lines: Lines, listed: Iterable[Exempt]) -> list[str]:
    """What is neither run nor listed, and what is listed but is run, or is not there."""
    known = {(e.file, e.text): e for e in listed}
    texts = Counter((place.file, place.text) for place in lines)
    found = [f"{file}: {text}: listed, but there is no such line" for file, text in known if (file, text) not in texts]
    for place, line in lines.items():
        name = f"{place.file}:{place.number}: {place.text}"
        one, there = known.get((place.file, place.text)), texts[place.file, place.text]
        allowed = None if one is None else one.never
        if one is not None and there != one.lines:
            found.append(f"{name}: {one.lines} lines of this text are listed, but there are {there}")
        elif not line.runs and allowed != 0:
            found.append(f"{name}: never runs")
        elif line.runs and line.never != (allowed or 0):
            found.append(
                f"{name}: {line.never} outcomes are never taken, {allowed or 'none'} are listed {line.outcomes}"
            )
        elif line.runs and allowed == 0:
            found.append(f"{name}: listed as never run, but it runs")
    return found


def table(lines: Lines, listed: Iterable[Exempt]) -> dict[str, Any]:
    """What the page of the kernels shows: lines of each file, outcomes of their conditions, and what is listed."""
    files: dict[str, list[int]] = {}
    for place, line in lines.items():
        row = files.setdefault(place.file, [0, 0])
        row[0] += 1
        row[1] += sum(line.outcomes)
    return {"files": files, "not_run": [e._asdict() for e in listed]}


def main() -> int:
    """Measure; return 1 if there are complaints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"write {STORED.name}")
    arguments = parser.parse_args()
    lines, listed = measure(), exempt()
    wrong = complaints(lines, listed)
    if arguments.write:
        STORED.write_text(json.dumps(table(lines, listed), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(*wrong, f"{len(lines)} lines, {len(wrong)} complaints", sep="\n")
    return 1 if wrong else 0


def missing_tool() -> str:
    """Why nothing can be measured here, "" if it can."""
    return "" if shutil.which("gcov") else "gcov, which comes with g++, is not on PATH"


if __name__ == "__main__":
    sys.exit(main())

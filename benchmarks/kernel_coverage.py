"""The table of the lines of the kernel text that run under emulation, from what `tests.emulation.coverage` counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

STORED = Path(__file__).parent / "kernel_coverage.json"

_INTRODUCTION = """
## Lines that run

The tests run the kernels on emulated blocks and warps, and compare the results with numpy's. The table lists, for each
file, the lines of code and the outcomes of the conditions in them. All of them run, but for those listed below it.

A line or an outcome counts if it runs in any module: the same text is part of many modules, in which other templates
and signatures are compiled. A condition that a template or a signature decides when it is compiled has no outcomes;
where it does so in some modules only, the outcomes that are left must be taken among the modules in which the line has
the same number of them. `a ? b : c`, `&&`, `||`, and the ends of loops are conditions; arithmetic with comparisons,
such as `(a < b) + (c < d)`, is not. Macros of several lines are written out where they are used. A function that no
module contains counts as a line that does not run. The files of `kernels/host/` are not emulated, and not listed.

`python -m tests.emulation.coverage --write` counts anew, and a check fails if a line that is not listed does not run,
or if one that is listed does.

"""


class Exempt(NamedTuple):
    """A line that is allowed not to run.

    Attributes
    ----------
    file, text : str
        Its file in the folder of kernels, and what it says.
    never : int
        Number of outcomes of its conditions that are never taken; 0 if the whole line never runs.
    reason : str
        Why that is right.
    lines : int
        Number of lines of the file that say the same; `never` holds for each.
    """

    file: str
    text: str
    reason: str
    never: int = 0
    lines: int = 1


def section() -> str:
    """Return the part of the page about lines that run."""
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    listed = [Exempt(**entry) for entry in stored["not_run"]]
    rows = [("file", "lines", "not run", "outcomes", "not taken"), ("---", "--:", "--:", "--:", "--:")]
    counts = []
    for file, (lines, outcomes) in stored["files"].items():
        own = [e for e in listed if e.file == file]
        counts.append((lines, sum(e.lines for e in own if not e.never), outcomes, sum(e.lines * e.never for e in own)))
        rows.append((f"`{file}`", *map(str, counts[-1])))
    rows.append(("all", *(str(sum(column)) for column in zip(*counts, strict=True))))
    rows = [*rows, (), ("file", "line", "why it does not run"), ("---",) * 3]  # type: ignore[list-item]
    for e in listed:
        parts = [f"{e.lines} lines"] * (e.lines > 1) + [f"{e.never} of its outcomes"] * (e.never > 0)
        what = f" ({', '.join(parts)})" if parts else ""
        rows.append((f"`{e.file}`", f"`{e.text.replace('|', chr(92) + '|')}`{what}", e.reason))  # type: ignore[arg-type]
    return _INTRODUCTION + "".join(f"| {' | '.join(row)} |\n" if row else "\n" for row in rows)

"""Ten minutes on a GPU tell everything: ``python benchmarks/gpu_check.py --out DIR``. It has never been run on a GPU.

Each part is a process of its own with a limit of its own, so one that crashes or hangs takes nothing else with it. The
first three look for a GPU, measure what it can do, and compare the bits of every kernel, neuron model and number type
with digests that a CPU made beforehand. Meanwhile the full microcircuit of Potjans and Diesmann (2014) is built in the
background. Speed and bits of networks follow, each launch beside the copy bandwidth, then bits of 200 drawn networks,
of some of them on several GPUs if there are several, and of a network beyond 2^31 synapses, `gpusyn check`,
compute-sanitizer where it is installed, and the test suite last.

DIR receives ``lines.jsonl``, with a line for each part as soon as it ends, ``summary.md``, renewed with each line, and
what each part printed. The exit status is the number of parts that did not pass, without those left out. The digests
are renewed with ``python -m benchmarks.gpu.digests --write``.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))  # a script does not have the parent folder on its path

from benchmarks.gpu.parts import PARTS, Part
from benchmarks.gpu.processes import Running
from benchmarks.gpu.summary import line_text, summary
from benchmarks.gpu.task import LINES

LIMIT = 570.0  # seconds: a little under ten minutes
LEAST = 2.0  # seconds without which a part is not begun


def run_parts(parts: Iterable[Part], folder: Path, limit: float, tiny: bool) -> list[dict[str, Any]]:
    """Run parts in their order within `limit` seconds, and return their lines.

    A part that prepares itself in the background has its turn when it is prepared.
    """
    deadline = time.monotonic() + limit
    queue, lines = list(parts), list[dict[str, Any]]()
    running = {part.name: Running(part, folder, tiny) for part in queue if part.early}
    (folder / LINES).unlink(missing_ok=True)
    try:
        while queue:
            part = next((p for p in queue if p.name not in running or running[p.name].prepared), queue[0])
            queue.remove(part)
            line = _left_out(part, lines, deadline)
            if line is None:
                if part.name not in running:
                    running[part.name] = Running(part, folder, tiny)
                line = running[part.name].finish(min(part.limit, deadline - time.monotonic()))
            lines.append(line)
            with (folder / LINES).open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            (folder / "summary.md").write_text(summary(lines), encoding="utf-8")
            print(line_text(line), flush=True)
    finally:
        for process in running.values():
            process.end()
    return lines


def _left_out(part: Part, lines: list[dict[str, Any]], deadline: float) -> dict[str, Any] | None:
    """Return the line of a part that is not begun, None if it is."""
    why = ""
    if any(line["facts"].get("usable") is False for line in lines):
        why = "no GPU"
    elif deadline - time.monotonic() < LEAST:
        why = "no time left"
    if not why:
        return None
    return {"part": part.name, "result": "left out", "seconds": 0.0, "why": why, "facts": {}, "tables": {}}


def main(arguments: list[str] | None = None) -> int:
    """Run the parts, and return the number of those that did not pass."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    parser.add_argument("--limit", type=float, default=LIMIT, help=f"seconds for all parts (default: {LIMIT:g})")
    parser.add_argument("--only", nargs="+", choices=[part.name for part in PARTS], help="run these parts alone")
    parser.add_argument("--tiny", action="store_true", help="try the script on small networks; measures nothing")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an end from outside ends the parts, too
    parts = [part for part in PARTS if given.only is None or part.name in given.only]
    lines = run_parts(parts, given.out.resolve(), given.limit, given.tiny)
    print(f"\n{(given.out / 'summary.md').read_text(encoding='utf-8')}")
    return sum(line["result"] not in ("passed", "left out") for line in lines)


if __name__ == "__main__":
    sys.exit(main())

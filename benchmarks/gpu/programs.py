"""Programs that are run for their verdict: compute-sanitizer, and the test suite."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.gpu.processes import ROOT
from benchmarks.gpu.task import LeftOutError, PartFailedError, Task

TOOLS = ("memcheck", "racecheck", "initcheck", "synccheck")
# Each array has an allocation of its own, so that the sanitizer sees where it ends.
_EVERY_KERNEL = (
    "import cupy; cupy.cuda.set_allocator(None); from tests.helpers.sanitized_network import run; "
    "print(sorted(run('cuda', 'single', 40)[1]))"
)


def sanitizer(task: Task) -> None:
    """Run a network that launches every kernel under each tool of compute-sanitizer."""
    program = _sanitizer()
    if program is None:
        raise LeftOutError("compute-sanitizer is not on PATH, nor in CUDA's folder")
    found: dict[str, str] = {}
    for tool in TOOLS:
        command = [program, "--tool", tool, "--error-exitcode", "9", sys.executable, "-c", _EVERY_KERNEL]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        print(f"== {tool}\n{done.stdout}\n{done.stderr}", flush=True)
        marked = [line.strip("= ") for line in done.stdout.splitlines() if line.startswith("=========")]
        found[tool] = "nothing" if done.returncode == 0 else (marked[1:2] or [f"exit status {done.returncode}"])[0]
        task.report(**{tool: found[tool]})
    wrong = [tool for tool in TOOLS if found[tool] != "nothing"]
    if wrong:
        raise PartFailedError(f"{wrong[0]}: {found[wrong[0]]}; see sanitizer.log")


def _sanitizer() -> str | None:
    """Return the path of compute-sanitizer, None if it is not found."""
    folders = [Path(root, "bin") for root in (os.environ.get("CUDA_PATH"), "/usr/local/cuda") if root]
    name = "compute-sanitizer"
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(map(str, folders)))


def suite(task: Task) -> None:
    """Run the tests that use a GPU, none of which may be skipped for the lack of one."""
    if importlib.util.find_spec("pytest") is None:
        raise LeftOutError('pytest is not installed: pip install -e ".[test]"')
    chosen = ["--version"] if task.tiny else ["-k", "(cuda or gpu) and not emulated", "--maxfail", "20"]
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", *chosen], cwd=ROOT, capture_output=True, text=True)
    print(done.stdout, done.stderr, flush=True)
    lines = done.stdout.strip().splitlines() or [f"exit status {done.returncode}"]
    task.report(tests=lines[-1].strip("= "))
    if done.returncode:
        raise PartFailedError("see suite.log")

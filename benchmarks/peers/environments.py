"""An environment for each peer: made with the package index that pip is set up for, or given."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.peers.cases import GPUSYN, SIMULATORS

# Brian2 2.9 accepts numpy 2.4 and cannot be imported with it.
PACKAGES = {"NEST": ["nest-simulator>=3.10"], "Brian2": ["brian2>=2.9", "numpy<2.4"]}


class Environment(NamedTuple):
    """The python of a simulator, or the reason why there is none."""

    python: str
    why: str | None = None


def python_in(folder: Path) -> Path:
    """Return the python of a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def commands(simulator: str, folder: Path) -> list[list[str]]:
    """Return the commands that make the environment of a simulator."""
    python = str(python_in(folder))
    return [
        [sys.executable, "-m", "venv", str(folder)],
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES[simulator]],
        [python, "-c", f"import {simulator.lower()}"],
    ]


def make(simulator: str, folder: Path) -> Environment:
    """Make the environment of a simulator unless it is there, and return it; if that fails, say why."""
    python = python_in(folder)
    steps = commands(simulator, folder)
    if python.exists() and _worked(steps[-1]) is None:
        return Environment(str(python))
    print(f"making the environment of {simulator} in {folder}", flush=True)
    for step in steps:
        if why := _worked(step):
            return Environment("", f"could not be installed: {why}")
    return Environment(str(python))


def _worked(command: list[str]) -> str | None:
    """Run a command, and return the last line of its complaints if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=1800)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
    return lines[-1][:300] if done.returncode else None


def environments(folder: Path, given: Mapping[str, str | None], wanted: list[str]) -> dict[str, Environment]:
    """Return the environment of each simulator that is wanted, in order; those given are taken as they are."""
    found = {}
    for simulator in SIMULATORS:
        if simulator not in wanted:
            continue
        if simulator == GPUSYN:
            found[simulator] = Environment(sys.executable)
        elif python := given.get(simulator):
            why = _worked([python, "-c", f"import {'pygenn' if simulator == 'GeNN' else simulator.lower()}"])
            found[simulator] = Environment(python, why and f"cannot be used: {why}")
        elif simulator in PACKAGES:
            found[simulator] = make(simulator, folder / simulator.lower())
        else:
            option = f"--{simulator.lower()}-python"
            found[simulator] = Environment("", f"not installed; name the python of an environment by {option}")
    return found

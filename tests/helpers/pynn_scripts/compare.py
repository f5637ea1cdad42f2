"""Run the scripts on two back ends, each in a process of its own, and say how far what they saw differs."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.helpers.paths import ROOT
from tests.helpers.pynn_scripts.observed import Observed

BACK_ENDS = ("gpusyn", "nest")
Seen = dict[str, dict[str, Observed] | str]


class Compared(NamedTuple):
    """One quantity of one script."""

    name: str
    expected: Observed
    difference: float

    @property
    def is_close(self) -> bool:
        """True if the difference is within what the script allows."""
        return self.difference <= self.expected.within


def see_both(folder: Path, *chosen: str, timeout: float = 600.0) -> dict[str, Seen]:
    """What all scripts, or those whose name begins with one of `chosen`, see on both back ends."""
    files = {name: folder / f"{name}.pickle" for name in BACK_ENDS}
    module = "tests.helpers.pynn_scripts.run"
    processes = {
        name: subprocess.Popen(
            [sys.executable, "-m", module, name, str(file), *chosen],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, file in files.items()
    }
    try:
        for name, process in processes.items():
            errors = process.communicate(timeout=timeout)[1]
            assert process.returncode == 0, f"{name}: {errors[-3000:]}"
    finally:
        for process in processes.values():
            process.kill()
    return {name: pickle.loads(file.read_bytes()) for name, file in files.items()}


def compare(seen: dict[str, Seen], script: str) -> list[Compared]:
    """Every quantity of a script; an error of either back end is raised."""
    ours, expected = (seen[name][script] for name in BACK_ENDS)
    for name, outcome in zip(BACK_ENDS, (ours, expected), strict=True):
        assert not isinstance(outcome, str), f"{script} on {name}:\n{outcome}"
    assert ours.keys() == expected.keys()
    return [Compared(name, value, ours[name].difference(value)) for name, value in expected.items()]

"""The device: whether it can be used, and what it is."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks import measure
from benchmarks.gpu.task import PartFailedError, Task
from gpusyn.backends.cuda.backend import import_cupy
from gpusyn.backends.cuda.detect import detect
from gpusyn.utils.memory import size_text


def report(task: Task) -> None:
    """Report the machine, and whether it has a GPU that can be used."""
    found = detect(import_cupy)
    machine = [" ".join(fact.split()) for fact in measure.facts()]
    for device in found.devices:
        machine.append(f"device {device}, {size_text(device.free)} of {size_text(device.total)} free")
    machine.append(f"driver for CUDA {found.driver}, CuPy {found.cupy} for CUDA {found.runtime}, NVRTC {found.nvrtc}")
    machine.append(f"gpusyn at commit {_commit()}")
    task.report(usable=found.usable, machine=machine, tiny=task.tiny)
    if not found.usable:
        raise PartFailedError(found.verdict)


def _commit() -> str:
    """Return the commit of the checkout, "unknown" if git cannot tell."""
    try:
        command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"

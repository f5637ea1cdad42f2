"""Programs under mpiexec, with a time limit: a rank that waits for ever shows where, and ends all."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT

REQUIRED = "GPUSYN_REQUIRE_MPI"
# MPICH's ranks wait in a loop. Where they outnumber the cores it must let the others run, which costs 0.1 ms else.
OVERSUBSCRIBED = {"MPIR_CVAR_ENABLE_HEAVY_YIELD": "1"}
GRACE = 10.0  # s from the limit of the ranks, which show where they are, to that of mpiexec

START = """
import faulthandler, runpy, sys
faulthandler.dump_traceback_later(float(sys.argv[1]), exit=True)
del sys.argv[:2]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def mpiexec() -> str:
    """Return the command that starts ranks, or skip the test; a failure if the environment requires MPI."""
    command = Path(sysconfig.get_path("scripts")) / "mpiexec"
    if command.is_file() and importlib.util.find_spec("mpi4py"):
        return str(command)
    missing = "there is no MPI beside this Python; pip install mpi4py mpich"
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{REQUIRED}=1, but {missing}")
    pytest.skip(missing)


def environment(ranks: int) -> dict[str, str]:
    """Return the environment for so many ranks, of one thread each."""
    crowded = ranks > len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else ranks > 1
    return {**os.environ, "PYTHONPATH": str(ROOT), **(OVERSUBSCRIBED if crowded else {})}


def run_mpi(ranks: int, module: str, *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a module on several ranks, and return what mpiexec returns; it fails at the time limit.

    Parameters
    ----------
    ranks : int
        Number of ranks.
    module : str
        Name of the module, which is run as a program.
    *arguments : str
        What it finds in ``sys.argv[1:]``.
    seconds : float
        Limit after which each rank shows where it is, and ends.
    """
    command = [mpiexec(), "-n", str(ranks), sys.executable, "-c", START, str(seconds), module, *arguments]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment(ranks)
    )
    try:
        out, err = running.communicate(timeout=seconds + GRACE)
    except subprocess.TimeoutExpired:
        running.terminate()  # mpiexec ends the ranks, which are no children of this process
        out, err = running.communicate(timeout=GRACE)
        pytest.fail(f"{module} did not end in {seconds} s\n{out}\n{err}")
    finally:
        running.kill()
    return subprocess.CompletedProcess(command, running.returncode, out, err)

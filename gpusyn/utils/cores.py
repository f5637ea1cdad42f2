"""The processor cores that this process may use."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gpusyn.utils.control_groups import control_groups


def is_worker_process() -> bool:
    """Return True in a process that another Python process started to share its work.

    These are the children of `multiprocessing` by any start method, such as those of joblib and `gs.sweep`.
    """
    processes = sys.modules.get("multiprocessing.process")  # every child has imported it
    return processes is not None and processes.parent_process() is not None


def default_threads() -> int:
    """Return the number of threads where none is given: one in a worker process, else the cores."""
    return 1 if is_worker_process() else available_cores()


def available_cores() -> int:
    """Return the number of cores that this process may use: those of its affinity, within the quota of its container.

    A quota such as that of ``docker run --cpus=1.5`` is rounded, to at least one core.
    """
    if hasattr(os, "process_cpu_count"):
        cores = os.process_cpu_count() or 1
    else:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min([cores, *(max(1, round(quota)) for quota in cpu_quotas())])


def cpu_quotas(root: Path = Path("/")) -> Iterator[float]:
    """Yield the cores that each control group of this process grants it, from its own group up to the topmost.

    Groups without a limit are left out.

    Parameters
    ----------
    root : Path
        Folder that holds ``proc`` and ``sys``.
    """
    for group in control_groups("cpu", root):
        yield from _quota(group)


def _quota(group: Path) -> Iterator[float]:
    """Yield the quota of one group over its period: version 2 keeps both in one file, version 1 in two."""
    for names in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
        with suppress(OSError, ValueError):  # no such file, or "max": no limit
            quota, period = " ".join((group / name).read_text(encoding="ascii") for name in names).split()
            if int(quota) > 0 and int(period) > 0:
                yield int(quota) / int(period)

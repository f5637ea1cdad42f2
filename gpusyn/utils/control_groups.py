"""The control groups of this process, by which containers and job schedulers limit what it may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def control_groups(controller: str, root: Path = Path("/")) -> Iterator[Path]:
    """Yield the folder of each control group of this process, from its own group up to the topmost.

    In a container its own group may be shown as the topmost, so some of the folders may not exist.

    Parameters
    ----------
    controller : str
        Kind of limit, such as ``"cpu"`` or ``"memory"``.
    root : Path
        Folder that holds ``proc`` and ``sys``.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):  # not Linux, or a sandbox
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers or controller in controllers.split(","):
            top = root / "sys/fs/cgroup" / controllers
            parts = Path(path).parts[1:]
            for depth in range(len(parts), -1, -1):
                yield top.joinpath(*parts[:depth])

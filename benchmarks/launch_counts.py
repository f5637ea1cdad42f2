"""Kernel launches per step of networks of every kind, as `plan()` counts them."""

from __future__ import annotations

from collections.abc import Callable

import gpusyn as gs
from benchmarks import cases
from gpusyn.commands.bench_cases import CASES

HEADING = """
## Launches per step

The table lists the kernel launches of one step, each of which waits for the one before; a test compares them with
those of `plan()`.

| network | launches |
| --- | --: |
"""
SIZE, FAN_OUT = 1000, 10


def _of(name: str) -> Callable[[], gs.Network]:
    return lambda: CASES[name].network(SIZE, FAN_OUT)


NETWORKS: dict[str, Callable[[], gs.Network]] = {
    **{f"gpusyn bench --case {name}": _of(name) for name in CASES},
    "gpusyn demo": lambda: cases.demo(SIZE)[0],
}


def counted() -> dict[str, int]:
    """Return the launches of each network."""
    return {name: gs.plan(network(), dt=cases.DT).launches for name, network in NETWORKS.items()}


def section(rows: dict[str, int]) -> str:
    """Return the section in Markdown."""
    return HEADING + "".join(f"| `{name}` | {n} |\n" for name, n in rows.items())

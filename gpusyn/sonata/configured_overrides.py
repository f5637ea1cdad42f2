"""The ``connection_overrides`` section of a SONATA configuration: changes of edges between node sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gpusyn.sonata.entries import Entry
from gpusyn.sonata.findings import Findings
from gpusyn.sonata.sections import Section

__all__ = ["Override", "read_overrides"]

KEYS = ("name", "source", "target", "weight", "delay", "synapse_delay_override", "spont_minis")


@dataclass(frozen=True)
class Override:
    """One entry of ``connection_overrides``: a factor of the weights and a delay (ms); ``None`` leaves them alone."""

    source: Any
    target: Any
    weight: float | None
    delay: float | None
    where: str


def read_overrides(simulation: Section, findings: Findings) -> tuple[Override, ...]:
    """Return the overrides in their order; one that cannot be honoured as a whole is a problem."""
    found = []
    for section in simulation.sections("connection_overrides"):
        with findings.step():
            found.append(read_override(Entry(section, findings)))
    return tuple(found)


def read_override(entry: Entry) -> Override:
    """Return one override."""
    move = "gpusyn changes weight and synapse_delay_override alone; take the key out, or change the files"
    for key in entry.data:
        if key not in KEYS:
            entry.fault(key, f"cannot be honoured: {move}")
    for key, what in (
        ("delay", "weights change in the beginning alone"),
        ("spont_minis", "there are no spontaneous releases"),
    ):
        if entry.number(key, "ms" if key == "delay" else "Hz", 0.0, instead=0.0) != 0:
            entry.fault(key, f"must be 0, since in gpusyn {what}; take the key out, or change the files")
    for key in ("source", "target"):
        if key not in entry:
            entry.fault(key, "missing; name a node set")
    weight = entry.number("weight", "") if "weight" in entry else None
    if weight is not None and weight < 0:
        entry.fault("weight", f"must be a factor >= 0 (got {weight:g}); correct it")
    delay = entry.number("synapse_delay_override", "ms") if "synapse_delay_override" in entry else None
    entry.settle()
    return Override(entry.data["source"], entry.data["target"], weight, delay, entry.where())

"""Where a result comes from, and how far it was to go: attributes and times under ``/gpusyn`` of a file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from gpusyn.io.checked import Group
from gpusyn.io.file_layout import fixed_texts
from gpusyn.parameters.scalars import show
from gpusyn.utils.version import __version__

DURATION = "gpusyn/duration"  # planned and reached duration (ms); NaN if not known
KILLED = (
    "killed"  # attribute: 1 if the file of a killed run was repaired; it is made with the file, to need no room then
)


def now() -> str:
    """Return the present time in UTC, after ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Provenance:
    """Facts of a simulation that its files keep.

    Attributes
    ----------
    seed, trial : int
        Seed and trial of the random numbers.
    dt : float
        Time step (ms).
    precision : str
        Precision of the state.
    weights : str
        How weights are stored, "exact" or "compact".
    backend : str
        Backend that computed.
    start : str
        Time at which the simulation began (UTC, ISO 8601).
    version : str
        Version of gpusyn.
    planned, reached : float
        Duration that the simulation was to reach, and that it has reached (ms); NaN if not known.
    """

    seed: int
    trial: int
    dt: float
    precision: str
    weights: str
    backend: str
    start: str = field(default_factory=now)
    version: str = __version__
    planned: float = math.nan
    reached: float = math.nan

    @property
    def origin(self) -> str:
        """Seed and trial in words."""
        return origin_of(asdict(self))


def origin_of(provenance: Mapping[str, Any]) -> str:
    """Return seed and trial in words; an empty string if they are not known.

    >>> origin_of({"seed": 7, "trial": 3, "dt": 0.1})
    'seed 7, trial 3'
    """
    return ", ".join(f"{name} {provenance[name]}" for name in ("seed", "trial") if name in provenance)


# A streamed file gets its attributes when it is made; the durations change later, and are therefore a dataset.
DURATIONS = ("planned", "reached")
KINDS = {"seed": int, "trial": int, "dt": float} | dict.fromkeys(
    ("precision", "weights", "backend", "start", "version"), str
)
ALLOWED: dict[type, Any] = {int: (int, np.integer), float: (float, np.floating), str: str}


def write_provenance(file: Any, provenance: Provenance | None) -> None:
    """Write the attributes of ``/gpusyn`` and the durations; without a simulation only the version."""
    facts = asdict(provenance) if provenance else {"version": __version__}
    for name, value in facts.items():
        if name not in DURATIONS:
            large = isinstance(value, int) and value >= 2**63  # a seed that HDF5 has no integer for
            file["gpusyn"].attrs[name] = fixed_texts([str(value)])[0] if large or isinstance(value, str) else value
    file["gpusyn"].attrs[KILLED] = np.uint8(0)
    file.create_dataset(DURATION, data=np.array([facts.get(name, math.nan) for name in DURATIONS]))


def read_provenance(file: Group) -> dict[str, Any]:
    """Return what a file says of its origin; files of earlier versions and of other simulators say less.

    Raises
    ------
    FileError
        If what it says is damaged.
    """
    if "gpusyn" not in file:
        return {}
    found: dict[str, Any] = {}
    for name, kind in KINDS.items():
        value = file.attribute("gpusyn", name)
        if value is None:
            continue
        if kind is int and isinstance(value, str) and value.isdecimal() and len(value) < 100:
            value = int(value)
        if not isinstance(value, ALLOWED[kind]) or (kind is float and not math.isfinite(value)):
            raise file.error("gpusyn", f"attribute {name}: is {show(value)}; the file is damaged")
        found[name] = kind(value)
    if DURATION in file:
        durations = file.numbers(DURATION).tolist()
        if len(durations) != len(DURATIONS) or math.inf in map(abs, durations):
            raise file.error(DURATION, f"must be two durations in ms (got {show(durations)}); the file is damaged")
        found |= {
            name: duration for name, duration in zip(DURATIONS, durations, strict=True) if not math.isnan(duration)
        }
    return found


STATES = ("running", "killed", "interrupted", "finished")


def note_killed(file: Any) -> None:
    """Note in a file that is repaired that its run was killed; files of earlier versions have no place for it."""
    if KILLED in file["gpusyn"].attrs:
        file["gpusyn"].attrs.modify(KILLED, np.uint8(1))


def was_killed(file: Group) -> bool:
    """Return True if a file says that it was repaired after its run was killed."""
    return "gpusyn" in file and file.attribute("gpusyn", KILLED) == 1


def status(provenance: Mapping[str, Any], flagged: bool, written: bool, killed: bool) -> str:
    """Return the state of a result: one of STATES.

    Parameters
    ----------
    provenance : mapping of str
        As :func:`read_provenance` returns it.
    flagged : bool
        True if the file was not closed.
    written : bool
        True if a process is writing the file.
    killed : bool
        True if the file says that its run was killed.
    """
    if flagged or killed:
        return "running" if written else "killed"
    reached = provenance.get("reached", 0.0)
    return "interrupted" if reached < provenance.get("planned", reached) else "finished"

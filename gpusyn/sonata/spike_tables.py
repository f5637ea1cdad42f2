"""Spike files of other layouts than SONATA's: CSV tables, and NWB files of version 1 (BMTK) and 2 (units)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gpusyn.errors import FileError
from gpusyn.io.checked import Group
from gpusyn.io.stored_values import listed
from gpusyn.parameters.scalars import show
from gpusyn.sonata.word_tables import read_columns
from gpusyn.utils.typing import Array, Floats, Integers

__all__ = ["read_csv", "read_nwb"]

Spikes = tuple[Array | None, Integers, Floats]  # populations, or None if the file names none; ids; times (ms)


def read_csv(path: Path) -> Spikes:
    """Read a table with the columns timestamps (ms), node_ids and, often, population; or gid and spike-times.

    In the latter, a row lists all times of a node, separated by commas.
    """
    try:
        with path.open(encoding="utf-8-sig") as stream:
            header = stream.readline(1000)
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: cannot be read as a table ({error}); give a CSV file") from None
    separator = next((one for one in " \t,;" if one in header.strip()), " ")
    if "spike-times" in header:
        table = read_columns(path, separator, ("gid", "spike-times"))
        lists = [text.split(",") if text else [] for text in table["spike-times"]]
        gids = [gid for gid, times in zip(table["gid"], lists, strict=True) for _ in times]
        return None, _whole(gids, path), _numbers([time for times in lists for time in times], path)
    table = read_columns(path, separator, ("timestamps", "node_ids"))
    populations = np.array(table["population"], dtype=object) if "population" in table else None
    return populations, _whole(table["node_ids"], path), _numbers(table["timestamps"], path)


def read_nwb(file: Group, trial: str) -> Spikes:
    """Read the units of an NWB file (s), or the trains below ``/processing/<trial>/spike_train`` (ms) as BMTK does."""
    if "units" in file:
        units = file.group("units")
        ends, ids = units.integers("spike_times_index"), units.integers("id")
        times = 1000.0 * units.numbers("spike_times").astype(np.float64)
        counts = np.diff(ends, prepend=0)
        if len(ids) != len(ends) or (counts < 0).any() or counts.sum() != len(times):
            raise units.error("spike_times_index", "does not fit to id and spike_times; correct the file")
        return None, np.repeat(ids, counts), times
    if "processing" not in file:
        raise FileError(f"{file.file}: has neither /units nor /processing; give an NWB file with spikes")
    processing = file.group("processing")
    names = processing.names()
    if not trial and len(names) == 1:
        trial = names[0]
    if trial not in names:
        raise processing.error("", f"give one of its groups as trial (got {show(trial)}; found: {listed(names)})")
    trains = processing.group(f"{trial}/spike_train")
    nodes = trains.names()
    times_of = [trains.numbers(f"{node}/data").astype(np.float64) for node in nodes]
    ids = _whole([node for node, one in zip(nodes, times_of, strict=True) for _ in one], file.file)
    return None, ids, np.concatenate([np.empty(0), *times_of])


def _whole(texts: Sequence[str], path: Path) -> Integers:
    for text in texts:
        if not text.isdecimal() or len(text) > 18:
            raise FileError(f"{path}: a node id must be a whole number >= 0 (got {show(text)}); correct the file")
    return np.array([int(text) for text in texts], dtype=np.int64)


def _numbers(texts: Sequence[str], path: Path) -> Floats:
    try:
        return np.array([float(text) for text in texts])
    except ValueError as error:
        raise FileError(f"{path}: a time must be a number ({error}); correct the file") from None

"""Damage to files, chosen by a number: the same number always gives the same damage to the same file.

A file is damaged in its bytes, or, if it is HDF5, JSON or CSV, in what it says.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.damaged.byte_damage import BYTES, Random, any_of
from tests.damaged.hdf5_damage import CONTENT, change_hdf5, shape_bytes
from tests.damaged.text_damage import change_csv, change_json


def seeded(number: int) -> Random:
    return np.random.default_rng(number)


CHANGES: dict[str, tuple[Callable[[Path, str, Random], None], tuple[str, ...]]] = {
    ".h5": (change_hdf5, tuple(CONTENT)),
    ".json": (change_json, ("deleted", "changed", "deep", "encoded")),
    ".csv": (change_csv, ("deleted", "changed")),
}


def damage(path: Path, random: Random) -> str:
    """Damage a file and return the name of what was done."""
    change, kinds = CHANGES[path.suffix]
    share = random.random()
    if share < 0.5:
        one = any_of(random, BYTES)
        path.write_bytes(one(bytearray(path.read_bytes()), random))
        return str(one.__name__)
    if path.suffix == ".h5" and share < 0.55:
        shape_bytes(path, random)
        return "shape_bytes"
    kind = any_of(random, kinds)
    change(path, kind, random)
    return kind

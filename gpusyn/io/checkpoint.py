"""The file of a checkpoint: facts as one text, and arrays beside it, put in place when it is complete.

What is stored is a tree of mappings from str. Its arrays are datasets of the same path under ``/checkpoint``, flat;
everything else, and type and shape of each array, is JSON in the dataset ``facts``. HDF5 keeps a checksum of every
block of data and of its own tables, so that a damaged file is noticed when it is read.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gpusyn.errors import FileError
from gpusyn.io.atomic import replacing
from gpusyn.io.checked import Group, opened
from gpusyn.io.file_layout import fixed_texts, group_name
from gpusyn.io.formats import check_format
from gpusyn.io.hdf5 import SUFFIXES, hdf5
from gpusyn.io.held_file import HeldFile
from gpusyn.io.open_recorders import INDEX, INDEX_OF_CHUNK
from gpusyn.io.stored_values import DAMAGED
from gpusyn.io.targets import check_place
from gpusyn.utils.typing import Array
from gpusyn.utils.version import __version__

FORMAT = 1  # see docs/versions.md
ROOT = "checkpoint"
FACTS = f"{ROOT}/facts"
ARRAYS = f"{ROOT}/arrays"
ARRAY = ""  # the one key, which no object can have as a name, of what stands for an array in the facts: [type, shape]
CHECKED = ("v110", "v110")  # format of HDF5 whose tables have checksums
CHUNK = 2**20  # bytes
WHAT = "a checkpoint"

Tree = Mapping[str, Any]


def check_checkpoint(path: Path) -> None:
    """Raise a FileError unless a checkpoint can be written here without loss: in the place of another one, or of none.

    Raises
    ------
    FileError
        If the name does not end in .h5, the directory is missing or cannot be written, or another file is there.
    """
    check_place(path, SUFFIXES, WHAT, _check_replaced)


def _check_replaced(path: Path) -> None:
    try:
        with opened(path) as file:
            found = ROOT in file
    except FileError as error:
        raise FileError(f"{error}, or remove it: only checkpoints are overwritten") from None
    if not found:
        raise FileError(f"{path}: is not a checkpoint; choose another name: only checkpoints are overwritten")


def write_checkpoint(path: Path, content: Tree) -> None:
    """Write a checkpoint under its name when it is complete; until then, the one of before is there.

    Raises
    ------
    FileError
        If it cannot be written; what was there is unchanged.
    """
    check_checkpoint(path)
    arrays: dict[str, Array] = {}
    facts = json.dumps(_facts(content, ARRAYS, arrays), default=np.generic.item).encode()
    arrays[FACTS] = np.frombuffer(facts, np.uint8)
    with replacing([path]) as (temporary,):
        with hdf5().File(temporary, "w", libver=CHECKED) as file:
            root = file.create_group(ROOT)
            root.attrs["format"] = np.int64(FORMAT)
            root.attrs["version"] = fixed_texts([__version__])[0]
        held = HeldFile(temporary, mark=False)
        try:
            held.reserve(os.path.getsize(temporary) + sum(map(_room, arrays.values())))
            with hdf5().File(temporary, "r+", libver=CHECKED) as file:
                for name, array in arrays.items():
                    file.create_dataset(name, data=array, chunks=_chunks(array), fletcher32=True)
                file.flush()
            held.finish()
        finally:
            held.release()


def _facts(content: Any, path: str, arrays: dict[str, Array]) -> Any:
    """Return a tree as JSON has it, and collect its arrays by path; empty ones need no place."""
    if isinstance(content, np.ndarray):
        if content.size:
            arrays[path] = np.ascontiguousarray(content).reshape(-1)
        return {ARRAY: [content.dtype.str, list(content.shape)]}
    if isinstance(content, Mapping):
        return {key: _facts(value, f"{path}/{group_name(key)}", arrays) for key, value in content.items()}
    return content


def _chunks(array: Array) -> tuple[int, ...]:
    return (max(1, min(array.size, CHUNK // array.itemsize)),)


def _room(array: Array) -> int:
    """Return the bytes that a file may grow by for an array."""
    (chunk,) = _chunks(array)
    chunks = -(-array.size // chunk)
    return chunks * (chunk * array.itemsize + INDEX_OF_CHUNK) + INDEX


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return what a checkpoint holds.

    Raises
    ------
    FileError
        If there is no such file, it is damaged, it is another kind of file, or a newer version of gpusyn wrote it.
    """
    with opened(path) as file:
        if ROOT not in file:
            raise FileError(f"{path}: is not a checkpoint; give a file that Simulator.save_checkpoint() wrote")
        check_format(file, ROOT, FORMAT)
        try:
            facts = json.loads(file.numbers(FACTS).astype(np.uint8).tobytes())
        except (ValueError, RecursionError) as error:
            raise file.error(FACTS, f"cannot be read ({error}); {DAMAGED}") from None
        if not isinstance(facts, dict):
            raise file.error(FACTS, f"must be a mapping; {DAMAGED}")
        content: dict[str, Any] = _tree(facts, ARRAYS, file)
    return content


def _tree(facts: Any, path: str, file: Group) -> Any:
    """Return the tree of facts, with their arrays."""
    if not isinstance(facts, dict):
        return facts
    if facts.keys() == {ARRAY} and isinstance(facts[ARRAY], list):
        return _array(facts[ARRAY], path, file)
    return {key: _tree(value, f"{path}/{group_name(key)}", file) for key, value in facts.items()}


def _array(noted: list[Any], path: str, file: Group) -> Array:
    try:
        dtype, shape = np.dtype(noted[0]), tuple(map(int, noted[1]))
        size = math.prod(shape)
    except (TypeError, ValueError, IndexError):
        raise file.error(path, f"has no type and shape; {DAMAGED}") from None
    found = file.numbers(path) if size else np.zeros(0, dtype)
    if found.dtype != dtype or found.size != size or min(shape, default=0) < 0:
        raise file.error(path, f"must hold {size} values of {dtype} (holds {found.size} of {found.dtype}); {DAMAGED}")
    return found.reshape(shape)

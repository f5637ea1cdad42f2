"""Damage to what an HDF5 file says: values, types, shapes, links, attributes and groups."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from gpusyn.io.superblock import CHECKED, FLAGS_AT, WRITING, Superblock, lookup3, read_superblock
from tests.damaged.byte_damage import ROWS, Random, any_of


def items(file: Any, kind: type) -> list[str]:
    """Return the names of all datasets or groups."""
    found: list[str] = []
    file.visititems(lambda name, item: found.append(name) if isinstance(item, kind) else None)
    return found


def as_numbers(old: Any) -> Any:
    return old if old.dtype.kind in "iufb" else np.arange(max(old.size, 1))


def text(old: Any) -> Any:
    return np.array([f"n{one}" for one in np.ravel(old)], dtype=h5py.string_dtype())


VALUES: dict[str, Callable[[Any], Any]] = {
    "strings": lambda old: np.array([f"{one}" for one in np.ravel(old)], dtype="S12"),
    "words": text,
    "halves": lambda old: as_numbers(old).astype(float) + 0.5,
    "negative": lambda old: -1 - as_numbers(old).astype(np.int64),
    "huge": lambda old: np.full(np.shape(old), 2**64 - 1, dtype=np.uint64),
    "infinite": lambda old: np.full(np.shape(old), np.inf),
    "nan": lambda old: np.full(np.shape(old), np.nan),
    "large": lambda old: as_numbers(old).astype(np.int64) + 2**33,
    "reversed": lambda old: old[::-1] if np.ndim(old) else old,
    "same": lambda old: np.full_like(as_numbers(old), 1),
    "scalar": lambda old: np.float64(0.5) if np.ndim(old) else np.zeros(3),
    "whole scalar": lambda old: np.int64(3) if np.ndim(old) else np.zeros((1, 1)),
    "one string": lambda old: "scalar",
    "deeper": lambda old: np.asarray(old)[..., None],
    "flat": lambda old: np.ravel(old),
    "none": lambda old: np.asarray(old)[:0] if np.ndim(old) else h5py.Empty("f8"),
    "empty": lambda old: h5py.Empty("f8"),
    "longer": lambda old: np.concatenate([old, old]) if np.ndim(old) else np.zeros(2),
    "shorter": lambda old: np.asarray(old)[:-1] if np.ndim(old) else np.zeros(0),
    "complex": lambda old: as_numbers(old).astype(complex),
    "pairs": lambda old: np.zeros(np.shape(old), dtype=[("a", "i4"), ("b", "f8")]),
    "booleans": lambda old: np.ones(np.shape(old), dtype=bool),
    "bytes": lambda old: np.zeros(np.shape(old), dtype="V8"),
    "not text": lambda old: np.full(np.shape(old), b"\xff\xfe\xc3", dtype="S3"),
    "small type": lambda old: as_numbers(old).astype(np.int8),
    "half precision": lambda old: as_numbers(old).astype(np.float16),
    "big-endian": lambda old: as_numbers(old).astype(">f8"),
    "long double": lambda old: as_numbers(old).astype(np.longdouble),
    "enum": lambda old: np.zeros(np.shape(old), dtype=h5py.enum_dtype({"a": 0}, basetype="i8")),
}  # fmt: skip


def rewrite(name: str, file: Any, place: str, random: Random) -> None:
    old = file[place][()]
    attributes = dict(file[place].attrs)
    del file[place]
    with np.errstate(invalid="ignore"):
        file[place] = VALUES[name](np.asarray(old))
    file[place].attrs.update(attributes)


def declared(file: Any, place: str, random: Random) -> None:
    """Declare a number of rows that the file does not have."""
    shape = (int(any_of(random, (ROWS, 2**31, 2**62))), *file[place].shape[1:])
    attributes, dtype = dict(file[place].attrs), file[place].dtype
    del file[place]
    options = any_of(random, ({}, {"chunks": (1024, *shape[1:])}, {"chunks": True, "compression": "gzip"}))
    if not all(shape):
        return
    file.create_dataset(
        place, shape if "chunks" in options or shape[0] < 2**58 else (ROWS, *shape[1:]), dtype, **options
    )
    file[place].attrs.update(attributes)


def resized(file: Any, place: str, random: Random) -> None:
    """Let a dataset grow that may grow, without data in the new rows."""
    if file[place].maxshape and file[place].maxshape[0] is None:
        file[place].resize(ROWS, axis=0)


def compressed(file: Any, place: str, random: Random) -> None:
    """Store the same values in another way, which is no damage."""
    old, attributes = file[place][()], dict(file[place].attrs)
    if np.ndim(old) and np.size(old):
        del file[place]
        file.create_dataset(place, data=old, chunks=True, compression="gzip", shuffle=True)
        file[place].attrs.update(attributes)


def external_link(file: Any, place: str, random: Random) -> None:
    del file[place]
    file[place] = h5py.ExternalLink(
        any_of(random, ("/etc/passwd", "other.h5", file.filename)), any_of(random, ("/", place))
    )


def soft_link(file: Any, place: str, random: Random) -> None:
    del file[place]
    target = any_of(
        random, ("/nowhere", f"/{place}", "/", f"/{place}/x", *(f"/{name}" for name in items(file, object)))
    )
    file[place] = h5py.SoftLink(target)


def external_storage(file: Any, place: str, random: Random) -> None:
    shape, dtype = file[place].shape, file[place].dtype
    if shape and dtype.kind in "iuf":
        del file[place]
        file.create_dataset(place, shape, dtype, external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def virtual(file: Any, place: str, random: Random) -> None:
    shape, dtype = file[place].shape, file[place].dtype
    if shape and all(shape) and dtype.kind in "iuf":
        del file[place]
        layout = h5py.VirtualLayout(shape, dtype)
        layout[...] = h5py.VirtualSource("other.h5", "x", shape)
        file.create_virtual_dataset(place, layout)


def references(file: Any, place: str, random: Random) -> None:
    shape = file[place].shape
    del file[place]
    file.create_dataset(place, shape, any_of(random, (h5py.ref_dtype, h5py.vlen_dtype(np.int32))))


def to_group(file: Any, place: str, random: Random) -> None:
    del file[place]
    file.create_group(place)


def to_dataset(file: Any, place: str, random: Random) -> None:
    place = any_of(random, items(file, h5py.Group))
    del file[place]
    file[place] = any_of(random, (3, "text", np.arange(3)))


def named_type(file: Any, place: str, random: Random) -> None:
    del file[place]
    file[place] = np.dtype("f8")


def deleted(file: Any, place: str, random: Random) -> None:
    del file[any_of(random, items(file, object))]


def circle(file: Any, place: str, random: Random) -> None:
    group = any_of(random, items(file, h5py.Group))
    file[f"{group}/{any_of(random, ('again', '7', 'more'))}"] = file[any_of(random, ("/", group))]


def renamed(file: Any, place: str, random: Random) -> None:
    old = any_of(random, items(file, object))
    new = any_of(random, ("x", "é", "²", "0", "9" * 30, "a b", "x" * 3000, *items(file, object)))
    parent = old.rpartition("/")[0]
    if f"{parent}/{new}".strip("/") not in file:
        file.move(old, f"{parent}/{new}")


def attribute(file: Any, place: str, random: Random) -> None:
    """Give an attribute another value or type, or remove it."""
    holders = [name for name in ["/", *items(file, object)] if len(file[name].attrs)]
    if not holders:
        return
    attrs = file[any_of(random, holders)].attrs
    name = any_of(random, attrs)
    junk = (None, 3, -1.5, np.nan, "x", "", b"\xff", ["a", "b"], np.arange(4), np.zeros((2, 2)), h5py.Empty("f8"),
            2**63, np.zeros(1, dtype=[("a", "i4")]), np.array([1 + 2j]), True, "x" * 5000)  # fmt: skip
    value = any_of(random, junk)
    del attrs[name]
    if value is not None:
        attrs[name] = value


def shape_bytes(path: Path, random: Random) -> None:
    """Write a huge number over the bytes that hold the length of a dataset."""
    with unflagged(path), h5py.File(path) as file:
        lengths = [
            file[name].shape[0] for name in items(file, h5py.Dataset) if file[name].shape and file[name].shape[0]
        ]
    data = bytearray(path.read_bytes())
    wanted = struct.pack("<Q", any_of(random, lengths or [1]))
    places = [at for at in range(0, len(data) - 8) if data[at : at + 8] == wanted]
    for at in random.choice(places, min(len(places), 2), replace=False) if places else []:
        data[at : at + 8] = struct.pack("<Q", any_of(random, (ROWS, 2**62, 0)))
    path.write_bytes(data)


CONTENT: dict[str, Callable[[Any, str, Random], None]] = {
    **{name: lambda file, place, random, name=name: rewrite(name, file, place, random) for name in VALUES},
    **{one.__name__: one for one in (
        declared, resized, compressed, external_link, soft_link, external_storage, virtual, to_group, to_dataset,
        references, named_type, deleted, circle, renamed, attribute)},
}  # fmt: skip


@contextmanager
def unflagged(path: Path) -> Iterator[None]:
    """Hide inside the context that a killed writer left the file, since h5py does not open such files."""
    block = read_superblock(path)
    assert block is not None
    if block.flagged:
        block.cleared(path.stat().st_size).write(path)
    yield
    if block.flagged:
        set_flag(path)


def change_hdf5(path: Path, kind: str, random: Random) -> None:
    with unflagged(path), h5py.File(path, "r+") as file:
        CONTENT[kind](file, any_of(random, items(file, h5py.Dataset)), random)


def set_flag(path: Path) -> None:
    """Mark a file as a killed writer leaves it."""
    block = read_superblock(path)
    assert block is not None
    raw = bytearray(block.raw)
    raw[FLAGS_AT] = WRITING
    raw[CHECKED:] = struct.pack("<I", lookup3(bytes(raw[:CHECKED])))
    Superblock(block.at, bytes(raw)).write(path)

"""Reading of HDF5 files, the only place that does it: every item is checked before it is read.

A file may be damaged, or come from somebody else. Before anything is read, its kind (group or dataset), its type, its
number of dimensions and its declared size are checked, so that a wrong file gives one FileError that names the item,
and never a huge allocation. Contents that lie outside the file (external links, external storage, virtual datasets) are
refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from gpusyn.errors import FileError
from gpusyn.io.hdf5 import hdf5, reading
from gpusyn.io.stored_values import DAMAGED, MILLISECONDS, decoded, ids_of, listed, whole
from gpusyn.parameters.scalars import show
from gpusyn.utils.held_signals import held_signals
from gpusyn.utils.typing import Array, Floats, Integers

# Bytes that a dataset may declare without storing them: chunks that were never written hold the fill value.
SPARSE = 2**24
SOFT_LINKS = 8  # followed one after another, at most
KINDS = {"i": "whole numbers", "u": "whole numbers", "f": "numbers", "b": "booleans", "S": "strings", "V": "records",
         "c": "complex numbers", "O": "references"}  # fmt: skip


@contextmanager
def opened(path: Path) -> Iterator[Group]:
    """Open a file for reading, whether it is finished, being written or left by a killed run.

    Parameters
    ----------
    path : pathlib.Path
        HDF5 file.

    Yields
    ------
    Group
        Root group of the file.

    Raises
    ------
    FileError
        If there is no such file, or it is not an HDF5 file, or it is damaged.
    MissingDependencyError
        If h5py is not installed.
    """
    with reading(path) as file:
        yield Group(file, path, path.stat().st_size)


@contextmanager
def library_errors(path: Path, item: str) -> Iterator[None]:
    """Raise a FileError about an item if h5py fails inside the context.

    On damaged files h5py raises nearly every kind of exception, so all kinds are caught; only calls of h5py belong
    inside. Signals wait until they are done, so that none of the exceptions comes from a handler of the user.
    """
    with held_signals():
        try:
            yield
        except FileError:
            raise
        except Exception as error:
            reason = " ".join(str(error.args[0] if error.args else type(error).__name__).split())[:300]
            raise FileError(f"{path}: {item}: cannot be read ({reason}); {DAMAGED}") from None


class Group:
    """A group of an open file.

    Parameters
    ----------
    item : h5py.Group
        The group.
    file : pathlib.Path
        Path of the file, for messages.
    stored : int
        Size of the file (bytes).
    """

    def __init__(self, item: Any, file: Path, stored: int) -> None:
        self.item, self.file, self.stored = item, file, stored

    @property
    def name(self) -> str:
        """Path of the group in the file, such as ``/nodes/cells``."""
        return str(self.item.name)

    def where(self, path: str = "") -> str:
        """Return the file and the path of an item in it, as messages name it."""
        return f"{self.file}: {self._inside(path)}"

    def _inside(self, path: str) -> str:
        return f"{self.name.rstrip('/')}/{path}" if path else self.name

    def error(self, path: str, text: str) -> FileError:
        """Return a FileError that states `text` about an item."""
        return FileError(f"{self.where(path)}: {text}")

    def names(self) -> list[str]:
        """Return the names of all items in the group."""
        with library_errors(self.file, self.name):
            return [str(name) for name in self.item]

    def __contains__(self, path: str) -> bool:
        above, _, name = path.rpartition("/")
        group = self.item if not above else self.get(above) if above in self else None
        with library_errors(self.file, self._inside(path)):
            return isinstance(group, hdf5().Group) and bool(group.id.links.exists(name.encode()))

    def get(self, path: str, links: int = SOFT_LINKS) -> Any:
        """Return an item of the file; raise a FileError if it is missing or lies in another file."""
        h5py = hdf5()
        item = self.item
        for name in path.strip("/").split("/"):
            with library_errors(self.file, self._inside(path)):
                # h5py's `name in group` opens other files to find out.
                found = isinstance(item, h5py.Group) and item.id.links.exists(name.encode())
                kind = item.id.links.get_info(name.encode()).type if found else None
                target = (
                    item.id.links.get_val(name.encode())
                    if kind in (h5py.h5l.TYPE_SOFT, h5py.h5l.TYPE_EXTERNAL)
                    else b""
                )
            if kind is None:
                raise self._missing(path)
            if kind == h5py.h5l.TYPE_SOFT:
                item = self._follow(item, target.decode(errors="replace"), path, links)
            elif kind != h5py.h5l.TYPE_HARD:
                raise self.error(path, f"is a link to another file, {show(target)}; copy the data into this file")
            else:
                with library_errors(self.file, self._inside(path)):
                    item = item[name]
        return item

    def _follow(self, group: Any, target: str, path: str, links: int) -> Any:
        if not links or not target.strip("/"):
            raise self.error(path, f"is a link to {show(target)}, which leads nowhere; {DAMAGED}")
        start = group.file if target.startswith("/") else group
        return Group(start, self.file, self.stored).get(target, links - 1)

    def _missing(self, path: str) -> FileError:
        return self.error(path, f"missing; SONATA requires it (found here: {listed(self.names())})")

    def group(self, path: str) -> Group:
        """Return a group below this one."""
        item = self.get(path)
        if not isinstance(item, hdf5().Group):
            raise self.error(path, f"must be a group; {DAMAGED}")
        return Group(item, self.file, self.stored)

    def is_dataset(self, path: str) -> bool:
        """Return True if an item is a dataset."""
        return isinstance(self.get(path), hdf5().Dataset)

    def dataset(self, path: str, dimensions: int = 1, rows: int | None = None) -> Any:
        """Return a dataset that can be read safely, or only its first `rows`; nothing is read yet.

        Parameters
        ----------
        path : str
            Path below this group.
        dimensions : int
            Number of dimensions that it must have.
        rows : int, optional
            Number of rows that will be read; all by default.

        Returns
        -------
        h5py.Dataset

        Raises
        ------
        FileError
            If it is missing, is something else, lies in another file, has another number of dimensions, has fewer
            rows, or declares more data than the file holds.
        """
        item = self.get(path)
        if not isinstance(item, hdf5().Dataset):
            raise self.error(path, f"must be a dataset; {DAMAGED}")
        with library_errors(self.file, self._inside(path)):
            elsewhere = item.is_virtual or item.external is not None
            shape, width = item.shape, item.id.get_type().get_size()
        if elsewhere:
            raise self.error(path, "its data are in another file; copy the data into this file")
        if shape is None or len(shape) != dimensions:
            given = "no values" if shape is None else f"shape {shape}"
            raise self.error(path, f"must have {dimensions} dimension{'s'[: dimensions - 1]} (has {given}); {DAMAGED}")
        if rows is not None and rows > shape[0]:
            raise self.error(path, f"must have {rows} rows (has {shape[0]}); the file is damaged or truncated")
        self._check_size(item, path, math.prod((shape[0] if rows is None else rows, *shape[1:])) * width)
        return item

    def _check_size(self, item: Any, path: str, declared: int) -> None:
        """Raise a FileError if a dataset declares more data than are in the file; filters may have shrunk them."""
        if declared <= max(self.stored, SPARSE):
            return
        held = 0
        with library_errors(self.file, self._inside(path)):
            if item.chunks is not None:
                held = item.id.get_num_chunks() * math.prod(item.chunks) * item.id.get_type().get_size()
        if declared > held + SPARSE:
            raise self.error(
                path, f"declares {declared:,} bytes, but the file has {self.stored:,}; the file is damaged or truncated"
            )

    def length(self, path: str, dimensions: int = 1) -> int:
        """Return the number of rows of a dataset."""
        return int(self.dataset(path, dimensions, rows=0).shape[0])

    def _number_dataset(self, path: str, dimensions: int, rows: int | None) -> Any:
        """Return a dataset of real numbers; refuse every other type."""
        item = self.dataset(path, dimensions, rows)
        with library_errors(self.file, self._inside(path)):
            kind = item.dtype.kind
        if kind not in "iufb":
            raise self.error(path, f"must hold numbers (holds {KINDS.get(kind, 'something else')}); {DAMAGED}")
        return item

    def number_type(self, path: str, dimensions: int = 1, rows: int | None = None) -> np.dtype[Any]:
        """Return the type of the numbers of a dataset."""
        dtype: np.dtype[Any] = self._number_dataset(path, dimensions, rows).dtype
        return dtype

    def numbers(self, path: str, dimensions: int = 1, rows: int | None = None) -> Array:
        """Return numbers as they are stored."""
        item = self._number_dataset(path, dimensions, rows)
        with library_errors(self.file, self._inside(path)):
            return np.asarray(item[()] if rows is None else item[:rows])

    def finite(self, path: str, count: int | None = None, rows: int | None = None, unit: float = 1.0) -> Floats:
        """Return finite numbers times `unit` as float64, exactly `count` of them if it is given."""
        with np.errstate(over="ignore"):
            values = self.numbers(path, rows=rows).astype(np.float64) * unit
        if count is not None and len(values) != count:
            raise self.error(path, f"must hold {count} numbers (holds {len(values)}); {DAMAGED}")
        if not np.isfinite(values).all():
            raise self.error(path, f"must be finite (got {values[~np.isfinite(values)][0]}); {DAMAGED}")
        return values

    def integers(self, path: str, rows: int | None = None) -> Integers:
        """Return whole numbers >= 0, such as indices and counts, as int64."""
        values = self.numbers(path, rows=rows)
        return whole(values, self.where(path))

    def ids(self, path: str, rows: int | None = None) -> Array:
        """Return ids, whole numbers from 0 to 2^64 - 1, as int64, or as uint64 if one of them needs it."""
        return ids_of(self.numbers(path, rows=rows), self.where(path))

    def unit_of_time(self, path: str) -> float:
        """Return the milliseconds in the unit of a dataset, which its attribute or that of its group names; or 1."""
        name = self.attribute_text(path, "units", default=self.attribute_text("", "units", default="")) or "ms"
        if name.strip().lower() not in MILLISECONDS:
            raise self.error(path, f"unknown unit of time {show(name)}; write ms or s into its attribute units")
        return MILLISECONDS[name.strip().lower()]

    def texts(self, path: str) -> list[str]:
        """Return strings."""
        item = self.dataset(path)
        with library_errors(self.file, self._inside(path)):
            kind, is_text = item.dtype.kind, self._is_text(item.dtype)
        if not is_text:
            raise self.error(path, f"must hold strings (holds {KINDS.get(kind, 'something else')}); {DAMAGED}")
        with library_errors(self.file, self._inside(path)):
            return [decoded(one) for one in item[()]]

    def _is_text(self, dtype: Any) -> bool:
        """Return True for strings; raise a ValueError if they cannot be read safely."""
        kind = hdf5().check_string_dtype(dtype)
        if kind is not None and kind.length is None and self.item.file.driver != "fileobj":
            # See gpusyn.io.heap_check: HDF5 may not come back from them. gpusyn writes strings of fixed length.
            raise ValueError("strings of variable length are not read from a file that is being written")
        return kind is not None

    def column(self, path: str) -> Array:
        """Return numbers, or strings as an array of str objects, whichever the dataset holds."""
        item = self.dataset(path)
        with library_errors(self.file, self._inside(path)):
            is_text = self._is_text(item.dtype)
        return np.array(self.texts(path), dtype=object) if is_text else self.numbers(path)

    def attribute(self, path: str, name: str) -> Any:
        """Return an attribute of an item (of this group if `path` is empty), a number or a str; None if absent."""
        item = self.get(path) if path else self.item
        place = f"{self._inside(path)}, attribute {name}"
        with library_errors(self.file, place):
            if name not in item.attrs:
                return None
            facts = item.attrs.get_id(name)
            # A damaged attribute may declare any number of values; only single ones are read.
            single = facts.shape is not None and math.prod(facts.shape) == 1
            self._is_text(facts.dtype)
            value = np.ravel(item.attrs[name])[0] if single else None
            value = decoded(value) if isinstance(value, str | bytes) else value
        if not isinstance(value, str | int | float | np.number | np.bool_):
            raise FileError(f"{self.file}: {place}: must be one number or string; {DAMAGED}")
        return value

    def attribute_text(self, path: str, name: str, default: str | None = None) -> str:
        """Return an attribute that is a string."""
        value = self.attribute(path, name)
        value = default if value is None else value
        if not isinstance(value, str):
            raise self._wrong_attribute(path, name, value, "a string")
        return value

    def attribute_number(self, path: str, name: str) -> float:
        """Return an attribute that is a finite number."""
        value = self.attribute(path, name)
        if value is None or isinstance(value, str) or not math.isfinite(value):
            raise self._wrong_attribute(path, name, value, "a finite number")
        return float(value)

    def _wrong_attribute(self, path: str, name: str, value: Any, allowed: str) -> FileError:
        fault = "missing; SONATA requires it" if value is None else f"must be {allowed} (got {show(value)}); {DAMAGED}"
        return FileError(f"{self.where(path)}, attribute {name}: {fault}")

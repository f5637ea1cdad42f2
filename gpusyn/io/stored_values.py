"""Values from files, as gpusyn uses them: whole numbers, text, and lists of names in messages."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np

from gpusyn.errors import FileError
from gpusyn.utils.typing import Array, Integers

DAMAGED = "the file is damaged, or has another layout"

#: Milliseconds in a unit of time, by the names that files give to it.
MILLISECONDS = {"ms": 1.0, "msec": 1.0, "millisecond": 1.0, "milliseconds": 1.0,
                "s": 1e3, "sec": 1e3, "second": 1e3, "seconds": 1e3,
                "us": 1e-3, "microsecond": 1e-3, "microseconds": 1e-3}  # fmt: skip


def whole(values: Array, where: str) -> Integers:
    """Return numbers as int64; raise a FileError if one is not a whole number >= 0."""
    if values.dtype.kind == "f":
        values = values.astype(np.float64)
        # Above 2^53, a double no longer tells one whole number from the next.
        wrong = ~((values >= 0) & (values <= 2.0**53) & (values == np.floor(values)))
    else:
        wrong = ~((values >= 0) & (values <= 2**63 - 1))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise FileError(f"{where}: must be whole numbers >= 0 (got {values[row]} in row {row}); {DAMAGED}")
    return values.astype(np.int64)


def ids_of(values: Array, where: str) -> Array:
    """Return ids as int64, or as uint64 if one of them needs 64 bits; refuse the same as `whole`.

    >>> ids_of(np.array([3, 2**64 - 1], np.uint64), "node_ids")
    array([                   3, 18446744073709551615], dtype=uint64)
    """
    wide = values.dtype == np.uint64 and bool((values > 2**63 - 1).any())
    return values if wide else whole(values, where)


def listed(names: Iterable[str]) -> str:
    """Return names as messages list them; a damaged file may have many, and long ones.

    >>> listed(["spikes", "x" * 200])
    'spikes, xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...'
    """
    plain = (" ".join(name.split()) for name in islice(names, 13))
    first = [name if len(name) <= 43 else f"{name[:40]}..." for name in plain]
    return ", ".join([*first[:12], "..."] if len(first) > 12 else first) or "(nothing)"


def decoded(value: Any) -> str:
    """Return text from a file as a str.

    >>> decoded(b"mV"), decoded("ms")
    ('mV', 'ms')
    """
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)

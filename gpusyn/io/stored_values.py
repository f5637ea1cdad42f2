"""Values from files, as gpusyn uses them: whole numbers, text, and lists of names in messages."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np

from gpusyn.errors import FileError
from gpusyn.utils.typing import Array, Integers

DAMAGED = "the file is damaged, or has another layout"


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

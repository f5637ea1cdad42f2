"""Files that appear under their own name only when they are complete."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gpusyn.io.hdf5 import writing
from gpusyn.utils.held_signals import held_signals


@contextmanager
def replacing(targets: Sequence[Path], outdated: Sequence[Path] = ()) -> Iterator[list[Path]]:
    """Yield temporary paths beside the targets, and rename them to the targets at the end, all of them or none.

    Outdated files are then removed. Signals wait meanwhile: some new files among old ones would be a mixed result.

    Raises
    ------
    FileError
        If writing fails; the targets are then unchanged.
    """
    temporaries = [target.with_name(f".gpusyn-{secrets.token_hex(6)}.tmp") for target in targets]
    place = targets[0] if len(targets) == 1 else (*targets, *outdated)[0].parent
    try:
        with writing(place):
            yield temporaries
            for temporary in temporaries:
                with temporary.open("rb+") as stream:
                    os.fsync(stream.fileno())
            with held_signals():
                for temporary, target in zip(temporaries, targets, strict=True):
                    os.replace(temporary, target)
                for file in outdated:
                    file.unlink(missing_ok=True)
    finally:
        for temporary in temporaries:
            temporary.unlink(missing_ok=True)

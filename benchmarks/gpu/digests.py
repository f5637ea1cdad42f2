"""Digests that a CPU makes beforehand: ``python -m benchmarks.gpu.digests`` prints which differ from digests.json.

``--write`` renews the file; `--only` names networks, or "drawn". The full networks need 5 GB and some minutes. Write
only where results change on purpose, and say why in the commit.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
from collections.abc import Iterator
from typing import Any

from benchmarks.gpu.setups import DIGESTS, FULL, LENGTH, TINY, digest_on, stored
from tests.helpers.choices import Seeded
from tests.helpers.networks import Case, seeded_case
from tests.helpers.runs import Outcome, play

DRAWN = 200  # networks


def drawn(number: int) -> tuple[Case, dict[str, Any]]:
    """Return a drawn network, and how it is played on the device: block, chunks, cuts and a reset.

    What is said about rounded delays is of no interest.
    """
    choices = Seeded(-1 - number)
    cuts = [choices.whole(0, 20) for _ in range(choices.whole(0, 3))]
    how = {
        "block": choices.one_of((32, 64, 96, 128, 256)),
        "chunk_steps": choices.one_of((None, 1, 7, 33)),
        "cuts": cuts,
        "reset_at": choices.one_of((0, 0, 5, 19)),
    }
    return seeded_case(number), how


def digest(found: Outcome) -> str:
    """Return the digest of everything that a network shows: spikes, traces, weights and states."""
    made = hashlib.sha256()
    for name, array in found.items():
        made.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        made.update(array.tobytes())
    return made.hexdigest()[:LENGTH]


def played(case: Case, backend: Any, **how: Any) -> Outcome:
    """Play a drawn network, without what is said about rounded delays."""
    with contextlib.redirect_stderr(io.StringIO()):
        return play(case, backend, **how)


def make(names: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield names with what they have in the file, computed now."""
    if "drawn" in names:
        yield "drawn", [digest(played(drawn(number)[0], "numpy")) for number in range(DRAWN)]
    for name in names:
        if name in FULL:
            yield f"{name}, tiny", digest_on(TINY[name], "cpu")
            yield name, digest_on(FULL[name], "cpu")


def main() -> int:
    """Compare with the file, or write it; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.digests", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the file instead of comparing with it")
    parser.add_argument("--only", nargs="+", choices=["drawn", *FULL], default=["drawn", *FULL])
    options = parser.parse_args()
    known: dict[str, Any] = stored() if DIGESTS.exists() else {"drawn": [], "networks": {}}
    different = 0
    for name, found in make(options.only):
        place = known if name == "drawn" else known["networks"]
        if found != place.get(name):
            different += 1
            print(f"different: {name}", flush=True)
        place[name] = found
        if options.write:
            DIGESTS.write_text(json.dumps(known, indent=0) + "\n", encoding="utf-8")
    print(f"{different} differ")
    return int(different > 0 and not options.write)


if __name__ == "__main__":
    raise SystemExit(main())

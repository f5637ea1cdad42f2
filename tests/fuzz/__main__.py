"""Fuzzing by hand.

``python -m tests.fuzz CALL NAME=JUNK ...`` repeats one case and shows what comes of it;
``python -m tests.fuzz all [PREFIX ...]`` makes every case of the calls whose names begin so, and prints the findings;
``python -m tests.fuzz pairs SEED COUNT`` changes two arguments at a time.
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "Agg")

from tests.fuzz.sweep import Sweep, parsed, perform, random_pairs, single_cases


def main(words: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        sweep = Sweep(Path(folder), report=sys.stdout)
        if words[:1] == ["all"]:
            begin = tuple(words[1:]) or ("",)
            cases = [case for case in single_cases(sweep.world()) if case.call.startswith(begin)]
        elif words[:1] == ["pairs"] and len(words) == 3:
            cases = list(itertools.islice(random_pairs(sweep.world(), int(words[1])), int(words[2])))
        elif words:
            os.chdir(sweep.scratch)
            print(perform(parsed(words), sweep.world()))
            return 0
        else:
            print(__doc__)
            return 2
        found = sweep.run(cases)
        print(f"{len(cases)} calls, {len(found)} findings")
        return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The process of one part: ``python -m benchmarks.gpu NAME --out DIR``."""

from __future__ import annotations

import argparse
import importlib
import sys
import traceback
from pathlib import Path

from benchmarks.gpu.parts import PARTS
from benchmarks.gpu.task import FAILED, LEFT_OUT, PASSED, LeftOutError, PartFailedError, Task


def main() -> int:
    """Run one part, and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("name", choices=[part.name for part in PARTS])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tiny", action="store_true")
    arguments = parser.parse_args()
    task = Task(arguments.name, arguments.out, arguments.tiny)
    module, _, function = next(part.work for part in PARTS if part.name == arguments.name).partition(":")
    try:
        getattr(importlib.import_module(f"benchmarks.gpu.{module}"), function)(task)
    except LeftOutError as reason:
        task.report(why=str(reason))
        return LEFT_OUT
    except Exception as error:
        traceback.print_exc()
        first = str(error).partition("\n")[0][:300]
        task.report(why=first if isinstance(error, PartFailedError) else f"{type(error).__name__}: {first}")
        return FAILED
    return PASSED


if __name__ == "__main__":
    sys.exit(main())

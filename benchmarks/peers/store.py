"""The results: one JSON file, replaced after each run, which a later measurement can go on with."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from gpusyn.commands.bench import machine
from gpusyn.io.atomic import replacing

STORED = Path(__file__).with_name("results.json")
SAME = ("processor", "cores")  # runs of two machines are never compared


class StoredElsewhereError(RuntimeError):
    """The results are those of another machine."""


def begin() -> dict[str, Any]:
    """Return results without runs, with the facts of this machine."""
    return {"machine": {**machine(), "commit": commit()}, "rows": {}}


def commit() -> str:
    """Return the commit of this checkout, with a + if files have changed since; empty where there is none."""
    git = ["git", "-C", str(STORED.parent)]
    try:
        name = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout
        changed = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return name.strip() + ("+" if changed.stdout.strip() else "")


def load(path: Path) -> dict[str, Any]:
    """Return stored results."""
    results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return results


def resume(path: Path) -> dict[str, Any]:
    """Return stored results to go on with, with this commit beside theirs; refuse those of another machine."""
    results, here = load(path), machine()
    commits = results["machine"]["commit"].split(", ")
    results["machine"]["commit"] = ", ".join(dict.fromkeys([*commits, commit()]))
    for name in SAME:
        if results["machine"][name] != here[name]:
            raise StoredElsewhereError(
                f"{path}: its runs are of {results['machine'][name]!r} ({name}), and this is {here[name]!r}; "
                "give another file by --results, or start over with --fresh"
            )
    return results


def save(results: dict[str, Any], path: Path) -> None:
    """Write results; a reader sees the file of before or that of after."""
    with replacing([path]) as (temporary,):
        temporary.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")

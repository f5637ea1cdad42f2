"""The table of docs/pynn.md that compares gpusyn with NEST, both under PyNN.

``python -m tests.helpers.pynn_scripts.table`` runs all scripts on both (half a minute; needs the extra `oracle`) and
renews the table.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.helpers.paths import ROOT
from tests.helpers.pynn_scripts import run
from tests.helpers.pynn_scripts.compare import Compared, Seen, compare, see_both
from tests.helpers.pynn_scripts.observed import ROUNDING
from tests.helpers.pynn_scripts.registry import SCRIPTS
from tests.helpers.receptor_tables import rows, with_tables

PAGE = ROOT / "docs" / "pynn.md"
HEAD = "script | equal but for rounding | differs, by how much (allowed) | why"


def differs(found: Compared) -> str:
    """One quantity, its difference, and what is allowed of it."""
    unit = f" {found.expected.unit}" if found.expected.unit else ""
    return f"{found.name} {found.difference:.1g}{unit} ({found.expected.within:g})"


def line(seen: Seen, script: str) -> list[str]:
    """The cells of one script."""
    found = compare(seen, script)
    equal = [one.name for one in found if one.expected.why == ROUNDING]
    others = [one for one in found if one.expected.why != ROUNDING]
    reasons = dict.fromkeys(one.expected.why for one in others)
    text = (SCRIPTS[script].__doc__ or "").strip().split("\n")[0].rstrip(".")
    return [f"`{script}`: {text}", ", ".join(equal), "; ".join(map(differs, others)), "; ".join(reasons)]


def table() -> str:
    """The whole table."""
    with tempfile.TemporaryDirectory() as folder:
        seen = see_both(Path(folder))
    modules = [module.__name__.rsplit(".", 1)[1] for module in run.MODULES]
    scripts = sorted(SCRIPTS, key=lambda name: modules.index(name.split(".")[0]))
    return rows(HEAD, [line(seen, script) for script in scripts])


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), {"nest": table}), encoding="utf-8")

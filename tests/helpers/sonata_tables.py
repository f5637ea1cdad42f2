"""The tables of docs/sonata.md, made from the tables of templates and of inputs.

``python -m tests.helpers.sonata_tables`` writes them there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from gpusyn.sonata import SYNAPSES, TEMPLATES
from gpusyn.sonata.configured_inputs import MODULES
from gpusyn.sonata.template_classes import Initial, Parameter, Template
from tests.helpers.paths import ROOT
from tests.helpers.receptor_tables import with_tables

PAGE: Path = ROOT / "docs" / "sonata.md"


def nodes() -> str:
    """Templates of nodes: what gpusyn makes of them, parameters with defaults, and initial values."""
    rows = [
        "| `model_template` | in gpusyn | parameters and defaults | starts at | said of it |",
        "|---|---|---|---|---|",
    ]
    for name, entry in TEMPLATES.items():
        starts = listed(entry.initial)
        rows.append(f"| `{name}` | {made_of(entry)} | {listed(entry.parameters)} | {starts} | {entry.note or '-'} |")
    return "\n".join(rows)


def made_of(entry: Template) -> str:
    """What gpusyn makes of a template with its defaults."""
    given = {key: one.default for key, one in entry.parameters.items()}
    cell = entry.make({key: math.nan if default is None else default for key, default in given.items()})
    receptors = [f"{type(one).__name__} `{one.name}` ({one.kinetics.kind})" for one in cell.receptors]
    model = type(cell.model).__name__
    return f"`gs.{model}`" + (f"; {', '.join(receptors)}" if receptors else "")


def edges() -> str:
    """Templates of edges: parameters with defaults."""
    rows = ["| `model_template` | weight, delay | parameters and defaults | said of it |", "|---|---|---|---|"]
    for name, entry in SYNAPSES.items():
        if f"nest:{name}" in SYNAPSES:
            continue
        weight = "must be given" if entry.weight is None else f"{entry.weight:g}"
        shown = f"`{name}`" + (f", `{name.removeprefix('nest:')}`" if name.startswith("nest:") else "")
        rows.append(f"| {shown} | {weight}, {entry.delay:g} ms | {listed(entry.parameters)} | {entry.note or '-'} |")
    return "\n".join(rows)


def listed(entries: Mapping[str, Parameter | Initial]) -> str:
    """Names with their defaults and units."""
    texts = [f"{name} {shown(entry)}".strip() for name, entry in entries.items()]
    return ", ".join(texts) or "-"


def shown(entry: Parameter | Initial) -> str:
    """A default with its unit; a state that starts elsewhere is left to the page."""
    if entry.default is None:
        return f"({entry.unit})" if entry.unit not in ("", "1") else ""
    return f"{entry.default:.6g}" + (f" {entry.unit}" if entry.unit not in ("", "1") else "")


def inputs() -> str:
    """Modules of inputs, their types and keys."""
    rows = ["| `module` | `input_type` | keys |", "|---|---|---|"]
    for name, (types, _, keys) in MODULES.items():
        rows.append(
            f"| `{name}` | {', '.join(f'`{one}`' for one in types)} | {', '.join(f'`{key}`' for key in keys)} |"
        )
    return "\n".join(rows)


TABLES = {"nodes": nodes, "edges": edges, "inputs": inputs}


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), TABLES), encoding="utf-8")

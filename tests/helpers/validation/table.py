"""docs/validation.md: the expected value of every row of values.json, and the value that gpusyn gives.

``python -m tests.helpers.validation.table --write`` measures every row again (about half a minute) and writes the page;
without ``--write`` it prints the page. All backends give the same bits, so the printed digits do not depend on one.
"""

from __future__ import annotations

import argparse
from typing import Any

from tests.helpers.paths import ROOT
from tests.helpers.tolerances import row_limit
from tests.helpers.validation.lab import Lab, fastest
from tests.helpers.validation.rows import MEASURES, ROWS, SKIPPED

PAGE = ROOT / "docs" / "validation.md"
DIGITS = {"double": 9, "single": 6}  # significant; single precision holds about seven
COMMAND = "python -m tests.helpers.validation.table --write"
HEAD = f"""# Validation: expected and measured numbers

Each row compares a value from the literature or from a closed form with the value that gpusyn gives through its public
interface. `tests/equations/test_validation.py` checks the same rows. "Tolerance" is the largest allowed difference, in
double and in single precision. A row with "double only" is a difference that is too small for single precision. All
backends give the same digits. A statement that begins with "..." continues the one above; a number without a unit is
dimensionless. CUBA and COBAHH are the cells of the benchmarks of Brette et al. (2007), and PD14 is the microcircuit of
Potjans and Diesmann (2014). `{COMMAND}` writes this page; do not edit it.
"""


def cell(text: str) -> str:
    """Return a text that cannot end a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def printed(value: float, precision: str) -> str:
    """Return a number as the table shows it."""
    return f"{value:.{DIGITS[precision]}g}"


def expectation(row: dict[str, Any]) -> str:
    """Return the expected value of a row with its unit; a dimensionless number has none."""
    value = printed(float(row["value"]), "double")
    return value if row["unit"] == "1" else f"{value} {row['unit']}"


def measured(name: str, precision: str, backend: str) -> tuple[str, str, bool]:
    """Return the measured value, the largest allowed difference (both as printed), and True if the row passes."""
    measure = MEASURES[name]
    got = float(measure.function(Lab(backend, precision)))
    limit = row_limit(ROWS[name], precision, measure.steps, measure.grid if precision == "single" else 0.0)
    return printed(got, precision), f"{limit:.2g}", abs(got - float(ROWS[name]["value"])) <= limit


def line(name: str, backend: str) -> str:
    """Return the line of the table for a measured row."""
    row = ROWS[name]
    double = measured(name, "double", backend)
    single = ("double only", "-", True) if MEASURES[name].double else measured(name, "single", backend)
    expected = expectation(row)
    limits = f"{double[1]}; {single[1]}"
    passes = "yes" if double[2] and single[2] else "NO"
    cells = (name, row["statement"], expected, double[0], single[0], limits, passes)
    return "| " + " | ".join(map(cell, cells)) + " |"


def page(backend: str) -> str:
    """Return the whole page."""
    lines, group = [HEAD], ""
    for name, row in ROWS.items():
        if name in SKIPPED:
            continue
        if row["group"] != group:
            group = row["group"]
            lines += [
                f"\n## {group}\n",
                "| row | statement | expected | got (double) | got (single) | tolerance | pass |",
                "|---|---|---|---|---|---|---|",
            ]
        lines.append(line(name, backend))
    lines += ["\n## Not measured\n", "| row | statement | expected | why not |", "|---|---|---|---|"]
    for name, reason in SKIPPED.items():
        row = ROWS[name]
        cells = (name, row["statement"], expectation(row), reason)
        lines.append("| " + " | ".join(map(cell, cells)) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print or write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.helpers.validation.table", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name} instead of printing it")
    write = parser.parse_args().write
    text = page(fastest())
    if write:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()

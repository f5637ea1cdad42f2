"""docs/validation.md: what every row of values.json should be, and what the simulator makes of it.

``python -m tests.helpers.validation.table --write`` measures every row again (about half a minute) and writes the page;
without ``--write`` it prints it. The same bits come from every backend, so the printed digits depend on none.
"""

from __future__ import annotations

import argparse

from tests.helpers.paths import ROOT
from tests.helpers.tolerances import row_limit
from tests.helpers.validation.lab import Lab, fastest
from tests.helpers.validation.rows import MEASURES, ROWS, SKIPPED

PAGE = ROOT / "docs" / "validation.md"
DIGITS = {"double": 9, "single": 6}  # significant; single precision holds about seven
COMMAND = "python -m tests.helpers.validation.table --write"
HEAD = f"""# Validation: expected and measured numbers

Every row is a number of the literature or a closed form, measured on the simulator through its public interface;
`tests/equations/test_validation.py` checks the same rows. The last digits printed do not depend on the backend.
"Tolerance" is the largest difference allowed, in double and in single precision. Rows marked "double" only are
differences too small for single precision. Made by `{COMMAND}`: do not edit.
"""


def cell(text: str) -> str:
    """Text that cannot end a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def printed(value: float, precision: str) -> str:
    """A number as the table shows it."""
    return f"{value:.{DIGITS[precision]}g}"


def measured(name: str, precision: str, backend: str) -> tuple[str, str, bool]:
    """What a row gives, the largest difference allowed (both as printed), and whether it is within."""
    measure = MEASURES[name]
    got = float(measure.function(Lab(backend, precision)))
    limit = row_limit(ROWS[name], precision, measure.steps, measure.grid if precision == "single" else 0.0)
    return printed(got, precision), f"{limit:.2g}", abs(got - float(ROWS[name]["value"])) <= limit


def line(name: str, backend: str) -> str:
    """The table's line of a measured row."""
    row = ROWS[name]
    double = measured(name, "double", backend)
    single = ("double only", "-", True) if MEASURES[name].double else measured(name, "single", backend)
    expected = f"{printed(float(row['value']), 'double')} {row['unit']}"
    limits = f"{double[1]}; {single[1]}"
    passes = "yes" if double[2] and single[2] else "NO"
    cells = (name, row["statement"], expected, double[0], single[0], limits, passes)
    return "| " + " | ".join(map(cell, cells)) + " |"


def page(backend: str) -> str:
    """The whole page."""
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
        cells = (name, row["statement"], f"{printed(float(row['value']), 'double')} {row['unit']}", reason)
        lines.append("| " + " | ".join(map(cell, cells)) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """The command."""
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

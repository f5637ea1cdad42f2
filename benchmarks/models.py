"""The numbers of `gs.models` beside published ones: `python -m benchmarks.models [NAME ...] [--write]`.

Each model is run twice: as `gpusyn demo --model NAME` runs it, and in full, at the published size and for longer. The
tables are those of docs/models.md, which `--write` renews. All backends give the same numbers. The full microcircuit
needs 6 GB and some minutes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from gpusyn.commands.demo_model import Settings, run_variant
from gpusyn.models.catalogue import DEMONSTRATIONS
from gpusyn.models.demonstration import Demonstration, Full, Published

PAGE = Path(__file__).parents[1] / "docs" / "models.md"
SEED = 42  # that of the demo
HEADER = ("number", "demo", "full", "published", "difference", "allowed", "source")
Numbers = Mapping[str, float]


def simulated(shown: Demonstration, full: bool, threads: int | None = None) -> dict[str, float]:
    """Run all variants of a model; return its numbers."""
    duration = (shown.full.duration if full else None) or shown.duration
    trials = (shown.full.trials if full else None) or shown.trials
    arguments, settings = shown.full.arguments if full else {}, Settings(duration, SEED, trials, threads=threads)
    return shown.measure({name: run_variant(shown, name, arguments, settings) for name in shown.variants})


def number(value: float) -> str:
    """Return a number as the tables have it."""
    return f"{value:.3g}"


def row(name: str, demo: float, full: float, known: Published | None) -> tuple[str, ...]:
    """Return the cells of a row."""
    if known is None:
        return name, number(demo), number(full), "-", "-", "-", "-"
    difference = f"{100 * (full / known.value - 1):+.1f} %"
    allowed = "-" if known.tolerance is None else f"{100 * known.tolerance:g} %"
    return name, number(demo), number(full), f"{known.value:g}", difference, allowed, known.source


def table(shown: Demonstration, demo: Numbers, full: Numbers) -> str:
    """Return the numbers of a model as a table in Markdown, under a line that says what was run."""
    rows = [HEADER, ("---",) * len(HEADER)]
    for name, value in full.items():
        rows += [row(name, demo[name], value, known) for known in shown.publications(name) or (None,)]
    full_run = shown.full
    begin = f"Demo: {length(shown.duration, shown.trials)}. "
    begin += f"Full: {length(full_run.duration or shown.duration, full_run.trials or shown.trials)}"
    changed = ", ".join(f"{name}={value!r}" for name, value in full_run.arguments.items())
    said = f"{begin}{f', `{changed}`' if changed else ''}."
    if shown.start:
        said += f" The first {shown.start:g} ms count in neither."
    return "\n".join([said, "", *(f"| {' | '.join(cells)} |" for cells in rows)])


def length(duration: float, trials: int) -> str:
    """Return how long each variant is run."""
    return f"{trials} trials of {duration:g} ms" if trials > 1 else f"{duration:g} ms"


def written(page: str, name: str, text: str) -> str:
    """Return the page with a table in the place of a model's, which is between two comments."""
    begin = f"<!-- {name}: numbers -->\n"
    if page.count(begin) != 1:
        sys.exit(f"{PAGE.name} has no place for the numbers of {name}: {begin}")
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{text}\n\n<!-- end -->{rest.partition('<!-- end -->')[2]}"


def main(arguments: list[str] | None = None) -> None:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.models", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*DEMONSTRATIONS, []], metavar="NAME", help="default: all models")
    parser.add_argument("--write", action="store_true", help=f"write them into {PAGE.name}")
    parser.add_argument("--threads", type=int, metavar="N", help="of the cpu backend")
    given = parser.parse_args(arguments)
    for name in given.names or DEMONSTRATIONS:
        shown = DEMONSTRATIONS[name]
        demo = simulated(shown, False, given.threads)
        text = table(shown, demo, demo if shown.full == Full() else simulated(shown, True, given.threads))
        print(f"{name}: {text}\n", flush=True)
        if given.write:
            PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), name, text), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Command line and look of the figures, which all stories share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

# Okabe and Ito's colours, which colour-blind readers can tell apart; each receptor has the same colour in all stories.
AMPA, NMDA, GABA, GREY = "#0072B2", "#009E73", "#D55E00", "#767676"
ORANGE, PURPLE, SKY = "#E69F00", "#CC79A7", "#56B4E9"

Story = Callable[[bool], tuple[Mapping[str, float], Figure]]


def panels(title: str, columns: int = 2, rows: int = 1, **options: Any) -> tuple[Figure, list[Any]]:
    """Return a figure whose title states the result, and its axes in reading order."""
    figure = Figure(figsize=(4.2 * columns, 2.7 * rows + 0.5), dpi=100, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **options).ravel()
    figure.suptitle(title, fontsize=11, fontweight="bold")
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    return figure, list(axes)


def label(ax: Any, x: str, y: str, title: str = "", legend: bool = True) -> None:
    """Label the axes of a panel, set its title, and add a legend."""
    ax.set(xlabel=x, ylabel=y)
    ax.set_title(title, fontsize=10)
    if legend:
        ax.legend(frameon=False, fontsize=8)


def tell(story: Story, arguments: Sequence[str] | None = None) -> tuple[Mapping[str, float], Figure]:
    """Run a story with options from the command line, print its numbers, save its figure, and return both."""
    module = sys.modules[story.__module__]
    name = Path(str(module.__file__)).stem
    parser = argparse.ArgumentParser(description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("."), metavar="DIR", help="folder for the figure")
    parser.add_argument("--small", action="store_true", help="run a smaller version that takes seconds")
    options = parser.parse_args(arguments)
    numbers, figure = story(options.small)
    width = max(map(len, numbers))
    for key, value in numbers.items():
        print(f"{key:<{width}}  {value:.4g}")
    options.out.mkdir(parents=True, exist_ok=True)
    figure.savefig(options.out / f"{name}.png")
    print(f"wrote {options.out / f'{name}.png'}")
    return numbers, figure

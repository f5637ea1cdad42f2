"""The command line with junk in the place of each argument: an exit status and one line of error, never a traceback."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gpusyn.commands.cli import USAGE, main
from tests.fuzz.sweep import Endless, limited
from tests.fuzz.world import Files

LIMIT = 30.0  # s of processor time
ENDLESS, TEXT = "endless.json", "text.json"  # names of files that `prepare` makes
TEXTS = {
    "empty": "",
    "blank": " ",
    "letter": "x",
    "zero_byte": "a\0b",
    "surrogate": "\ud800.h5",
    "line_break": "a\nb",
    "long": "x" * 300 + ".h5",
    "minus": "-",
    "two_minus": "--",
    "zero": "0",
    "minus_one": "-1",
    "half": "0.5",
    "nan": "nan",
    "inf": "inf",
    "subnormal": "5e-324",
    "large": "1e308",
    "larger": "9" * 400,
    "many_digits": "9" * 5000,
    "hexadecimal": "0x10",
    "underscores": "1_0",
    "other_digits": "٣",
    "list": "[1, 2]",
    "endless": ENDLESS,
    "folder": ".",
    "no_folder": "no/folder/x.h5",
    "text_file": TEXT,
    "option": "--backend",
}


def prepare(folder: Path) -> None:
    """Make the files that junk names: one of text, and one without end."""
    (folder / TEXT).write_text('{"a": 1}')
    (folder / ENDLESS).symlink_to("/dev/zero")


class Line(NamedTuple):
    """Arguments of the command line, and the place of junk among them."""

    words: tuple[str, ...]
    place: int
    junk: str

    def arguments(self) -> list[str]:
        return [*self.words[: self.place], TEXTS[self.junk], *self.words[self.place + 1 :]]

    def __str__(self) -> str:
        return f"main({self.arguments()!r})"


def lines(files: Files) -> Iterator[Line]:
    """Yield every piece of junk in the place of every argument of every command."""
    shared = ("--backend", "numpy", "--threads", "1", "--duration", "1")
    tables = (str(files.cells), str(files.edges))
    commands = (
        ("demo", "--size", "10", "--seed", "1", "--out", "out", *shared),
        ("demo", "--model", "vogels_abbott", "--scale", "0.05", "--out", "out", *shared),
        ("run", str(files.config), "--seed", "1", "--out", "out", "--precision", "single", *shared),
        ("circuit", *tables, "--spikes", str(files.spikes), "--dt", "1", "--duration", "5", "--out", "made"),
        ("bench", "--case", "empty", "--size", "10", "--fan-out", "1", "--json", "x.json", *shared),
        ("repair", str(files.results)),
        ("info", "surplus"),
        ("check", "surplus"),
        ("surplus",),
    )
    for words in commands:
        for place, junk in itertools.product(range(len(words)), TEXTS):
            if not words[place].startswith("--") and (place or len(words) == 1):
                yield Line(words, place, junk)


def finding(line: Line) -> str:
    """Run a command; return what is wrong with its outcome, or an empty text."""
    said, printed = io.StringIO(), io.StringIO()
    try:
        with limited(LIMIT), contextlib.redirect_stderr(said), contextlib.redirect_stdout(printed):
            status = main(line.arguments())
    except Endless:
        return f"takes more than {LIMIT:g} s"
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:150]}"
    text = said.getvalue()
    found = line.words[:1] == ("circuit",) and status == 1  # its report of problems
    if (status not in (0, USAGE) and not found) or (
        status == USAGE and (text.count("\n") != 1 or "error: " not in text)
    ):
        return f"exit status {status} and {text[:200]!r}"
    return ""

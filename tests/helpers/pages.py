"""The code blocks of the pages: which a test runs, and how (CONTRIBUTING.md, "Pages")."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from tests.helpers.paths import ROOT

FENCE = re.compile(r"^( *)(`{3,}|~{3,})[ ]*([^`]*)$")
COMMENT = re.compile(r"<!--\s*((?:(?!-->).)*?)\s*-->\s*$", re.DOTALL)
RUN = ("python", "pycon", "console")
#: Other names of these three, under which a block would not be run.
WRONG_NAMES = ("bash", "doctest", "ipython", "ipython3", "py", "python3", "sh", "shell", "zsh")
CELL = "{code-cell}"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Block(NamedTuple):
    """A fenced block; `comment` is that of HTML in front of it, `printed` the block ```text behind it."""

    line: int
    language: str
    text: str
    comment: str
    printed: str | None

    @property
    def not_run(self) -> str:
        """The reason for which it is not run."""
        return self.comment.removeprefix("not run:").strip() if self.comment.startswith("not run:") else ""

    @property
    def file(self) -> str:
        """The name of the file that a later command reads."""
        return self.comment.removeprefix("file:").strip() if self.comment.startswith("file:") else ""


def fenced(text: str, first: int = 1) -> Iterator[Block]:
    """Yield the fenced blocks of a text, those inside of directives too."""
    lines = text.splitlines()
    found: list[tuple[int, int, str, str]] = []
    start = 0
    while start < len(lines):
        opened = FENCE.match(lines[start])
        if not opened:
            start += 1
            continue
        indent, fence, name = opened.groups()
        closing = re.compile(rf"^ *{re.escape(fence[0])}{{{len(fence)},}} *$")
        end = next((k for k in range(start + 1, len(lines)) if closing.match(lines[k])), len(lines))
        inner = "\n".join(
            line[len(indent) :] if line[: len(indent)].isspace() else line for line in lines[start + 1 : end]
        )
        found.append((start, end, name.strip(), inner + "\n"))
        start = end + 1
    for k, (start, end, name, inner) in enumerate(found):
        if name.startswith("{") and not name.startswith(CELL):
            yield from fenced(inner, first + start + 1)
            continue
        before = "\n".join(lines[found[k - 1][1] + 1 if k else 0 : start])
        comment = COMMENT.search(before)
        following = found[k + 1] if k + 1 < len(found) else None
        adjacent = following and following[2] == "text" and not "".join(lines[end + 1 : following[0]]).strip()
        language = name.split()[0] if name else ""
        yield Block(first + start, language, inner, comment[1] if comment else "", following[3] if adjacent else None)


def python_blocks(text: str) -> list[str]:
    """Return what is in the blocks ```python of a text."""
    return [block.text for block in fenced(text) if block.language == "python"]


class Page:
    """A page and its blocks. The comments `<!-- long -->` and `<!-- needs: a, b -->` hold for all of it."""

    def __init__(self, path: Path) -> None:
        self.name = path.relative_to(ROOT).as_posix()
        self.text = path.read_text(encoding="utf-8")

    @cached_property
    def blocks(self) -> list[Block]:
        return list(fenced(self.text))

    @cached_property
    def long(self) -> bool:
        """Whether it is left to the marker `manual`."""
        return bool(re.search(r"^<!-- long -->$", self.text, re.MULTILINE))

    @cached_property
    def needs(self) -> list[str]:
        """Modules without which it is skipped."""
        named = re.search(r"^<!-- needs: (.*?) -->$", self.text, re.MULTILINE)
        return re.split(r",\s*", named[1]) if named else []

    @property
    def to_run(self) -> list[Block]:
        return [block for block in self.blocks if block.file or (block.language in RUN and not block.not_run)]

    def play(self, folder: Path) -> None:
        """Run the blocks in turn: Python in one namespace, commands in the folder. Compare what is printed."""
        names: dict[str, Any] = {"__name__": "page"}
        for block in self.to_run:
            place = f"{self.name}:{block.line}"
            if block.file:
                (folder / block.file).write_text(block.text, encoding="utf-8")
            elif block.language == "pycon":
                check_session(block.text, names, place)
            elif block.language == "console":
                for command, wanted in commands(block.text):
                    compare(run_command(command, folder, place), wanted, f"{place}: {command}")
            else:
                printed = io.StringIO()
                code = compile("\n" * block.line + block.text, place, "exec")
                with contextlib.redirect_stdout(printed):
                    exec(code, names)
                compare(printed.getvalue(), block.printed, place)


def check_session(text: str, names: dict[str, Any], place: str) -> None:
    test = doctest.DocTestParser().get_doctest(text, names, place, place, 0)
    test.globs = names  # what it defines is there in later blocks
    report = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    assert runner.run(test, out=report.write, clear_globs=False).failed == 0, report.getvalue()


def commands(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield each line after `$ `, and the lines that follow it, or None."""
    for command, printed in re.findall(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
        yield command.replace("\\\n", " "), printed if printed.strip() else None


def run_command(command: str, folder: Path, place: str) -> str:
    """Run `gpusyn ...` or `python ...` with this Python, and return what it prints on both channels."""
    program, *arguments = shlex.split(command, comments=True)
    start = {"gpusyn": ["-m", "gpusyn"], "python": []}.get(program)
    assert start is not None, f"{place}: {program} is neither gpusyn nor python: say why it is not run"
    done = subprocess.run(
        [sys.executable, *start, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, f"{place}: {command}\n{done.stdout}"
    return done.stdout


def compare(got: str, wanted: str | None, place: str) -> None:
    """Compare as doctest does: `...` stands for anything, and blanks count as one."""
    if wanted is not None and not doctest.OutputChecker().check_output(wanted, got, FLAGS):
        raise AssertionError(f"{place}: printed\n{got}\nbut the page says\n{wanted}")


# Folders whose name begins with a point are tools' own: some write a README while tests are collected. The manual's
# build writes folders of its own.
WRITTEN = {path for name in ("commands", "gallery", "reference") for path in ROOT.glob(f"docs/{name}/*.md")}
PATHS = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("[!.]*/README.md")} - WRITTEN)
NOTEBOOKS = "docs/notebooks/"
#: What the extra `test` brings; `docs` brings more, which only `pytest -m manual` finds.
IN_TEST = {"h5py", "matplotlib", "neo", "networkx", "pandas", "pynwb", "quantities", "scipy", "tqdm", "xarray"}

#: Pages whose blocks a test of their own runs: its file in tests/documents/, and how many blocks it answers for.
OWN = {
    "README.md": ("test_readme.py", 6),
    "docs/adding_a_backend.md": ("test_adding_rules_and_backends.py", 3),
    "docs/adding_a_connection_rule.md": ("test_adding_rules_and_backends.py", 4),
    "docs/adding_a_kinetics.md": ("test_kinetics_tutorial.py", 5),
    "docs/adding_a_learning_rule.md": ("test_learning_rule_tutorial.py", 2),
    "docs/adding_a_neuron.md": ("test_neuron_tutorial.py", 4),
    "docs/adding_a_receptor.md": ("test_tutorial.py", 7),
    "docs/between_runs.md": ("test_between_runs.py", 3),
    "docs/checkpoints.md": ("test_checkpoints_page.py", 1),
    "docs/compartments.md": ("test_compartments_page.py", 1),
    "docs/gap_junctions.md": ("test_gap_junctions_page.py", 1),
    "docs/neurons.md": ("test_neurons_page.py", 2),
    "docs/noise.md": ("test_noise_page.py", 1),
    "docs/plasticity.md": ("test_plasticity_page.py", 1),
    "docs/receptors.md": ("test_receptors_page.py", 1),
    "docs/sonata.md": ("test_sonata_page.py", 3),
    "docs/sources.md": ("test_sources_page.py", 1),
    "docs/waveforms.md": ("test_waveforms_page.py", 2),
}


def unrun(page: Page) -> list[str]:
    """Return what is wrong with the blocks of a page: one that no test runs, or a comment that is not understood."""
    wrong = [
        f"{page.name}:{b.line}: ```{b.language}, use python, pycon or console"
        for b in page.blocks
        if b.language in WRONG_NAMES
    ]
    notebook = page.name.startswith(NOTEBOOKS)  # the manual's build runs it
    wrong += [
        f"{page.name}:{b.line}: {CELL} outside of {NOTEBOOKS}"
        for b in page.blocks
        if b.language == CELL and not notebook
    ]
    wrong += [f"{page.name}:{b.line}: no reason" for b in page.blocks if b.comment == "not run:"]
    if set(page.needs) - IN_TEST and not page.long:
        wrong.append(f"{page.name}: the extra `test` has no {', '.join(set(page.needs) - IN_TEST)}: add <!-- long -->")
    if page.name in OWN and len(page.to_run) != OWN[page.name][1]:
        wrong.append(f"{page.name}: {len(page.to_run)} blocks; {OWN[page.name][0]} answers for {OWN[page.name][1]}")
    return wrong

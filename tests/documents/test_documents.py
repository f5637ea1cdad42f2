"""What the documents point to is there: files behind links, and files named in code spans."""

import re
from pathlib import Path

import pytest

from tests.helpers.pages import PATHS
from tests.helpers.paths import ROOT

CODE = re.compile(r"`[^`\n]*`")  # C++ in it may look like a link
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
MADE = tuple(ROOT / "docs" / name for name in ("commands", "gallery", "reference"))  # by the build of the manual
SPAN = re.compile(r"`((?:gpusyn|tests|kernels|benchmarks|docs|examples|\.ci)/[\w./-]+)`")


def missing(document: str, folder: Path) -> list[str]:
    """Links count from the document's folder, code spans from the root."""
    links = [target for target in LINK.findall(CODE.sub("", document)) if not is_there((folder / target).resolve())]
    return links + [target for target in SPAN.findall(document) if not (ROOT / target).exists()]


def is_there(path: Path) -> bool:
    """The test of the manual finds dead links into what its build makes."""
    return path.exists() or any(path.is_relative_to(folder) for folder in MADE)


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_everything_named_exists(path):
    assert missing(path.read_text(encoding="utf-8"), path.parent) == []


def test_a_dead_link_and_a_dead_name_are_found():
    text = "[a](README.md) [b](none.md) `tests/none.py` `tests/documents/test_documents.py` [c](https://example.org/x)"
    assert missing(text, ROOT) == ["none.md", "tests/none.py"]

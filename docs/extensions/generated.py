"""Pages that an extension writes before Sphinx looks for pages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent


def write_pages(folder: str, pages: Mapping[str, str]) -> None:
    """Make a folder of docs/ hold these files and no others; one that is as it should be keeps its time."""
    place = DOCS / folder
    place.mkdir(exist_ok=True)
    for path in place.iterdir():
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        path = place / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def title(text: str, line: str = "=") -> str:
    """Return a heading of reStructuredText."""
    return f"{text}\n{line * len(text)}\n\n"

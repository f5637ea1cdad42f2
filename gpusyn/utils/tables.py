"""Tables of texts, for terminals and for notebooks."""

from __future__ import annotations

import html
from collections.abc import Sequence

Cells = Sequence[str]


def text_table(head: Cells, rows: Sequence[Cells]) -> str:
    """Return a table with aligned columns and a line below the head.

    >>> print(text_table(("name", "size"), [("E", "800"), ("bg", "10")]))
    name  size
    ----  ----
    E     800
    bg    10
    """
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in lines
    )


def html_table(head: Cells, rows: Sequence[Cells]) -> str:
    """Return a table in HTML; without a head, the first cell of each row is its heading.

    >>> html_table(("name",), [("<a>",)])
    '<table><tr><th>name</th></tr><tr><td>&lt;a&gt;</td></tr></table>'
    """
    lines = [_row(head, "th", "th")] if head else []
    lines += [_row(row, "td" if head else "th", "td") for row in rows]
    return f"<table>{''.join(lines)}</table>"


def _row(cells: Cells, first: str, others: str) -> str:
    tags = [first, *[others] * (len(cells) - 1)]
    left = ' style="text-align: left; white-space: pre-wrap"' if first != others else ""
    inner = (f"<{tag}{left}>{html.escape(cell)}</{tag}>" for tag, cell in zip(tags, cells, strict=True))
    return f"<tr>{''.join(inner)}</tr>"

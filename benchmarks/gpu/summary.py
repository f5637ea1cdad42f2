"""The summary of all parts in Markdown: a section of docs/benchmarks.md as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.arrays_page import table
from benchmarks.gpu.parts import PARTS

Line = dict[str, Any]
TITLES = {
    "calibration": "What the device can do",
    "networks": "Networks",
    "launches": "Each launch alone",
}
NOTES = {
    "calibration": "*Table* is the figure of the GPU in the table of `gpusyn bench --model`, where it has it.",
    "networks": """The *real-time factor* is wall time per time of the network, the median of three runs. *By the model*
is what `gpusyn bench --model` expects of the GPU in its table at the measured rates. *Bits* are those of spikes and all
V after a short run, beside the digest that the `cpu` backend made beforehand.""",
    "launches": """Time between two events on the device, with the host far ahead. *Bytes* and *atomics* are those of a
step, as the model counts them at the measured rates; *share* is the time that the copy bandwidth or the rate of atomics
above allows for them, in parts of the time taken: more than 1 where caches serve them.""",
}


def line_text(line: Line) -> str:
    """Return the line of a part as a line of text.

    >>> line_text({"part": "coba", "result": "crashed", "seconds": 2.5, "why": "ended by SIGABRT", "facts": {}})
    'coba         crashed        2.5 s  ended by SIGABRT'
    """
    said = line["why"] or _told(line["facts"])
    return f"{line['part']:12} {line['result']:11} {line['seconds']:6.1f} s  {said}".rstrip()


def _told(facts: dict[str, Any]) -> str:
    """Return facts in a few words; what is long is left to the file."""
    told = (f"{name} {value}" for name, value in facts.items() if isinstance(value, str | int))
    return ", ".join(told).replace("\n", " ").replace("|", "/")


def summary(lines: Sequence[Line]) -> str:
    """Return the summary of the parts that have ended."""
    out = ["## On a GPU", "", *_machine(lines), "", *_results(lines), ""]
    tables: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        for name, rows in line["tables"].items():
            tables.setdefault(name, []).extend(rows)
    for name, rows in tables.items():
        out += [f"### {TITLES.get(name, name)}", "", *([NOTES[name], ""] if name in NOTES else []), *_rows(rows), ""]
    return "\n".join(out).rstrip() + "\n"


def _machine(lines: Sequence[Line]) -> Iterator[str]:
    known: dict[str, Any] = next((line["facts"] for line in lines if line["part"] == "info"), {})
    yield "Measured by `python benchmarks/gpu_check.py`, which writes this section."
    if known.get("tiny"):
        yield "**A try on small networks: no number here means anything.**"
    if known.get("machine"):
        yield ""
        yield from (f"* {text}" for text in known["machine"])


def _results(lines: Sequence[Line]) -> Iterator[str]:
    """Yield the table of the parts; a part that did not pass stands out."""
    what = {part.name: part.what for part in PARTS}
    rows = []
    for line in lines:
        good = line["result"] in ("passed", "left out")
        facts = _told({name: fact for name, fact in line["facts"].items() if line["part"] != "info"})
        told = "; ".join(text for text in (line["why"].replace("|", "/"), facts) if text)
        result = line["result"] if good else f"**{line['result']}**"
        rows.append([line["part"], what.get(line["part"], ""), result, f"{line['seconds']:.1f}", told])
    return table(["part", "shows", "result", "seconds", "found"], rows)


def _rows(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield rows of equal or different columns as one table."""
    heads = list(dict.fromkeys(name for row in rows for name in row))
    return table(heads, [[_cell(row.get(head)) for head in heads] for row in rows])


def _cell(value: Any) -> str:
    """Return a value for a table: numbers with three digits.

    >>> [_cell(x) for x in (None, 12345.6, 0.012345, 77169, "equal")]
    ['-', '12,346', '0.0123', '77,169', 'equal']
    """
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "/")

"""A module's text for the counting of its lines: macros of several lines stand written out where they are used.

Compilers give all that comes out of a macro the line of its use. Here each line of a written-out macro is one of its
own, and so is each line of the kernel files: the text says nothing of where it is from, which a list tells instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_LINE = re.compile(r'#line (\d+) "([^"]*)"')
_DEFINE = re.compile(r"#define (\w+)\(([\w, ]*)\) ?(.*)")
_USE = re.compile(r"(\w+)\((.*)\)")


class Place(NamedTuple):
    """A line of the text, and where it is from: a file, and its number there."""

    text: str
    file: str
    number: int


class Macro(NamedTuple):
    """A macro with parameters, and its lines."""

    parameters: list[str]
    body: list[Place]

    def items(self) -> list[list[str]]:
        """The arguments of each item of a list, such as ``#define GATES(X) X(0, PulsedSource) X(1, JumpSource)``."""
        return [_split(found) for found in re.findall(rf"\b{self.parameters[0]}\(([^()]*)\)", self.body[0].text)]

    @property
    def is_statement(self) -> bool:
        """False for the loops of ``common.cuh``, whose lines are those of their uses."""
        return self.body[-1].text.rstrip().endswith((";", "}"))

    def written_out(self, arguments: list[str]) -> Iterator[Place]:
        """The lines, with arguments in the places of parameters."""
        known = dict(zip(self.parameters, arguments, strict=True))
        for line in self.body:
            text = re.sub(r"\b[A-Za-z_]\w*\b", lambda word: known.get(word[0], word[0]), line.text)
            yield line._replace(text=text)


def _split(arguments: str) -> list[str]:
    return [argument.strip() for argument in arguments.split(",")]


def _placed(text: str) -> Iterator[Place]:
    """The lines of a module's text, where its ``#line`` directives say."""
    file, number = "", 0
    for line in text.splitlines():
        if found := _LINE.match(line):
            file, number = found[2], int(found[1])
        else:
            yield Place(line, file, number)
            number += 1


def _macros(lines: list[Place]) -> dict[str, Macro]:
    """The last definition of each macro, by name."""
    found = {}
    for i, line in enumerate(lines):
        if define := _DEFINE.match(line.text):
            body = [line._replace(text=define[3])]
            while body[-1].text.endswith("\\"):
                body[-1] = body[-1]._replace(text=body[-1].text[:-1])
                body.append(lines[i + len(body)])
            found[define[1]] = Macro(_split(define[2]), body)
    return found


def unrolled(text: str) -> list[Place]:
    """The lines of the text, with those uses of macros written out that have a line for themselves."""
    lines, out = list(_placed(text)), []
    for i, line in enumerate(lines):
        use = _USE.fullmatch(line.text.strip())
        macros = _macros(lines[:i]) if use else {}
        macro = macros.get(use[1]) if use else None
        listed = macros.get(use[2]) if use else None
        if use is None or macro is None or not (listed or macro).is_statement:
            out.append(line)
            continue
        for arguments in macro.items() if listed else [_split(use[2])]:
            out += (listed or macro).written_out(arguments)
    return out

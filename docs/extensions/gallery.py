"""A page for each story of examples/, made of its row in examples/README.md, its figure and its script."""

from __future__ import annotations

import ast
import posixpath
import re
from typing import Any, NamedTuple

from generated import ROOT, write_pages
from sphinx.application import Sphinx

ROW = re.compile(r"^\| \[(\w+)\]\(\1\.py\) \| (.*?) \| (.*?) \| \[figure\]\((.*?)\) \|$", re.MULTILINE)
LINK = re.compile(r"(?<!!)(\[[^\]]*\])\(([\w./]*?(\w+)\.(?:py|png))\)")
TEXT = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")


class Story(NamedTuple):
    """One row of the table, and the text with which the script begins."""

    name: str
    question: str
    answer: str
    figure: str

    @property
    def page(self) -> str:
        """Question, answer, figure, what the script says of itself after its first line, and the script."""
        tree = ast.parse((ROOT / "examples" / f"{self.name}.py").read_text(encoding="utf-8"))
        told = (ast.get_docstring(tree) or "").partition("\n")[2].strip()
        return f"""# {self.question}

{self.answer}

![{self.question}](../{self.figure})

{told}

`python examples/{self.name}.py --out figures` prints the numbers and draws the figure:

```{{literalinclude}} /examples/{self.name}.py
:language: python
:lines: {tree.body[0].end_lineno + 2}-
```
"""

    @property
    def card(self) -> str:
        return f"""```{{figure}} ../{self.figure}
:target: {self.name}.html
:alt: {self.question}

[{self.question}]({self.name}.md)
```
"""


STORIES = {row[0]: Story(*row) for row in ROW.findall(TEXT)}


def index() -> str:
    names = "\n".join(f"{name} <{name}>" for name in STORIES)
    cards = "\n".join(story.card for story in STORIES.values())
    return f"""# Gallery

Each story answers one question of synaptic physiology with a short script, a few numbers and one figure.
[About the stories](../../examples/README.md) says how to run them.

::::{{container}} gallery
{cards}
::::

```{{toctree}}
:hidden:

About the stories <../../examples/README>
{names}
```
"""


def write(app: Sphinx, config: object) -> None:
    write_pages("gallery", {"index.md": index()} | {f"{story.name}.md": story.page for story in STORIES.values()})


def lead_to_gallery(app: Sphinx, docname: str, source: list[str]) -> None:
    """Let links to the script or the figure of a story lead to its page."""

    def led(link: re.Match[str]) -> str:
        text, target, name = link.groups()
        file = posixpath.normpath(posixpath.join(posixpath.dirname(docname), target))
        of_story = name in STORIES and file in (f"examples/{name}.py", f"docs/figures/{name}.png")
        return f"{text}(/docs/gallery/{name}.md)" if of_story else link[0]

    source[0] = LINK.sub(led, source[0])


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("config-inited", write)
    app.connect("source-read", lead_to_gallery)
    return {"parallel_read_safe": True}

"""The page on the command line, made of what each command says of itself."""

from __future__ import annotations

import contextlib
import io
import os
import re
import textwrap
from typing import Any
from unittest import mock

from generated import title, write_pages
from sphinx.application import Sphinx

from gpusyn.commands.cli import main


def told(*command: str) -> str:
    """Return what a command says of itself."""
    printed = io.StringIO()
    width = {"COLUMNS": "100", "NO_COLOR": "1"}
    with mock.patch.dict(os.environ, width), contextlib.redirect_stdout(printed):
        main([*command, "--help"])
    return printed.getvalue()


def page() -> str:
    names = re.findall(r"^    (\w+) ", told(), re.MULTILINE)
    text = title("Command line")
    for command in ([], *([name] for name in names)):
        text += title(" ".join(["gpusyn", *command]), "-") if command else ""
        shown = f"$ {' '.join(['gpusyn', *command, '--help'])}\n{told(*command)}"
        text += f".. code-block:: console\n\n{textwrap.indent(shown, '   ')}\n"
    return text


def write(app: Sphinx, config: object) -> None:
    write_pages("commands", {"index.rst": page()})


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("config-inited", write)
    return {"parallel_read_safe": True}

"""The page on the command line, made of what each command says of itself."""

from __future__ import annotations

import argparse
import os
import textwrap
from typing import Any
from unittest import mock

from generated import title, write_pages
from sphinx.application import Sphinx

from gpusyn.commands.cli import _parser


def literal(command: str, parser: argparse.ArgumentParser) -> str:
    with mock.patch.dict(os.environ, {"COLUMNS": "100", "NO_COLOR": "1"}):
        shown = f"$ {command}\n{parser.format_help()}"
    return f".. code-block:: console\n\n{textwrap.indent(shown, '   ')}\n"


def page() -> str:
    parser = _parser()
    (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    text = title("Command line") + literal("gpusyn --help", parser)
    for name, command in commands.choices.items():
        text += title(f"gpusyn {name}", "-") + literal(f"gpusyn {name} --help", command)
    return text


def write(app: Sphinx, config: object) -> None:
    write_pages("commands", {"index.rst": page()})


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("config-inited", write)
    return {"parallel_read_safe": True}

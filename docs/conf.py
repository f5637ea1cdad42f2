"""How Sphinx builds the manual: `python -m sphinx -W --keep-going -b html -c docs . build/manual`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pygments.lexers import TextLexer
from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS.parent), str(DOCS / "extensions")]

from gpusyn.utils.version import __version__  # noqa: E402 - after the checkout is on the path

project, author, copyright = "gpusyn", "The gpusyn authors", "The gpusyn authors, BSD-3-Clause licence"
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_copybutton",
    "command_line",
    "gallery",
    "reference",
]

# The pages lie where GitHub shows them, so that their links hold in both places.
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**", "examples/README.md", "benchmarks/*.md", "kernels/README.md"]
exclude_patterns = ["build", "docs/static"]

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "dollarmath"]
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 60
nb_merge_streams = True
nb_output_stderr = "remove"  # which backend was taken; it differs by machine
os.environ["PYTHONPATH"] = str(DOCS.parent)  # for the kernels of the notebooks

nitpicky = True
default_role = "py:obj"  # a name in backticks becomes a link where it is public
add_module_names = False
autodoc_typehints = "none"  # types are in the section Parameters
autodoc_member_order = "groupwise"
autosummary_generate = False  # `reference` writes the pages
python_maximum_signature_line_length = 100
numpydoc_show_class_members = False
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"  # but for the public names

html_theme = "furo"
html_title = f"gpusyn {version}"
html_static_path = ["static"]
html_css_files = ["manual.css"]
html_additional_pages = {"index": "to_first_page.html"}
templates_path = ["templates"]
html_copy_source = html_show_sourcelink = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
linkcheck_ignore = [r"\w+\.html$"]  # of the gallery's figures; the tests follow every link inside


def setup(app: Sphinx) -> None:
    """Blocks of tables have no colours."""
    app.add_lexer("csv", TextLexer)

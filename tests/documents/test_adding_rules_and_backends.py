"""docs/adding_a_connection_rule.md and docs/adding_a_backend.md, followed to the letter in a copy of the package."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = next(p for p in Path(__file__).parents if (p / "pyproject.toml").exists())
FILE = re.compile(r"\*\*(gpusyn/[\w./]+)\*\*[^`]*(?:`[^`\n]+`[^`]*)*:\n\n```\w+\n(.*?)```", re.DOTALL)
LAST = re.compile(r"```python\n((?:(?!```).)*)```\s*$", re.DOTALL)
#: For each page: its files, and the line of the second file before which its line goes.
PAGES = {
    "adding_a_connection_rule": (
        ["gpusyn/connectivity/ring.py", "gpusyn/connectivity/__init__.py"],
        "from gpusyn.connectivity.total_number import FixedTotalNumber\n",
    ),
    "adding_a_backend": (["gpusyn/backends/watched.py", "gpusyn/backends/select.py"], '    "numpy": "gpusyn'),
}


@pytest.fixture(scope="module", params=PAGES)
def followed(request, tmp_path_factory):
    """A copy of the package with the page's file and line, the new file's name, and the page's last example."""
    page = (ROOT / "docs" / f"{request.param}.md").read_text(encoding="utf-8")
    files = {m[1]: m[2] for m in FILE.finditer(page)}
    expected, before = PAGES[request.param]
    assert list(files) == expected
    (new, text), (old, line) = files.items()
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("gpusyn", "kernels"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "_kernels"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / new).write_text(text, encoding="utf-8")
    known = (folder / old).read_text(encoding="utf-8")
    assert known.count(before) == line.count("\n") == 1
    (folder / old).write_text(known.replace(before, line + before), encoding="utf-8")
    return folder, new, LAST.findall(page)[0]


def run(checkout, *command):
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    done = subprocess.run([sys.executable, *command], cwd=checkout, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_one_file_and_one_line_do_what_the_page_says(followed):
    checkout, _, example = followed
    run(checkout, "-c", f"import gpusyn\nassert gpusyn.__file__.startswith({str(checkout)!r})\n{example}")


def test_the_new_file_is_typed(followed):
    pytest.importorskip("mypy")
    checkout, new, _ = followed
    run(checkout, "-m", "mypy", "--strict", new)


@pytest.mark.parametrize("followed", ["adding_a_backend"], indirect=True)
def test_the_commands_know_the_new_backend(followed):
    checkout, _, _ = followed
    assert "backend   watched: usable, numpy, watched for NaN" in run(checkout, "-m", "gpusyn", "info")
    assert "watched" in run(checkout, "-m", "gpusyn", "demo", "--help")

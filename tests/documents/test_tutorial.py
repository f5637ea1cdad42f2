"""docs/adding_a_receptor.md, followed to the letter in a copy of the package."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.helpers.paths import ROOT
from tests.helpers.runs import cpu

TUTORIAL = (ROOT / "docs" / "adding_a_receptor.md").read_text(encoding="utf-8")
FILE = re.compile(r"\*\*((?:gpusyn|kernels)/[\w./]+)\*\*:\n\n```\w+\n(.*?)```", re.DOTALL)
LAST = re.compile(r"```python\n((?:(?!```).)*)```\s*$", re.DOTALL)


def files() -> list[tuple[str, str]]:
    """Each file that the page names before a block, with the block."""
    return [(m[1], m[2]) for m in FILE.finditer(TUTORIAL)]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the package and its kernels with what the page adds: new files, and lines beside the other imports."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("gpusyn", "kernels"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "_kernels"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name, text in files():
        path = folder / name
        if path.exists():
            old = path.read_text(encoding="utf-8")
            first = "from gpusyn.receptors.nmda import NMDA\n"
            assert old.count(first) == 1
            text = old.replace(first, first + text)
        path.write_text(text, encoding="utf-8")
    return folder


def run(checkout, *command):
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    done = subprocess.run([sys.executable, *command], cwd=checkout, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_has_two_python_files_one_kernel_file_and_a_line_for_each_receptor():
    assert [name for name, _ in files()] == [
        "gpusyn/receptors/kainate.py", "gpusyn/receptors/__init__.py", "kernels/receptors/rectifying.cuh",
        "gpusyn/receptors/rectifying_kainate.py", "gpusyn/receptors/__init__.py",
    ]  # fmt: skip


def test_the_new_receptors_have_the_same_bits_on_both_backends(checkout):
    cpu()  # skips where there is no compiler
    (example,) = LAST.findall(TUTORIAL)
    run(checkout, "-c", f"import gpusyn\nassert gpusyn.__file__.startswith({str(checkout)!r})\n{example}")


def test_the_new_files_are_typed(checkout):
    pytest.importorskip("mypy")
    run(checkout, "-m", "mypy", "--strict", *(name for name, _ in files() if name.endswith("kainate.py")))

"""A page that adds a model, followed to the letter in a copy of the package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.helpers.paths import ROOT

FILE = re.compile(r"\*\*((?:gpusyn|kernels)/[\w./]+)\*\*(?::| ?[^\n]*\n?[^\n]*:)\n\n```\w+\n(.*?)```", re.DOTALL)
BLOCK = re.compile(r"```python\n((?:(?!```).)*)```", re.DOTALL)
IMPORT = re.compile(r"^from gpusyn[\w.]* import [^(\n]+\n", re.MULTILINE)


class Page:
    """A page of docs/: the files that it names before their text, and the example that comes last."""

    def __init__(self, name: str) -> None:
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        self.files = [(m[1], m[2]) for m in FILE.finditer(text)]
        self.example = BLOCK.findall(text)[-1]

    def follow(self, folder: Path) -> Checkout:
        """Copy the package and its kernels, and add what the page says: new files, and lines to the imports."""
        for name in ("gpusyn", "kernels"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "_kernels"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        for name, text in self.files:
            path = folder / name
            if path.exists():
                old = path.read_text(encoding="utf-8")
                at = list(IMPORT.finditer(old))[-1].end()
                text = old[:at] + text + old[at:]
            path.write_text(text, encoding="utf-8")
        return Checkout(folder)


class Checkout:
    """The copy of the package to which a page has been added."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *command: str) -> None:
        """Run Python in the copy; the emulator of the tests is there as well."""
        done = self.attempt(*command)
        assert done.returncode == 0, done.stdout + done.stderr

    def attempt(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the copy, whatever comes of it."""
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (self.folder, ROOT)))}
        environment["PYTHONDONTWRITEBYTECODE"] = "1"  # a file that changes within a second is read again
        command = (sys.executable, *command)
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)

    def play(self, example: str, *, emulated: bool = False) -> None:
        """Run an example on the copy; with `emulated` on the emulated GPU too, which stands in for CuPy."""
        head = f"import gpusyn\nassert gpusyn.__file__.startswith({str(self.folder)!r})\n"
        if emulated:
            assert example.count('("numpy", "cpu")') == 1
            example = example.replace('("numpy", "cpu")', '("numpy", "cpu", "cuda")')
            head += "from tests.emulation import install\ninstall()\n"
        self.run("-c", head + example)

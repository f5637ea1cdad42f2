"""A page that adds a model, followed to the letter in a copy of the package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from tests.helpers.paths import ROOT

FILE = re.compile(
    r"\*\*((?:(?:gpusyn|kernels)/)?[\w./]+\.\w+)\*\*(?::| ?[^\n]*\n?[^\n]*:)\n\n```\w+\n(.*?)```", re.DOTALL
)
BLOCK = re.compile(r"```python\n((?:(?!```).)*)```", re.DOTALL)
IMPORT = re.compile(r"^from gpusyn[\w.]* import [^(\n]+\n", re.MULTILINE)


class Page:
    """A page of docs/: the files that it names before their text, and its examples, the last of which uses all."""

    def __init__(self, name: str) -> None:
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        self.files = [(m[1], m[2]) for m in FILE.finditer(text)]
        files = {text for _, text in self.files}
        self.examples = [text for text in BLOCK.findall(text) if text not in files]
        self.example = self.examples[-1]

    def follow(self, folder: Path, before: Mapping[str, str] = MappingProxyType({})) -> Checkout:
        """Copy the package and its kernels, and add what the page says: new files, and lines to files that exist.

        Such a line goes behind the imports of its file, or before the text that `before` names for the file.
        """
        for name in ("gpusyn", "kernels"):  # with its bytecode, which is read where a file is as old as it was
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.pyc.*", "_kernels"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        for name, text in self.files:
            path = folder / name
            if path.exists():
                old = path.read_text(encoding="utf-8")
                if name in before:
                    assert old.count(before[name]) == 1
                    at = old.index(before[name])
                else:
                    at = list(IMPORT.finditer(old))[-1].end()
                text = old[:at] + text + old[at:]
            path.write_text(text, encoding="utf-8")
        return Checkout(folder)

    def write(self, folder: Path) -> Checkout:
        """Write the files into a folder of a user's own; the package stays as it is."""
        for name, text in self.files:
            (folder / name).write_text(text, encoding="utf-8")
        return Checkout(folder, package=ROOT)


class Checkout:
    """The copy of the package to which a page has been added; or a user's own folder, and the `package` elsewhere."""

    def __init__(self, folder: Path, package: Path | None = None) -> None:
        self.folder, self.package = folder, package or folder

    def run(self, *command: str) -> str:
        """Run Python in the copy, where the emulator of the tests is as well; return what it prints."""
        done = self.attempt(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def attempt(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the copy, whatever comes of it."""
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (self.folder, ROOT)))}
        environment["PYTHONDONTWRITEBYTECODE"] = "1"  # a file that changes within a second is read again
        environment["MYPYPATH"] = str(self.package)
        environment["MYPY_CACHE_DIR"] = str(self.folder.parent / "mypy")  # pages share what it knows of the package
        command = (sys.executable, *command)
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)

    def play(self, example: str, *, emulated: bool = False) -> None:
        """Run an example on the copy; with `emulated` on the emulated GPU too, which stands in for CuPy."""
        head = f"import gpusyn\nassert gpusyn.__file__.startswith({str(self.package)!r})\n"
        if emulated:
            assert example.count('("numpy", "cpu")') == 1
            example = example.replace('("numpy", "cpu")', '("numpy", "cpu", "cuda")')
            head += "from tests.emulation import install\ninstall()\n"
        self.run("-c", head + example)

    def mistake(self, file: str, old: str | None, new: str | None, script: str) -> str:
        """Replace `old` by `new` in a file (None: remove the file), and return the error with which a script ends."""
        path = self.folder / file
        right = path.read_text(encoding="utf-8")
        try:
            if old is None or new is None:
                path.unlink()
            else:
                assert right.count(old) == 1
                path.write_text(right.replace(old, new), encoding="utf-8")
            done = self.attempt("-c", script)
        finally:
            path.write_text(right, encoding="utf-8")
        last = done.stderr.strip().splitlines()[-1]
        assert last.startswith("gpusyn.errors.")
        return last

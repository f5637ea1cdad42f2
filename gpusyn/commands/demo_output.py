"""What the demos print, and the files that they write."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gpusyn.backends.cpu.ziglang import INSTALL
from gpusyn.backends.select import Choice
from gpusyn.errors import FileError
from gpusyn.io.hdf5 import writing
from gpusyn.io.targets import check_target
from gpusyn.utils.paths import as_path

CHUNK = 200  # steps between two updates of the progress bar


def say(*lines: str) -> None:
    """Print lines at once, so that they appear before the bar, which goes to stderr."""
    print("\n".join(lines), flush=True)


def introduce(what: str, choice: Choice) -> None:
    """Say what is run and by which backend, and that numpy is slow."""
    say(what, *choice.lines())
    if choice.backend.name == "numpy":
        say(
            "slow: numpy is the reference, 10 to 20 times slower than compiled code; "
            f"a C++ compiler ({INSTALL}) gives the cpu backend and the same bits"
        )


def report_speed(wall: float, duration: float) -> None:
    """Say how long a run took (s) for its model time (ms)."""
    ratio = wall / duration * 1000.0
    say("", f"ran {duration:g} ms in {wall:.2f} s: {ratio:.2f} s of wall time per second of model time")


class Files(NamedTuple):
    """The files of a demo in one directory, of which packages that are not installed leave some out.

    Attributes
    ----------
    directory : Path
        Where they are written.
    results : sequence of str
        Names of the recordings, which need h5py.
    figure : str
        Name of the figure, which needs matplotlib.
    missing : list of str
        Packages that are not installed.
    """

    directory: Path
    results: Sequence[str]
    figure: str
    missing: list[str]

    @classmethod
    def prepare(cls, out: str | os.PathLike[str], results: Sequence[str], figure: str) -> Files:
        """Create the directory; check that it can be written, and that nothing but results and figures is replaced."""
        missing = [name for name in ("h5py", "matplotlib") if importlib.util.find_spec(name) is None]
        files = cls(as_path(out, "--out"), results, figure, missing)
        _make_directory(files.directory)
        if "h5py" not in missing:
            for name in results:
                check_target(files.directory / name, overwrite=True)
        _check_figure(files.directory / figure)
        return files

    def tell_missing(self) -> None:
        """Say which files cannot be written, and an empty line."""
        for package in self.missing:
            names = {"h5py": ", ".join(self.results), "matplotlib": self.figure}[package]
            say(f"without {names}: {package} is not installed; pip install {package}")
        say("")

    def save(self, sim: Any, name: str) -> None:
        """Write all that was recorded."""
        if "h5py" not in self.missing:
            sim.save(self.directory / name, overwrite=True)
            say(f"wrote {self.directory / name}: spikes and frame reports in SONATA's layout")

    def draw(self, write: Callable[[Path], Any], what: str) -> None:
        """Write the figure, which gets its name only when it is complete."""
        if "matplotlib" in self.missing:
            return
        target = self.directory / self.figure
        with writing(target), tempfile.TemporaryDirectory(prefix=".demo", dir=self.directory) as scratch:
            write(Path(scratch) / target.name)
            os.replace(Path(scratch) / target.name, target)
        say(f"wrote {target}: {what}")


def _make_directory(directory: Path) -> None:
    if directory.exists() and not directory.is_dir():
        raise FileError(f"--out {directory}: is a file; give a directory")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise FileError(f"--out {directory}: cannot be written ({error.strerror}); give another directory") from None


def _check_figure(path: Path) -> None:
    """Raise a FileError if there is anything but a figure of an earlier demo."""
    if path.is_dir():
        raise FileError(f"{path}: is a directory; give another --out")
    if not path.exists():
        return
    with path.open("rb") as file:
        begin = file.read(4096)
    if not begin.startswith(b"\x89PNG") or b"Software\0gpusyn" not in begin:
        raise FileError(f"{path}: is not a figure of gpusyn, which alone is replaced; move it, or give another --out")

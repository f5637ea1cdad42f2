"""The C++ compiler of this machine, found at run time, and the cache of the kernels that it compiles."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from gpusyn.errors import BackendError

_FLAGS = ("-std=c++17", "-O3", "-fPIC", "-shared", "-pthread", "-fvisibility=hidden", "-w")
# These keep the bits: no contraction to fused multiply-add, no reassociation, and SIMD only where the text requests it.
_NUMERICS = ("-ffp-contract=off", "-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math")


class Compiler(NamedTuple):
    """A C++ compiler, and the processor that `-march=native` resolves to on this machine."""

    path: str
    version: str
    flags: tuple[str, ...]
    target: str

    @property
    def description(self) -> str:
        """One phrase with name and version."""
        return f"{Path(self.path).name} ({self.version})"


def cache_folder() -> Path:
    """Return the folder for compiled kernels: `GPUSYN_CACHE`, else `gpusyn` in the user's cache folder."""
    own = os.environ.get("GPUSYN_CACHE")
    if own:
        return Path(own)
    if platform.system() == "Darwin":
        return Path.home() / "Library" / "Caches" / "gpusyn"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gpusyn"


def _output(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout + done.stderr if done.returncode == 0 else None


@functools.cache
def find_compiler(names: tuple[str, ...] = ("g++", "clang++", "c++")) -> Compiler | None:
    """Return the first C++ compiler that works, `CXX` or one of `names`; None if there is none.

    The resolved target is part of the result because different processors may share a home folder. Flags in
    `GPUSYN_CXXFLAGS` follow gpusyn's own: for tests of bits, `-O1` compiles in half the time.
    """
    more = os.environ.get("GPUSYN_CXXFLAGS", "").split()
    native = "-mcpu=native" if platform.machine() in ("aarch64", "arm64") else "-march=native"
    for name in (os.environ.get("CXX", ""), *names):
        path = shutil.which(name) if name else None
        version = _output([path, "--version"]) if path else None
        if path is None or version is None:
            continue
        for machine in ((native,), ()):
            target = _output([path, *machine, "-x", "c++", "-E", "-v", os.devnull])
            if target is not None:
                return Compiler(path, version.splitlines()[0], (*_FLAGS, *_NUMERICS, *machine, *more), target)
    return None


def compile_library(compiler: Compiler, text: str, name: str, folder: Path | None = None) -> ctypes.CDLL:
    """Return the shared library of `text`, from the cache or compiled now.

    The key is a hash of text, flags, compiler and resolved target. A new library gets its name by an atomic rename, so
    two processes may compile the same text at the same time.

    Raises
    ------
    BackendError
        If the compiler rejects the text, the cache folder cannot be written, or a library in it cannot be loaded.
    """
    folder = folder or cache_folder()
    key = hashlib.sha256("\0".join([text, *compiler.flags, compiler.path, compiler.version, compiler.target]).encode())
    library = folder / f"{key.hexdigest()[:32]}.so"
    if not library.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                _compile(compiler, text, name, Path(scratch))
                os.replace(Path(scratch) / "kernels.so", library)
        except OSError as error:
            raise BackendError(
                f"cpu backend: cannot write the kernel cache {folder} ({error}); "
                "set GPUSYN_CACHE to a folder that can be written, or use backend='numpy'"
            ) from error
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise BackendError(
            f"cpu backend: cannot load compiled kernels ({error}); delete {library} if it is damaged, "
            "or set GPUSYN_CACHE to a folder on a disk that may hold programs"
        ) from error


def _compile(compiler: Compiler, text: str, name: str, scratch: Path) -> None:
    source = scratch / "kernels.cpp"
    source.write_text(text, encoding="utf-8")
    command = [compiler.path, *compiler.flags, str(source), "-o", str(scratch / "kernels.so")]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip()[:200])
        raise BackendError(
            f"cpu backend: {compiler.description} could not compile the kernels '{name}': {first}; "
            "correct the text if you changed it (names in a model's struct come from its Python class), "
            "else try another compiler through the environment variable CXX, or backend='numpy'"
        )

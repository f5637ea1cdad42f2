"""The C++ compiler of this machine, found at run time.

Nothing that a compiler does can stop the search or a simulation: it may be missing, fail, hang, or write in any
encoding. Each of these is a `BackendError` that quotes the compiler.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from gpusyn.backends.cpu import platforms, ziglang
from gpusyn.errors import BackendError
from gpusyn.utils.messages import LOGGER

# The faster code first (benchmarks/NOTES.md, "Compilers").
_NAMES = ("clang++", "g++", "c++")
_LOOKED_FOR = f"{', '.join(_NAMES)} and the Python package ziglang"
_FLAGS = ("-std=c++17", "-O3", "-fvisibility=hidden", "-fno-exceptions", "-w")
# These keep the bits: no contraction to fused multiply-add, no reassociation, and SIMD only where the text requests it.
_NUMERICS = ("-ffp-contract=off", "-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math")
# Clang may come without C++'s library, and links it where it is not needed.
_CLANG = ("-nostdlib++",)
# GCC 12 at -O3 divides SIMD loops wrongly: it cleared integer sums, with a memset, before it had read them.
_GCC = ("-fno-tree-loop-distribution", "-fno-tree-loop-distribute-patterns")

#: Time limits (s) for the compilation of a module, which takes seconds, and for a question about version or target.
COMPILE_LIMIT = 300.0
ANSWER_LIMIT = 30.0

# Commands that exceeded their limit in this process, and what was said: nobody waits for them again.
_hanging: dict[tuple[str, ...], str] = {}
# Compilers that answer questions but could not compile kernels in this process, and what was said.
_failing: dict[tuple[str, ...] | None, str] = {}


class Compiler(NamedTuple):
    """A C++ compiler, and the processor that `-march=native` resolves to on this machine.

    Attributes
    ----------
    command : tuple of str
        Path of the program, and the arguments that `CXX` gives it, as in ``ccache g++``.
    version : str
        First line of its answer to ``--version``.
    flags : tuple of str
        Flags for the kernels.
    target : str
        The macros of the resolved target; different processors may share a home folder.
    reason : str
        Why it was chosen.
    """

    command: tuple[str, ...]
    version: str
    flags: tuple[str, ...]
    target: str
    reason: str = ""

    @property
    def description(self) -> str:
        """One phrase with name and version."""
        return f"{shlex.join([Path(self.command[0]).name, *self.command[1:]])} ({self.version})"


def find_compiler() -> Compiler:
    """Return the compiler that `CXX` names, or the first that works of clang++, g++, c++ and the package ziglang.

    Flags in `GPUSYN_CXXFLAGS` follow gpusyn's own: for tests of bits, `-O0` compiles in a quarter of the time.

    Raises
    ------
    BackendError
        If no compiler works, or not the one that `CXX` names.
    """
    own, more = os.environ.get("CXX", "").strip(), os.environ.get("GPUSYN_CXXFLAGS", "")
    return _search(own, more, os.environ.get("PATH", os.defpath))


@functools.cache
def _search(own: str, more: str, path: str) -> Compiler:
    """Find the compiler; the arguments are the environment variables that decide which it is."""
    if own:
        try:
            return _examine(_split(own, path), more, "the environment variable CXX names it")
        except BackendError as error:
            raise BackendError(
                f"the compiler {own!r}, which the environment variable CXX names, does not work: {error}; "
                "correct CXX or unset it"
            ) from error
    absent: list[str] = []
    failures: list[str] = []
    for name in (*_NAMES, "ziglang"):
        try:
            command = _ziglang() if name == "ziglang" else _on_path(name, path)
            if command in _failing:
                raise BackendError(_failing[command])
            if command is not None:
                passed_over = "".join(f"; {why}" for why in (*absent, *failures))
                return _examine(command, more, f"the first that works of {_LOOKED_FOR}{passed_over}")
            absent.append(f"{name} is not installed")
        except BackendError as error:
            failures.append(f"{name} does not work: {error}")
    raise BackendError(
        f"no C++ compiler found (looked for $CXX, {_LOOKED_FOR}){''.join(f'; {f}' for f in failures)}; "
        f"get one ({ziglang.INSTALL}, which needs no root; Debian: apt install g++) or use backend='numpy'"
    )


def _on_path(name: str, path: str) -> tuple[str, ...] | None:
    program = shutil.which(name, path=path)
    return None if program is None else (os.path.abspath(program),)


def _ziglang() -> tuple[str, ...] | None:
    """Return the command of the compiler that the package ziglang brings, None if it is not installed."""
    try:
        program = ziglang.program()
        if program is None:
            return None
        ziglang.check_version(run_tool((str(program), "version"), ANSWER_LIMIT).strip())
    except BackendError as error:
        raise BackendError(f"{error} (pip install --upgrade --force-reinstall ziglang)") from error
    return str(program), "c++"


def _split(own: str, path: str) -> tuple[str, ...]:
    """Return the command that `CXX` stands for: a program, maybe with blanks in its path, or one with arguments."""
    with contextlib.suppress(ValueError):  # a quotation mark without its partner
        for command in ([own], platforms.split_command(own)):
            program = shutil.which(command[0], path=path)
            if program is not None:
                return os.path.abspath(program), *command[1:]
    raise BackendError("this is no program that can be run" if os.path.exists(own) else "there is no such program")


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory()
    except OSError as error:
        raise BackendError(f"it needs a folder for temporary files ({error}); set TMPDIR to one") from error


def _examine(command: tuple[str, ...], more: str, reason: str) -> Compiler:
    macros = ("-x", "c++", "-dM", "-E", os.devnull)
    with _temporary_folder() as folder:
        ask = functools.partial(run_tool, limit=ANSWER_LIMIT, folder=Path(folder))
        version = ask((*command, "--version")).strip().partition("\n")[0] or "unknown version"
        native = platforms.native_flag(clang="clang" in version)
        machine = [] if native is None else [native]
        try:
            resolved = ask((*command, *machine, *macros))
        except BackendError:
            machine, resolved = [], ask((*command, *macros))
    flags = kernel_flags(zig=ziglang.is_zig(command), clang="clang" in version)
    return Compiler(command, version, (*flags, *machine, *more.split()), resolved, reason)


def kernel_flags(*, zig: bool, clang: bool) -> tuple[str, ...]:
    """Return the flags that make a library of kernels on this system, for any processor.

    Parameters
    ----------
    zig : bool
        True for the package ziglang.
    clang : bool
        True for clang, also that of ziglang.
    """
    own = platforms.zig_flags(ziglang.FLAGS) if zig else _CLANG if clang else _GCC
    return (*_FLAGS, *platforms.library_flags(zig), *_NUMERICS, *own)


def pass_over(compiler: Compiler, text: str, name: str) -> bool:
    """Compile a kernel text for no use; return True if it fails, and look for another compiler from now on.

    The compiler that `CXX` names is never passed over, and none where no library can be loaded.
    """
    if os.environ.get("CXX", "").strip() or platforms.no_room_for_a_library():
        return False
    try:
        with _temporary_folder() as folder, compile_text(compiler, text, name, Path(folder)) as library:
            ctypes.CDLL(str(library()))
    except (BackendError, OSError) as error:
        _failing[compiler.command] = why = f"it cannot compile kernels: {error.__cause__ or error}"
        _search.cache_clear()
        LOGGER.info(f"the compiler {compiler.description} is passed over: {why}")
        return True
    return False


@contextlib.contextmanager
def compile_text(compiler: Compiler, text: str, name: str, scratch: Path) -> Iterator[Callable[[], Path]]:
    """Compile a kernel text in a folder that the caller removes; what is yielded waits and returns the shared library.

    Raises
    ------
    BackendError
        If the compiler rejects the text, takes longer than `COMPILE_LIMIT`, or writes no library.
    OSError
        If the folder cannot be written.
    """
    library = scratch / f"kernels{platforms.library_suffix()}"
    (scratch / "kernels.cpp").write_text(text, encoding="utf-8")
    command = (*compiler.command, *compiler.flags, "kernels.cpp", "-o", library.name)

    def finished() -> Path:
        with _could_not_compile(compiler, name):
            answer()
            if not library.is_file():
                raise BackendError("it reported success, but wrote no library")
        return library

    with contextlib.ExitStack() as running:
        with _could_not_compile(compiler, name):
            answer = running.enter_context(_started(command, COMPILE_LIMIT, scratch))
        yield finished


@contextlib.contextmanager
def _could_not_compile(compiler: Compiler, name: str) -> Iterator[None]:
    try:
        yield
    except BackendError as error:
        raise BackendError(
            f"{compiler.description} could not compile the kernels '{name}': {error}; "
            "correct the text if you changed it (names in a model's struct come from its Python class), "
            "else try another compiler through the environment variable CXX, or backend='numpy'"
        ) from error


def run_tool(command: tuple[str, ...], limit: float, folder: Path | None = None) -> str:
    """Run a command without input, and return all that it writes; at the limit it ends, with the processes it started.

    It works in `folder` and puts its temporary files there (also ziglang what it would keep in the home folder); by
    default, in the current folder and where it likes.

    Raises
    ------
    BackendError
        If it cannot be started, takes longer than `limit` (s), or fails; the message quotes its first error.
    """
    with _started(command, limit, folder) as answer:
        return answer()


@contextlib.contextmanager
def _started(command: tuple[str, ...], limit: float, folder: Path | None) -> Iterator[Callable[[], str]]:
    """Start a command as `run_tool` does; what is yielded waits for it. An exception ends it.

    Messages are requested in English. The output goes to a file: a server that the command leaves behind (as wrappers
    of compilers do) would keep a pipe open.
    """
    if command in _hanging:
        raise BackendError(_hanging[command])
    environment = {
        **os.environ,
        "LC_ALL": "C",
        **(dict.fromkeys(platforms.temporary_places(), str(folder)) if folder else {}),
    }
    with contextlib.ExitStack() as running:
        try:
            output = running.enter_context(tempfile.TemporaryFile(dir=folder))
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise BackendError(f"it cannot be started ({error})") from error
        running.enter_context(process)
        try:
            yield functools.partial(_answer, command, process, output, limit)
        except BaseException:  # the limit, a failure of what runs beside it, or an interruption by the user
            platforms.end_process(process)
            raise


def _answer(command: tuple[str, ...], process: subprocess.Popen[bytes], output: IO[bytes], limit: float) -> str:
    """Wait for a command, and return all that it wrote."""
    try:
        status = process.wait(limit)
    except subprocess.TimeoutExpired as error:
        _hanging[command] = f"it took longer than {limit:g} s and was stopped"
        raise BackendError(_hanging[command]) from error
    output.seek(0)
    said = output.read().decode("utf-8", "replace")
    if status:
        lines = [" ".join(line.split())[:300] for line in said.splitlines() if line.strip()]
        if not lines:
            raise BackendError(f"exit status {status}, without a message")
        told = next((line for line in lines if "error" in line), "")
        raise BackendError(told or f"exit status {status}, and the message begins {lines[0]!r}")
    return said

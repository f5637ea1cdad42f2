"""The cache of compiled kernels. Every library in it is checked before it is loaded.

The name of a library is the key of what was compiled, then a hash of key and content. A library that is cut off,
changed or renamed therefore does not fit its name, and is compiled anew. Loading a library runs it, so the folder and
its files must be such that no other user can have written them.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from gpusyn.backends.cpu import platforms
from gpusyn.backends.cpu.compiler import Compiler, compile_text
from gpusyn.errors import BackendError
from gpusyn.utils.progress import COMPILING, meanwhile

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

_OTHER_WAYS = (
    "set GPUSYN_CACHE to a folder on a disk that may hold programs, try another compiler through the "
    "environment variable CXX, or use backend='numpy'"
)


def cache_folder() -> Path:
    """Return the folder for compiled kernels: `GPUSYN_CACHE`, else `gpusyn` in the user's cache folder.

    Raises
    ------
    BackendError
        If the user has no home folder.
    """
    own = os.environ.get("GPUSYN_CACHE")
    if own:
        return Path(own)
    try:
        return platforms.user_cache_folder() / "gpusyn"
    except RuntimeError as error:
        raise BackendError(f"no place for compiled kernels ({error}); set GPUSYN_CACHE to a folder") from error


def compile_library(compiler: Compiler, text: str, name: str, folder: Path | None = None) -> ctypes.CDLL:
    """Return the shared library of `text`, from the cache or compiled now; see `compile_libraries`."""
    return compile_libraries(compiler, {name: text}, folder)[name]


def compile_libraries(
    compiler: Compiler, texts: Mapping[str, str], folder: Path | None = None, at_once: int = 1
) -> dict[str, ctypes.CDLL]:
    """Return the shared libraries of some texts by name, from the cache or compiled now, `at_once` at the same time.

    The key is a hash of text, flags, compiler and resolved target. A new library gets its name by an atomic rename, so
    two processes may compile the same text at the same time; where files can be locked, one waits for the other.

    Raises
    ------
    BackendError
        If the compiler fails, the cache folder cannot be written or could be written by other users, or the library
        cannot be loaded.
    """
    folder = folder or cache_folder()
    keys = {name: _key(compiler, text) for name, text in texts.items()}
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = folder.resolve()  # what is checked is what is used, whatever becomes of a symbolic link
        _require_own(folder)
        stored = {name: _stored(folder, key) for name, key in keys.items()}
        found = {name: library for name, library in stored.items() if library is not None}
        missing = [name for name in texts if name not in found]
        for first in range(0, len(missing), at_once):
            some = missing[first : first + at_once]
            with meanwhile(COMPILING), _compiling(folder, [keys[name] for name in some]):
                others = {name: _stored(folder, keys[name]) for name in some}
                found |= {name: library for name, library in others.items() if library is not None}
                with contextlib.ExitStack() as running:
                    left = [name for name in some if name not in found]
                    made = {n: running.enter_context(_made(folder, keys[n], compiler, texts[n], n)) for n in left}
                    found |= {name: finished() for name, finished in made.items()}
        return found
    except OSError as error:
        raise BackendError(
            f"cannot write the kernel cache {folder} ({error}); "
            "set GPUSYN_CACHE to a folder that can be written, or use backend='numpy'"
        ) from error


@contextlib.contextmanager
def _compiling(folder: Path, keys: Iterable[str]) -> Iterator[None]:
    """Wait while other processes or threads, such as other ranks, compile what has these keys, and let them wait.

    Locks are taken in the order of the keys, so that no two wait for each other, and end with a process that is killed.
    Where there are none, as on some network file systems, several compile the same.
    """
    with contextlib.ExitStack() as held:
        for key in sorted(keys) if fcntl is not None else ():
            file = folder / f"{key}.lock"
            with contextlib.suppress(OSError):
                opened = held.enter_context(file.open("wb"))
                held.callback(_remove, file)
                fcntl.flock(opened, fcntl.LOCK_EX)
        yield


def _remove(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink()


def _key(compiler: Compiler, text: str) -> str:
    parts = [text, *compiler.flags, *compiler.command, compiler.version, compiler.target]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _stored(folder: Path, key: str) -> ctypes.CDLL | None:
    """Return the library of a key, None if there is none that can be used; what cannot be used is removed."""
    for file in sorted(folder.glob(f"{key}-*{platforms.library_suffix()}")):
        with contextlib.suppress(OSError):  # unreadable, or made for other system libraries
            if not _foreign(file.lstat()) and file.name == _file_name(key, file.read_bytes()):
                return ctypes.CDLL(str(file))
        with contextlib.suppress(OSError):
            file.unlink()
    return None


@contextlib.contextmanager
def _made(folder: Path, key: str, compiler: Compiler, text: str, name: str) -> Iterator[Callable[[], ctypes.CDLL]]:
    """Compile a library; what is yielded waits for it, loads it, and then puts it into the cache."""
    # Windows removes no library that is loaded, and a folder only when nothing is in it.
    with (
        tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as scratch,
        compile_text(compiler, text, name, Path(scratch)) as made,
    ):

        def finished() -> ctypes.CDLL:
            file = made()
            content = _synchronised(file)
            try:
                library = ctypes.CDLL(str(file))
            except OSError as error:
                why = str(error).replace(f"{scratch}{os.sep}", "")
                raise BackendError(
                    f"cannot load the kernels '{name}' that {compiler.description} compiled ({why}); "
                    f"{platforms.no_room_for_a_library() or _OTHER_WAYS}"
                ) from error
            _publish(file, folder / _file_name(key, content))
            return library

        yield finished


def _publish(file: Path, place: Path) -> None:
    """Move a library to its place in the cache; Windows does not, if another process has loaded the one there."""
    try:
        os.replace(file, place)
    except PermissionError:
        if not place.is_file():
            raise


def _synchronised(file: Path) -> bytes:
    """Write a library to the disk, and return its content; otherwise a crash may leave the name without it."""
    file.chmod(0o755)  # whatever the umask
    with file.open("rb+") as opened:
        content = opened.read()
        os.fsync(opened.fileno())
    return content


def _file_name(key: str, content: bytes) -> str:
    return f"{key}-{hashlib.sha256(key.encode() + content).hexdigest()[:32]}{platforms.library_suffix()}"


def _require_own(folder: Path) -> None:
    why = _foreign(folder.stat())
    if why:
        raise BackendError(
            f"the kernel cache {folder} is not used, because {why}, and what lies in it would be run; "
            "set GPUSYN_CACHE to a folder that only you can write (chmod go-w), or use backend='numpy'"
        )


def _foreign(found: os.stat_result) -> str:
    """Return why another user may have written a folder or file, "" if only this user and root can have done so."""
    if os.name != "posix":
        return ""
    if stat.S_ISLNK(found.st_mode):
        return "it is a symbolic link"
    if found.st_uid not in (os.geteuid(), 0):
        return f"it belongs to another user (number {found.st_uid})"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"other users can write it (mode {stat.S_IMODE(found.st_mode):o})"
    return ""

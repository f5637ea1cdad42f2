"""Files that this process is writing: marked, so that nobody else writes them, and with room taken beforehand.

HDF5 cannot be trusted after a write that failed: what it had not written yet is lost, and so is the way to what it had.
Room is therefore taken in the file system before HDF5 is asked to write. If there is none, HDF5 never hears of it.
"""

from __future__ import annotations

import errno
import os
import shutil
import weakref
from pathlib import Path

from gpusyn.io.superblock import read_superblock

_HELD: set[tuple[int, int]] = set()  # identities of the marked files of this process


def identity_of(path: Path) -> tuple[int, int]:
    """Return the device and the number of a file, which are the same for all of its names."""
    facts = path.stat()
    return facts.st_dev, facts.st_ino


def being_written(path: Path) -> bool:
    """Return True if this process or another one has marked the file; without file locks, only this one is seen."""
    if identity_of(path) in _HELD:
        return True
    try:
        import fcntl
    except ImportError:
        return False
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


class HeldFile:
    """An open file in which room can be taken, marked as being written if asked.

    Parameters
    ----------
    path : Path
        The file, which exists.
    mark : bool
        If True, :func:`being_written` is True for the file until it is released or the process ends.

    Raises
    ------
    OSError
        If the file cannot be opened.
    """

    def __init__(self, path: Path, mark: bool) -> None:
        self.path, self.identity = path, identity_of(path)
        self._descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        self.release = weakref.finalize(self, _release, self._descriptor, self.identity if mark else None)
        if mark:
            _HELD.add(self.identity)
            _lock(self._descriptor)

    def reserve(self, end: int) -> None:
        """Take room for the file up to `end` bytes.

        Raises
        ------
        OSError
            If there is no room, or such a length is not allowed; nothing was taken.
        """
        _check_limit(end)
        size = os.fstat(self._descriptor).st_size
        if end <= size:
            return
        try:
            _allocate(self._descriptor, size, end - size, self.path)
        except BaseException:
            os.ftruncate(self._descriptor, size)
            raise

    def sync(self) -> None:
        """Wait until everything that was written is on the disk."""
        os.fsync(self._descriptor)

    def finish(self) -> None:
        """Give back what was taken beyond the contents, and close for HDF5 if it could not do that itself.

        The superblock says where the contents ended at the last flush; everything that was flushed is before that.
        """
        block = read_superblock(self._descriptor)
        if block is None:
            return
        if os.fstat(self._descriptor).st_size > block.end:
            os.ftruncate(self._descriptor, block.end)
        if block.flagged:
            block.cleared(block.end).write(self._descriptor)


def _lock(descriptor: int) -> None:
    """Lock the file for as long as the process lives; two of these locks go together."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (ImportError, OSError):  # Windows, or a file system without locks: other processes do not see the mark
        return


def _release(descriptor: int, identity: tuple[int, int] | None) -> None:
    os.close(descriptor)
    if identity:
        _HELD.discard(identity)


def _check_limit(end: int) -> None:
    """Raise an OSError if the process may not write files of this length."""
    try:
        import resource
    except ImportError:
        return
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if limit != resource.RLIM_INFINITY and end > limit:
        raise OSError(errno.EFBIG, f"files are limited to {limit} bytes here (ulimit -f)")


def _allocate(descriptor: int, start: int, length: int, path: Path) -> None:
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(descriptor, start, length)
            return
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # what file systems say that cannot do this
                raise
    if shutil.disk_usage(path.parent).free < length:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

"""Protection from an endless loop in HDF5: it does not end on some damaged *global heaps*.

HDF5 stores strings of variable length in collections of the global heap, and walks through a collection without
checking that it gets on: one flipped byte in the size of an object (size 0) keeps it in H5HG__cache_heap_deserialize
for ever (HDF5 up to 2.0). The file is therefore read through a stream that checks each collection before HDF5 sees it.
Layout: "HDF5 File Format Specification Version 3.0", section III.E.
"""

from __future__ import annotations

import io
import os
import re
import struct
from pathlib import Path
from typing import Any

from gpusyn.io.superblock import Superblock

COLLECTION = b"GCOL\1\0\0\0"  # signature, version 1, reserved
SMALL = 2**16  # bytes; a read of metadata that begins with something else is smaller
HEADER = 16  # bytes of the header of a collection, and of an object
WIDTH = struct.Struct("<8xQ")  # the size, at the end of either header


class CheckedStream(io.FileIO):
    """A file for the reader of h5py; it refuses damaged collections of the global heap, and reading past the end.

    Parameters
    ----------
    path : pathlib.Path
        HDF5 file.
    block : Superblock
        Its superblock. If it is flagged, though nobody writes the file, h5py gets to see it without the flags.

    Raises
    ------
    OSError
        If the file cannot be opened, or another program has locked it for writing.
    """

    def __init__(self, path: Path, block: Superblock) -> None:
        super().__init__(path, "rb")
        self._sound: set[int] = set()
        self._block: Superblock | None = None
        if block.flagged:
            self._block = block.cleared(os.fstat(self.fileno()).st_size)
        elif locked_by_others(self.fileno()):
            self.close()
            raise OSError("another program is writing it")

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; raise an OSError if the file ends before, or a damaged collection begins here."""
        at, view = self.tell(), memoryview(buffer).cast("B")
        done = 0
        while done < len(view):  # one system call reads less than 2 GiB
            count = super().readinto(view[done:])
            if not count:
                raise OSError(f"the file ends at byte {at + done}, before the data do")
            done += count
        if self._block:
            begin, end = max(at, self._block.at), min(at + done, self._block.at + len(self._block.raw))
            if begin < end:
                view[begin - at : end - at] = self._block.raw[begin - self._block.at : end - self._block.at]
        for heap in self._heaps_in(at, view):
            self._check(heap)
            self._sound.add(heap)
        return done

    def _heaps_in(self, at: int, view: memoryview) -> list[int]:
        """Return the places of collections that begin in a part of the file and have not been checked yet.

        HDF5 may read metadata in pieces, so that a collection begins inside a read, or between two. Large reads are
        data, or begin with what they are for.
        """
        if len(view) >= SMALL:
            return [at] if view[: len(COLLECTION)] == COLLECTION and at not in self._sound else []
        first = max(0, at - len(COLLECTION) + 1)
        self.seek(first)  # h5py seeks before each read, so the position need not be kept
        window = self.read(at + len(view) - first + len(COLLECTION) - 1)
        places = [first + found.start() for found in re.finditer(re.escape(COLLECTION), window)]
        return [place for place in places if place not in self._sound]

    def _check(self, at: int) -> None:
        """Raise an OSError if walking through a collection would not end at its end."""
        self.seek(at)
        (size,) = WIDTH.unpack(self.read(HEADER))
        if not HEADER <= size <= os.fstat(self.fileno()).st_size - at:
            raise OSError(f"the global heap at byte {at} has a wrong size")
        self.seek(at)
        heap = self.read(size)
        place = HEADER
        while place + HEADER <= size:
            number, (length,) = heap[place] | heap[place + 1], WIDTH.unpack_from(heap, place)
            # Number 0 is free space, whose length includes its header; the data of an object end at a multiple of 8.
            step = HEADER + (length + 7) // 8 * 8 if number else length
            if not HEADER <= step <= size - place:
                raise OSError(f"the global heap at byte {at} has an object of wrong size at byte {at + place}")
            place += step


def locked_by_others(descriptor: int) -> bool:
    """Take the lock that HDF5 takes for reading, which ends when the file is closed; return True if it is refused."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (ImportError, OSError):  # Windows, or a file system without locks
        return False
    return False

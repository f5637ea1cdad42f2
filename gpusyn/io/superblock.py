"""The first bytes of an HDF5 file, its superblock, which shows whether the writer has closed the file.

A superblock of version 3 (HDF5 1.10 and later, used by the single-writer/multiple-reader mode) holds flags that the
writer sets when it opens the file and clears when it closes it. A killed writer leaves them set, and the library then
refuses to open the file for ordinary readers. Layout: "HDF5 File Format Specification Version 3.0", section II.A.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

SIGNATURE = b"\x89HDF\r\n\x1a\n"
LENGTH = 48  # signature, 4 single bytes, 4 addresses of 8 bytes, checksum
CHECKED = LENGTH - 4
VERSION_AT, OFFSET_SIZE_AT, FLAGS_AT, END_AT = 8, 9, 11, 28
END_OF_VERSION_0_AT = 40
WRITING = 0x01 | 0x04  # opened for writing | opened by a single writer that allows readers
MASK = 0xFFFFFFFF


@dataclass(frozen=True)
class Superblock:
    """The superblock of a file and its offset in the file."""

    at: int
    raw: bytes

    @property
    def flagged(self) -> bool:
        """True if a writer has the file open, or was killed while it had the file open."""
        return self.raw[VERSION_AT] >= 3 and bool(self.raw[FLAGS_AT] & WRITING)

    @property
    def sound(self) -> bool:
        """True if the layout is known here (version 3, addresses of 8 bytes) and the checksum is right."""
        known = self.raw[VERSION_AT] == 3 and self.raw[OFFSET_SIZE_AT] == 8 and len(self.raw) == LENGTH
        return known and lookup3(self.raw[:CHECKED]) == int(struct.unpack_from("<I", self.raw, CHECKED)[0])

    @property
    def end(self) -> int:
        """End of the contents, as last recorded by the writer (superblocks of version 0, 2 and 3)."""
        at = END_AT if self.raw[VERSION_AT] >= 2 else END_OF_VERSION_0_AT
        return int(struct.unpack_from("<Q", self.raw, at)[0])

    def cleared(self, end: int) -> Superblock:
        """Return the superblock as a writer that closes the file would leave it."""
        raw = bytearray(self.raw)
        raw[FLAGS_AT] = 0
        struct.pack_into("<Q", raw, END_AT, end)
        struct.pack_into("<I", raw, CHECKED, lookup3(bytes(raw[:CHECKED])))
        return Superblock(self.at, bytes(raw))

    def write(self, file: Path | int) -> None:
        """Write the superblock to its place in the file, given by its path or its descriptor."""
        with open(file, "r+b", closefd=not isinstance(file, int)) as stream:
            stream.seek(self.at)
            stream.write(self.raw)
            stream.flush()
            os.fsync(stream.fileno())


def read_superblock(file: Path | int) -> Superblock | None:
    """Return the superblock of a file, given by its path or its descriptor, or None if it is not HDF5."""
    with open(file, "rb", closefd=not isinstance(file, int)) as stream:
        size = os.fstat(stream.fileno()).st_size
        at = 0
        while at + LENGTH <= size:
            stream.seek(at)
            raw = stream.read(LENGTH)
            if raw.startswith(SIGNATURE):
                return Superblock(at, raw)
            at = max(512, 2 * at)  # a user block may precede the superblock: 512 bytes times a power of two
    return None


def lookup3(data: bytes) -> int:
    """Return the checksum of HDF5 metadata: lookup3 (Bob Jenkins 2006) with initial value 0.

    >>> hex(lookup3(b"")), hex(lookup3(b"Four score and seven years ago"))
    ('0xdeadbeef', '0x17770551')
    """
    a = b = c = (0xDEADBEEF + len(data)) & MASK
    while len(data) > 12:
        x, y, z = struct.unpack_from("<3I", data)
        a, b, c = _mix((a + x) & MASK, (b + y) & MASK, (c + z) & MASK)
        data = data[12:]
    if not data:
        return c
    x, y, z = (int(word) for word in struct.unpack("<3I", data.ljust(12, b"\0")))
    a, b, c = (a + x) & MASK, (b + y) & MASK, (c + z) & MASK
    c = ((c ^ b) - _turn(b, 14)) & MASK
    a = ((a ^ c) - _turn(c, 11)) & MASK
    b = ((b ^ a) - _turn(a, 25)) & MASK
    c = ((c ^ b) - _turn(b, 16)) & MASK
    a = ((a ^ c) - _turn(c, 4)) & MASK
    b = ((b ^ a) - _turn(a, 14)) & MASK
    return ((c ^ b) - _turn(b, 24)) & MASK


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    for turns in (4, 6, 8, 16, 19, 4):
        # One round: c changes a, b changes c; then the three rotate.
        a = ((a - c) & MASK) ^ _turn(c, turns)
        c = (c + b) & MASK
        a, b, c = b, c, a
    return a, b, c


def _turn(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (32 - bits))) & MASK

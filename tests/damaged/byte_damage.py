"""Damage to the bytes of a file, whatever it holds."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

Random = np.random.Generator
ROWS = 2**40  # rows that a damaged file declares and does not have


def any_of(random: Random, items: Any) -> Any:
    items = list(items)
    return items[int(random.integers(len(items)))]


def flip(data: bytearray, random: Random) -> bytes:
    data[int(random.integers(len(data)))] ^= 1 << int(random.integers(8))
    return bytes(data)


def put(data: bytearray, random: Random) -> bytes:
    data[int(random.integers(len(data)))] = any_of(random, (0, 1, 127, 128, 255))
    return bytes(data)


def put_address(data: bytearray, random: Random) -> bytes:
    """Write a number where an address or a size could be."""
    at = int(random.integers(max(1, len(data) // 8))) * 8
    data[at : at + 8] = struct.pack("<Q", any_of(random, (0, 1, 96, len(data) // 2, len(data), ROWS, 2**63, 2**64 - 1)))
    return bytes(data)


def spray(data: bytearray, random: Random) -> bytes:
    at, count = int(random.integers(len(data))), int(random.integers(1, 200))
    data[at : at + count] = random.bytes(count)
    return bytes(data)


def blank(data: bytearray, random: Random) -> bytes:
    at, count = int(random.integers(len(data))), int(random.integers(1, 600))
    data[at : at + count] = bytes(len(data[at : at + count]))
    return bytes(data)


def truncate(data: bytearray, random: Random) -> bytes:
    return bytes(data[: int(random.integers(len(data)))])


def extend(data: bytearray, random: Random) -> bytes:
    return bytes(data) + random.bytes(int(random.integers(1, 600)))


def cut_out(data: bytearray, random: Random) -> bytes:
    at = int(random.integers(len(data)))
    del data[at : at + int(random.integers(1, 64))]
    return bytes(data)


def repeat(data: bytearray, random: Random) -> bytes:
    """Copy a part of the file over another part."""
    count = int(random.integers(8, 128))
    start, at = (int(random.integers(max(1, len(data) - count))) for _ in range(2))
    data[at : at + count] = data[start : start + count]
    return bytes(data)


BYTES = (flip, put, put_address, spray, blank, truncate, extend, cut_out, repeat)

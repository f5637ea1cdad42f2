"""The stream through which files are read: no damaged heap passes, whatever the pieces in which HDF5 reads."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import h5py
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusyn.io.heap_check import CheckedStream
from gpusyn.io.superblock import read_superblock
from tests.damaged.sound_files import killed


@pytest.fixture(scope="module")
def heap(tmp_path_factory) -> tuple[Path, int]:
    """A file with strings of variable length, and the place of their heap."""
    path = tmp_path_factory.mktemp("heap") / "x.h5"
    with h5py.File(path, "w") as file:
        file.attrs["words"] = ["one", "two", "a third that is longer"]
        file["more"] = [f"{i}" * i for i in range(100)]
    return path, path.read_bytes().index(b"GCOL")


def read_in_pieces(path: Path, cuts: list[int]) -> bytes:
    """Read a file piece after piece, each as HDF5 would: seek, then fill a buffer."""
    block = read_superblock(path)
    assert block is not None
    size = path.stat().st_size
    places = sorted({0, size, *(cut % size for cut in cuts)})
    whole = bytearray(size)
    with CheckedStream(path, block) as stream:
        for begin, end in pairwise(places):
            stream.seek(begin)
            assert stream.readinto(memoryview(whole)[begin:end]) == end - begin
    return bytes(whole)


cuts = st.lists(st.integers(0, 10_000), max_size=8)


@given(cuts=cuts, near=st.lists(st.integers(-9, 40), max_size=4))
def test_sound_heaps_pass(heap, cuts, near):
    path, place = heap
    assert read_in_pieces(path, cuts + [place + one for one in near]) == path.read_bytes()


@pytest.mark.parametrize(
    "offset, width, value",
    [
        (8, "<Q", 0),  # size of the collection
        (8, "<Q", 2**40),
        (16, "<HHIQ", (0, 0, 0, 0)),  # first object: free space without end
        (16, "<HHIQ", (0, 0, 0, 2**63)),
        (16, "<HHIQ", (1, 1, 0, 2**64 - 16)),  # HDF5 adds 16, and stays where it is
        (16, "<HHIQ", (1, 1, 0, 2**40)),
    ],
)
@given(cuts=cuts, near=st.lists(st.integers(-9, 40), max_size=4))
def test_damaged_heaps_do_not_pass(heap, offset, width, value, cuts, near):
    path, place = heap
    data = bytearray(path.read_bytes())
    struct.pack_into(width, data, place + offset, *(value if isinstance(value, tuple) else (value,)))
    damaged = path.with_name("damaged.h5")
    damaged.write_bytes(data)
    with pytest.raises(OSError, match=f"the global heap at byte {place} has "):
        read_in_pieces(damaged, cuts + [place + one for one in near])


@pytest.fixture(scope="module")
def flagged(tmp_path_factory) -> Path:
    return killed(tmp_path_factory.mktemp("killed"))


@given(cuts=st.lists(st.integers(0, 100), max_size=6))
def test_a_flag_of_a_killed_writer_is_hidden(flagged, cuts):
    path = flagged
    block = read_superblock(path)
    assert block is not None
    size = path.stat().st_size
    assert read_in_pieces(path, cuts) == block.cleared(size).raw + path.read_bytes()[len(block.raw) :]


def test_nothing_is_read_past_the_end(heap):
    path, _ = heap
    block = read_superblock(path)
    assert block is not None
    with CheckedStream(path, block) as stream:
        stream.seek(path.stat().st_size - 3)
        with pytest.raises(OSError, match=rf"the file ends at byte {path.stat().st_size}, before the data do"):
            stream.readinto(bytearray(4))

"""Damaged result files: each kind of damage gives one error that names the file, the item and what is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from gpusyn.commands.cli import main
from gpusyn.errors import FileError
from gpusyn.io import open_results, repair
from gpusyn.io.superblock import read_superblock
from tests.damaged.byte_damage import ROWS
from tests.damaged.hdf5_damage import CONTENT, set_flag
from tests.damaged.mutants import seeded
from tests.damaged.sound_files import foreign, killed, saved, streamed
from tests.damaged.worker import read_all

NOTES = "gpusyn/recorders/s"


def damaged(path: Path, item: str, kind: str) -> str:
    """Damage an item of a file and return the error of reading all of it, which is one line."""
    with h5py.File(path, "r+") as content:
        CONTENT[kind](content, item, seeded(0))
    with pytest.raises(FileError) as caught:
        read_all(path)
    error = str(caught.value)
    assert "\n" not in error
    assert error.startswith(str(path))
    return error


@pytest.mark.parametrize("make", [saved, streamed])
@pytest.mark.parametrize(
    "item, kind, words",
    [
        (f"{NOTES}/sizes", "halves", "whole numbers"),
        (f"{NOTES}/sizes", "large", "the lengths of its notes do not agree"),
        (f"{NOTES}/sizes", "negative", "whole numbers >= 0"),
        (f"{NOTES}/local_ids", "same", "has a neuron twice"),
        (f"{NOTES}/local_ids", "shorter", "the lengths of its notes do not agree"),
        (f"{NOTES}/local_ids", "declared", "declares"),
        (f"{NOTES}/populations", "halves", "must hold strings"),
        (f"{NOTES}/populations", "to_group", "must be a dataset"),
        (f"{NOTES}/populations", "not text", "utf-8"),
        (f"{NOTES}/own", "none", "the lengths of its notes do not agree"),
        ("gpusyn/recorders/t/variables", "scalar", "must have 1 dimension"),
        ("gpusyn/recorders/t/units", "longer", "the lengths of its notes do not agree"),
        ("gpusyn/progress", "halves", "whole numbers"),
        ("gpusyn/progress", "nan", "must be finite"),
        ("gpusyn/progress", "negative", "whole numbers >= 0"),
        ("gpusyn/progress", "longer", "must hold"),
        ("gpusyn/progress", "large", "must have"),
        ("spikes/E/timestamps", "nan", "timestamps: must be finite"),
        ("spikes/E/timestamps", "words", "must hold numbers"),
        ("spikes/E/timestamps", "shorter", "the file is damaged or truncated"),
        ("spikes/E/timestamps", "external_link", "is a link to another file"),
        ("spikes/E/timestamps", "deeper", "must have 1 dimension"),
        ("spikes/E/node_ids", "halves", "whole numbers"),
        ("spikes/E/node_ids", "large", "spikes of neurons that were not recorded"),
        ("spikes/E/node_ids", "virtual", "in another file"),
        ("gpusyn/V/report/E/data", "flat", "must have 2 dimensions"),
        ("gpusyn/V/report/E/data", "shorter", "must have"),
        ("gpusyn/V/report/E/data", "pairs", "must hold numbers"),
    ],
)
def test_what_is_read_is_checked(tmp_path, make, item, kind, words):
    assert words in damaged(make(tmp_path), item, kind)


@pytest.mark.parametrize(
    "item, kind, words",
    [
        ("gpusyn/recorders/w/pre", "halves", "whole numbers"),
        ("gpusyn/recorders/w/pre", "shorter", "the lengths of its notes do not agree"),
        ("gpusyn/recorders/w/post", "longer", "the lengths of its notes do not agree"),
        ("gpusyn/recorders/w/post", "negative", "whole numbers >= 0"),
        ("gpusyn/recorders/w/local_ids", "same", "has a neuron twice"),
        ("gpusyn/recorders/w/populations", "longer", "the lengths of its notes do not agree"),
        ("gpusyn/weight/report/E->I:AMPA/data", "flat", "must have 2 dimensions"),
    ],
)
def test_what_is_read_of_synapses_is_checked(tmp_path, item, kind, words):
    assert words in damaged(saved(tmp_path), item, kind)


def test_synapses_without_one_side_are_refused(tmp_path):
    with h5py.File(saved(tmp_path), "r+") as content:
        del content["gpusyn/recorders/w/post"]
    with pytest.raises(FileError, match="/gpusyn/recorders/w/post: missing"):
        open_results(tmp_path / "run.h5")


@pytest.mark.parametrize(
    "file, item, kind, words",
    [
        ("spikes.h5", "spikes/cells/node_ids", "shorter", "differ in length"),
        ("spikes.h5", "spikes/cells/node_ids", "halves", "whole numbers"),
        ("spikes.h5", "spikes/cells/timestamps", "infinite", "must be finite"),
        ("V.h5", "report/cells/mapping/time", "shorter", "must hold 3 numbers"),
        ("V.h5", "report/cells/mapping/index_pointers", "reversed", "must rise from 0 to the 6 columns"),
        ("V.h5", "report/cells/mapping/index_pointers", "large", "must rise from 0"),
        ("V.h5", "report/cells/mapping/node_ids", "longer", "must rise from 0"),
        ("V.h5", "report/cells/data", "declared", "declares"),
        ("V.h5", "report/cells/data", "scalar", "must have 2 dimensions"),
    ],
)
def test_files_of_others_are_checked(tmp_path, file, item, kind, words):
    assert words in damaged(foreign(tmp_path) / file, item, kind)


def test_half_of_the_spikes_missing_is_no_empty_result(tmp_path):
    path = foreign(tmp_path) / "spikes.h5"
    with h5py.File(path, "r+") as content:
        del content["spikes/cells/node_ids"]
    with pytest.raises(FileError, match="spikes/cells/node_ids: missing"):
        open_results(path)


def test_a_declared_length_does_not_keep_repair_busy_for_ever(tmp_path):
    """HDF5 visits all of the 2^27 chunks that are cut off, though none was ever written."""
    path = streamed(tmp_path)
    with h5py.File(path, "r+") as content:
        content["spikes/E/timestamps"].resize(ROWS, axis=0)
    before = path.read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "gpusyn", "repair", str(path)], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"spikes/E/timestamps: has {ROWS:,} rows where the notes say" in done.stderr
    assert path.read_bytes() == before


def test_a_killed_run_with_damaged_metadata_does_not_keep_its_reader_waiting(tmp_path):
    """HDF5's reader of a growing file tries again until the checksum is right, for ever if nobody writes it."""
    path = streamed(tmp_path)
    with h5py.File(path) as content:
        at = h5py.h5o.get_info(content[NOTES].id).addr
    data = bytearray(path.read_bytes())
    data[at + 30] ^= 1
    path.write_bytes(data)
    set_flag(path)
    done = subprocess.run(
        [sys.executable, "-c", f"import gpusyn; gpusyn.open_results({str(path)!r})"],
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.stderr.splitlines()[-1].startswith(f"gpusyn.errors.FileError: {path}: /{NOTES}")


def test_gpusyn_stores_no_strings_of_variable_length_that_it_reads(tmp_path):
    """A file that is being written cannot be checked for damaged heaps, so its notes do without them."""
    kinds = []
    with h5py.File(streamed(tmp_path)) as content:
        group = content[NOTES]
        kinds = [h5py.check_string_dtype(group.attrs.get_id("name").dtype)]
        kinds += [h5py.check_string_dtype(group[name].dtype) for name in ("populations", "variables", "units")]
    assert all(kind.length is not None for kind in kinds)


def test_a_killed_run_is_read_though_its_file_is_flagged(tmp_path):
    path = killed(tmp_path)
    block = read_superblock(path)
    assert block is not None
    assert block.flagged
    results = open_results(path)
    assert np.array_equal(results["t"]["V"][:, 0], np.arange(1, 301, dtype=np.float32))


def test_repair_says_in_one_line_what_is_wrong(tmp_path, capsys):
    path = saved(tmp_path)
    with h5py.File(path, "r+") as content:
        CONTENT["halves"](content, "gpusyn/progress", seeded(0))
    assert main(["repair", str(path)]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"gpusyn repair: error: {path}: /gpusyn/progress: must be whole numbers")
    assert printed.count("\n") == 1
    with pytest.raises(FileError, match="whole numbers"):
        repair(path)

"""Damaged SONATA circuits: each kind of damage gives one error that names the file, the item and what is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from gpusyn.commands.cli import main
from gpusyn.errors import FileError, GpusynError
from gpusyn.io.checked import SPARSE, opened
from gpusyn.sonata import run_config
from tests.damaged.byte_damage import ROWS
from tests.damaged.hdf5_damage import CONTENT
from tests.damaged.mutants import seeded
from tests.damaged.sound_files import newer_circuit
from tests.helpers.sonata_circuit import SmallCircuit

CELLS, EDGES, DRIVE = "network/cells.h5", "network/cells_cells.h5", "inputs/drive.h5"
TYPES, GROUPS = "edges/cells_to_cells/edge_type_id", "edges/cells_to_cells/0"
TARGETS = "edges/cells_to_cells/target_node_id"


def refused(path: Path) -> str:
    """Return the error of a run, which is one line."""
    with pytest.raises(GpusynError) as caught:
        run_config(path, backend="numpy", echo=lambda line: None)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "file, item, kind, words",
    [
        (CELLS, "nodes/cells/node_id", "halves", ["whole numbers >= 0 (got 10.5 in row 0)"]),
        (CELLS, "nodes/cells/node_id", "negative", ["whole numbers >= 0 (got -11 in row 0)"]),
        (CELLS, "nodes/cells/node_id", "huge", ["whole numbers >= 0 (got 18446744073709551615 in row 0)"]),
        (CELLS, "nodes/cells/node_id", "nan", ["whole numbers >= 0 (got nan in row 0)"]),
        (CELLS, "nodes/cells/node_id", "same", ["an id occurs twice"]),
        (CELLS, "nodes/cells/node_id", "strings", ["must hold numbers (holds strings)"]),
        (CELLS, "nodes/cells/node_id", "words", ["must hold numbers"]),
        (CELLS, "nodes/cells/node_id", "complex", ["must hold numbers (holds complex numbers)"]),
        (CELLS, "nodes/cells/node_id", "pairs", ["must hold numbers (holds records)"]),
        (CELLS, "nodes/cells/node_id", "references", ["must hold numbers"]),
        (CELLS, "nodes/cells/node_id", "scalar", ["must have 1 dimension (has shape ())"]),
        (CELLS, "nodes/cells/node_id", "one string", ["must have 1 dimension"]),
        (CELLS, "nodes/cells/node_id", "deeper", ["must have 1 dimension (has shape (6, 1))"]),
        (CELLS, "nodes/cells/node_id", "empty", ["must have 1 dimension (has no values)"]),
        (CELLS, "nodes/cells/node_id", "shorter", ["columns have 5 and 6 rows"]),
        (CELLS, "nodes/cells/node_id", "declared", ["declares", "bytes, but the file has"]),
        (CELLS, "nodes/cells/node_id", "to_group", ["must be a dataset"]),
        (CELLS, "nodes/cells/node_id", "named_type", ["must be a dataset"]),
        (CELLS, "nodes/cells/node_id", "external_link", ["is a link to another file"]),
        (CELLS, "nodes/cells/node_id", "external_storage", ["its data are in another file"]),
        (CELLS, "nodes/cells/node_id", "virtual", ["its data are in another file"]),
        (CELLS, "nodes/cells/node_type_id", "large", ["type 8589934692 is not in"]),
        (EDGES, TARGETS, "large", ["is not in population 'cells'"]),
        (EDGES, TYPES, "halves", ["whole numbers"]),
        (EDGES, "edges/cells_to_cells/edge_group_index", "large", ["0/syn_weight", "has 4 values"]),
        (EDGES, f"{GROUPS}/syn_weight", "infinite", ["syn_weight: must be finite"]),
        (EDGES, f"{GROUPS}/syn_weight", "words", ["syn_weight: must hold numbers (holds strings)"]),
        (EDGES, f"{GROUPS}/syn_weight", "scalar", ["syn_weight: must have 1 dimension"]),
        (EDGES, f"{GROUPS}/syn_weight", "to_group", ["syn_weight: must be a dataset"]),
        (EDGES, f"{GROUPS}/syn_weight", "not text", ["syn_weight", "cannot be read", "utf-8"]),
        (DRIVE, "spikes/timestamps", "infinite", ["timestamps: must be finite"]),
        (DRIVE, "spikes/timestamps", "negative", ["timestamps: must be finite and >= 0 ms"]),
        (DRIVE, "spikes/gids", "halves", ["spikes/gids: must be whole numbers"]),
        (DRIVE, "spikes/gids", "longer", ["columns have 4 and 8 rows"]),
    ],
)
def test_what_is_read_is_checked(tmp_path, file, item, kind, words):
    path = SmallCircuit(tmp_path).write()
    with h5py.File(tmp_path / file, "r+") as content:
        CONTENT[kind](content, item, seeded(0))
    error = refused(path)
    assert all(word in error for word in [str(tmp_path / file), item.split("/")[0], *words]), error


@pytest.mark.parametrize("chunks, compression", [(None, None), ((1024,), None), ((1024,), "gzip")])
def test_declared_rows_are_not_allocated(tmp_path, chunks, compression):
    """The file declares 8 TiB; numpy would refuse to allocate, and HDF5 would read for hours."""
    path = SmallCircuit(tmp_path).write()
    with h5py.File(tmp_path / EDGES, "r+") as content:
        del content[TARGETS]
        content.create_dataset(TARGETS, (ROWS,), "u8", chunks=chunks, compression=compression)
    assert f"{TARGETS}: declares {8 * ROWS:,} bytes" in refused(path)


def test_compressed_columns_are_no_damage(tmp_path):
    plain = run_config(SmallCircuit(tmp_path / "plain").write(), backend="numpy", echo=lambda line: None)
    packed = run_config(newer_circuit(tmp_path / "packed"), backend="numpy", echo=lambda line: None)
    assert packed.spikes.times.tobytes() == plain.spikes.times.tobytes()
    assert packed.spikes.ids.tobytes() == plain.spikes.ids.tobytes()


def test_data_may_be_larger_than_their_file(tmp_path):
    """Zeros shrink by a factor of about 1,000; a part of the chunks may never have been written."""
    size = SPARSE // 8 + 1000
    with h5py.File(tmp_path / "zeros.h5", "w") as content:
        content.create_dataset("zeros", data=np.zeros(size), chunks=(2**16,), compression="gzip")
        content.create_dataset("sparse", (size // 2,), "f8", chunks=(2**16,))[:5] = 1.0
    assert (tmp_path / "zeros.h5").stat().st_size < size
    with opened(tmp_path / "zeros.h5") as content:
        assert content.numbers("zeros").sum() == 0
        assert content.numbers("sparse").sum() == 5


def test_links_inside_the_file_are_followed_and_others_are_not(tmp_path):
    path = SmallCircuit(tmp_path).write()
    with h5py.File(tmp_path / EDGES, "r+") as content:
        content["elsewhere"] = content[TARGETS]
        content["out"] = h5py.ExternalLink("/etc/passwd", "/")
        del content[TARGETS]
        content[TARGETS] = h5py.SoftLink("/elsewhere")
    run_config(path, backend="numpy", echo=lambda line: None)
    for target, words in (("/nowhere", "missing"), (f"/{TARGETS}", "leads nowhere"), ("/out/x", "another file")):
        with h5py.File(tmp_path / EDGES, "r+") as content:
            del content[TARGETS]
            content[TARGETS] = h5py.SoftLink(target)
        assert words in refused(path)


@pytest.mark.parametrize("value", [3, np.nan, ["cells", "inputs"], h5py.Empty("f8"), b"\xff", "x" * 5000])
def test_attributes_are_checked(tmp_path, value):
    path = SmallCircuit(tmp_path).write()
    with h5py.File(tmp_path / EDGES, "r+") as content:
        content[TARGETS].attrs["node_population"] = value
    error = refused(path)
    assert all(word in error for word in (str(tmp_path / EDGES), TARGETS, "attribute node_population")), error


def test_a_damaged_heap_does_not_keep_hdf5_busy_for_ever(tmp_path):
    """An object of the global heap gets number 0 and size 0: HDF5 2.0 then stays where it is."""
    path = SmallCircuit(tmp_path).write()
    data = bytearray((tmp_path / EDGES).read_bytes())
    heap = data.index(b"GCOL")
    data[heap + 16 : heap + 32] = bytes(16)
    (tmp_path / EDGES).write_bytes(data)
    command = [sys.executable, "-m", "gpusyn", "run", str(path), "--backend", "numpy"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"the global heap at byte {heap} has an object of wrong size at byte {heap + 16}" in done.stderr


@pytest.mark.parametrize("change", [lambda data: data[:-100], lambda data: data[: len(data) // 2], lambda data: b"HDF"])
def test_truncated_files(tmp_path, change):
    path = SmallCircuit(tmp_path).write()
    (tmp_path / CELLS).write_bytes(change((tmp_path / CELLS).read_bytes()))
    assert str(tmp_path / CELLS) in refused(path)


@pytest.mark.parametrize(
    "file, item",
    [
        (CELLS, "nodes/cells/node_type_id"),
        (CELLS, "nodes/cells"),
        (EDGES, TYPES),
        (EDGES, TARGETS),
        (EDGES, "edges/cells_to_cells/edge_group_index"),
        (DRIVE, "spikes/timestamps"),
        (DRIVE, "spikes/gids"),
        (DRIVE, "spikes"),
    ],
)
def test_what_is_missing_is_named(tmp_path, file, item):
    path = SmallCircuit(tmp_path).write()
    with h5py.File(tmp_path / file, "r+") as content:
        del content[item]
    error = refused(path)
    assert all(word in error for word in (str(tmp_path / file), item.split("/")[0])), error


def test_the_command_line_says_it_in_one_line(tmp_path, capsys):
    path = SmallCircuit(tmp_path).write()
    with h5py.File(tmp_path / CELLS, "r+") as content:
        CONTENT["halves"](content, "nodes/cells/node_id", seeded(0))
    assert main(["run", str(path), "--backend", "numpy"]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("gpusyn run: error: ")
    assert printed.count("\n") == 1


def test_another_program_that_writes_the_file_is_noticed(tmp_path):
    fcntl = pytest.importorskip("fcntl")
    path = SmallCircuit(tmp_path).write()
    with (tmp_path / CELLS).open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        with pytest.raises(FileError, match="another program is writing it"):
            run_config(path, backend="numpy", echo=lambda line: None)

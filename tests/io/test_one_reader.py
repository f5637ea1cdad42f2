"""HDF5 and JSON files of users are each read in one place, where everything is checked."""

from __future__ import annotations

import re

import pytest

from tests.helpers.paths import ROOT


@pytest.mark.parametrize(
    "call, files",
    [
        # A file of the package, and a text that HDF5's checksum protects.
        (r"\bjson\.loads?\(", {"sonata/json_file.py", "kernels/resources.py", "io/checkpoint.py"}),
        (r"\breading\(", {"io/hdf5.py", "io/checked.py"}),
        (r"(?<!`)\bh5py\.File\(", set()),
        # What would execute a file: nothing of it but pickles between the processes of a sweep (SECURITY.md).
        (r"(?<![.\w])(eval|exec|compile|execfile|__import__)\(|\b(marshal|shelve|runpy|yaml)\b", set()),
        (r"allow_pickle|\bnp\.(load|fromfile|genfromtxt)\(|\bos\.(system|popen)\(|shell=True|exec_module", set()),
        (r"\bpickle\b", {"simulation/sweep_worker.py", "simulation/sweeps.py", "distributed/ranks.py"}),
        # Beside the reader: what creates, appends, sorts, and what repairs.
        (
            r"hdf5\(\)\.File\(",
            {"io/hdf5.py", "io/creation.py", "io/nwb.py", "io/writer.py", "io/repair.py", "sonata/outputs.py"}
            | {"io/checkpoint.py", "io/checkpoint_streams.py", "sonata/csv_circuit.py", "io/rank_files.py"},
        ),
    ],
)
def test_files_are_read_in_one_place(call, files):
    folder = ROOT / "gpusyn"
    found = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if re.search(call, path.read_text(encoding="utf-8"))
    }
    assert found == files

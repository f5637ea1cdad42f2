"""PyNN's own system scenarios, which every back end is judged by, on gpusyn.

They lie in the source distribution of PyNN, under another licence, so they are fetched when the test runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT
from tests.helpers.pynn import needs_pynn

pytestmark = [pytest.mark.oracle, needs_pynn]

VERSION = "0.13.0"
# Every scenario that does not pass, and why.
OTHERS = {
    "test_recording.test_issue259": "failed: spike times off the grid, and gpusyn has a fixed clock",
    "test_scenario5.test_scenario5": "skipped: a neuron with a morphology, which gpusyn does not have",
}
LEAST_PASSED = 64
# Takes the place of PyNN's file of the same name: every scenario runs on gpusyn, whatever back ends it names.
FIXTURES = """
import pyNN.gpusyn
import pytest

def run_with_simulators(*names):
    return pytest.mark.parametrize("sim", [pytest.param(pyNN.gpusyn, id="gpusyn")])
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict[str, str]:
    """How each scenario ended, by file and name."""
    folder = tmp_path_factory.mktemp("pynn")
    fetch = ["download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(folder), f"pynn=={VERSION}"]
    subprocess.run([sys.executable, "-m", "pip", *fetch], check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        within = f"{packed.getnames()[0].split('/')[0]}/test/system/scenarios/"
        for member in packed.getmembers():
            if member.isfile() and member.name.startswith(within) and member.name.endswith(".py"):
                member.name = f"scenarios/{Path(member.name).name}"
                packed.extract(member, folder, filter="data")
    (folder / "scenarios" / "fixtures.py").write_text(FIXTURES)
    (folder / "conftest.py").write_text("import gpusyn.pynn\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-c", os.devnull]
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [*command, f"--rootdir={folder}", "--junitxml=report.xml", "scenarios"],
        cwd=folder, env=os.environ | {"PYTHONPATH": paths, "GPUSYN_CXXFLAGS": "-O1 -fno-openmp-simd"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (folder / "report.xml").exists(), done.stdout[-3000:] + done.stderr[-3000:]
    found = {}
    for case in ET.parse(folder / "report.xml").iter("testcase"):
        name = f"{case.get('classname', '').removeprefix('scenarios.')}.{case.get('name', '').split('[')[0]}"
        kinds = {part.tag for part in case} & {"failure", "error", "skipped"}
        found[name] = {"failure": "failed", "error": "failed", "skipped": "skipped"}[kinds.pop()] if kinds else "passed"
    return found


def test_the_scenarios_pass_but_for_those_of_the_table(outcomes):
    others = {name: kind for name, kind in outcomes.items() if kind != "passed"}
    assert others == {name: reason.split(":")[0] for name, reason in OTHERS.items()}


def test_so_many_pass(outcomes):
    assert sum(kind == "passed" for kind in outcomes.values()) >= LEAST_PASSED

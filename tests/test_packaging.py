"""From sdist to wheel to a clean environment: what users install is what the checkout holds, and it runs."""

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT
from tests.helpers.runs import cpu

pytestmark = pytest.mark.wheel

LIST_KERNELS = """
import hashlib, json, sys
from gpusyn.kernels.source import kernel_folder, kernel_names, read_kernel
hashes = {n: hashlib.sha256(read_kernel(n).encode()).hexdigest() for n in kernel_names()}
print(json.dumps([str(kernel_folder()), hashes]))
"""


def run(*command: object, cwd: Path, **environment: str) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "GPUSYN"))}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def checkout_hashes() -> dict[str, str]:
    folder = ROOT / "kernels"
    files = [p for p in folder.rglob("*") if p.suffix in {".cu", ".cuh", ".h", ".cpp"}]
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def distributions(tmp_path_factory) -> tuple[Path, Path]:
    """The sdist, and the wheel built from the sdist (that is how `build` works when told neither)."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", out, ROOT, cwd=out)
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def environment(distributions, tmp_path_factory) -> Path:
    """A clean environment outside the checkout, with the wheel and what the demo needs."""
    folder = tmp_path_factory.mktemp("clean")
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    bin_folder = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    run(bin_folder / "python", "-m", "pip", "install", "--quiet", f"{distributions[1]}[io,plot]", cwd=folder)
    return bin_folder


def test_wheel_holds_the_kernels_and_no_stray_file(distributions):
    names = zipfile.ZipFile(distributions[1]).namelist()
    kernels = {n.removeprefix("gpusyn/_kernels/") for n in names if n.startswith("gpusyn/_kernels/")}
    assert set(checkout_hashes()) <= kernels
    assert not [n for n in kernels if n.endswith(".py")]
    assert not [n for n in kernels if "emulate" in n]  # the emulator is for tests alone
    beside = {n for n in names if ".dist-info" not in n and not n.startswith("gpusyn/")}
    assert beside == {"pyNN/gpusyn.py"}  # PyNN looks for back ends in its own package
    assert "gpusyn/py.typed" in names
    assert distributions[1].name.endswith("-py3-none-any.whl")


def test_without_pynn_its_back_end_says_what_is_missing(environment, tmp_path):
    probe = "import pyNN.gpusyn"
    done = subprocess.run([environment / "python", "-c", probe], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode != 0
    assert 'pip install "pynn' in done.stderr


def test_sdist_holds_what_tests_and_builds_need(distributions):
    with tarfile.open(distributions[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    folders = {"gpusyn", "kernels", "tests", "benchmarks", "examples", "docs", ".ci"}
    texts = {path.name for path in ROOT.glob("*.md")} | {"LICENSE", "CITATION.cff", "pyproject.toml"}
    assert folders | texts <= {name.partition("/")[0] for name in names}
    for folder in ("docs", "tests/data"):
        files = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.*")}
        assert files
        assert files <= names


def test_a_package_index_takes_both(distributions):
    run(sys.executable, "-m", "twine", "check", "--strict", *distributions, cwd=ROOT)


def test_installed_kernels_are_those_of_the_checkout(environment, tmp_path):
    folder, hashes = json.loads(run(environment / "python", "-c", LIST_KERNELS, cwd=tmp_path))
    assert Path(folder).is_relative_to(environment.parent)
    assert hashes == checkout_hashes()


def test_installed_command_says_what_is_here(environment, tmp_path):
    lines = run(environment / "gpusyn", "info", cwd=tmp_path).splitlines()
    assert lines[-1].startswith("GPU: ")
    assert str(environment.parent) in "\n".join(lines)


def test_installed_backends_agree_bit_for_bit(environment, tmp_path):
    cpu()  # skips where there is no compiler: numpy alone has nothing to be compared with
    quickly = {name: os.environ[name] for name in ("GPUSYN_CACHE", "GPUSYN_CXXFLAGS")}  # as the tests of the checkout
    run(environment / "gpusyn", "check", cwd=tmp_path, **quickly)


def test_installed_demo_runs_and_leaves_its_files(environment, tmp_path):
    run(environment / "gpusyn", "demo", "--size", 400, "--duration", 100, "--out", tmp_path, cwd=tmp_path)
    assert {"demo.h5", "demo.png"} <= {p.name for p in tmp_path.iterdir()}

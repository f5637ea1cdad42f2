"""The compiler from pip: found where no other is, and each of its faults is a sentence with the next move.

Its program is a stand-in here; `tests/backends/test_compilers.py` has the real one.
"""

import os
import subprocess
import sys
import tempfile
import tomllib

import pytest

import gpusyn as gs
from gpusyn.backends.cpu import compiler, ziglang
from gpusyn.commands import info
from gpusyn.errors import BackendError
from tests.helpers.fake_compilers import script, usual
from tests.helpers.fake_ziglang import fake_ziglang, no_other_compiler
from tests.helpers.paths import ROOT

REPAIR = r"\(pip install --upgrade --force-reinstall ziglang\)"
INSTALL = (
    r"get one \(pip install \"ziglang>=0\.17\", which needs no root; Debian: apt install g\+\+\) or use backend='n"
)


@pytest.fixture
def zig(monkeypatch, tmp_path):
    """The program of a package on a machine without other compilers."""
    program = fake_ziglang(tmp_path)
    no_other_compiler(monkeypatch, tmp_path)
    monkeypatch.setenv("GPUSYN_CACHE", str(tmp_path / "cache"))
    return program


def test_it_is_found_where_no_other_compiler_is(zig):
    found = compiler.find_compiler()
    assert found.command == (str(zig), "c++")
    assert set(ziglang.FLAGS) < set(found.flags)
    assert found.reason == (
        "the first that works of clang++, g++, c++ and the Python package ziglang; "
        "clang++ is not installed; g++ is not installed; c++ is not installed"
    )
    assert f"compiler  {found.description}: {found.reason}" in info.report().splitlines()


def test_another_compiler_comes_first_and_has_no_flags_of_it(zig, monkeypatch, tmp_path):
    mine = script(tmp_path / "g++", f'exec {usual()} "$@"')
    monkeypatch.setenv("PATH", str(tmp_path))
    found = compiler.find_compiler()
    assert found.command == (mine,)
    assert not set(ziglang.FLAGS) & set(found.flags)
    assert "; clang++ is not installed" in found.reason
    monkeypatch.setenv("CXX", f"{zig} c++")
    found = compiler.find_compiler()
    assert found.command == (str(zig), "c++")
    assert set(ziglang.FLAGS) < set(found.flags)
    assert found.reason == "the environment variable CXX names it"


@pytest.mark.compilers
def test_the_demo_runs_without_any_other_compiler(zig, tmp_path):
    """In a process of its own, with an empty cache and a home folder that cannot be written."""
    environment = {k: v for k, v in os.environ.items() if k not in ("GPUSYN_BACKEND", "XDG_CACHE_HOME")}
    (tmp_path / "home").touch()
    environment |= {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "HOME": str(tmp_path / "home")}
    environment["MPLCONFIGDIR"] = str(tmp_path)
    arguments = ["demo", "--size", "80", "--duration", "5", "--out", str(tmp_path / "out")]
    command = [sys.executable, "-m", "gpusyn", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "backend: cpu, zig c++ (" in done.stdout
    assert "rate of E: " in done.stdout
    places = set((tmp_path / "asked").read_text().split())
    assert len(places) == 4  # of the question, the loop over steps and two modules: none is in the home folder
    assert not any(os.path.exists(place) for place in places)
    assert all(file.endswith(".so") for file in os.listdir(tmp_path / "cache"))


def refused(match):
    with pytest.raises(BackendError, match=match) as error:
        gs.Simulator(gs.Network(), backend="cpu")
    return str(error.value)


@pytest.mark.parametrize("version", ["0.16.1", "0.9.0"])
def test_one_too_old_is_refused(version, zig, tmp_path):
    zig.write_text(zig.read_text().replace("0.17.1", version))
    said = rf"; ziglang does not work: its version {version} is too old: the kernels were tried with 0\.17 {REPAIR}; "
    refused(said + INSTALL)


def test_newer_versions_are_taken(zig):
    for version in ("0.17.0-dev.12+abc", "0.20.0", "1.0.0"):
        ziglang.check_version(version)


def test_one_that_says_no_version_is_refused(zig):
    zig.write_text("#!/bin/sh\necho Segmentation fault\n")
    refused(rf"; ziglang does not work: it says 'Segmentation fault' when it is asked for its version {REPAIR}; get")


def test_a_broken_one_is_quoted(zig):
    zig.write_text("#!/bin/sh\necho 'error: unable to find zig installation directory' >&2; exit 1\n")
    refused(rf"; ziglang does not work: error: unable to find zig installation directory {REPAIR}; get one")


@pytest.mark.skipif(os.name != "posix", reason="the permission to run a file is one of POSIX")
def test_one_that_may_not_be_run_is_named(zig):
    zig.chmod(0o644)
    refused(rf"; ziglang does not work: it cannot be started \(.*Permission denied: '{zig}'\) {REPAIR}; get one")


def test_a_package_without_its_program_is_damaged(zig):
    zig.unlink()
    refused(rf"; ziglang does not work: the package is damaged: it has no program zig {REPAIR}; get one")


def test_one_that_cannot_compile_is_named_with_what_it_said(zig):
    text = zig.read_text()
    zig.write_text(text.replace("PATH=", 'case "$*" in *.cpp*) echo "error: OutOfMemory" >&2; exit 1;; esac\nPATH='))
    refused(r"ziglang does not work: it cannot compile kernels: error: OutOfMemory; .* or use backend='numpy'")


def test_a_cache_that_cannot_be_written_is_named(zig, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("GPUSYN_CACHE", str(tmp_path / "file" / "cache"))
    refused(r"cannot write the kernel cache .*; set GPUSYN_CACHE to a folder that can be written, or use backend='nu")


def test_a_machine_without_a_folder_for_temporary_files_is_told_of(zig, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    refused(r"ziglang does not work: it .* \(.*No such file or directory: '/nonexistent/.*'\)")


def test_the_one_line_of_auto_names_it_where_there_is_none(monkeypatch, tmp_path, caplog):
    no_other_compiler(monkeypatch, tmp_path)
    monkeypatch.setitem(sys.modules, "ziglang", None)
    monkeypatch.delenv("GPUSYN_BACKEND", raising=False)
    monkeypatch.setattr("gpusyn.backends.select.said", set())
    with gs.Simulator(gs.Network()) as sim:
        assert sim.backend == "numpy"
    assert f"get one ({ziglang.INSTALL}" in caplog.text
    assert "compiler  none that works" in info.report()


def test_the_oldest_version_is_that_of_the_extra():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert extras["compiler"] == [f"ziglang>={'.'.join(map(str, ziglang.LEAST))}"]
    assert extras["compiler"][0] in ziglang.INSTALL

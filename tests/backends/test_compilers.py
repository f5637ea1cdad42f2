"""Every compiler that is installed gives the bits of the digests, with the flags that users have; the demo with one.

`pip install -e ".[compiler]"` adds the one from pip.
"""

import os
import shutil
import subprocess
import sys

import pytest

from gpusyn.backends.cpu import ziglang
from gpusyn.backends.cpu.backend import CpuBackend
from tests.digests.outcomes import LINES, digest, stored
from tests.helpers.paths import ROOT

pytestmark = pytest.mark.compilers


def program_of_ziglang():
    program = ziglang.program()
    if program is None:
        pytest.skip('ziglang is not installed: pip install -e ".[compiler]"')
    return program


@pytest.fixture(scope="module", params=["g++", "clang++", "ziglang"])
def compiled(request):
    """The `cpu` backend with each compiler in turn."""
    if request.param == "ziglang":
        command = f"'{program_of_ziglang()}' c++"
    elif shutil.which(request.param):
        command = request.param
    else:
        pytest.skip(f"{request.param} is not on PATH")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CXX", command)
        patch.delenv("GPUSYN_CXXFLAGS", raising=False)
        return CpuBackend()


@pytest.mark.parametrize("line", LINES)
def test_no_bit_depends_on_the_compiler(line, compiled):
    case, precision = LINES[line]
    if case.lacks():
        pytest.skip(case.lacks())
    assert digest(case, precision, compiled) == stored()[line], f"{line}: other bits with {compiled.describe()}"


def test_the_demo_runs_with_the_compiler_from_pip_alone(tmp_path):
    """No other program is on PATH, and what is compiled comes to the cache alone."""
    program_of_ziglang()
    kept = {k: v for k, v in os.environ.items() if k not in ("CXX", "GPUSYN_BACKEND", "GPUSYN_CXXFLAGS")}
    kept["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    places = {"PATH": "none", "HOME": "home", "GPUSYN_CACHE": "cache", "MPLCONFIGDIR": "matplotlib"}
    environment = kept | {name: str(tmp_path / place) for name, place in places.items()}
    arguments = ["demo", "--size", "400", "--duration", "50", "--out", str(tmp_path / "out")]
    command = [sys.executable, "-m", "gpusyn", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "backend: cpu, zig c++ (clang version " in done.stdout
    assert not (tmp_path / "home").exists()
    assert {file.suffix for file in (tmp_path / "cache").iterdir()} == {".so"}

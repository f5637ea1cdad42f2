"""Names and signatures of the stand-in for CuPy are those of CuPy itself."""

import importlib.util
import inspect
import re
import subprocess
import sys
import types

import pytest

from tests.emulation import cupy

# Made otherwise in CuPy, or taking any arguments there.
NOT_COMPARED = {"ndarray.__init__", "PinnedMemoryPointer.__init__", "RawKernel.__call__", "Graph.__init__"}


def written(function, name):
    """Parameter names of a function, from its signature or, for compiled ones, from its first line."""
    try:
        return [p for p in inspect.signature(function).parameters if p != "self"]
    except ValueError:
        line = (function.__doc__ or "").splitlines()[0]
        inside = re.fullmatch(rf"[\w.]*{name}\((.*)\)(?: ->.*)?", line)
        assert inside, line
        parts = [part.partition("=")[0].split() for part in inside[1].split(",") if part.strip()]
        return [part[-1].lstrip("*") for part in parts if part[-1] not in ("self", "*", "/")]


def compare(ours, real, where, problems):
    for name, mine in vars(ours).items():
        path = f"{where}.{name}"
        if (name.startswith("_") and name not in ("__init__", "__call__")) or path.partition(".")[2] in NOT_COMPARED:
            continue
        theirs = getattr(real, name, None)
        if theirs is None and not hasattr(real, name):
            problems.append(f"{path}: the real one has none")
        elif isinstance(mine, types.ModuleType):
            compare(mine, theirs, name, problems)
        elif inspect.isclass(mine) and mine.__module__.startswith("tests."):
            compare(mine, theirs, f"{where.rpartition('.')[2]}.{name}", problems)
        elif inspect.isfunction(mine):
            own_name = real.__name__ if name == "__init__" else name
            expected = written(real if name == "__init__" else theirs, own_name)
            if written(mine, name) != expected:
                problems.append(f"{path}{tuple(written(mine, name))}: the real one takes {tuple(expected)}")


def test_comparison_can_fail():
    problems = []
    other = types.SimpleNamespace(**vars(cupy) | {"zeros": lambda shape, kind: None})
    del other.asnumpy
    compare(cupy, other, "cupy", problems)
    assert problems == [
        "cupy.asnumpy: the real one has none",
        "cupy.zeros('shape', 'dtype', 'order'): the real one takes ('shape', 'kind')",
    ]


REAL = """
import sys, importlib, tests.emulation.test_stand_in_signatures as here, cupy
from tests.emulation import device, install
modules = {}
install(modules)
for name in modules:
    importlib.import_module(name)
problems = []
here.compare(here.cupy, cupy, "cupy", problems)
for status, text in device._RUNTIME.items():
    if (real := str(cupy.cuda.runtime.CUDARuntimeError(status))) != text:
        problems.append(f"status {status}: the real one says {real!r}")
print("\\n".join(problems))
sys.exit(bool(problems))
"""


@pytest.mark.skipif(
    importlib.util.find_spec("cupy") is None, reason="CuPy is not installed, so there is nothing to compare with"
)
def test_names_signatures_and_messages_are_those_of_cupy():
    result = subprocess.run([sys.executable, "-c", REAL], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr

"""Dependencies point one way, one file imports CuPy, and importing gpusyn brings numpy and nothing else."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT

CUPY_FILE = "gpusyn.backends.cuda.backend"

# The folders of gpusyn/, lowest floor first: a module imports from its own folder and from those on lower floors.
FLOORS = (
    "errors",
    "utils",
    "numerics",
    "parameters",
    "equations",
    "kinetics plasticity",
    "neurons connectivity receptors",
    "drugs",
    "network",
    "kernels",
    "backends builder results",
    "io",
    "distributed",
    "simulation",
    "plot measure sonata pynn",
    "models",
    "commands",
    "__main__",
)
FLOOR = {folder: height for height, folders in enumerate(FLOORS) for folder in folders.split()}
# What lies above the kernels but must not know the network that a program was built from.
BLIND = {
    "kernels": {"errors", "utils", "numerics", "parameters", "equations"},
    "backends": {"errors", "utils", "numerics", "parameters", "equations", "kernels"},
    "results": {"errors", "utils", "numerics", "parameters"},
    "io": {"errors", "utils", "numerics", "parameters", "results"},
}
ALIAS = "gpusyn.io.sonata"  # the former name of gpusyn.sonata
FOREIGN = "gpusyn.pynn"  # a back end of PyNN, which it imports


def folder_of(module: str) -> str:
    """Return the folder (or the file at the root) that holds a module."""
    return module.split(".")[1]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(text: str, modules: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Line and full name of every import: in functions, under TYPE_CHECKING and by a string too."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative imports hide where a name comes from"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield node.lineno, full if full in modules else str(node.module)
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in {"import_module", "__import__", "require"}:
                strings = [a.value for a in node.args[:1] if isinstance(a, ast.Constant)]
                yield from ((node.lineno, s) for s in strings if isinstance(s, str))


def may_import(folder: str, target: str) -> bool:
    """Return whether modules of one folder may import from another."""
    if folder == target:
        return True
    if folder in BLIND:
        return target in BLIND[folder]
    return FLOOR[target] < FLOOR[folder]


def wrong_imports(name: str, text: str, modules: frozenset[str]) -> list[str]:
    """Return the imports of a module that run upwards, or that bring CuPy where it must not be."""
    wrong = []
    for line, target in imported(text, modules):
        if target.split(".")[0] in {"cupy", "cupyx", "cupy_backends"} and name != CUPY_FILE:
            wrong.append(f"{name}:{line} imports {target}: only {CUPY_FILE} may")
        if target == "gpusyn" and FLOOR[folder_of(name)] < FLOOR["commands"]:
            wrong.append(f"{name}:{line} imports gpusyn, which imports every floor: name the module that is needed")
        if target.startswith("gpusyn.") and not may_import(folder_of(name), folder_of(target)):
            wrong.append(f"{name}:{line} imports {target}: {folder_of(name)} may not use {folder_of(target)}")
    return wrong


def circles(texts: dict[str, str]) -> list[list[str]]:
    """Return the groups of modules that import one another, imports inside functions included."""
    edges = {m: {t for _, t in imported(text, frozenset(texts)) if t in texts and t != m} for m, text in texts.items()}
    reach: dict[str, set[str]] = {}
    for start in edges:
        seen, todo = set(), [start]
        while todo:
            todo += (new := edges[todo.pop()] - seen)
            seen |= new
        reach[start] = seen
    return sorted({tuple(sorted(n for n in reach[m] if m in reach[n])) for m in edges if m in reach[m]})


FILES = {module_name(p): p for p in sorted((ROOT / "gpusyn").rglob("*.py"))}
MODULES = frozenset(FILES)
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in FILES.items() if name not in {"gpusyn", ALIAS}}


def test_every_folder_has_a_floor():
    assert {folder_of(name) for name in TEXTS} == set(FLOOR)


def test_the_root_holds_the_public_face_alone():
    files = {p.name for p in (ROOT / "gpusyn").iterdir() if p.is_file()}
    assert files == {"__init__.py", "__main__.py", "errors.py", "py.typed"}


def test_dependencies_point_one_way():
    assert [w for name, text in TEXTS.items() for w in wrong_imports(name, text, MODULES)] == []


def test_no_modules_import_one_another():
    assert circles(TEXTS) == []


def test_a_planted_circle_is_found():
    planted = {"gpusyn.io.a": "def f():\n    from gpusyn.io import b", "gpusyn.io.b": "import gpusyn.io.a"}
    assert circles(planted) == [("gpusyn.io.a", "gpusyn.io.b")]


def test_the_former_name_of_the_sonata_package_is_the_package_and_warns():
    imports = "import gpusyn.io.sonata as old, gpusyn.sonata as new; from gpusyn.io import sonata"
    probe = f"{imports}; print(old is new is sonata)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stdout.strip() == "True", done.stderr
    assert done.stderr.startswith("<string>:1: DeprecationWarning: gpusyn.io.sonata is the former name of")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gpusyn.network.network", "import cupy"),
        ("gpusyn.backends.numpy.backend", "from cupy import ndarray"),
        ("gpusyn.backends.cpu.backend", "def f():\n    import cupy.cuda"),
        ("gpusyn.simulation.simulator", "import importlib\nimportlib.import_module('cupy')"),
        ("gpusyn.simulation.simulator", "require('cupy', 'speed', 'gpusyn[cuda13]')"),
        ("gpusyn.backends.numpy.backend", "from gpusyn.network.network import Network"),
        ("gpusyn.backends.numpy.backend", "if TYPE_CHECKING:\n    from gpusyn.network import network"),
        ("gpusyn.network.network", "def f():\n    from gpusyn.simulation.simulator import Simulator"),
        ("gpusyn.network.network", "from gpusyn.kernels.program import Launch"),
        ("gpusyn.builder.plan", "from gpusyn.backends.cpu.backend import CpuBackend"),
        ("gpusyn.errors", "from gpusyn.kinetics import Alpha"),
        ("gpusyn.simulation.simulator", "from gpusyn.sonata import run"),
        ("gpusyn.kernels.source", "import gpusyn.network.network"),
        ("gpusyn.neurons.lif", "from gpusyn.kernels.signature import Signature"),
        ("gpusyn.neurons.lif", "from gpusyn import Simulator"),
        ("gpusyn.sonata.run", "import gpusyn as gs"),
        ("gpusyn.sonata.run", "from gpusyn.pynn.state import state"),
        ("gpusyn.simulation.simulator", "import gpusyn.pynn"),
    ],
)
def test_a_planted_import_is_found(name, text):
    assert len(wrong_imports(name, text, MODULES | {"gpusyn.network.network"})) == 1


def test_the_one_file_may_import_cupy():
    assert wrong_imports(CUPY_FILE, "import cupy\nfrom gpusyn.kernels.spec import KERNELS", MODULES) == []


PROBE = """
import sys
before = set(sys.modules)
import importlib
for name in {names!r}:
    importlib.import_module(name)
foreign = {{m.split(".")[0] for m in set(sys.modules) - before}} - set(sys.stdlib_module_names)
print(*sorted(m for m in foreign if not m.startswith("_")))
"""


OWN = sorted(name for name in MODULES - {"gpusyn.__main__"} if not name.startswith(FOREIGN))


@pytest.mark.parametrize("names", [["gpusyn"], OWN], ids=["gpusyn", "all modules"])
def test_import_brings_numpy_and_nothing_else(names):
    command = [sys.executable, "-c", PROBE.format(names=names)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) <= {"gpusyn", "numpy"}


def test_kernels_hold_no_python_and_no_foreign_header():
    kernels = ROOT / "kernels"
    assert list(kernels.rglob("*.py")) == []  # an __init__.py would shadow the package in the wheel
    for file in kernels.rglob("*.cu*"):
        includes = [line for line in file.read_text(encoding="utf-8").splitlines() if "#include" in line]
        assert includes == [], file.name

"""Dependencies point one way, one file imports CuPy, and importing gpusyn brings numpy and nothing else."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT

CUPY_FILE = "gpusyn.backends.cuda.backend"

# Each layer: its modules (a package stands for all below it, the longest name wins), and the layers it uses.
LAYERS: dict[str, tuple[str, str]] = {
    "foundation": (
        "errors checks checked_call quantities limits optional parameter_table portable_math philox rng "
        "normal_quantile effects distribution_base distributions memory membrane_physics",
        "",
    ),
    "description": (
        "calcium kinetics neurons receptors connectivity waveform timed populations projections stimulus recorder "
        "network network_inputs network_objects drugs",
        "foundation",
    ),
    "kernels": ("signature kernel_spec kernel_source kernel_modules backends.base", "foundation"),
    "backends": ("backends", "foundation kernels"),
    "compile": (
        "bath coefficients membrane_coefficients growth schemes quanta layout placement strategy connections "
        "gate_tables synapse_gates synapse_tables input_tables neuron_tables program plan",
        "foundation description kernels",
    ),
    "results": ("recorded spike_data trace_data results io", "foundation"),
    "run": (
        "simulator progress recording saving state weights",
        "foundation description kernels backends compile results",
    ),
    "use": (
        "cli info plot present demo check check_cases bench bench_cases measure io.sonata __main__",
        "foundation description kernels backends compile results run",
    ),
}


def layer_of(module: str) -> str | None:
    """The layer of a module named without the leading ``gpusyn.``."""
    best = ("", None)
    for layer, (members, _) in LAYERS.items():
        for member in members.split():
            if (module == member or module.startswith(member + ".")) and len(member) > len(best[0]):
                best = (member, layer)
    return best[1]


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


def wrong_imports(name: str, text: str, modules: frozenset[str]) -> list[str]:
    """What a module imports and may not."""
    wrong = []
    short = name.removeprefix("gpusyn.")
    layer = layer_of(short)
    allowed = {*LAYERS[layer][1].split(), layer} if layer else set()
    for line, target in imported(text, modules):
        if target.split(".")[0] in {"cupy", "cupyx", "cupy_backends"} and name != CUPY_FILE:
            wrong.append(f"{name}:{line} imports {target}: only {CUPY_FILE} may")
        below = target.removeprefix("gpusyn.")
        if target.startswith("gpusyn.") and layer_of(below) not in allowed:
            wrong.append(f"{name}:{line} ({layer}) imports {target} ({layer_of(below)}): allowed are {sorted(allowed)}")
    return wrong


FILES = {module_name(p): p for p in sorted((ROOT / "gpusyn").rglob("*.py"))}
MODULES = frozenset(FILES)
FACADE = {"gpusyn", "gpusyn.backends", "gpusyn.io"}


def test_every_module_has_a_layer():
    homeless = [m for m in MODULES - FACADE if layer_of(m.removeprefix("gpusyn.")) is None]
    assert homeless == [], "name them in LAYERS"


def test_dependencies_point_one_way():
    texts = {name: path.read_text(encoding="utf-8") for name, path in FILES.items() if name != "gpusyn"}
    assert [w for name, text in texts.items() for w in wrong_imports(name, text, MODULES)] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gpusyn.network.network", "import cupy"),
        ("gpusyn.backends.numpy.backend", "from cupy import ndarray"),
        ("gpusyn.backends.cpu.backend", "def f():\n    import cupy.cuda"),
        ("gpusyn.simulation.simulator", "import importlib\nimportlib.import_module('cupy')"),
        ("gpusyn.simulation.simulator", "require('cupy', 'speed', 'gpusyn[cuda13]')"),
        ("gpusyn.backends.numpy.backend", "from gpusyn.network.network import Network"),
        ("gpusyn.backends.numpy.backend", "if TYPE_CHECKING:\n    from gpusyn import network"),
        ("gpusyn.network.network", "def f():\n    from gpusyn.simulation.simulator import Simulator"),
        ("gpusyn.network.network", "from gpusyn.backends.base import Launch"),
        ("gpusyn.builder.plan", "from gpusyn.backends.cpu.backend import CpuBackend"),
        ("gpusyn.errors", "from gpusyn.kinetics import Alpha"),
        ("gpusyn.simulation.simulator", "from gpusyn.sonata import run"),
        ("gpusyn.kernels.source", "import gpusyn.network.network"),
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


@pytest.mark.parametrize("names", [["gpusyn"], sorted(MODULES - {"gpusyn.__main__"})], ids=["gpusyn", "all modules"])
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

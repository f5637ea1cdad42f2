"""Kernels are compiled once for a signature, whatever the network, its sizes and values; processes share a cache."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.backends import select
from gpusyn.backends.cpu import backend as cpu_backend
from gpusyn.backends.cpu import compiler
from gpusyn.backends.cuda import backend as cuda_backend
from gpusyn.errors import BackendError
from tests.helpers.paths import ROOT
from tests.helpers.runs import cpu, emulated

DT = 0.1


def network(n, *, tau=2.0, delay=1.0, names="EI", extra=False):
    """The same signature whatever the arguments: two kinds of neurons, all kinds of input."""
    net = gs.Network()
    receptors = [gs.AMPA(tau_decay=tau, name="fast"), gs.NMDA(tau_rise=tau), gs.GABA_A(gating="per-synapse")]
    first, second = names
    E = net.population(first, n, gs.LIF(I_e=500.0), receptors=receptors)
    I = net.population(second, 2 * n, gs.LIF(C_m=gs.Uniform(100.0, 200.0)), receptors=receptors, V=-60.0)
    noise = net.population("noise", 3, gs.PoissonSource(rate=100.0 * tau))
    net.connect(noise, E, gs.AllToAll(), receptor="fast", weight=tau, delay=delay)
    net.connect(E, I, gs.FixedProbability(0.3), receptor="GABA_A", weight=gs.Uniform(0.0, tau))
    if extra:
        net.population("listed", 2, gs.SpikeSource([1.0]))
        net.connect(I, E + I, gs.FixedInDegree(2), weight={"fast": 1.0, "NMDA": gs.Ratio("fast", 0.5)})
        net.drive(I, "NMDA", rate=gs.Waveform([0.0], [100.0]), weight=0.1)
        net.inject(E, gs.Waveform([0.0, 1.0], [0.0, 10.0]))
        net.clamp(I[0], -60.0)
        net.record(E + I, ["V", "I_NMDA"], every=0.5)
    return net


OTHERS = [
    {"n": 5, "tau": 7.3},
    {"n": 200, "names": "QX"},
    {"n": 1, "delay": 12.3},
    {"n": 3, "extra": True},
]


@pytest.fixture
def own_cache(monkeypatch, tmp_path):
    """An empty cache."""
    monkeypatch.setenv("GPUSYN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GPUSYN_CACHE", str(folder))
        run(cpu(), network(20))
    return folder


@pytest.fixture
def warm_cache(monkeypatch, filled):
    """A cache that holds what one network needs; it may hold more by now."""
    monkeypatch.setenv("GPUSYN_CACHE", str(filled))
    return filled


def libraries(folder):
    return sorted(p.name for p in folder.iterdir())


def run(backend, net, **options):
    with gs.Simulator(net, dt=DT, backend=backend, **options) as sim:
        sim.step(3)


def test_another_network_of_a_known_signature_compiles_nothing(warm_cache, monkeypatch):
    known = libraries(warm_cache)
    assert len(known) >= 3  # the driver, neurons, everything else
    monkeypatch.setattr(compiler, "_compile", lambda *_: pytest.fail("compiled"))
    monkeypatch.setattr(compiler.tempfile, "TemporaryDirectory", lambda **_: pytest.fail("wrote to the cache"))
    for other in OTHERS:
        run(cpu(), network(**other), threads=2)
    assert libraries(warm_cache) == known


def bathed(drug, glycine, Mg):
    net = gs.Network()
    cells = net.population("cells", 3, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA(glycine=glycine, Mg=Mg), gs.GABA_A()])
    net.drive(cells, "AMPA", rate=1000.0, weight=1.0)
    net.infuse(drug, 1.0, start=0.1, stop=0.2, wash_out=1.0)
    return net


def test_other_drugs_magnesium_and_glycine_compile_nothing(warm_cache, monkeypatch):
    run(cpu(), bathed("NBQX", 10.0, 1.0))
    monkeypatch.setattr(compiler, "_compile", lambda *_: pytest.fail("compiled"))
    run(cpu(), bathed("benzodiazepine", gs.Waveform([0.0, 0.1], [1.0, 0.0]), gs.Waveform([0.0, 0.2], [1.0, 0.5])))


def test_another_signature_or_precision_compiles_its_own(warm_cache):
    known = len(libraries(warm_cache))
    run(cpu(), network(4), precision="double")
    assert len(libraries(warm_cache)) == known + 3  # neurons, gates of GABA_A, everything else
    net = gs.Network()
    net.population("E", 3, gs.LIF())
    run(cpu(), net)
    assert len(libraries(warm_cache)) == known + 4


def test_cuda_compiles_the_same_texts_for_another_network(monkeypatch):
    backend, texts = emulated(), []
    module = backend.cupy.RawModule

    def noted(code, **options):
        texts.append((code, options["options"]))
        return module(code=code, **options)

    monkeypatch.setattr(backend.cupy, "RawModule", noted)
    run(backend, network(4))
    assert len(texts) == len(set(texts)) == 3  # neurons, per-synapse gates, everything else
    first = set(texts)
    for other in OTHERS:
        texts.clear()
        run(backend, network(**other))
        assert set(texts) == first
        assert len(texts) == 3  # each module once, however many kernels are taken from it


TOGETHER = """
import sys
from gpusyn.backends.cpu.compiler import compile_library, find_compiler
print("ready", flush=True)
sys.stdin.readline()
for k in range(4):
    text = f'extern "C" __attribute__((visibility("default"))) int answer() {{ return {k}; }}'
    print(compile_library(find_compiler(), text, "answer").answer())
"""


def test_two_processes_may_compile_the_same_at_once(own_cache):
    cpu()
    start = {"cwd": ROOT, "env": os.environ | {"GPUSYN_CACHE": str(own_cache)}, "text": True}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    both = [subprocess.Popen([sys.executable, "-c", TOGETHER], **start, **pipes) for _ in range(2)]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=300) for process in both]
    assert [out.split() for out, _ in said] == [["0", "1", "2", "3"]] * 2, said
    assert len(libraries(own_cache)) == 4
    assert all(name.endswith(".so") for name in libraries(own_cache))


def test_the_key_holds_everything_that_the_code_depends_on(own_cache):
    own = cpu().compiler
    text = 'extern "C" int answer() { return 42; }'
    compiler.compile_library(own, text, "answer")
    compiler.compile_library(own, text, "another name")
    assert len(libraries(own_cache)) == 1
    variants = [
        own._replace(target=own.target + "another processor"),
        own._replace(version=own.version + "1"),
        own._replace(flags=(*own.flags, "-DX")),
    ]
    for k, variant in enumerate(variants):
        compiler.compile_library(variant, text, "answer")
        assert len(libraries(own_cache)) == k + 2
    compiler.compile_library(own, text + "\n", "answer")
    assert len(libraries(own_cache)) == len(variants) + 2


def test_the_target_is_the_resolved_one():
    """`-march=native` is the same on every machine; what it stands for here is not."""
    target = cpu().compiler.target
    assert any(part.startswith(("-march=", "-mcpu=", "-target-cpu")) for part in target.split())


def test_a_cache_folder_that_cannot_be_written_is_named(monkeypatch, tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    monkeypatch.setenv("GPUSYN_CACHE", str(in_the_way))
    cpu()
    with pytest.raises(BackendError, match=r"cannot write the kernel cache .*file.*set GPUSYN_CACHE to a folder"):
        run("cpu", network(2))
    assert in_the_way.read_text() == "not a folder"


def test_a_damaged_library_is_named(own_cache, tmp_path):
    own, text = cpu().compiler, 'extern "C" int answer() { return 43; }'
    compiler.compile_library(own, text, "answer", tmp_path / "whole")
    (whole,) = (tmp_path / "whole").iterdir()
    own_cache.mkdir()
    damaged = own_cache / whole.name
    damaged.write_bytes(whole.read_bytes()[:100])
    with pytest.raises(BackendError, match=rf"cannot load compiled kernels .*delete {damaged} if it is damaged"):
        compiler.compile_library(own, text, "answer")


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"GPUSYN_CACHE": "/a/b"}, "/a/b"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/gpusyn"),
        ({"HOME": "/h"}, "/h/.cache/gpusyn"),
    ],
)
def test_place_of_the_cache(environment, folder, monkeypatch):
    monkeypatch.setattr(compiler.platform, "system", lambda: "Linux")
    for name in ("GPUSYN_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert compiler.cache_folder() == Path(folder)


# ---- auto ----


def no_cupy():
    raise ModuleNotFoundError("No module named 'cupy'", name="cupy")


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.delenv("GPUSYN_BACKEND", raising=False)
    monkeypatch.setattr(select, "said", set())
    monkeypatch.setattr(cuda_backend.CudaBackend.__init__, "__kwdefaults__", {"importer": no_cupy})


@pytest.mark.usefixtures("no_gpu")
def test_auto_without_gpu_takes_the_compiler_and_says_so(capsys):
    cpu()
    assert select.resolve("auto", None).name == "cpu"
    said = capsys.readouterr().err
    assert said.startswith("gpusyn: backend cpu: ")
    assert "CuPy is not installed" in said
    assert len(said.splitlines()) == 1
    assert select.resolve("auto", None).name == "cpu"
    assert capsys.readouterr().err == ""  # once per process
    assert select.choose("auto").backend.name == "cpu"
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("no_gpu")
def test_auto_without_gpu_and_compiler_takes_numpy_and_says_so(monkeypatch, capsys):
    monkeypatch.setattr(cpu_backend, "find_compiler", lambda: None)
    with gs.Simulator(network(2), backend="auto") as sim:
        assert sim.backend == "numpy"
    said = capsys.readouterr().err
    assert f"gpusyn: backend numpy: numpy {np.__version__}, one thread (" in said
    assert "CuPy is not installed" in said
    assert "no C++ compiler found" in said


def test_auto_takes_a_gpu_first(monkeypatch, capsys):
    monkeypatch.delenv("GPUSYN_BACKEND", raising=False)
    monkeypatch.setattr(select, "said", set())
    backend = emulated()
    monkeypatch.setattr(cuda_backend.CudaBackend.__init__, "__kwdefaults__", {"importer": lambda: backend.cupy})
    assert select.resolve("auto", None).name == "cuda"
    assert capsys.readouterr().err == "gpusyn: backend cuda: Emulated GPU (compute capability 9.0)\n"


def test_the_environment_replaces_auto_alone(monkeypatch):
    monkeypatch.setenv("GPUSYN_BACKEND", "numpy")
    assert select.choose("auto").backend.name == "numpy"
    cpu()
    assert select.choose("cpu").backend.name == "cpu"
    monkeypatch.setenv("GPUSYN_BACKEND", "nunpy")
    with pytest.raises(gs.UnknownNameError, match=r"GPUSYN_BACKEND.*did you mean 'numpy'"):
        select.choose("auto")

"""Kernels are compiled once for a signature, whatever the network, its sizes and values; processes share a cache."""

import os
import subprocess
import sys

import pytest

import gpusyn as gs
from gpusyn.backends.cpu import cache, compiler
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
    monkeypatch.setattr(cache, "compile_text", lambda *_: pytest.fail("compiled"))
    monkeypatch.setattr(cache.tempfile, "TemporaryDirectory", lambda **_: pytest.fail("wrote to the cache"))
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
    monkeypatch.setattr(cache, "compile_text", lambda *_: pytest.fail("compiled"))
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
    module = backend.gpu.cupy.RawModule

    def noted(code, **options):
        texts.append((code, options["options"]))
        return module(code=code, **options)

    monkeypatch.setattr(backend.gpu.cupy, "RawModule", noted)
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
from gpusyn.backends.cpu import cache
from gpusyn.backends.cpu.compiler import find_compiler
compile_text, compiled = cache.compile_text, []
def counting(*given):
    compiled.append(given)
    return compile_text(*given)
cache.compile_text = counting
print("ready", flush=True)
sys.stdin.readline()
for k in range(4):
    text = f'extern "C" __attribute__((visibility("default"))) int answer() {{ return {k}; }}'
    print(cache.compile_library(find_compiler(), text, "answer").answer())
print(len(compiled))
"""


def test_two_processes_may_compile_the_same_at_once(own_cache):
    cpu(1)
    before = len(libraries(own_cache))  # the loop over steps
    start = {"cwd": ROOT, "env": os.environ | {"GPUSYN_CACHE": str(own_cache)}, "text": True}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    both = [subprocess.Popen([sys.executable, "-c", TOGETHER], **start, **pipes) for _ in range(2)]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=300) for process in both]
    assert [out.split()[:4] for out, _ in said] == [["0", "1", "2", "3"]] * 2, said
    if os.name == "posix":  # each library is compiled by one of them, while the other waits
        assert sum(int(out.split()[4]) for out, _ in said) == 4
    assert len(libraries(own_cache)) == before + 4
    assert all(name.endswith(".so") for name in libraries(own_cache))


def test_the_key_holds_everything_that_the_code_depends_on(own_cache):
    own = cpu().compiler
    text = 'extern "C" int answer() { return 42; }'
    cache.compile_library(own, text, "answer")
    cache.compile_library(own, text, "another name")
    known = len(libraries(own_cache))
    variants = [
        own._replace(target=own.target + "another processor"),
        own._replace(version=own.version + "1"),
        own._replace(flags=(*own.flags, "-DX")),
    ]
    for k, variant in enumerate(variants):
        cache.compile_library(variant, text, "answer")
        assert len(libraries(own_cache)) == known + k + 1
    cache.compile_library(own, text + "\n", "answer")
    assert len(libraries(own_cache)) == known + len(variants) + 1


def test_the_target_is_the_resolved_one():
    """`-march=native` is the same on every machine; what it stands for here is not."""
    found = cpu().compiler
    general = compiler.run_tool((*found.command, "-x", "c++", "-dM", "-E", os.devnull), compiler.ANSWER_LIMIT)
    assert set(general.splitlines()) - set(found.target.splitlines())  # such as the name of a processor
    own, more, path = (os.environ.get(name, "") for name in ("CXX", "GPUSYN_CXXFLAGS", "PATH"))
    assert compiler._search.__wrapped__(own, more, path) == found  # it names no temporary file

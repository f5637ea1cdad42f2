"""`auto` takes the fastest backend that really works, goes on to the next one if it fails, and says so in one line."""

import gc
import sys

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.backends import select
from gpusyn.backends.cpu import cache, compiler
from gpusyn.backends.cuda import backend as cuda_backend
from gpusyn.backends.numpy.backend import NumpyBackend
from gpusyn.commands import info
from gpusyn.commands.cli import main
from gpusyn.errors import BackendError
from tests.emulation import pretend
from tests.emulation.device import used_bytes
from tests.helpers.fake_compilers import FAULTS, fake_compiler
from tests.helpers.long_checks import every
from tests.helpers.runs import cpu, differences, emulated, outcome


def network(n=8):
    net = gs.Network()
    cells = net.population("cells", n, gs.LIF(I_e=gs.Uniform(200.0, 400.0)), receptors=[gs.AMPA()])
    net.connect(cells, cells, gs.FixedProbability(0.5), receptor="AMPA", weight=gs.Uniform(0.0, 5.0), delay=1.0)
    net.record(cells, "spikes", name="spikes")
    net.record(cells, ["V", "g_AMPA"], name="traces")
    return net


def run(backend, **options):
    """The backend that was taken, and everything that came out."""
    with gs.Simulator(network(), dt=0.1, seed=3, backend=backend, **options) as sim:
        sim.run(60.0)
        return sim.backend, outcome(sim)


def no_cupy():
    raise ModuleNotFoundError("No module named 'cupy'", name="cupy")


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    """A process that has said nothing yet, on a machine without GPU, with an empty cache."""
    monkeypatch.delenv("GPUSYN_BACKEND", raising=False)
    monkeypatch.setattr(select, "said", set())
    monkeypatch.setattr(compiler, "_hanging", {})
    take_cupy(monkeypatch, no_cupy)


def take_cupy(monkeypatch, importer):
    monkeypatch.setattr(cuda_backend.CudaBackend.__init__, "__kwdefaults__", {"importer": importer})


@pytest.fixture
def empty_cache(monkeypatch, tmp_path):
    cpu()
    monkeypatch.setenv("GPUSYN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def backend_line(caplog):
    """The one line about the backend since the last one was asked for."""
    (line,) = [line for line in caplog.messages if line.startswith("backend")]
    caplog.clear()
    return line


# ---- everything works ----


def test_auto_without_gpu_takes_the_compiler_and_says_so_once(caplog):
    cpu()
    for _ in range(2):
        assert gs.plan(network(), backend="auto").fits
        assert run("auto")[0] == "cpu"
    line = backend_line(caplog)
    assert line.startswith("backend cpu: ")
    assert "CuPy is not installed" in line
    assert "pip install" not in line  # advice is for those who ask for it
    assert select.choose("auto").backend.name == "cpu"
    assert caplog.messages == []


def test_auto_without_gpu_and_compiler_takes_numpy_and_says_so(monkeypatch, caplog):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setitem(sys.modules, "ziglang", None)
    assert run("auto")[0] == "numpy"
    line = backend_line(caplog)
    assert line.startswith(f"backend numpy: numpy {np.__version__}, one thread (")
    assert "CuPy is not installed" in line
    assert "no C++ compiler found" in line


def test_auto_takes_a_gpu_first(monkeypatch, caplog):
    backend = emulated()
    take_cupy(monkeypatch, lambda: backend.gpu.cupy)
    assert run("auto")[0] == "cuda"
    assert backend_line(caplog) == "backend cuda: Emulated GPU (compute capability 9.0)"


def test_the_environment_replaces_auto_alone(monkeypatch):
    monkeypatch.setenv("GPUSYN_BACKEND", "numpy")
    assert select.choose("auto").backend.name == "numpy"
    cpu()
    assert select.choose("cpu").backend.name == "cpu"
    monkeypatch.setenv("GPUSYN_BACKEND", "nunpy")
    with pytest.raises(gs.UnknownNameError, match=r"GPUSYN_BACKEND.*did you mean 'numpy'"):
        select.choose("auto")


# ---- the cpu backend fails ----


def compiler_with(fault, only=""):
    def spoil(monkeypatch, tmp_path):
        monkeypatch.setenv("CXX", fake_compiler(tmp_path / "mine", FAULTS[fault], only=only))
        if fault == "hangs":
            monkeypatch.setattr(compiler, "COMPILE_LIMIT", 0.2)

    return spoil


def no_compiler_there(monkeypatch, tmp_path):
    monkeypatch.setenv("CXX", "/nonexistent/g++")


def cache_is_a_file(monkeypatch, tmp_path):
    (tmp_path / "cache").write_text("")


def cache_of_all(monkeypatch, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)


def no_room(monkeypatch, tmp_path):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.os, "fsync", refuse)


#: What happens, and a part of the reason that is given. Kernels alone (`only`) fail after the loop over steps, which
#: is compiled when the backend is made: the network has been built by then.
FAILURES = {
    **{fault: (compiler_with(fault), said) for fault, said in {
        "fails": "could not compile the kernels 'driver': fatal error: out of luck",
        "writes Latin-1": "could not compile the kernels 'driver': fatal error: M\ufffdrz \ufffd",
        "hangs": "took longer than 0.2 s and was stopped",
        "writes garbage": "cannot load the kernels 'driver'",
        "leaves functions out": "lacks the function run_steps",
    }.items()},
    "fails at the kernels": (compiler_with("fails", "HOST_ENTRY"), "kernels 'LIF(Exponential) float32/int32': fatal"),
    "writes garbage for kernels": (compiler_with("writes garbage", "HOST_ENTRY"), "cannot load the kernels 'LIF"),
    "leaves kernels out": (compiler_with("leaves functions out", "HOST_ENTRY"), "lacks the function entry_"),
    "CXX is not there": (no_compiler_there, "'/nonexistent/g++', which the environment variable CXX"),
    "cache is a file": (cache_is_a_file, "cannot write the kernel cache"),
    "cache of all": (cache_of_all, "other users can write it (mode 777)"),
    "disk is full": (no_room, "No space left on device"),
}  # fmt: skip


@pytest.mark.parametrize("failure", every(3, FAILURES))
@pytest.mark.usefixtures("empty_cache")
def test_auto_goes_on_to_numpy_and_says_why(failure, monkeypatch, tmp_path, caplog):
    spoil, said = FAILURES[failure]
    spoil(monkeypatch, tmp_path)
    expected = run("numpy")[1]
    assert caplog.messages == []  # what is asked for by name needs no line
    for _ in range(2):
        name, found = run("auto")
        assert name == "numpy"
        assert differences(found, expected) == []
    line = backend_line(caplog)
    assert line.startswith("backend numpy: ")
    assert said in line
    with pytest.raises(BackendError) as error:  # what was asked for by name is not replaced
        run("cpu")
    assert said in str(error.value)


@pytest.mark.parametrize("failure", ["fails", "CXX is not there", "cache is a file", "cache of all"])
@pytest.mark.usefixtures("empty_cache")
def test_plan_and_commands_tell_the_same(failure, monkeypatch, tmp_path, capsys, caplog):
    spoil, said = FAILURES[failure]
    spoil(monkeypatch, tmp_path)
    report = info.report()
    assert said in report
    assert "backend   auto: takes numpy" in report
    assert "backend   cpu: usable" not in report
    assert gs.plan(network(), backend="auto").fits
    assert said in backend_line(caplog)
    with pytest.raises(BackendError):
        gs.plan(network(), backend="cpu")
    assert main(["check"]) == 1
    out, err = capsys.readouterr()
    assert said in out
    assert "nothing compared: only numpy works here" in err


@pytest.mark.usefixtures("empty_cache")
def test_the_demo_goes_on_too_and_warns(monkeypatch, tmp_path, capsys, caplog):
    FAILURES["fails at the kernels"][0](monkeypatch, tmp_path)
    assert main(["demo", "--size", "10", "--duration", "1", "--out", str(tmp_path)]) == 0
    assert "backend: cpu, mine (" in capsys.readouterr().out  # before the network is built
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    line = backend_line(caplog)
    assert line.startswith("backend numpy: ")
    assert "could not compile the kernels" in line


# ---- the cuda backend fails ----


class Lost(RuntimeError):
    """Stands for the errors of CuPy, of the driver and of NVRTC, which are RuntimeErrors too."""


def lost(*_, **__):
    raise Lost("CUDA_ERROR_UNKNOWN: the device fell off the bus")


def test_every_error_of_cupy_at_the_start_lets_auto_go_on(monkeypatch, caplog):
    cpu()
    backend, expected = emulated(), run("numpy")[1]
    take_cupy(monkeypatch, lambda: backend.gpu.cupy)
    monkeypatch.setattr(backend.gpu.cupy.cuda, "Stream", lost)
    name, found = run("auto")
    assert name == "cpu"
    assert differences(found, expected) == []
    said = "cuda backend: the start of the program failed (Lost: CUDA_ERROR_UNKNOWN: the device fell off the bus); see"
    assert said in backend_line(caplog)
    for asked in ("cuda", backend):
        with pytest.raises(BackendError, match="the device fell off the bus"):
            run(asked)


def test_a_gpu_that_does_not_tell_its_memory_lets_auto_go_on(monkeypatch, caplog):
    cpu()
    backend = emulated()
    take_cupy(monkeypatch, lambda: backend.gpu.cupy)
    monkeypatch.setattr(backend.gpu.cupy.cuda.runtime, "memGetInfo", lost)
    assert run("auto")[0] == "cpu"
    assert "cuda backend: asking for the free memory failed (Lost: CUDA_ERROR_UNKNOWN" in backend_line(caplog)


def test_a_gpu_without_room_lets_auto_go_on(monkeypatch, caplog):
    cpu()
    backend = emulated()
    take_cupy(monkeypatch, lambda: backend.gpu.cupy)
    gc.collect()  # what earlier tests left is not counted
    with pretend(free_memory=used_bytes() + 1000):
        assert run("auto")[0] == "cpu"
        line = backend_line(caplog)
        assert "cuda backend: this network needs " in line
        assert " on the GPU but 1.00 kB are free there." in line
        plan = gs.plan(network(), backend="auto")
        assert plan.fits
        assert plan.free > 1000
        assert not gs.plan(network(), backend="cuda").fits
        with pytest.raises(gs.PlanMemoryError):
            run("cuda")


def test_kernels_that_nvrtc_refuses_let_auto_go_on(monkeypatch, caplog, empty_cache):
    backend = emulated()
    take_cupy(monkeypatch, lambda: backend.gpu.cupy)
    module = backend.gpu.cupy.RawModule

    def refused(code, **options):
        if "gpusyn_probe" in code:
            return module(code=code, **options)
        with pretend(compile_error="module.cu(13): error: not today"):
            made = module(code=code, **options)
            made.compile()
            return made

    monkeypatch.setattr(backend.gpu.cupy, "RawModule", refused)
    name, _ = run("auto")
    assert name == "cpu"
    assert "not today" in backend_line(caplog)


# ---- nothing is left ----


def test_a_network_that_fits_nowhere_is_refused_for_lack_of_memory(monkeypatch):
    cpu()
    monkeypatch.setattr("gpusyn.backends.cpu.backend.free_memory", lambda: 1000)
    monkeypatch.setattr("gpusyn.backends.numpy.backend.free_memory", lambda: 1000)
    with pytest.raises(gs.PlanMemoryError, match=r"this network needs .* but 1\.00 kB are free"):
        run("auto")
    assert not gs.plan(network(), backend="auto").fits


def test_a_backend_that_is_given_as_an_object_is_not_replaced(monkeypatch):
    class Broken(NumpyBackend):
        def start(self, program):
            raise BackendError("out of order")

    with pytest.raises(BackendError, match="out of order"):
        run(Broken())


def test_mistakes_in_the_network_are_not_taken_for_failures_of_a_backend(caplog):
    net = network()
    net.connect(
        net.populations["cells"],
        net.populations["cells"],
        gs.AllToAll(),
        receptor="AMPA",
        weight=1.0,
        delay=0.25,
        name="odd",
    )
    with pytest.raises(gs.ParameterError, match="delay"):
        gs.Simulator(net, dt=0.1)
    assert caplog.messages == []

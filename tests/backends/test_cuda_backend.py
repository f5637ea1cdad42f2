"""The CUDA backend's Python on a stand-in for CuPy: the same bits, memory, arrays, and reasons why there is no GPU."""

import gc
import os
import subprocess
import sys

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.backends.cuda import gpu as cuda_gpu
from gpusyn.backends.cuda import session as cuda_session
from gpusyn.backends.cuda.backend import CudaBackend
from gpusyn.errors import BackendError
from gpusyn.kernels.program import STATE
from gpusyn.kernels.spec import KERNELS
from tests.emulation import ORDERS, check_guards, compiler, cupy, pretend, sanitizer_environment, using
from tests.emulation.device import pooled_bytes, used_bytes
from tests.helpers.hand_made import SINGLE, make
from tests.helpers.paths import ROOT
from tests.helpers.runs import cuda, differences, emulated, outcome
from tests.helpers.sanitized_network import RUNS, by_numpy, describe
from tests.helpers.small_network import simulator, steps_of

DT = 0.1


STEPS = 41  # one graph of each length, and more than a chunk
FEW = 12  # a graph of 8 steps and one of a single step, and two chunks
LONG = pytest.mark.fuzz


@pytest.fixture(scope="module")
def reference():
    return by_numpy(STEPS)


@pytest.fixture(scope="module")
def small():
    """The outcome of a network with few kernels, where it is not the kernels that a test is about."""
    return steps_of(None, "numpy", STEPS)


def run(backend, steps=STEPS, **options):
    with gs.Simulator(describe(), dt=DT, seed=3, backend=backend, **options) as sim:
        assert {launch.kernel for launch in sim._compiled.program.launches} == set(KERNELS)
        sim.step(steps)
        found = outcome(sim)
    check_guards()
    return found


# ---- bits ----


@pytest.mark.parametrize(("block", "multiprocessors"), [(32, 1), (96, 3), (256, 4), (1024, 132)])
@LONG
def test_no_bit_depends_on_the_block_and_the_grid(reference, block, multiprocessors):
    assert len(reference["spikes times"]) > 100
    with pretend(multiprocessors=multiprocessors):
        assert differences(reference, run(emulated(block))) == []


@pytest.mark.parametrize(
    ("order", "chunk_steps"),
    [("drawn-1", STEPS), ("forward", 1), ("lanes-backward", 31), ("drawn-2", 32)],
)
@LONG
def test_no_bit_depends_on_the_schedule_and_on_chunks_and_graphs(reference, order, chunk_steps):
    with using(order=ORDERS[order], flush=True, lazy=True):
        assert differences(reference, run(emulated(64), chunk_steps=chunk_steps)) == []


def test_few_steps_have_the_bits_of_numpy_with_all_that_may_differ_at_once():
    reference = by_numpy(FEW)
    assert len(reference["spikes times"]) > 100
    with using(order=ORDERS["backward"], flush=True, lazy=True):
        assert differences(reference, run(emulated(64), FEW, chunk_steps=9)) == []


@LONG
def test_no_bit_depends_on_flush_to_zero_and_late_streams(reference):
    with using(flush=True, lazy=True):
        assert differences(reference, run(emulated(128))) == []


def test_a_real_gpu_gives_the_bits_of_numpy(request):
    gpus = [cuda(block) for block in (32, 128, 1024)]
    reference = request.getfixturevalue("reference")
    for gpu in gpus:
        assert differences(reference, run(gpu)) == []


# ---- memory ----


def test_memory_is_that_of_the_arrays_and_is_given_back():
    gc.collect()
    before = used_bytes()
    sim = simulator(emulated())
    held = sum(array.nbytes for array in sim._session._arrays.values())
    assert used_bytes() - before == held > 0
    program = sim._compiled.program
    assert set(program.initial) == {spec.name for spec in program.of_role(STATE)}  # the host keeps no other copy
    sim.step(40)
    assert used_bytes() - before == held
    sim.reset()
    sim.step(1)
    assert used_bytes() - before == held
    pinned = cupy.get_default_pinned_memory_pool().frees
    sim.close()
    assert pooled_bytes() == 0  # CuPy's pool gives it back, too
    assert cupy.get_default_pinned_memory_pool().frees == pinned + 1
    gc.collect()
    assert used_bytes() == before


def test_arrays_are_copied_in_pieces(monkeypatch):
    monkeypatch.setattr(cuda_session, "PIECE", 1000)
    sizes, original = [], cupy.ndarray.set

    def noted(self, values, stream=None):
        sizes.append(values.nbytes)
        original(self, values, stream)

    monkeypatch.setattr(cupy.ndarray, "set", noted)
    program = make(numbers=SINGLE, n=1000).program()
    expected = {name: program.initial[name].copy() for name in program.specs}
    with using(lazy=True):
        session = emulated().start(program)
        assert max(sizes) <= 1000 < max(array.nbytes for array in expected.values())
        for name, array in expected.items():
            assert np.array_equal(session.read(name), array), name


def test_memory_in_the_pool_of_cupy_is_free():
    gc.collect()
    backend = emulated()
    backend.gpu.free_pools()
    before = backend.free_memory()
    kept = cupy.zeros(1000, np.float64)
    assert backend.free_memory() == before - 8000
    del kept
    assert cupy.cuda.runtime.memGetInfo()[0] == before - 8000
    assert backend.free_memory() == before


def test_a_program_that_does_not_fit_is_refused_before_the_first_array():
    program = make(numbers=SINGLE, n=4).program()
    before = used_bytes()
    with pretend(free_memory=before + 1000):
        with pytest.raises(gs.PlanMemoryError, match=r"arrays need .* but 1\.00 kB of 8\.59 GB are free on the GPU"):
            emulated().start(program)
        assert emulated().free_memory() == 1000
    assert used_bytes() == before
    assert program.initial.keys() == program.specs.keys()


def test_memory_that_runs_out_while_arrays_are_moved_is_given_back(monkeypatch):
    gc.collect()  # what earlier tests left is not counted
    program = make(numbers=SINGLE, n=4).program()
    backend, before = emulated(), used_bytes()
    monkeypatch.setattr(
        backend.gpu.cupy.cuda.runtime, "memGetInfo", lambda: (2**40, 2**40)
    )  # another process was faster
    with (
        pretend(free_memory=before + 1000),
        pytest.raises(gs.PlanMemoryError, match="ran out of memory during the copy of the arrays"),
    ):
        backend.start(program)
    gc.collect()
    assert used_bytes() == before


# ---- arrays ----


def test_parts_are_read_and_written():
    session = emulated().start(make(numbers=SINGLE, n=5).program())
    session.write("V", np.array([1.5, 2.5], np.float32), 1)
    assert session.read("V").tolist() == [0.0, 1.5, 2.5, 0.0, 0.0]
    assert session.read("V", 1, 3).tolist() == [1.5, 2.5]
    assert session.read("V").dtype == np.float32
    session.write("V", np.zeros(0, np.float32), 5)
    part = np.full(5, 3.0, np.float32)
    with using(lazy=True):
        session.write("V", part)
        part[:] = -1.0  # gone before an asynchronous copy would have read it
        assert (session.read("V") == 3.0).all()


# ---- what cannot be used says why ----


def start_with(**machine):
    with pretend(**machine):
        return CudaBackend(importer=lambda: cupy)


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        ({"driver_version": 0}, "no NVIDIA driver was found.*fix: install"),
        ({"driver_version": 11080}, "the driver supports CUDA 11.8.*fix: update the driver"),
        ({"devices": 0}, "shows no GPU"),
        ({"compute_capability": (7, 0)}, r"compute capability 7\.0\) is too old: gpusyn needs 7\.5"),
        ({"nvrtc": False}, r"nvrtc.*fix: pip install"),
    ],
)
def test_a_gpu_that_cannot_be_used_says_why_and_what_mends_it(machine, said):
    with pytest.raises(BackendError, match=said):
        start_with(**machine)


def test_one_of_two_gpus(small):
    with pretend(devices=2, old_devices=(0,)):
        backend = CudaBackend(importer=lambda: cupy)  # the first is too old
        assert (backend.gpu.device.number, backend.gpu.device.capability) == (1, (9, 0))
        with simulator(backend) as sim:
            sim.step(STEPS)
            assert {array._block.device_id for array in sim._session._arrays.values()} == {1}
            assert cupy.cuda.runtime.getDevice() == 0  # the user's own choice stays
            assert differences(small, outcome(sim)) == []
        for device, said in ((0, r"is too old.*CudaBackend\(device=1\)"), (2, "there is no GPU 2: CUDA shows 0")):
            with pytest.raises(BackendError, match=said):
                CudaBackend(device=device, importer=lambda: cupy)
    for device in (-1, 0.5, "0"):
        with pytest.raises(gs.GpusynError, match=r"CudaBackend\.device"):
            CudaBackend(device=device, importer=lambda: cupy)


def test_a_slice_of_a_gpu(small):
    with pretend(name="NVIDIA A100 MIG 1g.5gb", compute_capability=(8, 0), multiprocessors=14, total_memory=5 << 30):
        backend = CudaBackend(importer=lambda: cupy)
        assert backend.describe() == "NVIDIA A100 MIG 1g.5gb (compute capability 8.0)"
        assert differences(small, steps_of(None, backend, STEPS)) == []


def test_missing_cupy_is_a_sentence_with_a_pip_line():
    def importer():
        raise ModuleNotFoundError("No module named 'cupy'", name="cupy")

    with pytest.raises(BackendError, match=r"CuPy is not installed; fix: .*pip install \"cupy-cuda13x>=14\""):
        CudaBackend(importer=importer)


def test_kernels_that_do_not_compile_are_named_with_the_first_error(monkeypatch, tmp_path):
    monkeypatch.setenv("GPUSYN_CACHE", str(tmp_path / "cache"))
    backend = emulated()  # made before its compiler pretends to fail
    log = 'module.cu(12): note\nmodule.cu(13): error: identifier "x" is undefined\nmore'
    with pretend(compile_error=log), pytest.raises(BackendError) as error:
        backend.start(make(numbers=SINGLE).program())
    said = str(error.value)
    assert "cuda backend: kernels 'LIF() float32/int32' (advance_neurons) do not compile: module.cu(13): error" in said
    assert f"full log: {tmp_path / 'cache' / 'nvrtc.log'}" in said
    assert (tmp_path / "cache" / "nvrtc.log").read_text() == log
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GPUSYN_CACHE", str(tmp_path / "file"))
    with pretend(compile_error=log), pytest.raises(BackendError, match="the full log could not be written"):
        backend.start(make(numbers=SINGLE).program())


def test_options_forbid_contraction():
    assert "--fmad=false" in cuda_gpu.OPTIONS
    assert not any("fast" in option for option in cuda_gpu.OPTIONS)


@pytest.mark.parametrize("block", [0, -32, 1, 33, 48, 1056, 128.0, "128", None])
def test_a_block_is_whole_warps(block):
    with pytest.raises(gs.GpusynError, match=r"CudaBackend\.block"):
        CudaBackend(block, importer=lambda: cupy)


def test_a_required_gpu_that_is_missing_is_a_failure(monkeypatch):
    def none(*_):
        raise BackendError("no GPU: none")

    monkeypatch.setattr("tests.helpers.runs.CudaBackend", none)
    monkeypatch.setenv("GPUSYN_REQUIRE_CUDA", "1")
    with pytest.raises(pytest.fail.Exception, match="GPUSYN_REQUIRE_CUDA=1, but: no GPU"):
        cuda(31)
    monkeypatch.delenv("GPUSYN_REQUIRE_CUDA")
    with pytest.raises(pytest.skip.Exception, match="no GPU"):
        cuda(31)


# ---- under sanitizers ----


@pytest.mark.sanitizer
@pytest.mark.parametrize("precision", RUNS)
@pytest.mark.parametrize("sanitize", ["address,undefined", "thread"])
def test_every_kernel_is_clean_under_a_sanitizer(sanitize, precision):
    """In a process for each precision: the thread sanitizer has little room of its own."""
    if compiler() is None:
        pytest.skip("g++ is not on PATH")
    environment = sanitizer_environment(sanitize)
    if environment is None:
        pytest.skip(f"g++ has no runtime for -fsanitize={sanitize} here")
    command = [sys.executable, "-m", "tests.helpers.sanitized_network", precision]
    options = {"cwd": ROOT, "env": os.environ | environment, "capture_output": True, "text": True, "timeout": 600}
    result = subprocess.run(command, check=False, **options)
    report = (result.stdout + result.stderr)[-4000:]
    assert result.returncode == 0, report
    ran = [line.split()[1:] for line in result.stdout.splitlines() if line.startswith("ran")]
    assert ran == [[precision, *sorted(KERNELS)]]
    assert "WARNING: ThreadSanitizer" not in result.stderr, report
    assert "runtime error" not in result.stderr, report

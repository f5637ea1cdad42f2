"""The stand-in for CuPy: what it refuses, what it pretends, and that its names and signatures are CuPy's own."""

import importlib
import importlib.util
import sys

import numpy as np
import pytest

from tests.emulation import (
    StrictError,
    check_guards,
    cupy,
    install,
    pretend,
    using,
)
from tests.emulation.add_kernel import ADD, arrays

# ---- arguments ----


@pytest.mark.usefixtures("needs_compiler")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({2: 1.0}, r"argument 2 is 'float', got float64; pass numpy\.float32"),
        ({2: np.float64(1)}, "got float64"),
        ({3: 4}, r"argument 3 is 'int', got int64; pass numpy\.int32"),
        ({3: np.uint32(4)}, "got uint32"),
        ({3: True}, "got bool"),
        ({3: np.zeros(1, np.int32)}, "got ndarray"),
        ({0: np.zeros(4, np.float32)}, "argument 0 is 'float\\*', got ndarray, not a device array"),
        ({1: cupy.zeros(4, np.float64)}, "argument 1 is 'const float\\*', got an array of float64"),
        ({1: cupy.zeros(8, np.float32)[::2]}, "not contiguous"),
        ({1: 7}, "not a device array"),
        ({4: np.int32(1)}, "takes 4 arguments, got 5"),
    ],
)
def test_wrong_arguments_are_refused(add, change, said):
    good = dict(enumerate((*arrays(), np.float32(2), np.int32(4))))
    with pytest.raises(StrictError, match=said):
        add((1,), (32,), tuple((good | change).values()))
    with pytest.raises(StrictError, match="takes 4 arguments, got 3"):
        add((1,), (32,), tuple(good.values())[:3])


@pytest.mark.usefixtures("needs_compiler")
def test_right_arguments_pass(add):
    y, x = arrays()
    add((1,), (32,), (y, x, np.float32(2), np.int32(4)))
    np.testing.assert_array_equal(y.get(), [0, 2, 4, 6])
    with pytest.raises(TypeError, match="expected tuple, got list"):
        add([1], (32,), (y, x, np.float32(2), np.int32(4)))
    with pytest.raises(TypeError, match="expected tuple, got int"):
        add((1,), 32, (y, x, np.float32(2), np.int32(4)))
    with pytest.raises(TypeError, match="expected tuple, got list"):
        cupy.RawModule(code=ADD, options=["--fmad=false"])


# ---- arrays ----


def test_arrays_do_not_turn_into_numpy_or_mix_with_it():
    a = cupy.zeros(3, np.float32)
    host = np.ones(3, np.float32)
    for convert in (np.asarray, np.array, np.sum, lambda x: np.add(x, host)):
        with pytest.raises(TypeError):
            convert(a)
    for mix in (lambda: host + a, lambda: a + host, lambda: a + a, lambda: host < a):
        with pytest.raises(TypeError):
            mix()
    with pytest.raises(TypeError):
        a[:] = host
    for silent_kernel in (lambda: a == a, lambda: list(a), lambda: a[cupy.zeros(1, np.int32)], lambda: a[host > 0]):
        with pytest.raises(StrictError):
            silent_kernel()


def test_arrays_hold_what_is_put_into_them():
    a = cupy.empty((2, 3), np.float32)
    assert np.isnan(a.get()).all()
    assert (cupy.empty(4, np.int64).get() == -1).all()
    host = np.arange(6, dtype=np.float32).reshape(2, 3)
    a.set(host)
    host[:] = 0
    assert a.get().tolist() == [[0, 1, 2], [3, 4, 5]]
    assert (a.shape, a.dtype, a.size, a.ndim, a.nbytes, len(a)) == ((2, 3), np.float32, 6, 2, 24, 2)
    a[1, 1:] = 9
    row, copy = a[1], a.copy()
    row[0] = row[2]
    assert a.get()[1].tolist() == [9, 9, 9]
    assert copy.get()[1].tolist() == [3, 9, 9]
    assert row.data.ptr == a.data.ptr + 12
    assert a.ravel().view(np.int32).dtype == np.int32
    out = np.empty((2, 3), np.float32)
    assert a.get(out=out) is out
    np.testing.assert_array_equal(cupy.asnumpy(a), out)
    assert cupy.ones(3).get().tolist() == [1, 1, 1]
    assert cupy.full(2, 7, np.int32).get().tolist() == [7, 7]
    assert cupy.zeros_like(a).get().sum() == 0
    assert int(cupy.asarray(np.int64(5))) == 5
    with pytest.raises(TypeError, match="float64 array cannot be set to float32"):
        a.set(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="Shape mismatch"):
        a.set(np.zeros(6, np.float32))


def test_arrays_share_one_allocation():
    pool = cupy.cuda.MemoryPool()
    memory = pool.malloc(64)
    first = cupy.ndarray(4, np.float32, memory)
    second = cupy.ndarray(4, np.int64, memory + 16)
    first.fill(1)
    second.fill(2)
    assert first.get().tolist() == [1] * 4
    with pytest.raises(StrictError, match="does not fit"):
        cupy.ndarray(8, np.int64, memory + 16)


def test_writes_outside_an_array_are_noticed():
    a = cupy.zeros(4, np.int32)
    beyond = np.frombuffer((np.ctypeslib.ctypes.c_int * 1).from_address(a.data.ptr + 16), np.int32)
    check_guards()
    beyond[0] = 0
    with pytest.raises(StrictError, match="outside an array of 16 bytes"):
        check_guards()
    check_guards()  # told once


# ---- the machine ----


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"driver_version": 0}, "cudaErrorInsufficientDriver"),
        ({"driver_version": 12090}, "cudaErrorInsufficientDriver"),
        ({"devices": 0}, "cudaErrorNoDevice"),
    ],
)
def test_machine_without_a_usable_gpu(changes, name):
    with pretend(**changes):
        assert not cupy.cuda.is_available()
        assert cupy.cuda.runtime.driverGetVersion() == changes.get("driver_version", 13020)
        for call in (
            cupy.cuda.runtime.getDeviceCount,
            cupy.cuda.runtime.memGetInfo,
            lambda: cupy.zeros(1),
            cupy.cuda.Stream,
            cupy.cuda.Event,
            lambda: cupy.cuda.Device().compute_capability,
            lambda: cupy.RawModule(code=ADD).get_function("add"),
        ):
            with pytest.raises(cupy.cuda.runtime.CUDARuntimeError, match=name):
                call()
    assert cupy.cuda.is_available()


def test_machine_with_other_faults():
    with pretend(compute_capability=(7, 0), name="Old GPU"):
        assert cupy.cuda.Device().compute_capability == "70"
        properties = cupy.cuda.runtime.getDeviceProperties(0)
        assert (properties["name"], properties["major"], properties["minor"]) == (b"Old GPU", 7, 0)
    with pretend(nvrtc=False):
        for call in (cupy.cuda.nvrtc.getVersion, lambda: cupy.RawModule(code=ADD).get_function("add")):
            with pytest.raises(RuntimeError, match="nvrtc") as error:
                call()
            assert type(error.value).__name__ == "DynamicLibNotFoundError"
    compile_exception = cupy.cuda.compiler.CompileException
    with pretend(compile_error="module.cu(3): error: no"), pytest.raises(compile_exception, match="error: no"):
        cupy.RawModule(code=ADD).get_function("add")
    with pytest.raises(RuntimeError, match="cudaErrorInvalidDevice"):
        cupy.cuda.Device(1).use()
    with pytest.raises(TypeError, match="the machine has no 'ram'"), pretend(ram=1):
        pass
    with pytest.raises(TypeError, match="emulation has no setting 'speed'"), using(speed=1):
        pass


@pytest.mark.usefixtures("needs_compiler")
def test_compile_errors_carry_the_compilers_words():
    with pytest.raises(cupy.cuda.compiler.CompileException, match="nonsense") as error:
        cupy.RawModule(code='extern "C" __global__ void f(int *y) { nonsense; }').compile()
    assert error.value.get_message() == str(error.value)
    with pytest.raises(RuntimeError, match="CUDA_ERROR_NOT_FOUND"):
        cupy.RawModule(code=ADD).get_function("other")


def test_memory_is_counted_and_runs_out():
    pool = cupy.get_default_memory_pool()
    pool.free_all_blocks()
    free, _ = cupy.cuda.runtime.memGetInfo()
    a = cupy.empty(1000, np.float64)
    assert cupy.cuda.Device().mem_info[0] == free - 8000
    used = pool.used_bytes()
    with pretend(free_memory=used + 100):
        kept = cupy.empty(100, np.uint8)
        with pytest.raises(cupy.cuda.memory.OutOfMemoryError, match="allocating 1 bytes"):
            cupy.empty(1, np.uint8)
        del kept
        cupy.empty(1, np.uint8)  # the pool gives back what no array has
    pool.free_all_blocks()
    del a
    assert cupy.cuda.runtime.memGetInfo()[0] == free - 8000  # the pool keeps it for the next array of this size
    assert pool.free_bytes() == 8000
    b = cupy.empty(1000, np.float64)
    assert pool.free_bytes() == 0
    del b
    pool.free_all_blocks()
    assert cupy.cuda.runtime.memGetInfo()[0] == free


def test_install_takes_effect_and_is_undone(monkeypatch):
    before = sys.modules.get("cupy")
    with monkeypatch.context() as patch:
        install(patch)
        assert importlib.import_module("cupy") is cupy
        assert importlib.import_module("cupy.cuda.runtime") is cupy.cuda.runtime
        assert importlib.import_module("cupy.cuda.compiler").CompileException
        assert importlib.import_module("cuda.pathfinder").DynamicLibNotFoundError
    assert sys.modules.get("cupy") is before
    modules = {}
    install(modules)
    assert modules["cupy"] is cupy

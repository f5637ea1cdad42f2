"""Building emulated modules: text and options that are refused, kernels found, the cache, lines of messages."""

from pathlib import Path

import numpy as np
import pytest

from tests.emulation import CompileFailure, StrictError, compile, cupy

pytestmark = pytest.mark.usefixtures("needs_compiler")

EXACT = ("--fmad=false",)


def source(body):
    """A kernel from one line of text."""
    return f'extern "C" __global__ void kernel({body}'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("long long *y) { atomicAdd(y, 1ll); }", "atomicAdd"),  # CUDA has none for signed long long
        ("float *y) { atomicAdd(y, 1.0f); }", "atomicAdd"),  # order would change bits
        ("float *y) { y[0] = expf(y[0]); }", "expf"),  # bits would change with the library
        ("float *y) { y[0] = undeclared; }", "undeclared"),
        ('float *y) { }\n#include "other.cuh"\n', "includes a header"),
    ],
)
def test_text_that_must_not_compile(body, said):
    with pytest.raises(CompileFailure, match=said):
        compile.build(source(body), EXACT)


def test_text_without_kernels():
    with pytest.raises(CompileFailure, match="defines no kernel"):
        compile.build("__device__ int f() { return 1; }")


@pytest.mark.parametrize("option", ["--use_fast_math", "-I/usr/include", "--no-such-option", "-D"])
def test_options_that_are_refused(option):
    with pytest.raises(CompileFailure, match="option"):
        compile.translate_options([option])


def test_kernels_are_found_through_macros_and_with_their_bounds():
    text = """
    #define KERNEL(name, ...) extern "C" __global__ void name(__VA_ARGS__)
    #define PAIR(name) KERNEL(name##_a, int *y) { y[0] = 1; } KERNEL(name##_b, const float *x, long long n) {}
    // KERNEL(commented, int n) {}
    #if 0
    KERNEL(left_out, int n) {}
    #endif
    #define SIZE 64
    PAIR(both)
    extern "C" __global__ void __launch_bounds__(2 * (SIZE + 1), 3) bounded(double *y, unsigned char c) {}
    extern "C" __global__ __launch_bounds__(SIZE) void first(bool b) {}
    """
    assert compile.kernel_names(text) == ["both_a", "both_b", "bounded", "first"]
    module = compile.load(text)
    assert [(k.parameters, k.bound) for k in module.values()] == [
        (("int*",), 1024),
        (("const float*", "long long"), 1024),
        (("double*", "unsigned char"), 130),
        (("bool",), 64),
    ]


def test_cache_serves_the_same_text_and_no_other(tmp_path, monkeypatch):
    monkeypatch.setenv("GPUSYN_EMULATE_CACHE", str(tmp_path))
    one = compile.build(source("int *y) { y[0] = N; }"), ("-DN=1",))
    (runtime,) = tmp_path.glob("*.o")  # the emulator's own functions, for all modules
    assert sorted(tmp_path.iterdir()) == sorted([one, runtime])
    with monkeypatch.context() as without:
        without.setattr(compile, "_run", lambda *_: pytest.fail("compiled again"))
        assert compile.build(source("int *y) { y[0] = N; }"), ("-DN=1",)) == one
    other = compile.build(source("int *y) { y[0] = N; }"), ("-DN=2",))
    with pytest.raises(CompileFailure):
        compile.build(source("int *y) { y[0] = N; }"))
    assert sorted(tmp_path.iterdir()) == sorted([one, other, runtime])  # a failure leaves nothing


def test_lines_of_the_text_are_those_of_the_messages():
    text = '\n#line 7 "kernels/some.cu"\n' + source("int *y) {\n if (threadIdx.x) __syncthreads(); }")
    f = cupy.RawModule(code=text).get_function("kernel")
    with pytest.raises(StrictError, match=r"kernels/some\.cu:8: __syncthreads"):
        f((1,), (2,), (cupy.empty(1, np.int32),))


def mappings():
    return len(Path("/proc/self/maps").read_text(encoding="utf-8").splitlines())


def test_modules_take_turns_on_the_same_stacks():
    text = source("int *y) { y[threadIdx.x] = N + __syncthreads_count(threadIdx.x >= N); }")
    modules = [cupy.RawModule(code=text, options=(f"-DN={n}",)) for n in range(3)]
    y, counts = cupy.empty(1024, np.int32), []
    for n in (0, 1, 2, 1, 0):
        modules[n].get_function("kernel")((2,), (1024,), (y,))
        assert (y.get() == 1024).all()
        counts.append(mappings())
    assert counts[-1] < counts[0] + 100  # a stack a thread would be 2048 for each module, and a process has 65,530

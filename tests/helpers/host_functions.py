"""portable_math.cuh, philox.cuh and poisson.cuh, compiled for this machine as the cpu backend is for users."""

import ctypes
import functools
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpusyn.backends.cpu.cache import compile_library
from gpusyn.backends.cpu.compiler import Compiler, find_compiler
from gpusyn.errors import BackendError
from gpusyn.kernels.modules import BASE
from gpusyn.kernels.source import read_kernel

# Loops over arrays; each runs once as it is and once with subnormals flushed to zero by the processor.
LOOPS = """
#define EXPORT extern "C" __attribute__((visibility("default")))
#if defined(__SSE2__)
#include <immintrin.h>
EXPORT int can_flush() { return 1; }
static unsigned set_flush(int on)
{
    unsigned old = _mm_getcsr();
    if (on) _mm_setcsr(old | 0x8040);
    return old;
}
static void restore(unsigned old) { _mm_setcsr(old); }
#elif defined(__aarch64__)
EXPORT int can_flush() { return 1; }
static unsigned long set_flush(int on)
{
    unsigned long old;
    __asm__ volatile("mrs %0, fpcr" : "=r"(old));
    if (on) __asm__ volatile("msr fpcr, %0" : : "r"(old | 1ul << 24));
    return old;
}
static void restore(unsigned long old) { __asm__ volatile("msr fpcr, %0" : : "r"(old)); }
#else
EXPORT int can_flush() { return 0; }
static int set_flush(int) { return 0; }
static void restore(int) {}
#endif

#define LOOP(name, function, type)                                                                      \\
    __attribute__((noinline)) static void name##_loop(const type *RESTRICT x, type *RESTRICT y, int64 n)\\
    {                                                                                                   \\
        for (int64 i = 0; i < n; i++) y[i] = function(x[i]);                                            \\
    }                                                                                                   \\
    EXPORT void name(const type *x, type *y, int64 n, int flushed)                                      \\
    {                                                                                                   \\
        auto old = set_flush(flushed);                                                                  \\
        name##_loop(x, y, n);                                                                           \\
        restore(old);                                                                                   \\
    }

LOOP(exp_float32, portable_exp, float)
LOOP(exp_float64, portable_exp, double)
LOOP(expm1_float32, portable_expm1, float)
LOOP(expm1_float64, portable_expm1, double)
LOOP(exprel_float32, portable_exprel, float)
LOOP(exprel_float64, portable_exprel, double)
DEVICE float halved(float x) { return x * 0.5f; }
LOOP(halved_float32, halved, float)
LOOP(flush_float32, flush, float)
LOOP(flush_float64, flush, double)
LOOP(log_float32, portable_log, float)
LOOP(log_float64, portable_log, double)

EXPORT void philox_words(const uint64 *key, uint32 *words, int64 n)
{
    for (int64 i = 0; i < n; i++) {
        uint32 *w = words + 4 * i, four[4 * WIDE];
        Wide c[4] = {wide(w[0]), wide(w[1]), wide(w[2]), wide(w[3])};
        philox((uint32)key[i], (uint32)(key[i] >> 32), c);
        put_words(four, c);
        for (int k = 0; k < 4 * WIDE; k++) w[k % 4] = k < 4 || w[k % 4] == four[k] ? four[k] : ~four[k];
    }
}
// Counts of elements from `first` on; the step is the first of the chunk that the host prepared.
EXPORT void poisson(const PoissonDrive *drive, const uint32 *limits, int64 first, int64 n, int64 step, int *counts)
{
    for (int64 i = 0; i < n; i += CHUNK) {
        Draws draws;
        int size = n - i < CHUNK ? (int)(n - i) : (int)CHUNK;
        bool some = poisson_events(*drive, limits, {step, 0}, first + i, size, draws);
        for (int j = 0; j < size; j++) counts[i + j] = some ? events_of(*drive, draws, j) : 0;
    }
}
// How many of n elements count 0, 1 and more: for means so low that numpy would take too long.
EXPORT void poisson_tally(const PoissonDrive *drive, const uint32 *limits, int64 n, int64 tally[3])
{
    int counts[CHUNK];
    for (int64 i = 0; i < n; i += CHUNK) {
        poisson(drive, limits, i, CHUNK, 0, counts);
        for (int j = 0; j < CHUNK; j++) tally[counts[j] < 2 ? counts[j] : 2]++;
    }
}
"""


def compiler() -> Compiler:
    try:
        found = find_compiler()
    except BackendError as error:
        pytest.skip(f"the kernel text cannot be compared with numpy: {error}")
    return found._replace(flags=(*found.flags, "-O3"))


def source() -> str:
    files = ("host/host.h", *BASE)
    text = "typedef float real; typedef int acc; typedef int weight_t;\n" + "".join(map(read_kernel, files))
    return text + LOOPS


@functools.cache
def _library(folder: Path) -> ctypes.CDLL:
    return compile_library(compiler(), source(), "numbers", folder)


def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    compiler()
    return _library(tmp_path_factory.getbasetemp() / "numbers")


def pointers(*arrays: np.ndarray) -> list[Any]:
    assert all(a.flags.c_contiguous for a in arrays)
    return [ctypes.c_void_p(a.ctypes.data) for a in arrays]


def compiled(functions: ctypes.CDLL, name: str, x: np.ndarray, flushed: bool = False) -> np.ndarray:
    x = np.ascontiguousarray(x)
    y = np.empty_like(x)
    getattr(functions, f"{name}_{x.dtype}")(*pointers(x, y), ctypes.c_longlong(x.size), int(flushed))
    return y


SIMD_LOOPS = {
    f"{name}_float{bits}": ("portable_" + name, kind)
    for name in ("exp", "expm1", "exprel", "log")
    for bits, kind in ((32, "float"), (64, "double"))
    if (name, bits) != ("log", 32)
}


def vectorised_loops(folder: Path, extra: str = "") -> set[str]:
    """Names of the plain loops, one for each function, that g++ reports to have turned into SIMD code."""
    found = compiler()
    if "clang" in found.version:
        pytest.skip(f"only g++ reports its SIMD loops in the form read here (this is {found.version})")
    lines = (source()[: -len(LOOPS)] + extra).splitlines()
    line_of = {}
    for name, (function, kind) in SIMD_LOOPS.items():
        lines.append(
            f'extern "C" void {name}(const {kind} *RESTRICT x, {kind} *RESTRICT y, int64 n) '
            f"{{ for (int64 i = 0; i < n; i++) y[i] = {function}(x[i]); }}"
        )
        line_of[len(lines)] = name
    file = folder / "loops.cpp"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [
        *found.command,
        *found.flags,
        "-fopt-info-vec-optimized",
        str(file),
        "-o",
        str(folder / "loops.so"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    places = [line.split(":") for line in done.stderr.splitlines() if "loop vectorized" in line]
    return {line_of[int(place[1])] for place in places if int(place[1]) in line_of}

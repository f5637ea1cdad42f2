"""Planted mistakes under AddressSanitizer + UBSan and ThreadSanitizer: each is found, and nothing else.

Every case is a process of its own, with the sanitizer's runtime preloaded and a time limit.
"""

import functools
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.emulation import compiler, sanitizer_environment
from tests.emulation.cases import SOUND
from tests.helpers.paths import ROOT

pytestmark = pytest.mark.sanitizer

MEMORY, RACES = "address,undefined", "thread"
LIMIT = 600  # s; a busy machine compiles slowly

FOUND_BY_MEMORY = {
    "read_past_end": "heap-buffer-overflow",
    "write_past_end": "heap-buffer-overflow",
    "write_before_start": "heap-buffer-overflow",
    "past_static_shared": "index 32 out of bounds",
    "past_dynamic_shared": "heap-buffer-overflow",
    "misaligned_vector": "misaligned address",
    "index_overflow": "signed integer overflow",
    "float_to_int": "outside the range of representable values",
    "shift_too_far": "shift exponent 34 is too large",
}
FOUND_BY_RACES = [
    "missing_syncthreads",
    "missing_syncwarp",
    "missing_second_barrier",
    "plain_add",
    "race_of_blocks",
    "race_of_blocks_with_barriers",
    "plain_read_of_counter",
]


@functools.cache
def launcher(sanitize: str) -> list[str]:
    """The start of a command line under which Python runs with the runtime preloaded."""
    if compiler() is None:
        pytest.skip("g++ is not on PATH")
    environment = sanitizer_environment(sanitize)
    if environment is None:
        pytest.skip(f"g++ has no runtime for -fsanitize={sanitize} here")
    # Some kernels place memory where ThreadSanitizer cannot follow, unless told not to randomise.
    for start in ([], ["setarch", "-R"]):
        command = [*start, sys.executable, "-c", "pass"]
        if start and not shutil.which(start[0]):
            continue
        result = subprocess.run(
            command, env=os.environ | environment, capture_output=True, text=True, timeout=LIMIT, check=False
        )
        if result.returncode == 0:
            return [*start, sys.executable]
    pytest.skip(f"the runtime for -fsanitize={sanitize} does not start here: {result.stderr[-300:]}")


def run(sanitize: str, *words: str, module: str = "cases") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*launcher(sanitize), "-m", f"tests.emulation.{module}", *words],
        cwd=ROOT,
        env=os.environ | sanitizer_environment(sanitize),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def report(result: subprocess.CompletedProcess[str]) -> str:
    return (result.stdout + result.stderr)[-4000:]


@pytest.mark.parametrize("kernel", FOUND_BY_MEMORY)
def test_memory_mistake_is_found(kernel):
    result = run(MEMORY, kernel)
    assert result.returncode != 0, report(result)
    assert FOUND_BY_MEMORY[kernel] in result.stderr, report(result)
    assert "module.cu:" in result.stderr, report(result)


@pytest.mark.parametrize("kernel", FOUND_BY_RACES)
def test_race_is_found(kernel):
    result = run(RACES, kernel)
    assert result.returncode != 0, report(result)
    assert "data race" in result.stderr, report(result)
    assert re.search(rf"#\d {kernel} .*module\.cu:\d", result.stderr), report(result)


@pytest.mark.parametrize("sanitize", [MEMORY, RACES])
def test_correct_kernels_are_left_alone(sanitize):
    result = run(sanitize, *SOUND)
    assert result.returncode == 0, report(result)
    assert result.stdout.split() == [word for kernel in SOUND for word in ("ran", kernel)]
    assert "WARNING" not in result.stderr, report(result)
    assert "runtime error" not in result.stderr, report(result)


# ---- gpusyn's own kernels, in a whole simulation ----


@pytest.mark.parametrize("sanitize", [MEMORY, RACES])
def test_a_simulation_is_clean_and_equal_to_numpy(sanitize):
    result = run(sanitize, "3", module="network")
    assert result.returncode == 0, report(result)
    assert [line.split()[1] for line in result.stdout.splitlines() if line.startswith("ran")] == [
        "auto",
        "per-synapse",
    ]
    assert "WARNING: ThreadSanitizer" not in result.stderr, report(result)
    assert "runtime error" not in result.stderr, report(result)


@pytest.mark.parametrize(
    ("sanitize", "old", "new", "said"),
    [
        (RACES, "#define BLOCK_SYNC() __syncthreads()", "#define BLOCK_SYNC() ((void)0)", "data race"),
        (RACES, "{ atomicAdd(p, v); }", "{ *p += v; }", "data race"),
        (MEMORY, "= look(j + k * LANES)", "= look(j + k * LANES + 1)", "heap-buffer-overflow"),
    ],
    ids=["barrier", "atomic", "range"],
)
def test_damage_to_gpusyns_kernels_is_found(sanitize, old, new, said):
    result = run(sanitize, "3", old, new, module="network")
    assert result.returncode != 0, report(result)
    assert said in result.stderr, report(result)
    assert "kernels/" in result.stderr, report(result)

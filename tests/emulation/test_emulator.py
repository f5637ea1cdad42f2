"""The emulator of CUDA kernels: what it computes under every schedule, and each mistake that it refuses."""

import itertools

import numpy as np
import pytest

from tests.emulation import (
    ORDERS,
    StrictError,
    cases,
    compile,
    cupy,
    schedule,
    using,
)

pytestmark = pytest.mark.usefixtures("needs_compiler")

EXACT = ("--fmad=false",)
SCHEDULES = pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
THREADS = pytest.mark.parametrize("threads", [32, 64, 96, 256])


def kernel(body):
    """A kernel from one line of text."""
    text = f'extern "C" __global__ void kernel({body}'
    return cupy.RawModule(code=text, options=EXACT).get_function("kernel")


def launch(name, blocks, threads, *arguments, shared=0):
    module = cases.module("sound")
    module.get_function(name)((blocks,), (threads,), arguments, shared_mem=shared)


# ---- what kernels compute ----


@SCHEDULES
@THREADS
def test_shuffles_add_in_one_order(order, threads):
    rng = np.random.default_rng(1)
    lengths = rng.integers(0, 200, 37)
    begin = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    x = rng.random(begin[-1], dtype=np.float32)
    sums = cupy.empty(37, np.float32)
    with using(order=order):
        launch("row_sums", 2, threads, cupy.asarray(begin), cupy.asarray(x), sums, np.int32(37))
    expected = []
    for lo, hi in itertools.pairwise(begin):
        lanes = np.zeros(32, np.float32)
        for j in range(lo, hi):
            lanes[(j - lo) % 32] += x[j]
        for distance in (16, 8, 4, 2, 1):
            lanes = lanes + lanes[np.arange(32) ^ distance]
        expected.append(lanes[0])
    np.testing.assert_array_equal(sums.get(), np.array(expected, np.float32))


@SCHEDULES
def test_barriers_and_dynamic_shared_memory(order):
    x = np.random.default_rng(2).random(300)
    sums = cupy.empty(3, np.float64)
    with using(order=order):
        launch("block_sums", 3, 128, cupy.asarray(x), sums, np.int32(300), shared=1024)
    expected = np.zeros(3 * 128)
    expected[:300] = x
    part = expected.reshape(3, 128)
    for half in (64, 32, 16, 8, 4, 2, 1):
        part = part[:, :half] + part[:, half:]
    np.testing.assert_array_equal(sums.get(), part[:, 0])


@SCHEDULES
@THREADS
def test_votes_and_positions_from_an_atomic_counter(order, threads):
    v = np.random.default_rng(3).random(1000, dtype=np.float32)
    out, count = cupy.empty(1000, np.int32), cupy.zeros(1, np.uint32)
    with using(order=order):
        launch(
            "compact",
            -(-1000 // threads),
            threads,
            cupy.asarray(v),
            np.float32(0.7),
            np.int32(1000),
            out,
            count,
        )
    n = int(count.get()[0])
    np.testing.assert_array_equal(np.sort(out.get()[:n]), np.nonzero(v > np.float32(0.7))[0])


@SCHEDULES
def test_atomics(order):
    n = 3 * 64
    i, u, w = (
        cupy.zeros(1, np.int32),
        cupy.asarray(np.array([0, 7, 0, 0], np.uint32)),
        cupy.zeros(1, np.uint64),
    )
    least, most = cupy.zeros(1, np.int64), cupy.zeros(1, np.int64)
    with using(order=order):
        launch("atomics", 3, 64, i, u, w, least, most)
    total = n * (n - 1) // 2
    assert i.item() == -total
    assert w.get().view(np.int64).item() == -total
    assert u.get().tolist() == [n, 8, 2**32 - 1, 9]
    assert (least.item(), most.item()) == (-((n - 1) << 40), (n - 1) << 40)


@SCHEDULES
@pytest.mark.parametrize("width", [1, 2, 8, 16, 32])
def test_lane_operations(order, width):
    t = np.arange(64)
    y = cupy.empty(6 * 64, np.int32)
    with using(order=order):
        launch("lanes", 1, 64, y, np.int32(width))
    fixed, up, down, xor, votes, count = y.get().reshape(6, 64)
    segment, place = t // width * width, t % width
    np.testing.assert_array_equal(fixed, segment + 3 % width)
    np.testing.assert_array_equal(up, np.where(place >= 5, t - 5, t))
    np.testing.assert_array_equal(down, np.where(place + 5 < width, t + 5, t))
    np.testing.assert_array_equal(xor, np.where((t ^ 12) < segment + width, t ^ 12, t))
    for first in (0, 32):
        lanes = t[first : first + 32]
        ballot = sum(1 << int(k % 32) for k in lanes if k % 2 and k % 3 == 0)
        np.testing.assert_array_equal(votes[first + 1 : first + 32 : 2].view(np.uint32), ballot)
        even = lanes[::2]
        np.testing.assert_array_equal(votes[first : first + 32 : 2], (even == 30).any() + 2 * (even < 30).all())
    assert (count == (t % 5 == 0).sum()).all()


@SCHEDULES
def test_memory_passed_between_threads_and_blocks(order):
    y = cupy.empty(2 * 96, np.float32)
    part, finished, total = cupy.empty(5, np.float32), cupy.zeros(1, np.uint32), cupy.empty(1, np.float32)
    doubled = cupy.empty(64, np.int32)
    with using(order=order):
        launch("passed_on", 2, 96, y)
        launch("last_block", 5, 32, part, finished, total)
        launch("two_lambdas", 1, 64, doubled)
    t = np.arange(95, -1, -1)
    np.testing.assert_array_equal(y.get().reshape(2, 96), [t // 32 * 32 + 31 - t % 32] * 2)
    assert total.item() == 0 + 1 + 2 + 3 + 4
    np.testing.assert_array_equal(doubled.get(), 2 * np.arange(64))


def test_scalars_of_every_kind():
    y = cupy.empty(7, np.float32)
    launch(
        "scalars", 1, 1, y, np.float32(0.5), np.float64(-2.5), np.int32(-3), np.uint32(4), np.int64(-(2**40)),
        np.bool_(True), np.uint8(200),
    )  # fmt: skip
    assert y.get().tolist() == [0.5, -2.5, -3, 4, -(2.0**40), 1, 200]


def test_flush_to_zero_lasts_for_the_launch_only():
    tiny = np.finfo(np.float32).tiny
    a, b, y = (cupy.full(1, value, np.float32) for value in (tiny, 0.5, 0.0))
    arguments = (a, b, cupy.zeros(1, np.float32), y)
    launch("multiply_add", 1, 1, *arguments)
    assert y.item() == tiny / 2
    with using(flush=True):
        launch("multiply_add", 1, 1, *arguments)  # the result is subnormal
        assert y.item() == 0
        a.fill(tiny / 2)
        b.fill(4.0)
        launch("multiply_add", 1, 1, *arguments)  # an argument is
        assert y.item() == 0
    assert np.float32(tiny) * np.float32(0.5) > 0
    launch("multiply_add", 1, 1, *arguments)
    assert y.item() == 2 * tiny


@pytest.mark.skipif(not compile._can_fuse(), reason="this processor has no fused multiply-add")
def test_multiplications_fuse_unless_forbidden():
    a = np.float32(1 + 2**-12)
    arguments = [cupy.full(1, value, np.float32) for value in (a, a, -(a * a), 0)]
    for options, fused in ((EXACT, False), ((), True)):
        cases.module("sound", options).get_function("multiply_add")((1,), (1,), arguments)
        assert (arguments[-1].item() != 0) is fused


@SCHEDULES
def test_the_portable_switch_gives_the_same(order):
    x = cupy.asarray(np.random.default_rng(2).random(300))
    sums = []
    for options in (EXACT, (*EXACT, "-DGPUSYN_EMULATE_UCONTEXT")):
        y = cupy.empty(3, np.float64)
        with using(order=order):
            kernel = cases.module("sound", options).get_function("block_sums")
            kernel((3,), (128,), (x, y, np.int32(300)), shared_mem=1024)
        sums.append(y.get().tolist())
    assert sums[0] == sums[1]


# ---- schedules ----


def test_schedules_differ_and_repeat():
    def arrivals(order):
        with using(order=order):
            return tuple(cases.run("depends_on_order")[1].get().tolist())

    seen = {name: arrivals(order) for name, order in ORDERS.items()}
    assert len(set(seen.values())) == len(ORDERS)
    assert seen["forward"] == tuple(range(64))
    assert seen["backward"] == tuple(range(63, -1, -1))
    assert len({arrivals(schedule(seed=s)) for s in range(20)}) == 20
    assert arrivals(schedule(seed=7)) == arrivals(schedule(seed=7))


@pytest.mark.parametrize("blocks", [1, 2, 12, 97])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_block_runs_once(blocks, seed):
    f = kernel("unsigned *at, unsigned *n) { if (threadIdx.x == 0) at[blockIdx.x] = atomicAdd(n, 1u); }")
    at = cupy.empty(blocks, np.uint32)
    with using(order=schedule(seed=seed)):
        f((blocks,), (32,), (at, cupy.zeros(1, np.uint32)))
    assert sorted(at.get().tolist()) == list(range(blocks))


# ---- mistakes that the emulator refuses ----

REFUSED = {
    "barrier_in_branch": r"module\.cu:\d+: __syncthreads\(\) .*returned \(block 0, thread \d+, lane \d+\)",
    "two_barriers": r"__syncthreads\(\) reached here and at line \d+ by threads of one block",
    "barrier_after_return": r"__syncthreads\(\) .*returned",
    "absent_lanes": r"__shfl_down_sync.* mask 0xffffffff .*returned",
    "not_in_own_mask": r"__shfl_down_sync: the calling lane is not in its own mask 0xfffffffe",
    "lane_outside_mask": r"__shfl_sync: lane 0 reads lane 20, which is not in the mask 0x0000ffff",
    "masks_differ": r"deadlock: __shfl_down_sync with mask 0x00000003 waits for lane 1, which waits at",
    "operations_differ": r"_sync: lane \d+ of the mask is at __(any|ballot)_sync, line \d+",
    "barrier_against_shuffle": r"deadlock: __shfl_xor_sync .* waits for lane 5, which waits at __syncthreads",
    "odd_width": r"__shfl_sync: width 12 is no power of two",
    "write_past_end": r"kernel 'write_past_end' wrote outside an array of 132 bytes",
    "write_before_start": r"kernel 'write_before_start' wrote outside an array of 256 bytes",
    "far_away": r"illegal access to memory at address 0x\w+ \(block \d, thread \d+, lane \d+\); "
    r"the nearest array has 256 bytes, and this is at byte -43980465\d+",
    "deep_stack": r"the thread's stack of 128 KB overflowed",
    "past_dynamic_shared": r"block 0 wrote outside its 128 bytes of dynamic shared memory",
}


@SCHEDULES
@pytest.mark.parametrize("name", REFUSED)
def test_mistake_is_refused(name, order):
    with using(order=order):
        with pytest.raises(StrictError, match=REFUSED[name]):
            cases.run(name)
        # and what was left behind in mid-kernel disturbs nothing later
        y = cases.run("unwritten_shared")[0].get()
    assert np.isnan(y[31])


@pytest.mark.parametrize("threads", [1, 17, 33, 48])
def test_mask_must_not_name_lanes_beyond_the_block(threads):
    f = kernel("int *y) { y[threadIdx.x] = __any_sync(0xffffffffu, 1); }")
    with pytest.raises(StrictError, match=r"names lane \d+, but the warp has 0x0"):
        f((1,), (threads,), (cupy.empty(64, np.int32),))


def test_shared_memory_starts_as_nan_in_every_block():
    y = cases.run("unwritten_shared")[0].get()
    assert y[:31].tolist() == [1] * 31
    assert np.isnan(y[31])
    f = kernel("float *y, int *z) { extern __shared__ int d[]; y[blockIdx.x] = __int_as_float(d[5]); d[5] = 1; }")
    y = cupy.zeros(3, np.float32)
    f((3,), (1,), (y, cupy.zeros(1, np.int32)), shared_mem=24)
    assert np.isnan(y.get()).all()


def test_errors_of_a_launch():
    f = kernel("int *y) { y[0] = 1; }")
    y = cupy.empty(1, np.int32)
    for grid, block in (((0,), (32,)), ((1,), (0,))):
        with pytest.raises(StrictError, match="skip the launch"):
            f(grid, block, (y,))
    with pytest.raises(StrictError, match="one dimension only"):
        f((2, 2), (32,), (y,))
    with pytest.raises(RuntimeError, match="CUDA_ERROR_INVALID_VALUE"):
        f((1,), (1025,), (y,))
    with pytest.raises(RuntimeError, match="CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"):
        launch("block_sums", 1, 512, cupy.ones(9, np.float64), cupy.ones(1, np.float64), np.int32(9), shared=4096)
    with pytest.raises(RuntimeError, match="CUDA_ERROR_INVALID_VALUE"):
        f((1,), (32,), (y,), shared_mem=49153)
    f.max_dynamic_shared_size_bytes = 65536
    f((1,), (32,), (y,), shared_mem=65536)
    with pytest.raises(RuntimeError, match="CUDA_ERROR_INVALID_VALUE"):
        f.max_dynamic_shared_size_bytes = 1 << 20

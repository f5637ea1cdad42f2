// The dialect of gpusyn's kernels: one text for three compilers.
//
//   NVRTC            nothing defined: a GPU runs blocks of threads, warps of 32 lanes
//   GPUSYN_EMULATE   tests/emulation/host/emulate.h included before: the same blocks and warps on CPU fibers
//   GPUSYN_HOST      host/host.h included before: a few workers, each with its own share; lanes become SIMD loops
//
// A kernel names its parallelism by these macros only:
//   FOR_BLOCKS(b, n)     units of work, one per block (host: a contiguous share per worker)
//   FOR_THREADS(j, n)    independent items within a unit (host: a SIMD loop)
//   FOR_EACH(j, n)       the same where the body branches (host: a plain loop)
//   FOR_WIDE(q, n)       the same in steps of WIDE items, for arithmetic on values of type Wide (GPU: 64 bits of one)
//   FOR_ITEMS(i, n)      independent items of the whole launch
//   FOR_WARPS(w, n)      units of work, one per warp (host: a contiguous share per worker)
//   FOR_TASKS(t, n)      one per warp (host: every worker goes through all, but changes only the slices that it owns)
//   for_runs(begin, end, units, kind, f)  f(kind, begin, end, unit) for events of one kind(i, end): for each event and
//   unit < units of its work, one per warp (host: for all such events in a row, so that what depends on their kind
//   alone is done once, and unit 0 is the whole work); for_spikes does so for those of several ages
//   for_routes, for_slices, cut  the route (or ALL along the same rows, one after the other, because rows then are in
//   the cache L1), the slice of its targets and the part of a segment that a unit of work is (host: all routes, the
//   slices that a worker owns, whole segments)
//   PREFETCH(address)    asks for data that are used soon (GPU: nothing)
//   Batch<T, N, AHEAD>   keeps up to N items back meanwhile (GPU: none)
//   for_lanes(lo, hi, look, f, streams...)  f(j, lane, look(j)) for j in [lo, hi), lane = (j - lo) % 32; f reads the
//   arrays `streams` at j (host: they are prefetched); lane_sum folds 32 partial sums in one fixed tree
//   BLOCK_NUMBER, BLOCK_COUNT  of the block that runs (host: of the worker); ALONE if it is known to be the only one
//   add_among(p, v, alone)     adds among blocks that may add to the same sum
//   LANE_STATE, LANE_INTS, LANE_WORDS  a real, an int, four words of each lane, which LANE_AT and LANE_WORD name;
//   FOR_WIDE_LANES(q, n) goes through the lanes below n in steps of WIDE (GPU: once, in each lane)
//   APART                a DEVICE function that a host compiles apart: alone, a hot loop keeps its values in registers
#pragma once

typedef unsigned char uint8;
typedef unsigned short uint16;
typedef unsigned int uint32;
typedef long long int64;
typedef unsigned long long uint64;

enum { LANES = 32, CHUNK = 128 };

#if !defined(GPUSYN_HOST)

#define KERNEL(name, ...) extern "C" __global__ void name(__VA_ARGS__)
#define DEVICE static __device__ __forceinline__
#define APART DEVICE
#define MEMBER __device__ __forceinline__
#define SHARED __shared__
#define RESTRICT __restrict__
#define FOR_BLOCKS(b, n) for (int64 b = blockIdx.x; b < (n); b += gridDim.x)
#define FOR_THREADS(j, n) for (int j = threadIdx.x; j < (n); j += blockDim.x)
#define FOR_EACH(j, n) FOR_THREADS(j, n)
#define FOR_WIDE(q, n) FOR_THREADS(q, n)
#define FOR_ITEMS(i, n) \
    _Pragma("unroll 1") /* to unroll, the number of passes would be divided in 64 bits */ \
        for (int64 i = (int64)blockIdx.x * blockDim.x + threadIdx.x; i < (n); i += (int64)gridDim.x * blockDim.x)
#define FOR_WARPS(w, n) \
    for (int64 w = ((int64)blockIdx.x * blockDim.x + threadIdx.x) >> 5; w < (n); \
         w += ((int64)gridDim.x * blockDim.x) >> 5)
#define FOR_TASKS(t, n) FOR_WARPS(t, n)
#define BLOCK_SYNC() __syncthreads()
#define FIRST_THREAD (blockIdx.x == 0 && threadIdx.x == 0)
#define LANE_STATE(name) real name = 0
#define LANE_INTS(name) int name = 0
#define LANE_WORDS(name) uint32 name[4]
#define LANE_AT(name, lane) name
#define LANE_WORD(name, k, lane) name[k]
#define FOR_WIDE_LANES(q, n) for (int q = 0; q < 1; q++)

DEVICE int bits_of(float x) { return __float_as_int(x); }
DEVICE float float_of(int x) { return __int_as_float(x); }
DEVICE int64 bits_of(double x) { return __double_as_longlong(x); }
DEVICE double double_of(int64 x) { return __longlong_as_double(x); }

// Integer additions commute, so the result does not depend on the order of the threads.
DEVICE void add_to(int *p, int v) { atomicAdd(p, v); }
DEVICE void add_to(int64 *p, int64 v) { atomicAdd((uint64 *)p, (uint64)v); }
DEVICE int64 take(int64 *counter, int64 n) { return (int64)atomicAdd((uint64 *)counter, (uint64)n); }
DEVICE void keep_least(int64 *p, int64 v) { atomicMin(p, v); }
DEVICE int ones_in(uint64 x) { return __popcll(x); }
DEVICE uint64 without_ones(uint64 x, int n)  // without the n lowest of them
{
    for (; n > 0; n--) x &= x - 1;
    return x;
}

template <class Look, class F, class... Streams> DEVICE void for_lanes(int64 lo, int64 hi, Look look, F f, Streams...)
{
    int lane = threadIdx.x & 31;
    for (int64 j = lo + lane; j < hi; j += LANES) f(j, lane, look(j));
}

template <class T> DEVICE T lane_sum(T s)
{
    for (int o = LANES / 2; o; o >>= 1) s = s + __shfl_xor_sync(0xffffffffu, s, o);
    return s;
}
#define FIRST_LANE ((threadIdx.x & 31) == 0)

// f(i, unit) for the units of work of each i < n, one per warp; no division has 64 bits.
template <class F> DEVICE void for_units(int64 n, int units, F f)
{
    int warps = gridDim.x * blockDim.x >> 5, warp = blockIdx.x * blockDim.x + threadIdx.x >> 5;
    int step = warps / units, rest = warps % units, unit = warp % units;
    for (int64 i = warp / units; i < n;) {
        f(i, unit);
        unit += rest;
        i += step + (unit >= units);
        unit -= unit >= units ? units : 0;
    }
}

template <class Kind, class F> DEVICE void for_runs(int64 begin, int64 end, int units, Kind kind, F f)
{
    for_units(end - begin, units, [&](int64 i, int unit) { f(kind(begin + i, end), begin + i, begin + i + 1, unit); });
}

// f(kind, age, begin, end, unit): spikes of all ages are side by side. Each lane has as many ages as the others.
template <class Spikes, class Kind, class F> DEVICE void for_spikes(const Spikes &spikes, int units, Kind kind, F f)
{
    int lane = threadIdx.x & 31, each = (spikes.n_ages + LANES - 1) / LANES;
    int64 upto = 0;  // number of spikes of the ages of this lane and of those before
    for (int a = lane * each; a < (lane + 1) * each; a++) upto += spikes.number(a);
    for (int o = 1; o < LANES; o <<= 1) {
        int64 before = __shfl_up_sync(0xffffffffu, upto, o);
        if (lane >= o) upto += before;
    }
    for_units(__shfl_sync(0xffffffffu, upto, LANES - 1), units, [&](int64 i, int unit) {
        int owner = __popc(__ballot_sync(0xffffffffu, upto <= i)), a = owner * each;
        int64 before = __shfl_sync(0xffffffffu, upto, owner ? owner - 1 : 0), n;
        for (i -= owner ? before : 0; i >= (n = spikes.number(a)); a++) i -= n;
        int64 at = spikes.first(a) + i;
        f(kind(at, at + 1), spikes.ages[a], at, at + 1, unit);
    });
}

template <bool ALL, class Route, class F> DEVICE void for_routes(const Route *routes, int begin, int end, int unit, F f)
{
    int found = begin - 1;
    for (int r = begin; r < end; r += LANES) {
        int at = r + (threadIdx.x & 31);
        uint32 before = __ballot_sync(0xffffffffu, at < end && routes[at].unit <= unit);
        found += __popc(before);
        if (~before) break;
    }
    if (found < begin) return;
    unit -= (int)routes[found].unit;
    int first = found - (ALL ? (int)routes[found].receptors : 1);
#pragma unroll 1
    while (found > first) f(routes[found--], unit);
}

template <class Route, class Share, class F> DEVICE void for_slices(const Route &route, int unit, Share, F f)
{
    uint32 parts = (uint32)route.parts, slice = (uint32)unit / parts;
    if (slice < (uint32)route.slices) f((int)(route.slice + slice), (int)(unit - slice * parts));
}

DEVICE void cut(int64 &begin, int64 &end, int part, int parts)
{
    if (parts == 1) return;
    int size = (int)(end - begin), each = ((size + parts - 1) / parts + LANES - 1) / LANES * LANES;
    begin += part * each;
    if (begin + each < end) end = begin + each;
}

// The synapses of one segment, or other items of a warp: f(j) for j in [lo, hi), in any order.
template <class F> DEVICE void for_row(int64 lo, int64 hi, F f)
{
    for (int64 j = lo + (threadIdx.x & 31); j < hi; j += LANES) f(j);
}

// The same for f(j, look(j)), where look(j) only loads: it does so for some j together, because what f adds to memory
// would hold back the loads of the next j.
template <class Look, class F> DEVICE void for_row(int64 lo, int64 hi, Look look, F f)
{
    enum { TOGETHER = 4 };
#pragma unroll 1
    for (int64 j = lo + (threadIdx.x & 31); j < hi; j += TOGETHER * LANES) {
        decltype(look(j)) found[TOGETHER];
#pragma unroll
        for (int k = 0; k < TOGETHER; k++)
            if (j + k * LANES < hi) found[k] = look(j + k * LANES);
#pragma unroll
        for (int k = 0; k < TOGETHER; k++)
            if (j + k * LANES < hi) f(j + k * LANES, found[k]);
    }
}
// The same for f(j, x, value(x)), x = look(j), where value(x) is arithmetic (host: for some x at a time in a SIMD
// loop).
template <class Look, class Value, class F> DEVICE void for_row(int64 lo, int64 hi, Look look, Value value, F f)
{
    for_row(lo, hi, look, [&](int64 j, const decltype(look(j)) &x) { f(j, x, value(x)); });
}
// True if one loop more takes registers, and a multiplication no time.
#define ONE_LOOP true
// Warps hide the time that memory takes, so nothing is asked for early, and nothing waits.
#define PREFETCH(address) ((void)(address))
template <class T, int N, int AHEAD> struct Batch {
    template <class Open, class Use> MEMBER void push(T item, Open open, Use use)
    {
        if (open(item) > 0) use(item);
    }
    template <class Open, class Use> MEMBER void finish(Open, Use) {}
};
// Pieces of a segment: f(first, n) for n items from `first` on, one for each lane (host: up to HELD).
enum { HELD = 1, HELD_LISTED = 1 };
#define FOR_HELD(j, n) if (int j = 0; j < (n))
#define FOR_HELD_EVENLY(j, n) FOR_HELD(j, n)
template <class F> DEVICE void for_pieces(int64 lo, int64 hi, F f)
{
    for (int64 j = lo + (threadIdx.x & 31); j < hi; j += LANES) f(j, 1);
}
// Where the n numbers of `bits` bits, from number `first` on, are as bytes: in the `room` for them.
enum { HELD_BITS = 1 };
DEVICE const uint8 *unpack(const uint8 *packed, int64 first, int, int bits, uint8 *room)
{
    int64 at = first * bits;
    room[0] = (uint8)(packed[at >> 3] >> (at & 7) & (1 << bits) - 1);
    return room;
}
// For each of the n items i of a piece, put(i, f(look(i, k, x))) for all k below the first that is `depth` or for which
// x = at(i, k) is not below a limit, the greatest first; `newest` are those for k = 0 (host: all items of one k
// together, listed in arrays of HELD_LISTED; f is in a SIMD loop, and so is look if it is EVEN: about the same
// arithmetic for all).
template <bool EVEN, class At, class Look, class F, class Put>
DEVICE void for_backwards(const int *items, const int *newest, int, int64 depth, int limit, At at, Look look, F f,
                          Put put)
{
    int i = items[0], k = 0;
    auto from = [&](int k) { return k == 0 ? newest[0] : at(i, k); };
    while (k < depth && from(k) < limit) k++;
    while (k) {
        k--;
        put(i, f(look(i, k, from(k))));
    }
}
// The synapses of a run of consecutive targets (host: a SIMD loop).
template <class F> DEVICE void for_run(int n, F f)
{
    for (int j = threadIdx.x & 31; j < n; j += LANES) f(j);
}
// True if some flag is set: among the items of each thread, or on the host among all of them.
DEVICE bool any_of(const int *flags, int n)
{
    int found = 0;
    FOR_THREADS(j, n) found |= flags[j];
    return found != 0;
}
// f(j) for each item whose flag is set; few are.
template <class F> DEVICE void for_flagged(const int *flags, int n, F f)
{
    FOR_EACH(j, n)
        if (flags[j]) f(j);
}
// f(j) for each item whose flag is set; many are.
template <class F> DEVICE void for_chosen(const int *flags, int n, F f) { for_flagged(flags, n, f); }
#define SLICE_WORKER 0
#define SLICE_WORKERS 1
// f(j) for each item whose key is below `keys` (host: every worker goes through all items, and each key belongs to one
// worker, which meets its items in order; it asks early for what `of_key` holds of them).
#define OWNER 0
#define BLOCK_NUMBER blockIdx.x
#define BLOCK_COUNT gridDim.x
#define ALONE false
DEVICE void add_among(int *p, int v, bool) { add_to(p, v); }
DEVICE void add_among(int64 *p, int64 v, bool) { add_to(p, v); }
template <class T, class F> DEVICE void for_owned(int, const uint32 *key, int64 n, int64 keys, const T *, F f)
{
    FOR_ITEMS(j, n)
        if (key[j] < keys) f(j);
}
DEVICE uint32 take_own(uint32 *counter) { return atomicAdd(counter, 1u); }
#define ASK_FOR(array, place, j, n) ((void)0)
#define WARP_SYNC() __syncwarp()

#endif

// The same where f(i, k) does it all.
template <class At, class F>
DEVICE void for_backwards(const int *items, const int *newest, int n, int64 depth, int limit, At at, F f)
{
    auto all = [&](int i, int k, int) { return f(i, k), 0; };
    for_backwards<false>(items, newest, n, depth, limit, at, all, [](int x) { return x; }, [](int, int) {});
}

// 64 bits for each of WIDE items: x, or x, x + 1 ..., or those at x; products of low halves; the low halves of one,
// two or four words in turn.
#ifndef GPUSYN_WIDE
typedef uint64 Wide;
enum { WIDE = 1 };
DEVICE Wide wide(uint64 x) { return x; }
DEVICE Wide wide_from(uint64 x) { return x; }
DEVICE Wide wide_of(const int *x) { return (uint64)(uint32)*x; }
DEVICE Wide product(Wide a, uint32 b) { return (uint64)(uint32)a * b; }
DEVICE void put_words(uint32 *word, const Wide c[4])
{
    word[0] = (uint32)c[0];
    word[1] = (uint32)c[1];
    word[2] = (uint32)c[2];
    word[3] = (uint32)c[3];
}
DEVICE void put_low(uint32 *word, Wide a) { word[0] = (uint32)a; }
DEVICE void put_two(uint32 *word, Wide a, Wide b)
{
    word[0] = (uint32)a;
    word[1] = (uint32)b;
}
#endif

// A value smaller than 2^-60 counts as zero, so a GPU's flush of subnormals to zero changes no stored bit.
DEVICE float magnitude(float x) { return fabsf(x); }
DEVICE double magnitude(double x) { return fabs(x); }
DEVICE float flush(float x) { return magnitude(x) < 8.673617379884035e-19f ? 0.0f : x; }
DEVICE double flush(double x) { return magnitude(x) < 8.673617379884035e-19 ? 0.0 : x; }

// CUDA C++ on a CPU, for checking kernels without a GPU: every CUDA thread is a fiber, a warp has 32 lanes, and barriers,
// shuffles, votes, atomics and shared memory behave as CUDA defines them, but stricter. To be included before the kernel
// text, which g++ then compiles as C++17 (Linux); tests/emulation builds and launches such modules.
//
// Refused, with file, line, block, thread and lane: a barrier that not all threads of a block reach, or reach at
// different places; masks that name the wrong lanes; shuffles from lanes outside the mask; deadlocks. Shared memory starts
// each block as NaN. Under ThreadSanitizer only __syncthreads, __syncwarp, __threadfence and the ends of a launch
// order memory, as CUDA promises no more.
//
// Not here, on purpose: exp, log, pow and their kin (kernels bring their own), float atomics in fixed order, grids
// and blocks of more than one dimension, __activemask, cooperative groups, textures, half precision.
// Not seen: weak memory order between blocks, blocks that run at once, limits by registers.
#pragma once

#define GPUSYN_EMULATE 1

#include "emulate_launch.h"

#define __global__
#define __device__
#define __host__
#define __constant__ static
#define __shared__ static __attribute__((section("gpusyn_shared")))
#if defined(GPUSYN_EMULATE_COVERAGE)
#define __forceinline__ inline
#else
#define __forceinline__ inline __attribute__((always_inline))
#endif
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))

constexpr int warpSize = 32;

// ---- vector types ----
#define EMU_VECTOR(T, N) \
    struct alignas(2 * sizeof(T)) N##2 { \
        T x, y; \
    }; \
    struct alignas(4 * sizeof(T) > 16 ? 16 : 4 * sizeof(T)) N##4 { \
        T x, y, z, w; \
    }; \
    inline N##2 make_##N##2(T x, T y) { return {x, y}; } \
    inline N##4 make_##N##4(T x, T y, T z, T w) { return {x, y, z, w}; }
EMU_VECTOR(int, int) EMU_VECTOR(unsigned, uint) EMU_VECTOR(long long, longlong) EMU_VECTOR(float, float)
EMU_VECTOR(double, double) EMU_VECTOR(unsigned short, ushort) EMU_VECTOR(unsigned char, uchar)
#undef EMU_VECTOR

// ---- barriers and fences ----
inline void __syncthreads(EMU_SITE) { emu::block_barrier(false, {file, line}); }
inline int __syncthreads_count(int p, EMU_SITE) { return int(emu::block_barrier(p != 0, {file, line})); }
inline int __syncthreads_or(int p, EMU_SITE) { return emu::block_barrier(p != 0, {file, line}) > 0; }
inline int __syncthreads_and(int p, EMU_SITE) { return emu::block_barrier(p != 0, {file, line}) == blockDim.x; }
inline void __syncwarp(unsigned mask = ~0u, EMU_SITE) { emu::warp_op(emu::SYNC, mask, 0, 0, {file, line}); }
inline void __threadfence()
{
    emu::order_before(&emu::now.fence);
    emu::order_after(&emu::now.fence);
}
inline void __threadfence_block() { __threadfence(); }

// ---- votes and shuffles ----
inline unsigned __ballot_sync(unsigned mask, int p, EMU_SITE)
{
    return unsigned(emu::warp_op(emu::BALLOT, mask, p != 0, 0, {file, line}));
}
inline int __any_sync(unsigned mask, int p, EMU_SITE) { return emu::warp_op(emu::ANY, mask, p != 0, 0, {file, line}) != 0; }
inline int __all_sync(unsigned mask, int p, EMU_SITE) { return emu::warp_op(emu::ALL, mask, p != 0, 0, {file, line}) == mask; }

namespace emu {
template <class T> inline T shuffle(Op op, unsigned mask, T value, unsigned source, int width, Site at)
{
    static_assert(sizeof(T) == 4 || sizeof(T) == 8, "a shuffle moves 4 or 8 bytes");
    if (width < 1 || width > 32 || width & (width - 1)) fail(at, "%s: width %d is no power of two up to 32", OP_NAMES[op], width);
    u64 bits = 0;
    memcpy(&bits, &value, sizeof value);
    bits = warp_op(op, mask, bits, source, at);
    memcpy(&value, &bits, sizeof value);
    return value;
}
EMU_FN unsigned lane() { return now.thread % 32; }
}  // namespace emu

template <class T> inline T __shfl_sync(unsigned mask, T value, int source, int width = 32, EMU_SITE)
{
    unsigned segment = unsigned(width) - 1;
    return emu::shuffle(emu::SHUFFLE, mask, value, (emu::lane() & ~segment) | (unsigned(source) & segment), width, {file, line});
}
template <class T> inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, EMU_SITE)
{
    unsigned l = emu::lane(), place = l & (unsigned(width) - 1);
    return emu::shuffle(emu::SHUFFLE_UP, mask, value, place >= delta ? l - delta : l, width, {file, line});
}
template <class T> inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, EMU_SITE)
{
    unsigned l = emu::lane(), place = l & (unsigned(width) - 1);
    return emu::shuffle(emu::SHUFFLE_DOWN, mask, value, delta < unsigned(width) - place ? l + delta : l, width, {file, line});
}
template <class T> inline T __shfl_xor_sync(unsigned mask, T value, int other, int width = 32, EMU_SITE)
{
    unsigned l = emu::lane(), source = (l ^ unsigned(other)) & 31, end = (l & ~(unsigned(width) - 1)) + unsigned(width);
    return emu::shuffle(emu::SHUFFLE_XOR, mask, value, source < end ? source : l, width, {file, line});
}

// ---- atomics: the overloads that CUDA has and no others; relaxed, as there ----
namespace emu {
// Unseen by ThreadSanitizer, which remembers only a few accesses a word: one an atomic operation is enough.
template <class T> EMU_TEMPLATE_FN T peek(const T *p) { return *static_cast<const volatile T *>(p); }
}  // namespace emu

#define EMU_ATOMIC(name, T, new_value) \
    inline T name(T *p, T v) \
    { \
        emu::may_pause(8); \
        T old = emu::peek(p); \
        while (!__atomic_compare_exchange_n(p, &old, new_value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) { \
        } \
        return old; \
    }
#define EMU_ATOMIC_ALL(T) \
    EMU_ATOMIC(atomicAdd, T, (T)((unsigned long long)old + (unsigned long long)v)) \
    EMU_ATOMIC(atomicExch, T, v) \
    EMU_ATOMIC(atomicMin, T, v < old ? v : old) \
    EMU_ATOMIC(atomicMax, T, v > old ? v : old) \
    EMU_ATOMIC(atomicAnd, T, old & v) \
    EMU_ATOMIC(atomicOr, T, old | v) \
    EMU_ATOMIC(atomicXor, T, old ^ v) \
    inline T atomicCAS(T *p, T old, T v) \
    { \
        emu::may_pause(8); \
        __atomic_compare_exchange_n(p, &old, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED); \
        return old; \
    }
EMU_ATOMIC_ALL(int) EMU_ATOMIC_ALL(unsigned) EMU_ATOMIC_ALL(unsigned long long)
EMU_ATOMIC(atomicSub, int, int(unsigned(old) - unsigned(v))) EMU_ATOMIC(atomicSub, unsigned, old - v)
EMU_ATOMIC(atomicMin, long long, v < old ? v : old) EMU_ATOMIC(atomicMax, long long, v > old ? v : old)
EMU_ATOMIC(atomicAnd, long long, old & v) EMU_ATOMIC(atomicOr, long long, old | v) EMU_ATOMIC(atomicXor, long long, old ^ v)
#undef EMU_ATOMIC_ALL
#undef EMU_ATOMIC

// ---- bits ----
namespace emu {
template <class To, class From> inline To bits(From from)
{
    static_assert(sizeof(To) == sizeof(From), "same size");
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}
}  // namespace emu
inline int __float_as_int(float x) { return emu::bits<int>(x); }
inline unsigned __float_as_uint(float x) { return emu::bits<unsigned>(x); }
inline float __int_as_float(int x) { return emu::bits<float>(x); }
inline float __uint_as_float(unsigned x) { return emu::bits<float>(x); }
inline long long __double_as_longlong(double x) { return emu::bits<long long>(x); }
inline double __longlong_as_double(long long x) { return emu::bits<double>(x); }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline int __clz(int x) { return x ? __builtin_clz(unsigned(x)) : 32; }
inline int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)x) : 64; }
inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned((unsigned long long)a * b >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b)
{
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}
template <class T> inline T __ldg(const T *p) { return *p; }

// ---- exact arithmetic ----
#define EMU_MATH(name) \
    inline float name(float x) { return __builtin_##name##f(x); } \
    inline float name##f(float x) { return __builtin_##name##f(x); } \
    inline double name(double x) { return __builtin_##name(x); }
EMU_MATH(sqrt) EMU_MATH(fabs) EMU_MATH(floor) EMU_MATH(ceil) EMU_MATH(trunc) EMU_MATH(rint)
#undef EMU_MATH
#define EMU_ORDER(T) \
    inline T min(T a, T b) { return b < a ? b : a; } \
    inline T max(T a, T b) { return a < b ? b : a; }
EMU_ORDER(int) EMU_ORDER(unsigned) EMU_ORDER(long long) EMU_ORDER(unsigned long long)
#undef EMU_ORDER
inline float fminf(float a, float b) { return __builtin_fminf(a, b); }
inline float fmaxf(float a, float b) { return __builtin_fmaxf(a, b); }
inline double fmin(double a, double b) { return __builtin_fmin(a, b); }
inline double fmax(double a, double b) { return __builtin_fmax(a, b); }
inline float min(float a, float b) { return __builtin_fminf(a, b); }  // of a NaN and a number: the number, as on a GPU
inline float max(float a, float b) { return __builtin_fmaxf(a, b); }
inline double min(double a, double b) { return __builtin_fmin(a, b); }
inline double max(double a, double b) { return __builtin_fmax(a, b); }
inline bool isnan(float x) { return __builtin_isnan(x); }
inline bool isnan(double x) { return __builtin_isnan(x); }
inline bool isfinite(float x) { return __builtin_isfinite(x); }
inline bool isfinite(double x) { return __builtin_isfinite(x); }

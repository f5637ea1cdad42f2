// Blocks, warps and lanes for emulate.h: who runs next, what waits for whom, and what is refused.
//
// Blocks run one after another. In a block one thread runs at a time until it waits or returns; a thread that never waits
// costs no switch, because the fiber that ran it goes on to the next thread. `order` chooses the schedule:
//   bit 0 warps from the last, bit 1 lanes from the last, bit 2 blocks from the last,
//   bit 3 drawn at random at every wait and at some atomic operations, with the seed in bits 8 and up.
// A correct kernel gives the same bits under every schedule. Threads that spin until another one acts never end.
#pragma once

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "emulate_fibers.h"

#define EMU_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

// Static shared memory gathers in one section, so that each block can start with all of it overwritten.
extern "C" {
extern char __start_gpusyn_shared[] __attribute__((weak, visibility("hidden")));
extern char __stop_gpusyn_shared[] __attribute__((weak, visibility("hidden")));
}

namespace emu {

typedef unsigned long long u64;
enum Order { WARPS_BACK = 1, LANES_BACK = 2, BLOCKS_BACK = 4, DRAWN = 8 };
enum Flag { FLUSH_TO_ZERO = 1 };
enum Op { SHUFFLE, SHUFFLE_UP, SHUFFLE_DOWN, SHUFFLE_XOR, BALLOT, ANY, ALL, SYNC };
constexpr const char *OP_NAMES[] = {"__shfl_sync",   "__shfl_up_sync", "__shfl_down_sync", "__shfl_xor_sync",
                                    "__ballot_sync", "__any_sync",     "__all_sync",       "__syncwarp"};
constexpr unsigned MAX_THREADS = 1024, EDGE = 64;

struct Site {
    const char *file;
    int line;
};

struct Lane {
    Fiber *fiber;  // where a waiting thread left off
    u64 value, result;
    Site at;
    unsigned mask, source;
    Op op;
};

struct Warp {
    unsigned members, fresh, ready, waiting, returned;  // bits of lanes; `ready` holds the fresh ones too
    Lane lane[32];
    char memory[2];  // what __syncwarp orders, for ThreadSanitizer; neighbouring blocks take turns
};

struct Machine {
    void (*body)(const u64 *);
    const u64 *args;
    unsigned threads, warps, ready_warps, unreturned, thread, order;
    u64 dice;
    unsigned at_barrier, voted, votes;
    Site barrier;
    char *dynamic;
    size_t dynamic_bytes;
    char begin, end, fence, block_memory[2];  // the same for a launch, __threadfence, __syncthreads
    char error[640];
    Warp warp[MAX_THREADS / 32];
};
inline Machine now{};

constexpr unsigned FIBERS = MAX_THREADS * (EMU_TSAN ? 2 : 1);
inline Fiber fibers[FIBERS];
inline Fiber *spare[FIBERS];
inline unsigned made = 0, spares = 0, side = 0;

// The modules of a process run one launch at a time, and take turns on the same stacks: a stack and its guard are two
// mappings of memory, of which Linux allows a process 65,530. Under a sanitizer each module has its own, because telling
// it at each turn what the stacks are now takes long.
struct Stacks {
    const void *user;  // the module whose fibers lie on them
    char *lowest[2 * MAX_THREADS];  // usable bytes, null before the first use
};
inline Stacks own_stacks{}, *stacks = &own_stacks;

EMU_FN void share(Stacks *others)
{
    if (!EMU_ASAN && !EMU_TSAN) stacks = others;
}

}  // namespace emu

struct GpusynIndex {
    unsigned x, y, z;
};
inline GpusynIndex threadIdx{}, blockIdx{}, blockDim{1, 1, 1}, gridDim{1, 1, 1};

namespace emu {

EMU_FN void order_after(char *what)
{
#if EMU_TSAN
    __tsan_acquire(what);
#endif
    (void)what;
}
EMU_FN void order_before(char *what)
{
#if EMU_TSAN
    __tsan_release(what);
#endif
    (void)what;
}

// The given threads of a warp come after everything recorded at `what`. Done for all of them when the last one arrives:
// each for itself on waking would also see what the first to wake did since.
EMU_FN void order_lanes_after(char *what, unsigned w, unsigned lanes)
{
#if EMU_TSAN
    for (; lanes; lanes &= lanes - 1) {
        __tsan_switch_to_fiber(fibers[side * MAX_THREADS + w * 32 + unsigned(__builtin_ctz(lanes))].tsan, 1);
        __tsan_acquire(what);
    }
    __tsan_switch_to_fiber(running->tsan, 1);
#endif
    (void)what, (void)w, (void)lanes;
}

EMU_FN Warp &my_warp() { return now.warp[now.thread / 32]; }
EMU_FN Lane &my_lane() { return now.warp[now.thread / 32].lane[now.thread % 32]; }

// Records the first error and leaves the kernel for good.
[[noreturn]] __attribute__((format(printf, 2, 3), noinline)) EMU_FN void fail(Site at, const char *format, ...)
{
    int n = 0, room = int(sizeof now.error);
    if (at.file) n = snprintf(now.error, sizeof now.error, "%s:%d: ", at.file, at.line);
    va_list list;
    va_start(list, format);
    n += vsnprintf(now.error + n, size_t(room - n), format, list);
    va_end(list);
    if (n < room)
        snprintf(now.error + n, size_t(room - n), " (block %u, thread %u, lane %u)", blockIdx.x, now.thread, now.thread % 32);
    switch_to(&host);
    __builtin_unreachable();
}

EMU_FN bool same(Site a, Site b) { return a.line == b.line && (a.file == b.file || !strcmp(a.file, b.file)); }

EMU_FN unsigned roll()
{
    now.dice ^= now.dice << 13;
    now.dice ^= now.dice >> 7;
    now.dice ^= now.dice << 17;
    return unsigned(now.dice >> 32);
}

// One set bit of `bits`, which is not 0.
EMU_FN unsigned choose(unsigned bits, bool last)
{
    if (now.order & DRAWN) {
        unsigned r = roll() & 31, turned = r ? bits >> r | bits << (32 - r) : bits;
        return (unsigned(__builtin_ctz(turned)) + r) & 31;
    }
    return last ? 31u - unsigned(__builtin_clz(bits)) : unsigned(__builtin_ctz(bits));
}

EMU_FN void make_ready(unsigned w, unsigned lanes)
{
    now.warp[w].ready |= lanes;
    if (lanes) now.ready_warps |= 1u << w;
}

// Chooses the thread to run next and makes it the running one; false if all others wait or have returned.
EMU_FN bool choose_thread()
{
    if (!now.ready_warps) return false;
    unsigned w = now.thread / 32;
    if (!now.warp[w].ready || now.order & DRAWN) w = choose(now.ready_warps, now.order & WARPS_BACK);
    unsigned l = choose(now.warp[w].ready, now.order & LANES_BACK);
    now.warp[w].ready &= ~(1u << l);
    if (!now.warp[w].ready) now.ready_warps &= ~(1u << w);
    now.thread = threadIdx.x = w * 32 + l;
    return true;
}

EMU_FN void thread_loop();

// The fiber on which the chosen thread starts or goes on.
EMU_FN Fiber *fiber_of_chosen()
{
    Warp &w = my_warp();
    unsigned bit = 1u << now.thread % 32;
    if (!(w.fresh & bit)) return my_lane().fiber;
    w.fresh &= ~bit;
#if EMU_TSAN
    return &fibers[side * MAX_THREADS + now.thread];
#else
    if (!spares) {
        Fiber *f = &fibers[made];
        if (!allocate(f, &stacks->lowest[made])) fail({}, "the system has no memory for another thread's stack");
        prepare(f, made++, thread_loop);
        return f;
    }
    return spare[--spares];
#endif
}

EMU_FN void explain_lane(char *text, size_t size, const Warp &w, unsigned l)
{
    const Lane &lane = w.lane[l];
    if (w.returned >> l & 1) snprintf(text, size, "has returned");
    else if (w.waiting >> l & 1)
        snprintf(text, size, "waits at %s, line %d, with mask 0x%08x", OP_NAMES[lane.op], lane.at.line, lane.mask);
    else snprintf(text, size, "waits at __syncthreads(), line %d", now.barrier.line);
}

[[noreturn]] EMU_FN void explain_deadlock()
{
    for (unsigned k = 0; k < now.warps; k++) {
        Warp &w = now.warp[k];
        if (!w.waiting) continue;
        unsigned l = unsigned(__builtin_ctz(w.waiting)), other = l;
        Lane &lane = w.lane[l];
        for (unsigned j = 0; j < 32; j++)
            if (lane.mask >> j & 1 && (!(w.waiting >> j & 1) || w.lane[j].mask != lane.mask)) other = j;
        char what[160];
        explain_lane(what, sizeof what, w, other);
        now.thread = k * 32 + l;
        fail(lane.at, "deadlock: %s with mask 0x%08x waits for lane %u, which %s", OP_NAMES[lane.op], lane.mask, other, what);
    }
    fail(now.barrier, "deadlock: every thread waits");
}

// The running thread waits: others run until this one is chosen again.
EMU_FN void wait()
{
    Fiber *me = my_lane().fiber = running;
    if (!choose_thread()) explain_deadlock();
    Fiber *next = fiber_of_chosen();
    if (next != me) switch_to(next);
}

// Lets others run first, where the schedule is drawn and the draw says so.
EMU_FN void may_pause(unsigned odds)
{
    if (!(now.order & DRAWN) || roll() % odds) return;
    make_ready(now.thread / 32, 1u << now.thread % 32);
    wait();
}

EMU_FN void check_return()
{
    Warp &w = my_warp();
    if (now.at_barrier)
        fail(now.barrier, "__syncthreads() was reached by %u of %u threads, but another one has returned", now.at_barrier, now.threads);
    for (unsigned rest = w.waiting; rest; rest &= rest - 1) {
        Lane &other = w.lane[__builtin_ctz(rest)];
        if (other.mask >> now.thread % 32 & 1)
            fail(other.at, "%s waits with mask 0x%08x for a lane that has returned", OP_NAMES[other.op], other.mask);
    }
}

// The running thread has returned. The fiber to go to, or null to run the thread just chosen on this one.
EMU_FN Fiber *finish_thread()
{
    check_return();
    my_warp().returned |= 1u << now.thread % 32;
    bool more = --now.unreturned && choose_thread();
    if (now.unreturned && !more) explain_deadlock();
#if !EMU_TSAN
    unsigned bit = 1u << now.thread % 32;
    if (more && my_warp().fresh & bit) {
        my_warp().fresh &= ~bit;
        return nullptr;
    }
    spare[spares++] = running;
#endif
    return more ? fiber_of_chosen() : &host;
}

// What every fiber runs: one thread after another.
EMU_FN void thread_loop()
{
    arrived(nullptr);
    for (;;) {
        order_after(&now.begin);
        now.body(now.args);
        order_before(&now.end);
        if (Fiber *next = finish_thread()) switch_to(next);
    }
}

}  // namespace emu

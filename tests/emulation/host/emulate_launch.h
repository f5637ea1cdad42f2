// Launches for emulate.h: argument types, shared memory, the loop over blocks, and what Python calls.
#pragma once

#include "emulate_faults.h"

namespace emu {

// ---- floating-point mode: subnormal results and arguments count as zero, as under -ftz=true on a GPU ----
#if defined(__x86_64__)
EMU_FN unsigned long float_mode() { return __builtin_ia32_stmxcsr(); }
EMU_FN void set_float_mode(unsigned long mode) { __builtin_ia32_ldmxcsr(unsigned(mode)); }
constexpr unsigned long FLUSH_BITS = 0x8040;
#elif defined(__aarch64__)
EMU_FN unsigned long float_mode()
{
    unsigned long mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
}
EMU_FN void set_float_mode(unsigned long mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }
constexpr unsigned long FLUSH_BITS = 1ul << 24;
#else
EMU_FN unsigned long float_mode() { return 0; }
EMU_FN void set_float_mode(unsigned long) {}
constexpr unsigned long FLUSH_BITS = 0;  // such a launch is refused
#endif

// ---- shared memory: bytes 0xff, a NaN as float and as double, -1 as an integer ----
__attribute__((no_sanitize("thread", "address"), noinline)) inline void overwrite(char *p, size_t n)
{
    // volatile keeps this from becoming a call of memset, which the sanitizers watch
    for (volatile char *q = p; q < p + n; q++) *q = char(0xff);
#if EMU_TSAN  // what earlier blocks did there is no concern of this one
    unsigned long a = (unsigned long)p & ~7ul, e = ((unsigned long)p + n + 7) & ~7ul;
    if (e > a) __tsan_java_alloc(a, e - a), __tsan_java_free(a, e - a);
#endif
}

EMU_FN void start_shared()
{
#if EMU_ASAN || EMU_TSAN
    if (__start_gpusyn_shared) overwrite(__start_gpusyn_shared, size_t(__stop_gpusyn_shared - __start_gpusyn_shared));
    if (now.dynamic_bytes) overwrite(now.dynamic, now.dynamic_bytes);
#else
    if (__start_gpusyn_shared)
        memset(__start_gpusyn_shared, 0xff, size_t(__stop_gpusyn_shared - __start_gpusyn_shared));
    memset(now.dynamic, 0xff, now.dynamic_bytes);
#endif
}

// Without AddressSanitizer, which sees the exact end, bytes on both sides tell of a stray write.
constexpr size_t DYNAMIC_EDGE = EMU_ASAN ? 0 : EDGE;

EMU_FN bool allocate_shared(size_t bytes)
{
    char *p = static_cast<char *>(__builtin_malloc(bytes + 2 * DYNAMIC_EDGE + (bytes == 0)));
    if (!p) return false;
    now.dynamic = p + DYNAMIC_EDGE;
    now.dynamic_bytes = bytes;
    for (size_t i = 0; i < DYNAMIC_EDGE; i++) p[i] = now.dynamic[bytes + i] = char(0xa5);
    return true;
}

EMU_FN void check_shared()
{
    for (size_t i = 0; i < DYNAMIC_EDGE; i++)
        if (now.dynamic[now.dynamic_bytes + i] != char(0xa5) || now.dynamic[-1 - long(i)] != char(0xa5)) {
            snprintf(now.error, sizeof now.error, "block %u wrote outside its %zu bytes of dynamic shared memory", blockIdx.x,
                     now.dynamic_bytes);
            return;
        }
}

// ---- blocks ----
EMU_FN void start_block()
{
    now.unreturned = now.threads;
    now.at_barrier = now.votes = 0;
    now.ready_warps = now.warps == 32 ? ~0u : (1u << now.warps) - 1;
    for (unsigned k = 0; k < now.warps; k++) {
        Warp &w = now.warp[k];
        unsigned n = now.threads - k * 32;
        w.members = w.fresh = w.ready = n >= 32 ? ~0u : (1u << n) - 1;
        w.waiting = w.returned = 0;
    }
    now.thread = (now.order & WARPS_BACK ? now.warps - 1 : 0) * 32;
    start_shared();
}

EMU_FN bool run_block(unsigned block)
{
    blockIdx.x = block;
    start_block();
    choose_thread();
    switch_to(fiber_of_chosen());
    if (!now.error[0]) check_shared();
    return !now.error[0];
}

// Block number i of the schedule; a drawn one steps through all blocks with a stride that has no factor in common.
EMU_FN unsigned scheduled_block(unsigned i, unsigned blocks, unsigned first, unsigned stride)
{
    if (now.order & DRAWN) return unsigned((first + u64(i) * stride) % blocks);
    return now.order & BLOCKS_BACK ? blocks - 1 - i : i;
}

EMU_FN unsigned draw_stride(unsigned blocks)
{
    for (;;) {
        unsigned stride = roll() % blocks + 1, a = stride, b = blocks;
        while (b) {
            unsigned rest = a % b;
            a = b, b = rest;
        }
        if (a == 1) return stride;
    }
}

// What another module has run since lies on the stacks; and after an error, threads abandoned in mid-kernel.
EMU_FN void take_stacks()
{
    if (stacks->user != &now) made = spares = 0;
    stacks->user = &now;
}

// Two sets of fibers take turns, so that ThreadSanitizer sees neighbouring blocks as different threads.
EMU_FN bool prepare_fibers()
{
#if EMU_TSAN
    host.tsan = __tsan_get_current_fiber();
    for (; made < now.threads; made++)
        for (unsigned s = 0; s < 2; s++) {
            Fiber *f = &fibers[s * MAX_THREADS + made];
            if (!allocate(f, &stacks->lowest[s * MAX_THREADS + made])) return false;
            prepare(f, made, thread_loop);
        }
#endif
    return true;
}

EMU_FN bool refuse(const char *text)
{
    snprintf(now.error, sizeof now.error, "%s", text);
    return false;
}

EMU_FN bool begin_launch(unsigned blocks, unsigned threads, size_t shared, u64 order, unsigned flags)
{
    now.error[0] = 0;
    if (!blocks || blocks > 0x7fffffffu) return refuse("the grid must have 1 to 2147483647 blocks");
    if (!threads || threads > MAX_THREADS) return refuse("a block must have 1 to 1024 threads");
    if (flags & FLUSH_TO_ZERO && !FLUSH_BITS) return refuse("flush to zero cannot be set on this processor");
    now.threads = threads;
    now.warps = (threads + 31) / 32;
    now.order = unsigned(order & 15);
    now.dice = ((order >> 8) + 1) * 0x9e3779b97f4a7c15ull;
    blockDim = {threads, 1, 1};
    gridDim = {blocks, 1, 1};
    take_stacks();
    if (!prepare_fibers() || !allocate_shared(shared)) return refuse("the system has no memory for this launch");
    return true;
}

// False, with now.error set, where the kernel did something wrong.
EMU_FN bool launch(void (*body)(const u64 *), const u64 *args, unsigned blocks, unsigned threads, size_t shared, u64 order, unsigned flags)
{
    if (!begin_launch(blocks, threads, shared, order, flags)) return false;
    now.body = body;
    now.args = args;
    unsigned first = roll() % blocks, stride = now.order & DRAWN ? draw_stride(blocks) : 1;
    unsigned long mode = float_mode();
    if (flags & FLUSH_TO_ZERO) set_float_mode(mode | FLUSH_BITS);
    watch_faults();
    order_before(&now.begin);
    bool good = true;
    for (unsigned i = 0; i < blocks && good; i++) {
        side = i & 1;
        good = run_block(scheduled_block(i, blocks, first, stride));
    }
    order_after(&now.end);
    unwatch_faults();
    set_float_mode(mode);
    if (!good) stacks->user = nullptr;
    __builtin_free(now.dynamic - DYNAMIC_EDGE);
    return good;
}

// ---- a kernel's arguments, from its own type ----
template <class T> struct Name {
    static void put(char *&to)  // a struct: g++ ends the name of this function with [with T = namespaces::name]
    {
        const char *name = __builtin_strstr(__PRETTY_FUNCTION__, "T = ") + 4;
        for (const char *at = name; *at; at++)
            if (*at == ':') name = at + 1;
        to += sprintf(to, "%.*s", (int)__builtin_strcspn(name, ";]"), name);
    }
};
template <class T> struct Name<const T> {
    static void put(char *&to) { to += sprintf(to, "const "), Name<T>::put(to); }
};
template <class T> struct Name<T *> {
    static void put(char *&to) { Name<T>::put(to), to += sprintf(to, "*"); }
};
#define EMU_NAME(T) \
    template <> struct Name<T> { \
        static void put(char *&to) { to += sprintf(to, #T); } \
    };
EMU_NAME(void) EMU_NAME(bool) EMU_NAME(char) EMU_NAME(signed char) EMU_NAME(unsigned char)
EMU_NAME(short) EMU_NAME(unsigned short) EMU_NAME(int) EMU_NAME(unsigned int) EMU_NAME(long)
EMU_NAME(unsigned long) EMU_NAME(long long) EMU_NAME(unsigned long long) EMU_NAME(float) EMU_NAME(double)
#undef EMU_NAME

template <class... A> inline const char *signature(void (*)(A...))
{
    static char text[4096];
    char *to = text;
    *to = 0;
    ((Name<A>::put(to), to += sprintf(to, ",")), ...);
    return text;
}

// One slot of 8 bytes an argument, the value in its first bytes.
struct Call {
    template <class... A> Call(void (*f)(A...), A... a) { f(a...); }
};
template <class A> inline A from_slot(const u64 *slot)
{
    static_assert(sizeof(A) <= sizeof(u64), "an argument has at most 8 bytes");
    A a;
    memcpy(&a, slot, sizeof a);
    return a;
}
template <auto f, class... A> inline void call(void (*)(A...), const u64 *slot)
{
    (void)slot;
    Call{f, from_slot<A>(slot++)...};  // braces: left to right
}
template <auto f> void body(const u64 *slots) { call<f>(f, slots); }

template <class... Rest> constexpr int first_bound(int bound, Rest...) { return bound; }
constexpr int first_bound() { return int(MAX_THREADS); }

struct Kernel {
    const char *name;
    int bound;
    void (*body)(const u64 *);
    const char *(*signature)();
};

}  // namespace emu

// The table of a module's kernels, written behind its text: GPUSYN_EMULATE_KERNELS(GPUSYN_EMULATE_KERNEL(name, bounds) ...)
#define GPUSYN_EMULATE_KERNEL(name, ...) \
    {#name, emu::first_bound(__VA_ARGS__), emu::body<&name>, [] { return emu::signature(&name); }},
#define GPUSYN_EMULATE_EXPORT extern "C" __attribute__((visibility("default")))
#define GPUSYN_EMULATE_KERNELS(...) \
    static const emu::Kernel gpusyn_kernels[] = {__VA_ARGS__}; \
    GPUSYN_EMULATE_EXPORT int gpusyn_emulate_count() { return int(sizeof gpusyn_kernels / sizeof gpusyn_kernels[0]); } \
    GPUSYN_EMULATE_EXPORT const char *gpusyn_emulate_name(int k) { return gpusyn_kernels[k].name; } \
    GPUSYN_EMULATE_EXPORT const char *gpusyn_emulate_signature(int k) { return gpusyn_kernels[k].signature(); } \
    GPUSYN_EMULATE_EXPORT int gpusyn_emulate_bound(int k) { return gpusyn_kernels[k].bound; } \
    GPUSYN_EMULATE_EXPORT const char *gpusyn_emulate_error() { return emu::now.error; } \
    GPUSYN_EMULATE_EXPORT size_t gpusyn_emulate_stack_bytes() { return emu::STACK_BYTES; } \
    GPUSYN_EMULATE_EXPORT void *gpusyn_emulate_stacks() { return emu::stacks; } \
    GPUSYN_EMULATE_EXPORT void gpusyn_emulate_share_stacks(void *stacks) { emu::share(static_cast<emu::Stacks *>(stacks)); } \
    GPUSYN_EMULATE_EXPORT int gpusyn_emulate_launch(int k, const unsigned long long *args, unsigned blocks, unsigned threads, \
                                                    size_t shared, unsigned long long order, unsigned flags) \
    { \
        return emu::launch(gpusyn_kernels[k].body, args, blocks, threads, shared, order, flags); \
    }

// Fibers for emulate.h: stacks that a thread of a kernel can leave and come back to.
//
// x86-64 and AArch64 switch in a few instructions of assembly; anything else (or GPUSYN_EMULATE_UCONTEXT) goes through
// ucontext, correct but slower, since it makes a system call at every switch. AddressSanitizer and ThreadSanitizer are
// told of each switch; under ThreadSanitizer a fiber counts as a thread of its own.
//
// What is an EMU_FN is part of each module, or compiled once for many: with GPUSYN_EMULATE_RUNTIME all of it, and with
// GPUSYN_EMULATE_APART none of it, for a module that is linked with the former.
#pragma once

#include <stddef.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define EMU_ASAN 1
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
#define EMU_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__)
#define EMU_TSAN 1
extern "C" {
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);
void __tsan_acquire(void *where);
void __tsan_release(void *where);
void __tsan_java_alloc(unsigned long start, unsigned long size);
void __tsan_java_free(unsigned long start, unsigned long size);
}
// The emulator's own memory accesses are no part of the kernel, so none of its functions is instrumented.
#define EMU_FN __attribute__((no_sanitize("thread"), noinline)) inline
#define EMU_TEMPLATE_FN EMU_FN
#else
#define EMU_TSAN 0
#define EMU_TEMPLATE_FN inline
#if defined(GPUSYN_EMULATE_RUNTIME)
#define EMU_FN __attribute__((used)) inline
#elif defined(GPUSYN_EMULATE_APART)
#define EMU_FN extern inline __attribute__((gnu_inline))
#else
#define EMU_FN inline
#endif
#endif
#if defined(GPUSYN_EMULATE_APART)
#define EMU_ASSEMBLY(text)
#else
#define EMU_ASSEMBLY(text) __asm__(text)
#endif

#if !defined(GPUSYN_EMULATE_UCONTEXT) && !defined(__x86_64__) && !defined(__aarch64__)
#define GPUSYN_EMULATE_UCONTEXT 1
#endif
#if defined(GPUSYN_EMULATE_UCONTEXT)
#include <ucontext.h>
#endif

namespace emu {

// Sanitizers need room: redzones, and reports that are printed from the stack of the thread at fault.
constexpr size_t STACK_BYTES = (EMU_ASAN || EMU_TSAN ? 512 : 128) << 10, GUARD_BYTES = 64 << 10;

struct Fiber {
    char *stack;  // lowest usable byte; null for the caller's own stack
    void *sp;
    void *fake_stack;  // AddressSanitizer's
    void *tsan;
#if defined(GPUSYN_EMULATE_UCONTEXT)
    ucontext_t context;
#endif
};

inline Fiber host{}, *running = &host, *left = nullptr;
inline const void *host_stack = nullptr;
inline size_t host_stack_bytes = 0;

#if defined(GPUSYN_EMULATE_UCONTEXT)
EMU_FN void swap_stacks(Fiber *from, Fiber *to) { swapcontext(&from->context, &to->context); }
#elif defined(__x86_64__)
extern "C" void gpusyn_emulate_swap(void **save, void *to) __attribute__((visibility("hidden")));
EMU_ASSEMBLY(
    ".text\n.hidden gpusyn_emulate_swap\n.globl gpusyn_emulate_swap\n.type gpusyn_emulate_swap,@function\n"
    "gpusyn_emulate_swap:\n"
    "push %rbp\n push %rbx\n push %r12\n push %r13\n push %r14\n push %r15\n"
    "mov %rsp, (%rdi)\n mov %rsi, %rsp\n"
    "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbx\n pop %rbp\n ret\n"
    ".size gpusyn_emulate_swap, .-gpusyn_emulate_swap\n");
constexpr size_t SAVED_WORDS = 8, ENTRY_WORD = 6;  // six registers, the return address, the end of the call chain
EMU_FN void swap_stacks(Fiber *from, Fiber *to) { gpusyn_emulate_swap(&from->sp, to->sp); }
#else
extern "C" void gpusyn_emulate_swap(void **save, void *to) __attribute__((visibility("hidden")));
EMU_ASSEMBLY(
    ".text\n.hidden gpusyn_emulate_swap\n.globl gpusyn_emulate_swap\n.type gpusyn_emulate_swap,%function\n"
    "gpusyn_emulate_swap:\n"
    "stp x19, x20, [sp, #-160]!\n stp x21, x22, [sp, #16]\n stp x23, x24, [sp, #32]\n stp x25, x26, [sp, #48]\n"
    "stp x27, x28, [sp, #64]\n stp x29, x30, [sp, #80]\n"
    "stp d8, d9, [sp, #96]\n stp d10, d11, [sp, #112]\n stp d12, d13, [sp, #128]\n stp d14, d15, [sp, #144]\n"
    "mov x9, sp\n str x9, [x0]\n mov sp, x1\n"
    "ldp d14, d15, [sp, #144]\n ldp d12, d13, [sp, #128]\n ldp d10, d11, [sp, #112]\n ldp d8, d9, [sp, #96]\n"
    "ldp x29, x30, [sp, #80]\n ldp x27, x28, [sp, #64]\n ldp x25, x26, [sp, #48]\n ldp x23, x24, [sp, #32]\n"
    "ldp x21, x22, [sp, #16]\n ldp x19, x20, [sp], #160\n ret\n"
    ".size gpusyn_emulate_swap, .-gpusyn_emulate_swap\n");
constexpr size_t SAVED_WORDS = 20, ENTRY_WORD = 11;
EMU_FN void swap_stacks(Fiber *from, Fiber *to) { gpusyn_emulate_swap(&from->sp, to->sp); }
#endif

// To be called first on the new stack after every switch.
EMU_FN void arrived(void *own_fake_stack)
{
#if EMU_ASAN
    const void *bottom;
    size_t bytes;
    __sanitizer_finish_switch_fiber(own_fake_stack, &bottom, &bytes);
    if (left == &host) host_stack = bottom, host_stack_bytes = bytes;
#endif
    (void)own_fake_stack;
}

// Leaves the running fiber for `to`; returns when somebody switches back.
EMU_FN void switch_to(Fiber *to)
{
    Fiber *me = running;
    left = me;
    running = to;
#if EMU_ASAN
    __sanitizer_start_switch_fiber(&me->fake_stack, to->stack ? to->stack : host_stack,
                                   to->stack ? STACK_BYTES : host_stack_bytes);
#endif
#if EMU_TSAN
    __tsan_switch_to_fiber(to->tsan, 1);  // 1: the switch itself orders no memory access
#endif
    swap_stacks(me, to);
    arrived(me->fake_stack);
}

// Makes the fiber start at `entry` when it is next switched to, whatever it was doing.
EMU_FN void prepare(Fiber *f, unsigned number, void (*entry)())
{
    // Page-aligned stacks would all fight for the same few cache sets.
    char *top = f->stack + STACK_BYTES - (number * 7 % 64) * 64;
#if defined(GPUSYN_EMULATE_UCONTEXT)
    getcontext(&f->context);
    f->context.uc_stack.ss_sp = f->stack;
    f->context.uc_stack.ss_size = size_t(top - f->stack);
    f->context.uc_link = nullptr;
    makecontext(&f->context, entry, 0);
#else
    void **frame = reinterpret_cast<void **>(top) - SAVED_WORDS;
    for (size_t i = 0; i < SAVED_WORDS; i++) frame[i] = nullptr;
    frame[ENTRY_WORD] = reinterpret_cast<void *>(entry);
    f->sp = frame;
#endif
    f->fake_stack = nullptr;
#if EMU_ASAN
    __asan_unpoison_memory_region(f->stack, STACK_BYTES);  // frames of an abandoned kernel
#endif
#if EMU_TSAN
    if (f->tsan) __tsan_destroy_fiber(f->tsan);
    f->tsan = __tsan_create_fiber(0);
#endif
}

// Gives the fiber the stack at `place`, which is mapped once; false where the system has no more memory.
EMU_FN bool allocate(Fiber *f, char **place)
{
    if (!*place) {
        void *p = mmap(nullptr, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p == MAP_FAILED) return false;
        mprotect(p, GUARD_BYTES, PROT_NONE);  // an overflowing stack stops here instead of reaching its neighbour
        *place = static_cast<char *>(p) + GUARD_BYTES;
    }
    f->stack = *place;
    return true;
}

}  // namespace emu

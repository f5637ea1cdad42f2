// Reads and writes at addresses that do not exist, for emulate.h: an error with block, thread and lane, where the process
// would die. Builds with a sanitizer leave such signals to it, since its reports say more.
#pragma once

#include "emulate_sync.h"

#if !EMU_ASAN && !EMU_TSAN && (defined(__x86_64__) || defined(__aarch64__))
#define EMU_FAULTS 1
#include <signal.h>
#include <ucontext.h>
#else
#define EMU_FAULTS 0
#endif

namespace emu {

#if EMU_FAULTS
inline struct sigaction old_segv, old_bus;
inline stack_t old_stack;
inline char signal_stack[32 << 10];
inline char *fault_address;
inline bool fault_in_stack;

[[noreturn]] __attribute__((noinline)) inline void report_fault()
{
    if (fault_in_stack) fail({}, "the thread's stack of %zu KB overflowed", STACK_BYTES >> 10);
    fail({}, "illegal access to memory at address %p", static_cast<void *>(fault_address));
}

// Makes the faulting thread go on in report_fault.
inline void on_fault(int, siginfo_t *info, void *context)
{
    if (running == &host) {  // not a kernel's doing: let it happen again under whoever cares
        sigaction(SIGSEGV, &old_segv, nullptr);
        sigaction(SIGBUS, &old_bus, nullptr);
        return;
    }
    fault_address = static_cast<char *>(info->si_addr);
    fault_in_stack = fault_address >= running->stack - GUARD_BYTES && fault_address < running->stack;
    // The frames of the faulting thread are lost anyway, so the report starts at the top of its stack.
    unsigned long top = reinterpret_cast<unsigned long>(running->stack + STACK_BYTES) & ~15ul;
    mcontext_t &machine = static_cast<ucontext_t *>(context)->uc_mcontext;
#if defined(__x86_64__)
    machine.gregs[REG_RSP] = long(top - 8);  // as just after a call
    machine.gregs[REG_RIP] = reinterpret_cast<long>(&report_fault);
#else
    machine.sp = top;
    machine.pc = reinterpret_cast<unsigned long>(&report_fault);
#endif
}

inline void watch_faults()
{
    stack_t stack{};
    stack.ss_sp = signal_stack;
    stack.ss_size = sizeof signal_stack;
    sigaltstack(&stack, &old_stack);
    struct sigaction action{};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &action, &old_segv);
    sigaction(SIGBUS, &action, &old_bus);
}

inline void unwatch_faults()
{
    sigaction(SIGSEGV, &old_segv, nullptr);
    sigaction(SIGBUS, &old_bus, nullptr);
    sigaltstack(&old_stack, nullptr);
}
#else
EMU_FN void watch_faults() {}
EMU_FN void unwatch_faults() {}
#endif

}  // namespace emu

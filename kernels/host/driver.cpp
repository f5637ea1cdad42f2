// Runs a launch list for k steps: every worker goes through the whole list, with a barrier after each launch.
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

typedef void (*Entry)(void **args, int worker, int workers);
struct Launch {
    Entry entry;
    void **args;
};

namespace {
// Spins briefly, then yields its time slice, because there may be more workers than free cores.
class Barrier {
public:
    explicit Barrier(int n) : n_(n), waiting_(0), round_(0) {}
    void wait()
    {
        int round = round_.load(std::memory_order_acquire);
        if (waiting_.fetch_add(1, std::memory_order_acq_rel) == n_ - 1) {
            waiting_.store(0, std::memory_order_relaxed);
            round_.store(round + 1, std::memory_order_release);
            return;
        }
        for (int spin = 0; round_.load(std::memory_order_acquire) == round; spin++) {
            if (spin > 2000) std::this_thread::yield();
#if defined(__x86_64__)
            else
                __builtin_ia32_pause();
#endif
        }
    }

private:
    const int n_;
    std::atomic<int> waiting_, round_;
};

#if defined(__x86_64__)
// Sets flush-to-zero and denormals-are-zero, for the test that they change no bit.
unsigned set_flush(int on)
{
    unsigned old = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(on ? old | 0x8040u : old);
    return old;
}
void restore_flush(unsigned old) { __builtin_ia32_ldmxcsr(old); }
#else
unsigned set_flush(int) { return 0; }
void restore_flush(unsigned) {}
#endif

// Runs one worker's share; where `seconds` is given, adds the time of each launch, its barrier included.
void work(const Launch *list, int n, long long steps, int index, int workers, Barrier &barrier, int flush,
          double *seconds)
{
    typedef std::chrono::steady_clock Clock;
    unsigned old = set_flush(flush);
    Clock::time_point began = seconds ? Clock::now() : Clock::time_point();
    for (long long s = 0; s < steps; s++)
        for (int i = 0; i < n; i++) {
            list[i].entry(list[i].args, index, workers);
            if (workers > 1) barrier.wait();
            if (seconds) {
                Clock::time_point ended = Clock::now();
                seconds[i] += std::chrono::duration<double>(ended - began).count();
                began = ended;
            }
        }
    restore_flush(old);
}
}  // namespace

extern "C" __attribute__((visibility("default"))) void run_steps(const Launch *list, int n, long long steps,
                                                                 int workers, int flush, double *seconds)
{
    Barrier barrier(workers);
    std::vector<std::thread> others;
    for (int w = 1; w < workers; w++)
        others.emplace_back([&, w] { work(list, n, steps, w, workers, barrier, flush, nullptr); });
    work(list, n, steps, 0, workers, barrier, flush, seconds);
    for (auto &t : others) t.join();
}

// Runs a launch list for k steps: every worker goes through the whole list, with a barrier after each launch.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#define EXPORTED extern "C" __attribute__((visibility("default")))

typedef void (*Entry)(void **args, int worker, int workers);
struct Launch {
    Entry entry;
    void **args;
};

namespace {
typedef std::chrono::steady_clock Clock;

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// Waits on the processor first, because the others are mostly close by, and then in the system's kernel, because they
// may be waiting for this very core: after `spin` seconds, or half of the time that the waiting thread has worked,
// since waking it costs less than that then.
class Barrier {
public:
    Barrier(int n, double spin) : n_(n), spin_(spin) {}
    void expect(int n) { n_.store(n); }
    void wait(double worked = 0)
    {
        unsigned round = round_.load();
        if (arrived_.fetch_add(1) == n_.load() - 1) {
            arrived_.store(0);
            round_.store(round + 1);
            if (asleep_.load()) {
                std::lock_guard<std::mutex> lock(mutex_);
                changed_.notify_all();
            }
        } else if (!ends_soon(round, spin_ > 0 && worked > 2 * spin_ ? worked / 2 : spin_)) {
            std::unique_lock<std::mutex> lock(mutex_);
            asleep_.fetch_add(1);  // before it looks again: whoever ends the round after that sees it
            changed_.wait(lock, [&] { return round_.load() != round; });
            asleep_.fetch_sub(1);
        }
    }

private:
    bool ends_soon(unsigned round, double spin) const
    {
        Clock::time_point begin = Clock::now();
        while (round_.load() == round) {
            if (since(begin) >= spin) return false;
#if defined(__x86_64__)
            __builtin_ia32_pause();
#endif
        }
        return true;
    }

    std::atomic<int> n_;
    const double spin_;
    alignas(64) std::atomic<int> arrived_{0};
    alignas(64) std::atomic<unsigned> round_{0};
    std::atomic<int> asleep_{0};
    std::mutex mutex_;
    std::condition_variable changed_;
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

struct Job {
    const Launch *list;  // none: the workers end
    int n;
    long long steps;
    int flush;
};

// Does one worker's share of a job; where `seconds` is given, adds the time of each launch, its barrier included.
void work(const Job &job, int index, int workers, Barrier *barrier, double *seconds)
{
    unsigned old = set_flush(job.flush);
    Clock::time_point begin = Clock::now();
    for (long long s = 0; s < job.steps; s++)
        for (int i = 0; i < job.n; i++) {
            Clock::time_point launched = barrier ? Clock::now() : begin;
            job.list[i].entry(job.list[i].args, index, workers);
            if (barrier) barrier->wait(since(launched));
            if (seconds) {
                seconds[i] += since(begin);
                begin = Clock::now();
            }
        }
    restore_flush(old);
}

// Threads that wait for jobs, and do them together with the thread that brings one, which is worker 0.
class Team {
public:
    Team(int workers, double spin) : barrier_(workers, spin), process_(getpid())
    {
        sigset_t most, before;  // signals are for Python's threads, but a fault is for the thread that commits it
        sigfillset(&most);
        for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) sigdelset(&most, fault);
        pthread_sigmask(SIG_SETMASK, &most, &before);
        try {
            for (int w = 1; w < workers; w++) others_.emplace_back([this, w, workers] { serve(w, workers); });
        } catch (const std::system_error &) {  // the system gives no more threads
            barrier_.expect((int)others_.size() + 1);
        }
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }
    ~Team()
    {
        job_.list = nullptr;
        barrier_.wait();
        for (auto &thread : others_) thread.join();
    }
    bool here() const { return getpid() == process_; }  // a fork copies no threads
    int workers() const { return (int)others_.size() + 1; }
    void run(const Job &job, double *seconds)
    {
        job_ = job;
        barrier_.wait();
        work(job, 0, workers(), &barrier_, seconds);
    }

private:
    void serve(int index, int workers)
    {
        for (;;) {
            barrier_.wait();
            if (!job_.list) return;
            work(Job(job_), index, workers, &barrier_, nullptr);
        }
    }

    Barrier barrier_;
    Job job_ = {};
    const pid_t process_;
    std::vector<std::thread> others_;
};
}  // namespace

// Returns null if the system gives no more threads.
EXPORTED Team *make_team(int workers, double spin)
{
    Team *team = new Team(workers, spin);
    if (team->workers() == workers) return team;
    delete team;
    return nullptr;
}

EXPORTED void end_team(Team *team)
{
    if (team->here()) delete team;  // what a fork has copied cannot be taken down without its threads
}

// Runs the steps on a team, or on the calling thread alone if there is none.
EXPORTED void run_steps(Team *team, const Launch *list, int n, long long steps, int flush, double *seconds)
{
    if (n == 0 || steps == 0) return;  // a team needs the barrier after a launch
    Job job = {list, n, steps, flush};
    if (team)
        team->run(job, seconds);
    else
        work(job, 0, 1, nullptr, seconds);
}

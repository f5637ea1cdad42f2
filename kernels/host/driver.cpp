// Runs a launch list for k steps: every worker goes through the whole list, with a barrier after each launch.
// It needs C's library and POSIX threads, but not C++'s library: ziglang would compile it first, which takes a minute.
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#if defined(_WIN32)
#include <malloc.h>
#define EXPORTED extern "C" __declspec(dllexport)
#else
#include <signal.h>
#define EXPORTED extern "C" __attribute__((visibility("default")))
#endif

typedef void (*Entry)(void **args, int worker, int workers);
struct Launch {
    Entry entry;
    void **args;
};

namespace {
double now()
{
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// An integer that several threads read and change, in one order for all.
template <class T> class Shared {
public:
    Shared(T value) : value_(value) {}
    T load() const { return __atomic_load_n(&value_, __ATOMIC_SEQ_CST); }
    void store(T value) { __atomic_store_n(&value_, value, __ATOMIC_SEQ_CST); }
    T fetch_add(T n) { return __atomic_fetch_add(&value_, n, __ATOMIC_SEQ_CST); }

private:
    T value_;
};

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
                pthread_mutex_lock(&mutex_);
                pthread_cond_broadcast(&changed_);
                pthread_mutex_unlock(&mutex_);
            }
        } else if (!ends_soon(round, spin_ > 0 && worked > 2 * spin_ ? worked / 2 : spin_)) {
            pthread_mutex_lock(&mutex_);
            asleep_.fetch_add(1);  // before it looks again: whoever ends the round after that sees it
            while (round_.load() == round) pthread_cond_wait(&changed_, &mutex_);
            asleep_.fetch_add(-1);
            pthread_mutex_unlock(&mutex_);
        }
    }

private:
    bool ends_soon(unsigned round, double spin) const
    {
        double begin = now();
        while (round_.load() == round) {
            if (now() - begin >= spin) return false;
#if defined(__x86_64__)
            __builtin_ia32_pause();
#endif
        }
        return true;
    }

    Shared<int> n_;
    const double spin_;
    alignas(64) Shared<int> arrived_{0};
    alignas(64) Shared<unsigned> round_{0};
    Shared<int> asleep_{0};
    pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t changed_ = PTHREAD_COND_INITIALIZER;
};

// Sets flush-to-zero and denormals-are-zero, for the test that they change no bit, and returns what was set before.
typedef unsigned long long FloatMode;
#if defined(__x86_64__)
FloatMode set_flush(int on)
{
    unsigned old = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(on ? old | 0x8040u : old);
    return old;
}
void restore_flush(FloatMode old) { __builtin_ia32_ldmxcsr((unsigned)old); }
#elif defined(__aarch64__)
FloatMode set_flush(int on)
{
    FloatMode old;
    __asm__ volatile("mrs %0, fpcr" : "=r"(old));
    __asm__ volatile("msr fpcr, %0" : : "r"(on ? old | 1ull << 24 : old));
    return old;
}
void restore_flush(FloatMode old) { __asm__ volatile("msr fpcr, %0" : : "r"(old)); }
#else
FloatMode set_flush(int) { return 0; }
void restore_flush(FloatMode) {}
#endif

#if defined(_WIN32)
// Signals are no matter of threads there.
struct SignalsOff {
    ~SignalsOff() {}
};
void *aligned_memory(size_t alignment, size_t size) { return _aligned_malloc(size, alignment); }
void free_aligned(void *place) { _aligned_free(place); }
#else
// Threads that start while this lives get no signals, which are for Python's threads; but a fault is for the thread
// that commits it.
class SignalsOff {
public:
    SignalsOff()
    {
        sigset_t most;
        sigfillset(&most);
        const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
        for (int fault : faults) sigdelset(&most, fault);
        pthread_sigmask(SIG_SETMASK, &most, &before_);
    }
    ~SignalsOff() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_;
};
void *aligned_memory(size_t alignment, size_t size)
{
    void *place;
    return posix_memalign(&place, alignment, size) ? nullptr : place;
}
void free_aligned(void *place) { free(place); }
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
    FloatMode old = set_flush(job.flush);
    double begin = now();
    for (long long s = 0; s < job.steps; s++)
        for (int i = 0; i < job.n; i++) {
            double launched = barrier ? now() : begin;
            job.list[i].entry(job.list[i].args, index, workers);
            if (barrier) barrier->wait(now() - launched);
            if (seconds) {
                double end = now();
                seconds[i] += end - begin;
                begin = end;
            }
        }
    restore_flush(old);
}

// Threads that wait for jobs, and do them together with the thread that brings one, which is worker 0.
class Team {
public:
    Team(int workers, double spin)
        : barrier_(workers, spin), process_(getpid()), others_((Other *)calloc(workers, sizeof(Other)))
    {
        SignalsOff off;
        for (workers_ = 1; others_ && workers_ < workers; workers_++) {
            Other &other = others_[workers_] = {this, workers_, {}};
            if (pthread_create(&other.thread, nullptr, serve, &other)) break;  // the system gives no more threads
        }
        if (workers_ < workers) barrier_.expect(workers_);
    }
    ~Team()
    {
        job_.list = nullptr;
        barrier_.wait();
        for (int w = 1; w < workers_; w++) pthread_join(others_[w].thread, nullptr);
        free(others_);
    }
    static void *operator new(size_t size) noexcept { return aligned_memory(alignof(Team), size); }
    static void operator delete(void *place) { free_aligned(place); }
    bool here() const { return getpid() == process_; }  // a fork copies no threads
    int workers() const { return workers_; }
    void run(const Job &job, double *seconds)
    {
        job_ = job;
        barrier_.wait();
        work(job, 0, workers_, &barrier_, seconds);
    }

private:
    struct Other {
        Team *team;
        int index;
        pthread_t thread;
    };
    static void *serve(void *other)
    {
        Team &team = *((Other *)other)->team;
        for (;;) {
            team.barrier_.wait();
            if (!team.job_.list) return nullptr;
            work(Job(team.job_), ((Other *)other)->index, team.workers_, &team.barrier_, nullptr);
        }
    }

    Barrier barrier_;
    Job job_ = {};
    const pid_t process_;
    Other *const others_;  // [1, workers)
    int workers_;
};
}  // namespace

// Returns null if the system gives no more threads.
EXPORTED Team *make_team(int workers, double spin)
{
    Team *team = new Team(workers, spin);
    if (!team || team->workers() == workers) return team;
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

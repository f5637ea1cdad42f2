// Exchanges the spikes of a step between ranks of MPI, in the middle of the step: the same work as
// gpusyn/distributed/exchanged_spikes.py does, as a launch of the list, so that no step goes through Python.
// MPI's function and handles come from mpi4py: this text is compiled without MPI. Handles are numbers or pointers.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(_WIN32)
#define EXPORTED extern "C" __declspec(dllexport)
#else
#define EXPORTED extern "C" __attribute__((visibility("default")))
#endif

typedef int (*Allgather)(const void *, int, intptr_t, void *, int, intptr_t, intptr_t);

struct Exchange {
    Allgather allgather;
    intptr_t word, comm;  // type of a word (int32), communicator
    const int64_t *next;  // number of the step
    int64_t *total;
    const int64_t *begin;
    int32_t *id, *events;
    int64_t *event_step;
    int32_t *event_count;
    // Runs of the ids that have a number in the list: the first id of each, and its number; -1 runs: ids are numbers.
    const int32_t *run_id, *run_number;
    int64_t runs;
    int64_t step_mask, spike_mask;
    int32_t rank, ranks, repeats, remembers;
    int64_t room;  // spikes for which messages have room; the same on all ranks
    int32_t *sent, *received;
    int64_t words;             // of `sent`
    int64_t failed;            // what MPI returned
    int64_t exchanges, bytes;  // number of exchanges, and bytes of spikes that came from other ranks
    double seconds;
};

namespace {
const int64_t LEAST = 16, MOST = 1 << 24;

double now()
{
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// Number of the last of some sorted values that is not larger than one; -1 if there is none.
int64_t last_of(const int32_t *values, int64_t n, int32_t value)
{
    int64_t low = -1, high = n;
    while (high - low > 1) {
        int64_t middle = (low + high) / 2;
        if (values[middle] <= value)
            low = middle;
        else
            high = middle;
    }
    return low;
}

int32_t id_of(const Exchange &x, int32_t number)
{
    if (x.runs < 0) return number;
    int64_t run = last_of(x.run_number, x.runs, number);
    return x.run_id[run] + (number - x.run_number[run]);
}

// Number of an id in the list; -1 if it has none.
int32_t number_of(const Exchange &x, int32_t id)
{
    if (x.runs < 0) return id;
    int64_t run = last_of(x.run_id, x.runs, id);
    if (run < 0) return -1;
    int32_t number = x.run_number[run] + (id - x.run_id[run]);
    return number < x.run_number[run + 1] ? number : -1;
}

// Gives the buffers room for messages of so many words.
bool reserve(Exchange &x, int64_t words)
{
    if (words <= x.words) return true;
    free(x.sent);
    free(x.received);
    x.sent = (int32_t *)malloc(words * sizeof(int32_t));
    x.received = (int32_t *)malloc(words * x.ranks * sizeof(int32_t));
    x.words = x.sent && x.received ? words : 0;
    return x.words > 0;
}

// Sends the spikes from `begin` on, as many as there is room for, behind their number.
bool send(Exchange &x, int64_t begin, int64_t n)
{
    int64_t each = 1 + x.repeats, words = 1 + x.room * each, some = n <= x.room ? n : 0;
    if (!reserve(x, words)) {
        x.failed = -1;
        return false;
    }
    x.sent[0] = (int32_t)n;
    for (int64_t i = 0; i < some; i++) {
        int64_t at = (begin + i) & x.spike_mask;
        x.sent[1 + i] = id_of(x, x.id[at]);
        if (x.repeats) x.sent[1 + some + i] = x.events[at];
    }
    x.failed = x.allgather(x.sent, (int)words, x.word, x.received, (int)words, x.word, x.comm);
    return !x.failed;
}

// Enters the spikes of all ranks into the list, from `begin` on.
void enter(Exchange &x, int64_t begin, int64_t step)
{
    int64_t words = 1 + x.room * (1 + x.repeats), at = begin;
    for (int r = 0; r < x.ranks; r++) {
        const int32_t *ids = x.received + r * words + 1;
        int64_t n = ids[-1];
        for (int64_t i = 0; i < n; i++) {
            int32_t events = x.repeats ? ids[n + i] : 1, number = number_of(x, ids[i]);
            if (number < 0) continue;
            x.id[at & x.spike_mask] = number;
            x.events[at & x.spike_mask] = events;
            if (x.remembers) {
                x.event_step[number] = step;
                x.event_count[number] = events;
            }
            at++;
        }
        if (r != x.rank) x.bytes += 4 * (1 + n * (1 + x.repeats));
    }
    *x.total = at;
}

int64_t most_of(const Exchange &x)
{
    int64_t words = 1 + x.room * (1 + x.repeats), most = 0;
    for (int r = 0; r < x.ranks; r++)
        if (x.received[r * words] > most) most = x.received[r * words];
    return most;
}
}  // namespace

// A launch of the list; what comes after a failure does nothing.
EXPORTED void exchange_spikes(void **args, int worker, int)
{
    Exchange &x = *(Exchange *)args[0];
    if (worker || x.failed) return;
    double began = now();
    int64_t step = *x.next, begin = x.begin[step & x.step_mask], n = *x.total - begin;
    if (!send(x, begin, n)) return;
    int64_t most = most_of(x);
    if (most > x.room) {  // all ranks see it
        x.room = most;
        if (!send(x, begin, n)) return;
    }
    enter(x, begin, step);
    int64_t less = x.room - x.room / 8, room = 2 * most > less ? 2 * most : less;
    x.room = room < LEAST ? LEAST : room > MOST ? MOST : room;
    x.exchanges++;
    x.seconds += now() - began;
}

EXPORTED void free_exchange(Exchange *x)
{
    free(x->sent);
    free(x->received);
    x->sent = x->received = nullptr;
    x->words = 0;
}

// Exchanges spikes between ranks of MPI, in the middle of a step: the same work as
// gpusyn/distributed/exchanged_spikes.py does, as a launch of the list, so that no step goes through Python. Where
// spikes may be late, they travel while the next steps are computed. MPI's functions and handles come from mpi4py: this
// text is compiled without MPI. Handles are numbers or pointers.
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
typedef int (*Begin)(const void *, int, intptr_t, void *, int, intptr_t, intptr_t, intptr_t *request);
typedef int (*Wait)(intptr_t *request, void *status);
typedef int (*Test)(intptr_t *request, int *ended, void *status);

struct Exchange {
    Allgather allgather;
    Begin begin_allgather;
    Wait wait;
    Test test;
    intptr_t word, comm;  // type of a word (int32), communicator
    const int64_t *next;  // number of the step
    int64_t *total;
    int64_t *begin;
    int32_t *id, *events;
    int64_t *event_step;
    int32_t *event_count;
    // Runs of the ids that have a number in the list: the first id of each, and its number; -1 runs: ids are numbers.
    const int32_t *run_id, *run_number;
    int64_t runs;
    int64_t step_mask, spike_mask;
    int32_t rank, ranks, repeats, remembers;
    int64_t every, late;       // steps between two exchanges, and from sending to taking over
    int64_t known, sent;       // first step whose spikes of other ranks are not in the list; that is not sent
    int64_t start, stop;       // places of what is sent
    int64_t room;              // spikes for which messages have room; the same on all ranks
    int32_t *mine, *found;     // messages
    int64_t words;             // for which there is memory, in each
    int64_t failed;            // what MPI returned
    int64_t exchanges, bytes;  // number of exchanges, and bytes of spikes that came from other ranks
    double seconds;
    intptr_t request;
    int64_t status[16];  // more than any MPI takes
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

// Gives the buffers memory for messages of so many words.
bool reserve(Exchange &x, int64_t words)
{
    if (words <= x.words) return true;
    free(x.mine);
    free(x.found);
    x.mine = (int32_t *)malloc(words * sizeof(int32_t));
    x.found = (int32_t *)malloc(words * x.ranks * sizeof(int32_t));
    x.words = x.mine && x.found ? words : 0;
    return x.words > 0;
}

int64_t steps_of(const Exchange &x) { return x.sent - x.known; }

bool travels(const Exchange &x) { return x.sent > x.known; }

// Words of a message: the numbers of spikes in its steps, their ids and numbers of events.
int64_t words_of(const Exchange &x) { return steps_of(x) + x.room * (1 + x.repeats); }

int64_t spikes_of(const Exchange &x, int rank)
{
    int64_t n = 0;
    for (int64_t s = 0; s < steps_of(x); s++) n += x.found[rank * words_of(x) + s];
    return n;
}

// Writes the message of this rank; if there is no room for all of its spikes, none of them, behind their numbers.
void pack(Exchange &x)
{
    int32_t *word = x.mine;
    for (int64_t s = x.known; s < x.sent; s++) {
        int64_t end = s + 1 < x.sent ? x.begin[s + 1 & x.step_mask] : x.stop;
        *word++ = (int32_t)(end - x.begin[s & x.step_mask]);
    }
    int64_t n = x.stop - x.start <= x.room ? x.stop - x.start : 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t at = (x.start + i) & x.spike_mask;
        word[i] = id_of(x, x.id[at]);
        if (x.repeats) word[x.room + i] = x.events[at];
    }
}

// Sends the message; the all-gather has ended, or goes on if the caller may compute meanwhile.
void gather(Exchange &x, bool meanwhile)
{
    int words = (int)words_of(x);
    if (!reserve(x, words)) {
        x.failed = -1;
        return;
    }
    pack(x);
    if (meanwhile)
        x.failed = x.begin_allgather(x.mine, words, x.word, x.found, words, x.word, x.comm, &x.request);
    else
        x.failed = x.allgather(x.mine, words, x.word, x.found, words, x.word, x.comm);
}

// Sends the spikes before step `end`, the last of which are at the end of the list.
void send(Exchange &x, int64_t end)
{
    x.sent = end;
    x.start = x.begin[x.known & x.step_mask];
    x.stop = *x.total;
    gather(x, x.late > 0);
}

// Moves own spikes that came after those that were sent by n places, and the begins of their steps up to `last`.
void move_later(Exchange &x, int64_t n, int64_t last)
{
    for (int64_t i = *x.total - 1; i >= x.stop; i--) {
        x.id[i + n & x.spike_mask] = x.id[i & x.spike_mask];
        x.events[i + n & x.spike_mask] = x.events[i & x.spike_mask];
    }
    for (int64_t s = x.sent; s <= last; s++) x.begin[s & x.step_mask] += n;
    *x.total += n;
}

// Lets each step that was sent begin behind the spikes of all ranks in the one before, and returns the end of the last.
int64_t begin_steps(Exchange &x)
{
    int64_t at = x.start;
    for (int64_t s = x.known; s < x.sent; s++) {
        x.begin[s & x.step_mask] = at;
        for (int r = 0; r < x.ranks; r++) at += x.found[r * words_of(x) + s - x.known];
    }
    return at;
}

// Lets a message have the numbers of its spikes in the list, and leaves out those that have none.
void keep_known(Exchange &x, int rank)
{
    int32_t *count = x.found + rank * words_of(x), *ids = count + steps_of(x), *events = ids + x.room;
    int64_t n = spikes_of(x, rank), i = 0, kept = 0;
    if (rank != x.rank) x.bytes += 4 * (steps_of(x) + n * (1 + x.repeats));
    for (int64_t s = 0; x.runs >= 0 && s < steps_of(x); s++) {
        int64_t end = i + count[s], before = kept;
        for (; i < end; i++) {
            int32_t number = number_of(x, ids[i]);
            if (number < 0) continue;
            if (x.repeats) events[kept] = events[i];
            ids[kept++] = number;
        }
        count[s] = (int32_t)(kept - before);
    }
}

// Enters the spikes of one rank. Steps begin where its first spikes belong, and then where those of the next rank do.
void enter(Exchange &x, int rank)
{
    const int32_t *count = x.found + rank * words_of(x), *number = count + steps_of(x), *events = number + x.room;
    for (int64_t s = x.known; s < x.sent; s++) {
        int64_t &at = x.begin[s & x.step_mask];
        for (int64_t end = at + count[s - x.known]; at < end; at++, number++, events++) {
            int32_t n = x.repeats ? *events : 1;
            x.id[at & x.spike_mask] = *number;
            x.events[at & x.spike_mask] = n;
            if (x.remembers) {
                x.event_step[*number] = s;
                x.event_count[*number] = n;
            }
        }
    }
}

// Waits for what was sent, and enters it into the list; the steps up to `last` have begun.
void take_over(Exchange &x, int64_t last)
{
    if (x.late && (x.failed = x.wait(&x.request, x.status))) return;
    int64_t most = 0;
    for (int r = 0; r < x.ranks; r++)
        if (spikes_of(x, r) > most) most = spikes_of(x, r);
    if (most > x.room) {  // all ranks see it
        x.room = most;
        gather(x, false);
        if (x.failed) return;
    }
    for (int r = 0; r < x.ranks; r++) keep_known(x, r);
    move_later(x, begin_steps(x) - x.stop, last);
    for (int r = 0; r < x.ranks; r++) enter(x, r);
    begin_steps(x);
    x.known = x.sent;
    int64_t less = x.room - x.room / 8, room = 2 * most > less ? 2 * most : less;
    x.room = room < LEAST ? LEAST : room > MOST ? MOST : room;
    x.exchanges++;
}
}  // namespace

// A launch of the list; what comes after a failure does nothing.
EXPORTED void exchange_spikes(void **args, int worker, int)
{
    Exchange &x = *(Exchange *)args[0];
    if (worker || x.failed) return;
    double began = now();
    int64_t step = *x.next;
    if (travels(x)) {
        int ended;
        if (step + 1 >= x.sent + x.late)
            take_over(x, step);
        else
            x.failed = x.test(&x.request, &ended, x.status);  // lets MPI go on with its work
    }
    if (!x.failed && (step + 1) % x.every == 0) {
        send(x, step + 1);
        if (!x.failed && !x.late) take_over(x, step);
    }
    x.seconds += now() - began;
}

// Waits for what still travels, after the last of some steps.
EXPORTED void end_exchange(Exchange *x)
{
    double began = now();
    if (!x->failed && travels(*x)) take_over(*x, *x->next);
    x->seconds += now() - began;
}

EXPORTED void free_exchange(Exchange *x)
{
    free(x->mine);
    free(x->found);
    x->mine = x->found = nullptr;
    x->words = 0;
}

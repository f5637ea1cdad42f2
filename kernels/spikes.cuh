// The list of spikes of a step, and Poisson input from outside.
#pragma once

// A step: its number since the start, and its place in the chunk that the host prepared.
struct Step {
    int64 now, local;
};

DEVICE Step step_of(const Clock *clock) { return {clock->next, clock->next - clock->start}; }

// The list of spikes, which begins again at its start when it is full (`mask` + 1 spikes), and the last event of each
// source if some gate `remembers` it.
struct Spikes {
    int64 *total, mask;
    int *id, *events;
    int64 *event_step;
    int *event_count;
    int remembers;
};

// Appends a source to the list.
DEVICE void emit(const Spikes &spikes, int64 now, int64 source, int events)
{
    int64 slot = take(spikes.total, 1) & spikes.mask;
    spikes.id[slot] = (int)source;
    spikes.events[slot] = events;
    if (spikes.remembers) {
        spikes.event_step[source] = now;
        spikes.event_count[source] = events;
    }
}

// Step of a source's last release of transmitter, which lasts `pulse` steps. If dead < 0, each event releases, and an
// event in a pulse prolongs it. Otherwise an event releases only if `dead` steps have passed since the last pulse.
DEVICE int64 release(int64 *last, int event, int64 now, int64 pulse, int64 dead)
{
    int64 before = *last;
    int free = (dead < 0 ? 1 : 0) | (now - before >= pulse + dead ? 1 : 0);  // without a branch
    return *last = event & free ? now : before;
}

// The rates of all drives: (mean of a piece, exp(-mean of a piece)) pairs and numbers of pieces.
struct RateTable {
    const double *pair;
    const int *pieces;
};

// Rates of consecutive elements, `step` apart.
struct Rates {
    const double *pair;
    const int *pieces;
    int64 step;
};

// The rates of elements from `offset` on: constant, one for all or one each; or one per step for all, in row
// `local_step` of a table with `n_waves` columns.
DEVICE Rates rates_of(const PoissonDrive &drive, RateTable table, int64 local_step, int64 offset)
{
    int64 step = drive.wave < 0 ? drive.rate_step : 0;
    int64 at = drive.rate + (drive.wave < 0 ? offset * step : local_step * drive.n_waves + drive.wave);
    return {table.pair + 2 * at, table.pieces + at, step};
}

// 0 if an element certainly has no event: it has one piece, whose count is 0 by the first uniform number.
DEVICE int may_have_events(uint32 key_low, uint32 key_high, uint32 element, int64 now, double none, int pieces)
{
    uint32 c[4] = {element, (uint32)now, (uint32)((uint64)now >> 32), 0};
    philox(key_low, key_high, c);
    int some = uniform53(c[0], c[1]) >= none ? 1 : 0;
    return pieces > 1 ? 1 : some;
}

// Calls f(j, events) for those of `size` elements from `offset` on that have Poisson events in this step. The first
// pass is the same for all elements, so compilers make SIMD code; `maybe` is scratch.
template <class F>
DEVICE void for_events(const PoissonDrive &drive, RateTable table, Step step, int64 offset, int size, int *maybe, F f)
{
    if (step.now < drive.start || step.now >= drive.stop) return;
    uint32 low = (uint32)drive.key_low, high = (uint32)drive.key_high, first = (uint32)offset;
    Rates r = rates_of(drive, table, step.local, offset);
    int64 now = step.now;
    if (r.step) {
        FOR_THREADS(j, size)
            maybe[j] = may_have_events(low, high, first + (uint32)j, now, r.pair[2 * j + 1], r.pieces[j]);
    } else {
        double none = r.pair[1];
        int split = r.pieces[0];
        FOR_THREADS(j, size) maybe[j] = may_have_events(low, high, first + (uint32)j, now, none, split);
    }
    if (!any_of(maybe, size)) return;
    FOR_EACH(j, size) {
        if (!maybe[j]) continue;
        int64 k = j * r.step;
        int events = poisson_count(low, high, first + (uint32)j, now, r.pair[2 * k], r.pair[2 * k + 1], r.pieces[k],
                                   (int)drive.most_events);
        if (events) f(j, events);
    }
}

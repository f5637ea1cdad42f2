// How spikes enter the step's list, and Poisson input from outside.
#pragma once

enum DriveField {
    D_KEY_LOW, D_KEY_HIGH, D_INPUT, D_RATE, D_RATE_STEP, D_WEIGHT, D_WEIGHT_STEP, D_WAVE, D_WAVES, D_CAP, D_START, D_STOP, DRIVE_FIELDS
};

// Appends a source to the list of this chunk of steps; `history` keeps its last event for per-synapse gating.
DEVICE void emit(int64 now, int source, int events, int64 *spike_total, int *spike_id, int *spike_events,
                 int64 *event_step, int *event_count, int history)
{
    int64 slot = take(spike_total, 1);
    spike_id[slot] = source;
    spike_events[slot] = events;
    if (history) {
        event_step[source] = now;
        event_count[source] = events;
    }
}

// Step of a source's last release of transmitter, which lasts `pulse` steps. An event in this step releases: during a pulse
// too, whose end it moves (dead < 0), or only once `dead` steps have passed since the last pulse ended.
DEVICE int64 release(int64 *last, int event, int64 now, int64 pulse, int64 dead)
{
    int free = dead < 0 || now - *last >= pulse + dead ? 1 : 0;
    *last = event & free ? now : *last;
    return *last;
}

// Rates of consecutive elements: (mean of a piece, exp(-mean of a piece)) pairs and numbers of pieces, `step` apart.
struct Rates {
    const double *pair;
    const int *pieces;
    int64 step;
};

// The rates of elements from `local` on: constant in time, one for all or one each; or one a step for all, in row
// `local_step` of a table with D_WAVES columns.
DEVICE Rates rates_of(const int64 *drive, const double *rate, const int *pieces, int64 local_step, int64 local)
{
    int64 step = drive[D_WAVE] < 0 ? drive[D_RATE_STEP] : 0;
    int64 at = drive[D_RATE] + (drive[D_WAVE] < 0 ? local * step : local_step * drive[D_WAVES] + drive[D_WAVE]);
    return {rate + 2 * at, pieces + at, step};
}

// 0 where an element surely has no event: its one piece counts none, as the first uniform number says.
DEVICE int may_have_events(uint32 key_low, uint32 key_high, uint32 element, int64 now, double none, int pieces)
{
    uint32 c[4] = {element, (uint32)now, (uint32)((uint64)now >> 32), 0};
    philox(key_low, key_high, c);
    int some = uniform53(c[0], c[1]) >= none ? 1 : 0;
    return pieces > 1 ? 1 : some;
}

// Calls f(j, events) for those of `count` elements from `local` on that have Poisson events in this step. The first pass
// is the same for all elements, which compilers turn into SIMD code; `maybe` is scratch.
template <class F>
DEVICE void for_events(const int64 *drive, const double *rate, const int *pieces, int64 now, int64 local_step, int64 local,
                       int count, int *maybe, F f)
{
    if (now < drive[D_START] || now >= drive[D_STOP]) return;
    uint32 low = (uint32)drive[D_KEY_LOW], high = (uint32)drive[D_KEY_HIGH], first = (uint32)local;
    Rates r = rates_of(drive, rate, pieces, local_step, local);
    if (r.step) {
        FOR_THREADS(j, count) maybe[j] = may_have_events(low, high, first + (uint32)j, now, r.pair[2 * j + 1], r.pieces[j]);
    } else {
        double none = r.pair[1];
        int split = r.pieces[0];
        FOR_THREADS(j, count) maybe[j] = may_have_events(low, high, first + (uint32)j, now, none, split);
    }
    if (any_of(maybe, count)) FOR_EACH(j, count)
    {
        if (maybe[j]) {
            int64 k = j * r.step;
            int events = poisson_count(low, high, first + (uint32)j, now, r.pair[2 * k], r.pair[2 * k + 1], r.pieces[k], (int)drive[D_CAP]);
            if (events) f(j, events);
        }
    }
}

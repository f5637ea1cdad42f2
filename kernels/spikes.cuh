// How spikes enter the step's list, and Poisson input from outside.
#pragma once

enum DriveField {
    D_KEY_LOW, D_KEY_HIGH, D_RECEPTOR, D_RATE, D_RATE_STEP, D_WEIGHT, D_WEIGHT_STEP, D_WAVE, D_WAVES, D_CAP, D_START, D_STOP, DRIVE_FIELDS
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

// Poisson events of one element in one step: rates are (mean of a piece, exp(-mean of a piece)) pairs, constant per element
// or, in time, one pair a step (row `local_step` of a table with D_WAVES columns).
DEVICE int poisson_events(const int64 *drive, const double *rate, const int *pieces, int64 now, int64 local_step, int64 element)
{
    if (now < drive[D_START] || now >= drive[D_STOP]) return 0;
    int64 at = drive[D_RATE] + (drive[D_WAVE] < 0 ? element * drive[D_RATE_STEP] : local_step * drive[D_WAVES] + drive[D_WAVE]);
    return poisson_count((uint32)drive[D_KEY_LOW], (uint32)drive[D_KEY_HIGH], (uint32)element, now, rate[2 * at], rate[2 * at + 1],
                         pieces[at], (int)drive[D_CAP]);
}

// Private Poisson input of `count` neurons from `local` on, added to the sums that fall due at the end of this step.
DEVICE void add_drive(const int64 *drive, const double *rate, const int *pieces, const acc *weight, int64 now,
                      int64 local_step, int64 local, int count, acc *const *input)
{
    FOR_EACH(j, count)
    {
        int events = poisson_events(drive, rate, pieces, now, local_step, local + j);
        if (events) input[drive[D_RECEPTOR]][j] += (acc)events * weight[drive[D_WEIGHT] + (local + j) * drive[D_WEIGHT_STEP]];
    }
}

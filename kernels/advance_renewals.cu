// Spikes of renewal processes: sources with intervals of a gamma distribution, or with a dead time.

KERNEL(advance_renewals, Clock *RESTRICT clock, const SourceChunk *RESTRICT chunks, int n_chunks,
       const Renewal *RESTRICT renewals, const double *RESTRICT advances, const double *RESTRICT intervals,
       double *RESTRICT waiting, int64 *RESTRICT spike_total, int *RESTRICT spike_id, int *RESTRICT spike_events,
       int64 *RESTRICT event_step, int *RESTRICT event_count, int64 spike_mask, int remembers)
{
    SHARED int renewed[CHUNK];
    Step step = step_of(clock);
    if (FIRST_THREAD) clock->now = step.now;
    Spikes spikes = {spike_total, spike_mask, spike_id, spike_events, event_step, event_count, remembers};
    int begins = step.now == 0;
    FOR_BLOCKS(b, n_chunks) {
        const SourceChunk &chunk = chunks[b];
        const Renewal &renewal = renewals[chunk.drive];
        int64 own = renewal.advance_step;
        const double *advance = advances + renewal.advance + step.local * renewal.time_step + chunk.offset * own;
        const double *coef = intervals + renewal.intervals + chunk.offset * renewal.interval_step;
        double *state = waiting + renewal.waiting + chunk.offset;
        FOR_THREADS(j, (int)chunk.size) {
            double x = state[j], after = x > 0.0 ? x - advance[j * own] : x + 1.0;
            int passes = (x > 0.0 ? after > 0.0 : after <= 0.0) & !begins;
            renewed[j] = !passes;
            state[j] = passes ? after : x;
        }
        for_flagged(renewed, (int)chunk.size, [&](int j) {
            const double *c = coef + j * renewal.interval_step;
            Calls calls = {(uint32)renewal.key_low, (uint32)renewal.key_high, chunk.offset + j, step.now, 0};
            if (begins) state[j] = begin_renewals(advance[j * own], c, calls);
            int events = renew(state + j, advance[j * own], c, calls);
            if (events)
                emit(spikes, step.now, chunk.source + j,
                     events < renewal.most_events ? events : (int)renewal.most_events);
        });
    }
}

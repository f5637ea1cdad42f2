// Spikes that come from outside: Poisson sources and lists of times.

KERNEL(advance_poisson, Clock *RESTRICT clock, const SourceChunk *RESTRICT chunks, int n_chunks,
       const PoissonDrive *RESTRICT drives, const double *RESTRICT drive_rate, const int *RESTRICT drive_pieces,
       int64 *RESTRICT spike_total, int *RESTRICT spike_id, int *RESTRICT spike_events, int64 *RESTRICT event_step,
       int *RESTRICT event_count, int64 spike_mask, int remembers)
{
    SHARED int maybe[CHUNK];
    Step step = step_of(clock);
    if (FIRST_THREAD) clock->now = step.now;
    Spikes spikes = {spike_total, spike_mask, spike_id, spike_events, event_step, event_count, remembers};
    FOR_BLOCKS(b, n_chunks) {
        const SourceChunk &chunk = chunks[b];
        for_events(drives[chunk.drive], RateTable{drive_rate, drive_pieces}, step, chunk.offset, (int)chunk.size, maybe,
                   [&](int j, int events) { emit(spikes, step.now, chunk.source + j, events); });
    }
}

// listed_begin[s] .. listed_begin[s + 1] are the places of the events of step s of the current chunk.
KERNEL(advance_lists, Clock *RESTRICT clock, const int64 *RESTRICT listed_begin, const int *RESTRICT listed_id,
       const int *RESTRICT listed_events, int64 *RESTRICT spike_total, int *RESTRICT spike_id,
       int *RESTRICT spike_events, int64 *RESTRICT event_step, int *RESTRICT event_count, int64 spike_mask,
       int remembers)
{
    Step step = step_of(clock);
    if (FIRST_THREAD) clock->now = step.now;
    Spikes spikes = {spike_total, spike_mask, spike_id, spike_events, event_step, event_count, remembers};
    int64 begin = listed_begin[step.local], end = listed_begin[step.local + 1];
    FOR_ITEMS(i, end - begin) emit(spikes, step.now, listed_id[begin + i], listed_events[begin + i]);
}

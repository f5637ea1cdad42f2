// Spikes that come from outside: Poisson sources and lists of times.

KERNEL(advance_poisson, Clock *RESTRICT clock, const SourceChunk *RESTRICT chunks, int n_chunks,
       const PoissonDrive *RESTRICT drives, const uint32 *RESTRICT drive_limits, int64 *RESTRICT spike_total,
       int *RESTRICT spike_id, int *RESTRICT spike_events, int64 *RESTRICT event_step, int *RESTRICT event_count,
       int64 spike_mask, int remembers)
{
    SHARED Draws draws;
    Step step = step_of(clock);
    if (FIRST_THREAD) clock->now = step.now;
    Spikes spikes = {spike_total, spike_mask, spike_id, spike_events, event_step, event_count, remembers};
    FOR_BLOCKS(b, n_chunks) {
        const SourceChunk &chunk = chunks[b];
        const PoissonDrive &drive = drives[chunk.drive];
        int size = (int)chunk.size;
        if (!poisson_events(drive, drive_limits, step, chunk.offset, size, draws)) continue;
        for_flagged(draws.events, size,
                    [&](int j) { emit(spikes, step.now, chunk.source + j, events_of(drive, draws, j)); });
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

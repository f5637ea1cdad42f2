// Spikes that come from outside: Poisson sources and lists of times.

enum SourceField { S_GLOBAL, S_LOCAL, S_COUNT, S_DRIVE, SOURCE_FIELDS };

KERNEL(advance_poisson, int64 *RESTRICT clock, const int64 *RESTRICT chunks, int n_chunks, const int64 *RESTRICT drives,
       const double *RESTRICT drive_rate, const int *RESTRICT drive_pieces, int64 *RESTRICT spike_total,
       int *RESTRICT spike_id, int *RESTRICT spike_events, int64 *RESTRICT event_step, int *RESTRICT event_count, int history)
{
    SHARED int maybe[CHUNK];
    int64 now = clock[0];
    if (FIRST_THREAD) clock[1] = now;
    FOR_BLOCKS(b, n_chunks)
    {
        const int64 *chunk = chunks + b * SOURCE_FIELDS;
        for_events(drives + chunk[S_DRIVE] * DRIVE_FIELDS, drive_rate, drive_pieces, now, now - clock[2], chunk[S_LOCAL],
                   (int)chunk[S_COUNT], maybe, [&](int j, int events) {
                       emit(now, (int)chunk[S_GLOBAL] + j, events, spike_total, spike_id, spike_events, event_step, event_count, history);
                   });
    }
}

// due_begin[s] .. due_begin[s + 1] are the events of step s of the current chunk of steps.
KERNEL(advance_lists, int64 *RESTRICT clock, const int64 *RESTRICT due_begin, const int *RESTRICT due_id,
       const int *RESTRICT due_events, int64 *RESTRICT spike_total, int *RESTRICT spike_id, int *RESTRICT spike_events,
       int64 *RESTRICT event_step, int *RESTRICT event_count, int history)
{
    int64 now = clock[0], begin = due_begin[now - clock[2]], end = due_begin[now - clock[2] + 1];
    if (FIRST_THREAD) clock[1] = now;
    FOR_ITEMS(i, end - begin)
    emit(now, due_id[begin + i], due_events[begin + i], spike_total, spike_id, spike_events, event_step, event_count, history);
}

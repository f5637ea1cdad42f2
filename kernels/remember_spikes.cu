// The spikes of this step enter the trains of their neurons and sources.

// Appends a spike of source i; returns whether the next one would replace a spike from which some synapse has yet to
// learn. The oldest place of a ring, which may be empty, serves only the traces before the second one.
DEVICE int append(const TrainSet &set, const TrainArrays &all, int64 i, int events, int64 now, int64 last_sweep,
                  int64 *train_step, real *train_value, int64 *train_count)
{
    Trains trains = trains_of(all, &set - all.sets);
    int64 elapsed = now - trains.step(i, 0), place = trains.place(i, -1);
    real *newest = train_value + set.values, *values = newest + set.size * set.traces;
    for (int t = 0; t < trains.traces; t++) {
        real before = trains.after(i, 0, t) * trains.decay_of(t).over(elapsed);
        real after = trains.decay[t].nearest ? (real)1 : before + (real)events;
        newest[i * set.traces + t] = values[place * set.traces + t] = after;
    }
    int64 *recent = train_step + set.steps + i * RECENT, *ring = train_step + set.steps + set.size * RECENT;
    for (int k = RECENT - 1; k > 0; k--) recent[k] = recent[k - 1];
    recent[0] = ring[place] = now;
    int64 n = train_count[set.counts + i] += 1;
    return set.longest >= 0 && n >= set.depth - 1 && trains.step(i, set.depth - 2) + set.longest > last_sweep;
}

// In even and in odd steps, `sweep` holds the step in which a settling of all synapses was last wanted, and that of the
// last one before: a thread reads the one and writes the other.
KERNEL(remember_spikes, const Clock *RESTRICT clock, const int64 *RESTRICT spike_total,
       const int64 *RESTRICT spike_begin, int64 step_mask, const int *RESTRICT spike_id,
       const int *RESTRICT spike_events, int64 spike_mask, const int *RESTRICT source_population,
       const int *RESTRICT train_begin, const TrainSet *RESTRICT trains, const TraceDecay *RESTRICT traces,
       const real *RESTRICT decays, int64 *RESTRICT train_step, real *RESTRICT train_value, int64 *RESTRICT train_count,
       int64 *RESTRICT sweep, int64 settle_mask)
{
    int64 now = clock->now, odd = now & 1, last = sweep[1 - odd] == now - 1 ? now - 1 : sweep[3 - odd];
    int64 begin = spike_begin[now & step_mask], end = *spike_total;
    TrainArrays all = {trains, traces, decays, train_step, train_value, train_count};
    FOR_ITEMS(k, end - begin) {
        int64 at = begin + k & spike_mask;
        int source = spike_id[at], population = source_population[source];
        for (int t = train_begin[population]; t < train_begin[population + 1]; t++)
            if (append(trains[t], all, source - trains[t].source, spike_events[at], now, last, train_step, train_value,
                       train_count))
                sweep[odd] = now;
    }
    if (FIRST_THREAD) {
        sweep[2 + odd] = last;
        if (now && !(now & settle_mask)) sweep[odd] = now;
    }
}

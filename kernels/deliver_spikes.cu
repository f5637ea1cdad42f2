// Ends a step: this step's spikes go to the rings of their targets, the sources' transmitter history moves on,
// and the clock ticks.

enum RouteField {
    E_SOURCE, E_SOURCE_END, E_ROWS, E_WORDS, E_WEIGHTS, E_WEIGHT_STEP, E_SHIFT, E_RING, E_MASK, E_STRIDE, E_SLICES, E_SLICE_SIZE, ROUTE_FIELDS
};
enum HistoryField { H_GLOBAL, H_COUNT, H_BASE, H_WORDS, H_BITS, H_PULSE, HISTORY_FIELDS };

// A synapse is one 32-bit word: delay in steps (high half) and target within its slice (low half).
DEVICE void deliver_row(const int64 *route, int64 row, acc events, int64 now, const int64 *row_begin, const uint32 *words,
                        const weight_t *weights, acc *ring, int worker, int workers)
{
    acc factor = events << route[E_SHIFT];
    const int64 *begin = row_begin + route[E_ROWS] + row * route[E_SLICES];
    const uint32 *word = words + route[E_WORDS];
    const weight_t *weight = weights + route[E_WEIGHTS];
    int64 mask = route[E_MASK], stride = route[E_STRIDE];
    acc shared = (acc)weight[0] * factor;
    for (int64 s = worker; s < route[E_SLICES]; s += workers) {
        acc *target = ring + route[E_RING] + s * route[E_SLICE_SIZE];
        auto add = [&](uint32 w, acc value) { add_to(target + ((now + (w >> 16)) & mask) * stride + (w & 0xffffu), value); };
        if (route[E_WEIGHT_STEP])
            for_row(begin[s], begin[s + 1], [&](int64 j) { add(word[j], (acc)weight[j] * factor); });
        else
            for_row(begin[s], begin[s + 1], [&](int64 j) { add(word[j], shared); });
    }
}

// Shifts a source's history by one step: its transmitter is on or off from the end of this step on (pulse > 0), or it
// sent so many events (which fit H_BITS, by the source's declared maximum).
DEVICE void remember(const int64 *h, int64 i, int64 now, const int64 *event_step, const int *event_count, uint32 *history)
{
    int64 since = now - event_step[h[H_GLOBAL] + i], pulse = h[H_PULSE];
    uint32 value = pulse ? (uint32)(since < pulse) : since == 0 ? (uint32)event_count[h[H_GLOBAL] + i] : 0u;
    int bits = (int)h[H_BITS];
    uint32 *word = history + h[H_BASE] + i * h[H_WORDS];
    for (int64 k = 0; k < h[H_WORDS]; k++) {
        uint32 old = word[k];
        word[k] = bits == 32 ? value : old << bits | value;
        value = bits == 32 ? old : old >> (32 - bits);
    }
}

KERNEL(deliver_spikes, int64 *RESTRICT clock, const int64 *RESTRICT spike_total, int64 *RESTRICT spike_begin,
       const int *RESTRICT spike_id, const int *RESTRICT spike_events, const int *RESTRICT source_population,
       const int *RESTRICT route_begin, int most_routes, const int64 *RESTRICT routes, const int64 *RESTRICT row_begin,
       const uint32 *RESTRICT words, const weight_t *RESTRICT weights, acc *RESTRICT ring, const int64 *RESTRICT histories,
       int n_histories, const int64 *RESTRICT event_step, const int *RESTRICT event_count, uint32 *RESTRICT history)
{
    int64 now = clock[1], local = now - clock[2], begin = spike_begin[local], end = spike_total[0];
    FOR_TASKS(t, (end - begin) * most_routes)
    {
        int64 spike = begin + t / most_routes;
        int source = spike_id[spike], population = source_population[source];
        int64 r = route_begin[population] + t % most_routes;
        const int64 *route = routes + r * ROUTE_FIELDS;
        if (r < route_begin[population + 1] && source >= route[E_SOURCE] && source < route[E_SOURCE_END])
            deliver_row(route, source - route[E_SOURCE], spike_events[spike], now, row_begin, words, weights, ring, SLICE_WORKER, SLICE_WORKERS);
    }
    for (int h = 0; h < n_histories; h++)
        FOR_ITEMS(i, histories[h * HISTORY_FIELDS + H_COUNT])
        remember(histories + h * HISTORY_FIELDS, i, now, event_step, event_count, history);
    if (FIRST_THREAD) {  // nobody reads these two again before the next launch
        spike_begin[local + 1] = end;
        clock[0] = now + 1;
    }
}

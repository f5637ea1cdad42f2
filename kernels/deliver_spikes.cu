// Ends a step: this step's spikes go to the rings of their targets, the sources' transmitter history moves on,
// and the clock ticks.

enum RouteField {
    E_SOURCE, E_SOURCE_END, E_ROWS, E_WORDS, E_WEIGHTS, E_WEIGHT_STEP, E_SHIFT, E_RING, E_MASK, E_STRIDE, E_SLICES, E_SLICE_SIZE,
    E_PAYLOAD, E_PAYLOAD_STEP, E_CHANNELS, E_RING_STEP, ROUTE_FIELDS
};
enum SharedField { W_BASE, W_MASK, SHARED_FIELDS };
enum { MOST_CHANNELS = 8 };
enum HistoryField { H_GLOBAL, H_COUNT, H_BASE, H_WORDS, H_BITS, H_PULSE, H_DEAD, H_RELEASE, HISTORY_FIELDS };

// A synapse is one 32-bit word: delay in steps (high half) and target within its slice (low half). `add` gets a synapse's
// sum and its weight.
template <class Add>
DEVICE void deliver_row(const int64 *route, int64 row, int64 now, const int64 *row_begin, const uint32 *words,
                        const weight_t *weights, acc *ring, int worker, int workers, Add add)
{
    const int64 *begin = row_begin + route[E_ROWS] + row * route[E_SLICES];
    const uint32 *word = words + route[E_WORDS];
    const weight_t *weight = weights + route[E_WEIGHTS];
    int64 mask = route[E_MASK], stride = route[E_STRIDE];
    weight_t shared = weight[0];
    for (int64 s = worker; s < route[E_SLICES]; s += workers) {
        acc *target = ring + route[E_RING] + s * route[E_SLICE_SIZE];
        auto sum = [&](uint32 w) { return target + ((now + (w >> 16)) & mask) * stride + (w & 0xffffu); };
        if (route[E_WEIGHT_STEP])
            for_row(begin[s], begin[s + 1], [&](int64 j) { add(sum(word[j]), weight[j]); });
        else
            for_row(begin[s], begin[s + 1], [&](int64 j) { add(sum(word[j]), shared); });
    }
}

// Events of a gate's source carry a change of the gate, from one value to another: a synapse adds weight x to - weight x from,
// each rounded towards zero on its own, so that a gate that comes back takes away exactly what it brought.
DEVICE void deliver_change(const int64 *route, int64 row, int64 now, const int64 *row_begin, const uint32 *words,
                           const weight_t *weights, const real *payload, acc *ring, int worker, int workers)
{
    real scale = (real)((int64)1 << route[E_SHIFT]), to[MOST_CHANNELS], from[MOST_CHANNELS];
    int channels = (int)route[E_CHANNELS];
    int64 step = route[E_RING_STEP];
    for (int k = 0; k < channels; k++) {
        const real *change = payload + 2 * (route[E_PAYLOAD] + k * route[E_PAYLOAD_STEP] + row);
        to[k] = change[0] * scale;
        from[k] = change[1] * scale;
    }
    deliver_row(route, row, now, row_begin, words, weights, ring, worker, workers, [&](acc *sum, weight_t w) {
        for (int k = 0; k < channels; k++) add_to(sum + k * step, (acc)((real)w * to[k]) - (acc)((real)w * from[k]));
    });
}

// Shifts a source's history by one step: its transmitter is on or off from the end of this step on (pulse > 0), or it
// sent so many events (which fit H_BITS, by the source's declared maximum).
DEVICE void remember(const int64 *h, int64 i, int64 now, const int64 *event_step, const int *event_count, int64 *release_step,
                     uint32 *history)
{
    int64 since = now - event_step[h[H_GLOBAL] + i], pulse = h[H_PULSE];
    uint32 value = since == 0 ? (uint32)event_count[h[H_GLOBAL] + i] : 0u;
    if (pulse) value = (uint32)(now - release(release_step + h[H_RELEASE] + i, since == 0, now, pulse, h[H_DEAD]) < pulse);
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
       const uint32 *RESTRICT words, const weight_t *RESTRICT weights, const real *RESTRICT payload, acc *RESTRICT ring,
       const int64 *RESTRICT shared, int n_shared, const int64 *RESTRICT histories, int n_histories,
       const int64 *RESTRICT event_step, const int *RESTRICT event_count, int64 *RESTRICT release_step, uint32 *RESTRICT history)
{
    int64 now = clock[1], local = now - clock[2], begin = spike_begin[local], end = spike_total[0];
    FOR_TASKS(t, (end - begin) * most_routes)
    {
        int64 spike = begin + t / most_routes;
        int source = spike_id[spike], population = source_population[source];
        int64 r = route_begin[population] + t % most_routes;
        const int64 *route = routes + r * ROUTE_FIELDS;
        if (r >= route_begin[population + 1] || source < route[E_SOURCE] || source >= route[E_SOURCE_END]) continue;
        int64 row = source - route[E_SOURCE];
        if (route[E_PAYLOAD] >= 0) {
            deliver_change(route, row, now, row_begin, words, weights, payload, ring, SLICE_WORKER, SLICE_WORKERS);
        } else {
            acc factor = (acc)spike_events[spike] << route[E_SHIFT];
            deliver_row(route, row, now, row_begin, words, weights, ring, SLICE_WORKER, SLICE_WORKERS,
                        [&](acc *sum, weight_t w) { add_to(sum, (acc)w * factor); });
        }
    }
    // what whole populations shared in this step is used up; deliveries go to later slots
    FOR_ITEMS(i, n_shared) ring[shared[i * SHARED_FIELDS + W_BASE] + (now & shared[i * SHARED_FIELDS + W_MASK])] = 0;
    for (int h = 0; h < n_histories; h++)
        FOR_ITEMS(i, histories[h * HISTORY_FIELDS + H_COUNT])
        remember(histories + h * HISTORY_FIELDS, i, now, event_step, event_count, release_step, history);
    if (FIRST_THREAD) {  // nobody reads these two again before the next launch
        spike_begin[local + 1] = end;
        clock[0] = now + 1;
    }
}

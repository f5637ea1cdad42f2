// Ends a step: delivers this step's spikes to the rings of their targets, and advances the sources' transmitter history
// and the clock.

enum { MOST_CHANNELS = 8 };

// The synapses of all routes, and the sums to which they add.
struct Synapses {
    const int64 *row_begin;
    const uint32 *words;
    const weight_t *weights;
    acc *ring;
};

// The slices of targets to which one worker delivers: every `workers`-th slice from `worker` on.
struct Share {
    int worker, workers;
};

// A synapse is one 32-bit word: delay in steps (high half) and target within its slice (low half). `add` gets a
// synapse's sum and its weight.
template <class Add>
DEVICE void deliver_row(const Route &route, int64 row, int64 now, const Synapses &synapses, Share share, Add add)
{
    const int64 *begin = synapses.row_begin + route.rows + row * route.slices;
    const uint32 *word = synapses.words + route.words;
    const weight_t *weight = synapses.weights + route.weights;
    int64 mask = route.mask, stride = route.stride;
    weight_t shared = weight[0];
    for (int64 s = share.worker; s < route.slices; s += share.workers) {
        acc *target = synapses.ring + route.ring + s * route.slice_size;
        auto sum = [&](uint32 w) { return target + ((now + (w >> 16)) & mask) * stride + (w & 0xffffu); };
        if (route.weight_step)
            for_row(begin[s], begin[s + 1], [&](int64 j) { add(sum(word[j]), weight[j]); });
        else
            for_row(begin[s], begin[s + 1], [&](int64 j) { add(sum(word[j]), shared); });
    }
}

// Events of a gate's source carry a change of the gate, from one value to another: a synapse adds weight x to - weight
// x from, each rounded towards zero separately, so that a gate that returns subtracts exactly what it added.
DEVICE void deliver_change(const Route &route, int64 row, int64 now, const Synapses &synapses, const real *payload,
                           Share share)
{
    real scale = (real)((int64)1 << route.shift), to[MOST_CHANNELS], from[MOST_CHANNELS];
    int channels = (int)route.channels;
    int64 step = route.ring_step;
    for (int k = 0; k < channels; k++) {
        const real *change = payload + 2 * (route.payload + k * route.payload_step + row);
        to[k] = change[0] * scale;
        from[k] = change[1] * scale;
    }
    deliver_row(route, row, now, synapses, share, [&](acc *sum, weight_t w) {
        for (int k = 0; k < channels; k++) add_to(sum + k * step, (acc)((real)w * to[k]) - (acc)((real)w * from[k]));
    });
}

// Shifts the history of source i by one step: its transmitter is on or off from the end of this step on (pulse > 0), or
// the number of its events (which fits `bits`, because of the source's declared maximum).
DEVICE void remember(const History &h, int64 i, int64 now, const int64 *event_step, const int *event_count,
                     int64 *release_step, uint32 *history)
{
    int64 since = now - event_step[h.source + i], pulse = h.pulse;
    uint32 value = since == 0 ? (uint32)event_count[h.source + i] : 0u;
    if (pulse) value = (uint32)(now - release(release_step + h.release + i, since == 0, now, pulse, h.dead) < pulse);
    int bits = (int)h.bits;
    uint32 *word = history + h.base + i * h.words;
    for (int64 k = 0; k < h.words; k++) {
        uint32 old = word[k];
        word[k] = bits == 32 ? value : old << bits | value;
        value = bits == 32 ? old : old >> (32 - bits);
    }
}

KERNEL(deliver_spikes, Clock *RESTRICT clock, const int64 *RESTRICT spike_total, int64 *RESTRICT spike_begin,
       const int *RESTRICT spike_id, const int *RESTRICT spike_events, const int *RESTRICT source_population,
       const int *RESTRICT route_begin, int most_routes, const Route *RESTRICT routes, const int64 *RESTRICT row_begin,
       const uint32 *RESTRICT words, const weight_t *RESTRICT weights, const real *RESTRICT payload, acc *RESTRICT ring,
       const Shared *RESTRICT shared, int n_shared, const History *RESTRICT histories, int n_histories,
       const int64 *RESTRICT event_step, const int *RESTRICT event_count, int64 *RESTRICT release_step,
       uint32 *RESTRICT history)
{
    int64 now = clock->now, local = now - clock->start, begin = spike_begin[local], end = spike_total[0];
    Synapses synapses = {row_begin, words, weights, ring};
    Share share = {SLICE_WORKER, SLICE_WORKERS};
    FOR_TASKS(t, (end - begin) * most_routes) {
        int64 spike = begin + t / most_routes;
        int source = spike_id[spike], population = source_population[source];
        int64 r = route_begin[population] + t % most_routes;
        const Route &route = routes[r];
        if (r >= route_begin[population + 1] || source < route.source || source >= route.source_end) continue;
        int64 row = source - route.source;
        if (route.payload >= 0) {
            deliver_change(route, row, now, synapses, payload, share);
        } else {
            acc factor = (acc)spike_events[spike] << route.shift;
            deliver_row(route, row, now, synapses, share, [&](acc *sum, weight_t w) { add_to(sum, (acc)w * factor); });
        }
    }
    // clear the sums that whole populations shared in this step; deliveries go to later slots
    FOR_ITEMS(i, n_shared) ring[shared[i].base + (now & shared[i].mask)] = 0;
    for (int h = 0; h < n_histories; h++)
        FOR_ITEMS(i, histories[h].size) remember(histories[h], i, now, event_step, event_count, release_step, history);
    if (FIRST_THREAD) {  // no thread reads these two again before the next launch
        spike_begin[local + 1] = end;
        clock->next = now + 1;
    }
}

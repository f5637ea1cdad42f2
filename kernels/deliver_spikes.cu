// Ends a step: adds the synapses that are due to the sums of their targets, and advances the sources' transmitter
// history and the clock.

enum { MOST_CHANNELS = 8 };

// Delivers an event of a gate's source, which carries a change of the gate from one value to another: a synapse adds
// weight x to - weight x from, each rounded towards zero separately, so that a gate that returns subtracts exactly what
// it added.
APART void deliver_change(const Segment &s, const Synapses &synapses, int64 now, const real *payload)
{
    const Route &route = *s.route;
    real scale = (real)((int64)1 << route.shift), to[MOST_CHANNELS], from[MOST_CHANNELS];
    int channels = (int)route.channels;
    int64 step = route.ring_step;
    for (int k = 0; k < channels; k++) {
        const real *change = payload + 2 * (route.payload + k * route.payload_step + s.row);
        to[k] = change[0] * scale;
        from[k] = change[1] * scale;
    }
    if (!route.runs) {
        deliver(s, synapses, now, [&](acc *sum, acc w) {
            for (int k = 0; k < channels; k++)
                add_to(sum + k * step, (acc)((real)w * to[k]) - (acc)((real)w * from[k]));
        });
        return;
    }
    for (int k = 0; k < channels; k++) {
        real t = to[k], f = from[k];
        if (f == 0)
            deliver_runs(s, synapses, now, k, [&](weight_t w) { return (acc)((real)w * t); });
        else
            deliver_runs(s, synapses, now, k, [&](weight_t w) { return (acc)((real)w * t) - (acc)((real)w * f); });
    }
}

// Adds the changes of all gates that send now along a route whose targets share one sum.
DEVICE void gather_changes(const Route &route, const Synapses &synapses, int64 now, const int *gate_id, int64 n,
                           const real *payload)
{
    const uint32 *bounds = synapses.segment_begin + route.segments;
    acc *slot = synapses.ring + route.ring + (now + route.ahead & route.mask) * route.stride;
    real w = (real)(acc)route.weight, scale = (real)((int64)1 << route.shift);
    int64 rows = route.source_end - route.source, blocks = route.row_step;
    for_row(0, n, [&](int64 e) {
        int64 row = gate_id[e] - route.source;
        if (row < 0 || row >= rows || bounds[row * blocks] == bounds[row * blocks + 1]) return;
        for (int64 k = 0; k < route.channels; k++) {
            const real *change = payload + 2 * (route.payload + k * route.payload_step + row);
            add_to(slot + k * route.ring_step, (acc)(w * (change[0] * scale)) - (acc)(w * (change[1] * scale)));
        }
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

// `ages` are the ages (steps) at which events are delivered, the smallest first.
KERNEL(deliver_spikes, Clock *RESTRICT clock, const int64 *RESTRICT spike_total, int64 *RESTRICT spike_begin,
       int64 step_mask, const int *RESTRICT spike_id, const int *RESTRICT spike_events, int64 spike_mask,
       int64 *RESTRICT gate_total, const int *RESTRICT gate_id, const int *RESTRICT source_population,
       const int *RESTRICT route_begin, int most_routes, const Route *RESTRICT routes, int n_routes,
       const int *RESTRICT ages, int n_ages, const uint32 *RESTRICT segment_begin, const uint64 *RESTRICT segment_sizes,
       const uint16 *RESTRICT targets, const uint8 *RESTRICT late, const weight_t *RESTRICT weights,
       const real *RESTRICT payload, acc *RESTRICT ring, const Shared *RESTRICT shared, int n_shared,
       const History *RESTRICT histories, int n_histories, const int64 *RESTRICT event_step,
       const int *RESTRICT event_count, int64 *RESTRICT release_step, uint32 *RESTRICT history)
{
    int64 now = clock->now;
    Synapses synapses = {segment_begin, targets, late, weights, ring};
    Routes all = {route_begin, most_routes, routes, source_population};
    Share share = {SLICE_WORKER, SLICE_WORKERS};
    Batch<Segment, 128, 4096> due;
    auto open = [&](Segment &s) {
        locate(s, segment_sizes);
        if (!s.route->runs) ask_for(s, synapses);
        return s.end - s.begin;
    };
    auto add = [&](const Segment &s) {
        acc factor = s.factor;  // on a CPU, additions to sums in memory could change that of `s`
        if (s.route->payload >= 0)
            deliver_change(s, synapses, now, payload);
        else if (s.route->runs)
            deliver_runs(s, synapses, now, 0, [=](weight_t w) { return (acc)w * factor; });
        else if (factor == 1)
            deliver(s, synapses, now, [](acc *sum, acc w) { add_to(sum, w); });
        else
            deliver(s, synapses, now, [=](acc *sum, acc w) { add_to(sum, w * factor); });
    };
    auto find = [&](const Segment &s) {
        ask_for_bounds(s, segment_sizes);
        due.push(s, open, add);
    };
    for (int a = 0; a < n_ages; a++) {
        int64 step = now - ages[a];
        if (step < 0) break;
        int64 begin = spike_begin[step & step_mask],
              end = step == now ? *spike_total : spike_begin[step + 1 & step_mask];
        auto source = [=](int64 i) { return spike_id[begin + i & spike_mask]; };
        auto count = [=](int64 i) { return (acc)spike_events[begin + i & spike_mask]; };
        for_due(end - begin, ages[a], source, count, all, segment_begin, share, find);
    }
    auto gate = [=](int64 i) { return gate_id[i]; };
    for_due(gate_total[now & 1], 0, gate, [](int64) { return (acc)1; }, all, segment_begin, share, find);
    FOR_TASKS(r, n_routes)
        if (routes[r].gathers && share.worker == 0)
            gather_changes(routes[r], synapses, now, gate_id, gate_total[now & 1], payload);
    due.finish(open, add);
    // clear the sums that whole populations shared in this step; deliveries go to later slots
    FOR_ITEMS(i, n_shared) ring[shared[i].base + (now & shared[i].mask)] = 0;
    for (int h = 0; h < n_histories; h++)
        FOR_ITEMS(i, histories[h].size) remember(histories[h], i, now, event_step, event_count, release_step, history);
    if (FIRST_THREAD) {  // no thread reads these again before the next launch
        spike_begin[now + 1 & step_mask] = *spike_total;
        gate_total[now + 1 & 1] = 0;
        clock->next = now + 1;
    }
}

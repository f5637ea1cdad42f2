// Delivers the events of gates that sources own. They have a kernel of their own because they hold more values than
// spikes, and a GPU would have fewer warps at once for spikes as well.

enum { MOST_CHANNELS = 8 };

// Delivers an event of a gate's source, which carries a change of the gate from one value to another: a synapse adds
// weight x to - weight x from, each rounded towards zero separately, so that a gate that returns subtracts exactly what
// it added.
APART void deliver_change(const Segment &s, const Synapses &synapses, int64 now, const real *payload)
{
    const Route &route = *s.route;
    real scale = power_of_2((int)route.shift), to[MOST_CHANNELS], from[MOST_CHANNELS];
    int channels = (int)route.channels;
    int64 step = route.ring_step;
    for (int k = 0; k < channels; k++) {
        const real *change = payload + 2 * (route.payload + k * route.payload_step + s.row);
        to[k] = change[0] * scale;
        from[k] = change[1] * scale;
    }
    if (!route.runs) {
        auto add = [&](acc *sum, acc w) {
            for (int k = 0; k < channels; k++)
                add_to(sum + k * step, (acc)((real)w * to[k]) - (acc)((real)w * from[k]));
        };
        if (route.weights >= 0)
            deliver<true>(s, synapses, now, Stored{}, add);
        else
            deliver<false>(s, synapses, now, Stored{}, add);
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
    real w = (real)(acc)route.weight, scale = power_of_2((int)route.shift);
    int64 rows = route.source_end - route.source, blocks = route.row_step;
    auto look = [&](int64 e) { return gate_id[e]; };
    for_row(0, n, look, [&](int64, int id) {
        int64 row = id - route.source;
        if (row < 0 || row >= rows || bounds[row * blocks] == bounds[row * blocks + 1]) return;
        for (int64 k = 0; k < route.channels; k++) {
            const real *change = payload + 2 * (route.payload + k * route.payload_step + row);
            add_to(slot + k * route.ring_step, (acc)(w * (change[0] * scale)) - (acc)(w * (change[1] * scale)));
        }
    });
}

KERNEL(deliver_changes, const Clock *RESTRICT clock, int64 *RESTRICT gate_total, const int *RESTRICT gate_id,
       const int *RESTRICT source_population, const int *RESTRICT route_begin, int most_units,
       const Route *RESTRICT routes, int n_routes, const uint32 *RESTRICT segment_begin,
       const uint64 *RESTRICT segment_sizes, const uint16 *RESTRICT targets, const uint8 *RESTRICT late,
       const weight_t *RESTRICT weights, const real *RESTRICT payload, acc *RESTRICT ring)
{
    int64 now = clock->now, n = gate_total[now & 1];
    Synapses synapses = {segment_begin, targets, late, weights, ring};
    Routes all = {route_begin, most_units, routes, source_population};
    Share share = {SLICE_WORKER, SLICE_WORKERS};
    Batch<Segment, 128, 4096> due;
    auto open = [&](Segment &s) { return open_segment(s, segment_sizes, synapses); };
    auto add = [&](const Segment &s) { deliver_change(s, synapses, now, payload); };
    auto gate = [=](int64 i) { return gate_id[i]; };
    auto weight = [](const Route &route, int64) { return Amount{(acc)route.weight}; };
    for_runs(0, n, most_units, population_of(gate, all), [&](int p, int64 begin, int64 end, int unit) {
        for_due<true>(all, p, 0, unit, begin, end, gate, weight, segment_begin, share, [&](const Segment &s) {
            ask_for_bounds(s, segment_sizes);
            due.push(s, open, add);
        });
    });
    FOR_TASKS(r, n_routes)
        if (routes[r].gathers && share.worker == 0) gather_changes(routes[r], synapses, now, gate_id, n, payload);
    due.finish(open, add);
    if (FIRST_THREAD) gate_total[now + 1 & 1] = 0;  // no thread reads it before the next launch
}

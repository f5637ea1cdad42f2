// Ends a step: adds the synapses that are due to the sums of their targets, and advances the sources' transmitter
// history and the clock.

enum { MOST_CHANNELS = 8 };

// The synapses of all routes, and the sums to which they add.
struct Synapses {
    const uint32 *segment_begin;
    const uint16 *targets;
    const uint8 *late;
    const weight_t *weights;
    acc *ring;
};

// The synapses of one row onto one slice of the targets whose delays are in one block.
struct Segment {
    const Route *route;
    const uint32 *bounds;
    int64 row, slice, begin, end;
    acc factor;
};

// The slices of targets to which one worker delivers: every `workers`-th slice from `worker` on.
struct Share {
    int worker, workers;
};

// Calls add(sum, weight) for the synapses of a segment. All are for the next step (ONE_STEP), or each is `late` by a
// number of steps; each has its own weight (OWN), or all have the weight of the route.
template <bool ONE_STEP, bool OWN, class Add>
DEVICE void for_synapses(const Segment &s, const Synapses &synapses, int64 now, Add add)
{
    const Route &route = *s.route;
    const uint16 *target = synapses.targets + route.targets;
    const uint8 *late = synapses.late + route.late;
    const weight_t *weight = synapses.weights + route.weights;
    acc *sums = synapses.ring + route.ring + s.slice * route.slice_size, shared = (acc)route.weight;
    int64 mask = route.mask, stride = route.stride, due = now + route.ahead;
    acc *next = sums + (due & mask) * stride;
    for_row(s.begin, s.end, [&](int64 j) {
        acc *slot = ONE_STEP ? next : sums + ((due + late[j]) & mask) * stride;
        add(slot + target[j], OWN ? (acc)weight[j] : shared);
    });
}

template <class Add> DEVICE void deliver(const Segment &s, const Synapses &synapses, int64 now, Add add)
{
    bool own = s.route->weights >= 0;
    if (s.route->late >= 0) {
        own ? for_synapses<false, true>(s, synapses, now, add) : for_synapses<false, false>(s, synapses, now, add);
    } else {
        own ? for_synapses<true, true>(s, synapses, now, add) : for_synapses<true, false>(s, synapses, now, add);
    }
}

// Calls f(begin, end) for each run of consecutive targets in a segment whose targets ascend.
template <class F> DEVICE void for_runs(const Segment &s, const uint16 *target, F f)
{
    for (int64 begin = s.begin, end; begin < s.end; begin = end) {
        auto belongs = [&](int64 j) { return target[j] - target[begin] == j - begin; };
        int64 last = belongs(s.end - 1) ? s.end - 1 : begin;
        end = s.end;
        while (end - last > 1) {
            int64 middle = last + (end - last) / 2;
            if (belongs(middle))
                last = middle;
            else
                end = middle;
        }
        f(begin, end);
    }
}

// Adds value(weight) to the sums of a channel for the synapses of a segment whose targets come in runs.
template <class Value>
DEVICE void deliver_runs(const Segment &s, const Synapses &synapses, int64 now, int channel, Value value)
{
    const Route &route = *s.route;
    const uint16 *target = synapses.targets + route.targets;
    acc *sums = synapses.ring + route.ring + s.slice * route.slice_size + channel * route.ring_step +
                (now + route.ahead & route.mask) * route.stride;
    for_runs(s, target, [&](int64 begin, int64 end) {
        acc *sum = sums + target[begin];
        const weight_t *weight = synapses.weights + route.weights + begin;
        for_run((int)(end - begin), [&](int j) { add_to(sum + j, value(weight[j])); });
    });
}

// Delivers an event of a gate's source, which carries a change of the gate from one value to another: a synapse adds
// weight x to - weight x from, each rounded towards zero separately, so that a gate that returns subtracts exactly what
// it added.
DEVICE void deliver_change(const Segment &s, const Synapses &synapses, int64 now, const real *payload)
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
    for (int k = 0; k < channels && route.runs; k++) {
        real t = to[k], f = from[k];
        if (f == 0)
            deliver_runs(s, synapses, now, k, [&](weight_t w) { return (acc)((real)w * t); });
        else
            deliver_runs(s, synapses, now, k, [&](weight_t w) { return (acc)((real)w * t) - (acc)((real)w * f); });
    }
    if (route.runs) return;
    deliver(s, synapses, now, [&](acc *sum, acc w) {
        for (int k = 0; k < channels; k++) add_to(sum + k * step, (acc)((real)w * to[k]) - (acc)((real)w * from[k]));
    });
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

// Calls f(segment) for those segments of a source's row that are due `age` steps after its event.
template <class F>
DEVICE void for_segments(const Route &route, int64 source, int age, acc events, const Synapses &synapses, Share share,
                         F f)
{
    int late = age - (int)route.age, width = (int)route.width, block = width == 1 ? late : late / width;
    if (source < route.source || source >= route.source_end) return;
    if (late < 0 || block >= route.blocks || block * width != late) return;
    int64 row = source - route.source;
    for (int64 s = share.worker; s < route.slices; s += share.workers) {
        const uint32 *bounds =
            synapses.segment_begin + route.segments + (row * route.slices + s) * route.row_step + block;
        f(Segment{&route, bounds, row, s, 0, 0, events << route.shift});
    }
}

// Asks for the synapses of a segment, which are used soon.
DEVICE void ask_for(const Segment &s, const Synapses &synapses)
{
    const Route &route = *s.route;
    for (int64 j = s.begin; j < s.end; j += 32) PREFETCH(synapses.targets + route.targets + j);
    if (route.weights >= 0)
        for (int64 j = s.begin; j < s.end; j += 64 / (int)sizeof(weight_t))
            PREFETCH(synapses.weights + route.weights + j);
    if (route.late >= 0)
        for (int64 j = s.begin; j < s.end; j += 64) PREFETCH(synapses.late + route.late + j);
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
       const int *RESTRICT ages, int n_ages, const uint32 *RESTRICT segment_begin, const uint16 *RESTRICT targets,
       const uint8 *RESTRICT late, const weight_t *RESTRICT weights, const real *RESTRICT payload, acc *RESTRICT ring,
       const Shared *RESTRICT shared, int n_shared, const History *RESTRICT histories, int n_histories,
       const int64 *RESTRICT event_step, const int *RESTRICT event_count, int64 *RESTRICT release_step,
       uint32 *RESTRICT history)
{
    int64 now = clock->now;
    Synapses synapses = {segment_begin, targets, late, weights, ring};
    Share share = {SLICE_WORKER, SLICE_WORKERS};
    Ahead<Segment, 16> found;
    Ahead<Segment, 8> opened;
    auto add = [&](const Segment &s) {
        if (s.route->payload >= 0)
            deliver_change(s, synapses, now, payload);
        else if (s.route->runs)
            deliver_runs(s, synapses, now, 0, [&](weight_t w) { return (acc)w * s.factor; });
        else
            deliver(s, synapses, now, [&](acc *sum, acc w) { add_to(sum, w * s.factor); });
    };
    auto open = [&](Segment s) {
        s.begin = s.bounds[0];
        s.end = s.bounds[1];
        if (s.begin == s.end) return;
        if (!s.route->runs) ask_for(s, synapses);
        opened.push(s, add);
    };
    auto find = [&](const Segment &s) {
        PREFETCH(s.bounds);
        found.push(s, open);
    };
    // the routes of a task's source; a source has fewer than `most_routes`, or as many
    auto route_of = [&](int source, int64 t) {
        int population = source_population[source];
        int64 r = route_begin[population] + t % most_routes;
        return r < route_begin[population + 1] ? routes + r : 0;
    };
    for (int a = 0; a < n_ages; a++) {
        int64 step = now - ages[a];
        if (step < 0) break;
        int64 begin = spike_begin[step & step_mask],
              end = step == now ? *spike_total : spike_begin[step + 1 & step_mask];
        FOR_TASKS(t, (end - begin) * most_routes) {
            int64 place = begin + t / most_routes & spike_mask;
            const Route *route = route_of(spike_id[place], t);
            if (route) for_segments(*route, spike_id[place], ages[a], (acc)spike_events[place], synapses, share, find);
        }
    }
    FOR_TASKS(t, gate_total[now & 1] * most_routes) {
        int source = gate_id[t / most_routes];
        const Route *route = route_of(source, t);
        if (route && !route->gathers) for_segments(*route, source, 0, (acc)1, synapses, share, find);
    }
    FOR_TASKS(r, n_routes)
        if (routes[r].gathers && share.worker == 0)
            gather_changes(routes[r], synapses, now, gate_id, gate_total[now & 1], payload);
    found.finish(open);
    opened.finish(add);
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

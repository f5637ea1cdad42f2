// Segments: the synapses of one source onto one slice of the targets whose delays are in one block, and how they are
// added to the sums of their targets.
#pragma once

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
APART void for_synapses(const Segment &s, const Synapses &synapses, int64 now, Add add)
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

// Calls f(segment) for those segments of a source's row that are due `age` steps after its event.
template <class F>
DEVICE void for_segments(const Route &route, int64 source, int age, acc events, const Synapses &synapses, Share share,
                         F f)
{
    int block = age - (int)route.age, width = (int)route.width;
    if (source < route.source || source >= route.source_end || block < 0) return;
    if (width > 1) {
        if (block % width) return;
        block /= width;
    }
    if (block >= route.blocks) return;
    int64 row = source - route.source;
    for (int64 s = share.worker; s < route.slices; s += share.workers) {
        const uint32 *bounds =
            synapses.segment_begin + route.segments + (row * route.slices + s) * route.row_step + block;
        f(Segment{&route, bounds, row, s, 0, 0, events << route.shift});
    }
}

// Asks for all lines of the elements [begin, end) of an array, which are used soon.
template <class T> DEVICE void ask_for(const T *x, int64 begin, int64 end)
{
    for (int64 j = begin; j < end; j += 64 / (int)sizeof(T)) PREFETCH(x + j);
    PREFETCH(x + end - 1);
}

DEVICE void ask_for(const Segment &s, const Synapses &synapses)
{
    const Route &route = *s.route;
    if (s.begin == s.end) return;
    ask_for(synapses.targets + route.targets, s.begin, s.end);
    if (route.weights >= 0) ask_for(synapses.weights + route.weights, s.begin, s.end);
    if (route.late >= 0) ask_for(synapses.late + route.late, s.begin, s.end);
}

// Segments: the synapses of one source onto one slice of the targets whose delays are in one block, and how they are
// added to the sums of their targets.
#pragma once

enum { UNARY_STEP = 64 };  // segments from one stored bound to the next where sizes are in unary

// The synapses of all routes, and the sums to which they add.
struct Synapses {
    const uint32 *segment_begin;
    const uint16 *targets;
    const uint8 *late;
    const weight_t *weights;
    acc *ring;
};

// What an event adds along a route: the `sum` of every synapse, where all have one weight; else, by what it multiplies
// their stored weights, a whole number or a `part`.
union Amount {
    acc sum;
    real part;
};

// The synapses of one row onto one slice of the targets whose delays are in one block: segment `number` of its route,
// or a `part` of it.
struct Segment {
    const Route *route;
    const uint32 *bounds;
    int64 number, row;
    int slice, part;
    int64 begin, end;
    Amount amount;
};

// The slices of targets to which one worker delivers: every `workers`-th slice from `worker` on.
struct Share {
    int worker, workers;
};

// A synapse as it is stored: its target within the slice, the byte with its late steps, and its weight.
struct Synapse {
    int target, late;
    weight_t weight;
};

// How late synapses are: all are for the next step, or each is late by a number of steps, in a byte or fewer bits.
enum Late { NEXT_STEP, IN_BYTES, IN_BITS };

// Weights as they are stored.
struct Stored {};

// The part of each weight that a spike releases, rounded towards zero.
struct Parts {
    real part;
    MEMBER acc of(weight_t w) const { return (acc)((real)w * part); }
};

template <class Look, class F> DEVICE void for_weights(Stored, int64 begin, int64 end, Look look, F f)
{
    for_row(begin, end, look, [&](int64 j, const Synapse &x) { f(j, x, (acc)x.weight); });
}

template <class Look, class F> DEVICE void for_weights(Parts parts, int64 begin, int64 end, Look look, F f)
{
    for_row(begin, end, look, [&](const Synapse &x) { return parts.of(x.weight); }, f);
}

// Calls add(sum, weight) for the synapses of a segment. Each has its own weight (OWN), or all have the segment's
// amount.
template <Late LATE, bool OWN, class Weights, class Add>
APART void for_synapses(const Segment &s, const Synapses &synapses, int64 now, Weights weights, Add add)
{
    const Route &route = *s.route;
    const uint16 *target = synapses.targets + route.targets;
    const uint8 *late = synapses.late + route.late;
    const weight_t *weight = synapses.weights + route.weights;
    acc *sums = synapses.ring + route.ring + s.slice * route.slice_size, shared = s.amount.sum;
    int64 mask = route.mask, stride = route.stride, due = now + route.ahead;
    int bits = (int)route.late_bits, last = (1 << bits) - 1;
    acc *next = sums + (due & mask) * stride;
    auto look = [&](int64 j) {
        int byte = LATE == NEXT_STEP ? 0 : late[LATE == IN_BYTES ? j : j * bits >> 3];
        return Synapse{target[j], byte, OWN ? weight[j] : (weight_t)0};
    };
    for_weights(weights, s.begin, s.end, look, [&](int64 j, const Synapse &x, acc w) {
        int steps = LATE == IN_BITS ? x.late >> (j * bits & 7) & last : x.late;
        acc *slot = LATE == NEXT_STEP ? next : sums + ((due + steps) & mask) * stride;
        add(slot + x.target, OWN ? w : shared);
    });
}

template <bool OWN, class Weights, class Add>
DEVICE void deliver(const Segment &s, const Synapses &synapses, int64 now, Weights weights, Add add)
{
    if (s.route->late_bits == 0)
        for_synapses<NEXT_STEP, OWN>(s, synapses, now, weights, add);
    else if (s.route->late_bits == 8)
        for_synapses<IN_BYTES, OWN>(s, synapses, now, weights, add);
    else
        for_synapses<IN_BITS, OWN>(s, synapses, now, weights, add);
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

// The block of delays along a route that is due `age` steps after an event; `blocks` if there is none.
DEVICE int block_due(const Route &route, int age)
{
    int block = age - (int)route.age, width = (int)route.width, blocks = (int)route.blocks;
    if (block < 0 || route.gathers) return blocks;
    if (width > 1) {
        if (block % width) return blocks;
        block /= width;
    }
    return block;
}

// Calls f(segment) for the segments of a source's row that are in one block of delays.
template <class F>
DEVICE void for_segments(const Route &route, int64 source, int block, Amount amount, const uint32 *segment_begin,
                         int unit, Share share, F f)
{
    if (source < route.source || source >= route.source_end) return;
    int64 row = source - route.source;
    for_slices(route, unit, share, [&](int s, int part) {
        int64 number = (row * route.slices + s - route.slice) * route.row_step + block;
        const uint32 *bounds = segment_begin + route.segments + (route.sizes < 0 ? number : number / UNARY_STEP);
        f(Segment{&route, bounds, number, row, s, part, 0, 0, amount});
    });
}

// Calls f(segment) for the segments in the first block of delays of all sources of a route that are wanted(source).
template <class Wanted, class F>
DEVICE void for_rows(const Route &route, Wanted wanted, const uint32 *segment_begin, Share share, F f)
{
    auto one = [](int64, int64) { return 0; };
    for_runs(route.source, route.source_end, (int)(route.slices * route.parts), one,
             [&](int, int64 begin, int64 end, int unit) {
                 for (int64 source = begin; source < end; source++)
                     if (wanted(source)) for_segments(route, source, 0, Amount{0}, segment_begin, unit, share, f);
             });
}

// The routes of each population, with at most `units` of work for an event.
struct Routes {
    const int *begin;
    int units;
    const Route *routes;
    const int *population;  // of each source
};

// The spikes of a step that are of `n_ages` ages; that of number `total` does not exist yet.
struct Spiked {
    const int *ages;
    int n_ages;
    int64 now, total;
    const int64 *begin;
    int64 mask;
    MEMBER int64 first(int a) const { return begin[now - ages[a] & mask]; }
    MEMBER int64 number(int a) const
    {
        int64 step = a < n_ages ? now - ages[a] : -1, next = begin[step + 1 & mask], own = begin[step & mask];
        return step < 0 ? 0
                        : (step == now ? total : next) - own;  // loads that need no branch do not wait for each other
    }
};

// Returns a function for `for_runs`: the population of source(i).
template <class Source> DEVICE auto population_of(Source source, const Routes &all)
{
    const int *population = all.population;
    return [=](int64 i, int64 end) {
        PREFETCH(population + source(i + 8 < end ? i + 8 : i));
        return population[source(i)];
    };
}

// Calls f(segment) for the segments of a unit of work that are due `age` steps after the events [begin, end) of sources
// source(i) of one population, which add amount(route, i); ALL also along other routes of the same rows.
template <bool ALL, class Source, class Add, class F>
DEVICE void for_due(const Routes &all, int population, int age, int unit, int64 begin, int64 end, Source source,
                    Add amount, const uint32 *segment_begin, Share share, F f)
{
    auto along = [&](const Route &route, int own) {
        int block = block_due(route, age);
        if (block >= route.blocks) return;
        for (int64 i = begin; i < end; i++)
            for_segments(route, source(i), block, amount(route, i), segment_begin, own, share, f);
    };
    for_routes<ALL>(all.routes, all.begin[population], all.begin[population + 1], unit, along);
}

// The bit at which the sizes of a group of segments begin, to which a segment belongs.
DEVICE int64 first_bit(const Segment &s) { return s.number - s.number % UNARY_STEP + s.bounds[0]; }

// Asks for what locates a segment, which is used soon.
DEVICE void ask_for_bounds(const Segment &s, const uint64 *segment_sizes)
{
    if (s.route->sizes < 0)
        PREFETCH(s.bounds);
    else
        PREFETCH(segment_sizes + s.route->sizes + first_bit(s) / 64);
}

// Finds where a segment begins and ends. If sizes are in unary, a 1 for each synapse of a segment and then a 0, these
// are the places of the zeros before and after the ones of the segment, less the number of zeros before.
DEVICE void locate(Segment &s, const uint64 *segment_sizes)
{
    s.begin = s.bounds[0];
    s.end = s.bounds[1];
    if (s.route->sizes < 0) return;
    int64 first = first_bit(s);
    const uint64 *sizes = segment_sizes + s.route->sizes, *word = sizes + first / 64;
    uint64 zeros = ~*word & ~0ull << first % 64;
    auto place = [&] { return 64 * (word - sizes) + ones_in((zeros & (0 - zeros)) - 1) - s.number; };
    int left = (int)(s.number % UNARY_STEP);
    for (int n; (n = ones_in(zeros)) < left; left -= n) zeros = ~*++word;
    if (left > 0) {
        zeros = without_ones(zeros, left - 1);
        s.begin = place() + 1;
        zeros &= zeros - 1;
    }
    while (!zeros) zeros = ~*++word;
    s.end = place();
}

// 2^n, exactly.
DEVICE real power_of_2(int n) { return n < 0 ? (real)1 / (real)((int64)1 << -n) : (real)((int64)1 << n); }

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
    int64 bits = route.late_bits;
    ask_for(synapses.targets + route.targets, s.begin, s.end);
    if (route.weights >= 0) ask_for(synapses.weights + route.weights, s.begin, s.end);
    if (route.late >= 0) ask_for(synapses.late + route.late, s.begin * bits >> 3, s.end * bits + 7 >> 3);
}

// Finds a segment, asks for its synapses, and returns their number.
DEVICE int64 open_segment(Segment &s, const uint64 *segment_sizes, const Synapses &synapses)
{
    locate(s, segment_sizes);
    cut(s.begin, s.end, s.part, (int)s.route->parts);
    if (!s.route->runs) ask_for(s, synapses);
    return s.end - s.begin;
}

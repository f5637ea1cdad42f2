// Synapses that learn from their calcium: all of them advance in every step, in the rows of their sources. The gates of
// the sources and the influx of the targets are known.

// What the spines of all routes read and change.
struct Spines {
    const Route *routes;
    const Spine *spines;
    const real *gate_means, *influx, *coef;
    weight_t *weights;
    real *Ca, *rest;
};

// Advances the spines of a segment. All of them see the gate of one step, or each that which it is LATE to see.
template <bool LATE>
APART void advance_segment(const Segment &s, const Synapses &synapses, const Spines &all, int64 now)
{
    const Route &route = *s.route;
    const Spine &own = all.spines[&route - all.routes];
    SpineRule rule;
    for (int k = 0; k < SpineRule::COUNT; k++) rule.c[k] = all.coef[own.coef + k];
    rule.largest = (weight_t)own.w_max;
    const real *means = all.gate_means + own.means + s.row * (own.mask + 1);
    const real *influx = all.influx + own.influx + (s.slice * route.slice_size - own.offset);
    const uint16 *target = synapses.targets + route.targets;
    int mask = (int)own.mask, reached = (int)(now - own.delay & own.mask);
    real gate = means[reached];
    for_pieces(s.begin, s.end, [&](int64 first, int n) {
        uint8 room[HELD_BITS];
        const uint8 *late = LATE ? unpack(synapses.late + route.late, first, n, (int)route.late_bits, room) : room;
        weight_t *weight = all.weights + route.weights + first;
        real *Ca = all.Ca + own.state + first, *rest = all.rest + own.state + first;
        FOR_HELD_EVENLY(j, n)
        {
            real open = LATE ? means[reached - late[j] & mask] : gate;
            real before = Ca[j], after = rule.advanced(before, open, influx[target[first + j]]);
            rule.learn((real)0.5 * (before + after), weight[j], rest[j]);
            Ca[j] = after;
        }
    });
}

KERNEL(advance_spines, const Clock *RESTRICT clock, const Route *RESTRICT routes, int n_routes,
       const Spine *RESTRICT spines, const uint32 *RESTRICT segment_begin, const uint64 *RESTRICT segment_sizes,
       const uint16 *RESTRICT targets, const uint8 *RESTRICT late, weight_t *RESTRICT weights,
       const real *RESTRICT gate_means, const real *RESTRICT influx, const real *RESTRICT coef, real *RESTRICT Ca,
       real *RESTRICT rest_of)
{
    int64 now = clock->now;
    Synapses synapses = {segment_begin, targets, late, weights, nullptr};
    Spines all = {routes, spines, gate_means, influx, coef, weights, Ca, rest_of};
    Share share = {SLICE_WORKER, SLICE_WORKERS};
    auto every = [](int64) { return true; };
    for (int r = 0; r < n_routes; r++)
        for_rows(routes[r], every, segment_begin, share, [&](Segment s) {
            locate(s, segment_sizes);
            cut(s.begin, s.end, s.part, (int)s.route->parts);
            if (routes[r].late_bits)
                advance_segment<true>(s, synapses, all, now);
            else
                advance_segment<false>(s, synapses, all, now);
        });
}

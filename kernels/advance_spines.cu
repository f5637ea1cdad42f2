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

// Advances the spines of a segment.
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
    const uint8 *late = synapses.late + route.late;
    weight_t *weight = all.weights + route.weights;
    real *Ca = all.Ca + own.state, *rest = all.rest + own.state;
    int reached = (int)(now - own.delay & own.mask), mask = (int)own.mask;
    int bits = (int)route.late_bits, last = (1 << bits) - 1;
    for_pieces(s.begin, s.end, [&](int64 first, int n) {
        real gate[HELD];
        FOR_HELD(j, n)
        {
            int64 at = (first + j) * bits;
            gate[j] = means[reached - (bits ? late[at >> 3] >> (at & 7) & last : 0) & mask];
        }
        FOR_HELD_EVENLY(j, n)
        {
            int64 k = first + j;
            real before = Ca[k], after = rule.advanced(before, gate[j], influx[target[k]]);
            rule.learn((real)0.5 * (before + after), weight[k], rest[k]);
            Ca[k] = after;
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
            advance_segment(s, synapses, all, now);
        });
}

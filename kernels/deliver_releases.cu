// Synapses that release one by one, because release is random or each synapse has parameters of its own. They are
// visited at the spikes of their source alone: first what they have in common is found for each source that spikes,
// then each synapse releases a part of its weight onto its receptors. `facil` and `rec` are the exponents of the decay
// of u and of what is empty in one step. Tsodyks and Markram 1997; Fuhrmann, Segev, Markram and Tsodyks 2002. The twin
// is gpusyn/backends/numpy/deliver_releases.py.

KERNEL(begin_releases, const Clock *RESTRICT clock, const int64 *RESTRICT spike_total,
       const int64 *RESTRICT spike_begin, int64 step_mask, const int *RESTRICT spike_id,
       const int *RESTRICT spike_events, int64 spike_mask, const ReleasingSet *RESTRICT sets, int n_sets,
       const real *RESTRICT coef, int64 *RESTRICT last_use, real *RESTRICT used, real *RESTRICT rested)
{
    int64 now = clock->now, begin = spike_begin[now & step_mask], n = *spike_total - begin;
    for (int s = 0; s < n_sets; s++) {
        const ReleasingSet &set = sets[s];
        const real *c = coef + set.coef;
        FOR_ITEMS(i, n) {
            int64 spike = begin + i & spike_mask, own = spike_id[spike] - set.source, place = set.place + own;
            if (own < 0 || own >= set.source_end - set.source) continue;
            real *known = rested + KNOWN * place, steps = (real)(now - last_use[place]);
            real u = flush(used[place] * portable_exp(steps * c[Of::facil]));
            known[ELAPSED] = steps;
            known[USED] = u;
            known[EMPTY] = portable_exp(steps * c[Of::rec]);
            for (int event = 0; event < spike_events[spike]; event++) u = used_at(event, u, c[Of::U], c[Of::facil]);
            used[place] = u;
            last_use[place] = now;
        }
    }
}

// The random words of a draw of each synapse in this step.
template <class Ints, class Words>
DEVICE void draw_words(int64 key, const Ints &number, const Reached &at, uint32 draw, Words &word)
{
    FOR_WIDE_LANES(q, at.n)
    {
        Wide c[4] = {wide_of(&LANE_AT(number, q)), wide((uint32)at.now), wide((uint32)(at.now >> 32)), wide(draw)};
        philox((uint32)key, (uint32)(key >> 32), c);
        for (int k = 0; k < 4; k++) put_low(&LANE_WORD(word, k, q), c[k]);
    }
}

// A number in [0, 1).
DEVICE float fraction(uint32 word, float) { return (float)(int)(word >> 8) * 5.9604644775390625e-8f; }
DEVICE double fraction(uint32 word, double) { return (double)(int)(word >> 1) * 4.656612873077393e-10; }

// Lets the sites of synapses release at an event, and counts them in `given`. There is one random number for each site:
// an empty one recovers with the probability `again`, and one that is full then releases with the probability u.
template <class Ints, class Reals>
DEVICE void release_sites(int sites, int64 key, const Ints &number, const Reached &at, int event, const Reals &u,
                          const Reals &again, Ints &full, Ints &given)
{
    LANE_INTS(left);
    for (int first = 0; first < sites; first += 4) {
        LANE_WORDS(word);
        draw_words(key, number, at, (uint32)event << 14 | (uint32)first / 4, word);
        for (int k = 0; k < 4; k++) {
            int site = first + k;
            if (site >= sites) continue;
            for_run(at.n, [&](int j) {
                real x = fraction(LANE_WORD(word, k, j), (real)0);
                real ready = site < LANE_AT(full, j) ? (real)1 : LANE_AT(again, j);
                int gives = x < ready * LANE_AT(u, j), held = x < ready;
                LANE_AT(given, j) += gives;
                LANE_AT(left, j) += held - gives;
            });
        }
    }
    for_run(at.n, [&](int j) { LANE_AT(full, j) = LANE_AT(left, j); });
}

// The sizes that are tried for 4 x WIDE quanta of a synapse at an event, as random words.
DEVICE void draw_sizes(int64 key, uint32 number, int64 now, int event, int tried, int quantum, uint32 *word)
{
    uint32 draw = (uint32)event << 14 | (uint32)tried << 6 | (uint32)quantum / 4;
    Wide c[4] = {wide(number), wide((uint32)now), wide((uint32)(now >> 32)), wide_from(draw)};
    philox((uint32)key, (uint32)(key >> 32), c);
    put_words(word, c);
}

DEVICE double size_of(uint32 word, double cv)
{
    double u = uniform32(word), q = u - 0.5;
    return 1.0 + cv * (in_tail(q) ? quantile_tail(q, u) : quantile_middle(q));
}

// The sum of the sizes of some quanta: normal ones with the mean 1, drawn again outside of 0 to 2.
DEVICE double sum_of_sizes(int quanta, double cv, int64 key, uint32 number, int64 now, int event)
{
    double sum = 0;
    for (int first = 0; first < quanta; first += 4 * WIDE) {
        uint32 word[4 * WIDE], again[4 * WIDE];
        draw_sizes(key, number, now, event, 0, first, word);
        for (int k = 0; k < 4 * WIDE; k++) {
            if (first + k >= quanta) continue;
            double size = size_of(word[k], cv);
            for (int tried = 1; size < 0 || size > 2; tried++) {
                draw_sizes(key, number, now, event, tried, first + k, again);
                size = size_of(again[k % 4], cv);
            }
            sum = sum + size;
        }
    }
    return sum;
}

// The part of its weight that each synapse releases without sites: the sum of u x over the events.
template <class Reals>
DEVICE void release_means(const SynapseRelease &r, const Released &all, const Reached &at, real steps, const Reals &U,
                          const Reals &facil, const Reals &empty, Reals &u, Reals &factor)
{
    real *x = all.x + r.x + at.first;
    Recovery recovery(r, all, at, steps);
    for_run(at.n, [&](int j) {
        real resting = recovery.x(x[j], j, LANE_AT(empty, j)), used = LANE_AT(u, j), sum = 0;
        for (int event = 0; event < at.events; event++) {
            used = used_at(event, used, LANE_AT(U, j), LANE_AT(facil, j));
            real part = flush(used * resting);
            resting = flush(resting - part);
            sum = sum + part;
        }
        x[j] = resting;
        LANE_AT(u, j) = used;
        LANE_AT(factor, j) = sum > (real)1 ? (real)1 : sum;
        recovery.release(j, LANE_AT(factor, j));
    });
}

// The same with sites: the quanta that each synapse releases at all events, times their sizes, of all that it has.
template <class Reals>
DEVICE void release_quanta(const SynapseRelease &r, const Released &all, const Reached &at, const Reals &U,
                           const Reals &facil, Reals &empty, Reals &u, Reals &factor)
{
    LANE_INTS(number);
    LANE_INTS(full);
    LANE_INTS(quanta);
    int sites = (int)r.sites;
    uint8 *kept = all.full + r.full + at.first;
    const uint32 *numbers = all.number + r.number + at.first;
    const int64 *key = all.keys + r.keys;
    real cv = all.coef[r.coef + Of::cv];
    for_run(at.n, [&](int j) {
        LANE_AT(number, j) = (int)numbers[j];
        LANE_AT(empty, j) = (real)1 - LANE_AT(empty, j);  // the probability that an empty site recovers
    });
    for_run(at.n, [&](int j) { LANE_AT(full, j) = r.full < 0 ? sites : kept[j]; });
    for (int event = 0; event < at.events; event++) {
        LANE_INTS(given);
        for_run(at.n, [&](int j) {
            LANE_AT(u, j) = used_at(event, LANE_AT(u, j), LANE_AT(U, j), LANE_AT(facil, j));
            if (event) LANE_AT(empty, j) = 0;
        });
        release_sites(sites, key[0], number, at, event, u, empty, full, given);
        if (cv > 0)
            for_row(0, at.n, [&](int64 j) {
                double sum = sum_of_sizes(LANE_AT(given, j), cv, key[1], LANE_AT(number, j), at.now, event);
                LANE_AT(factor, j) = LANE_AT(factor, j) + (real)(sum / sites);
            });
        for_run(at.n, [&](int j) { LANE_AT(quanta, j) += LANE_AT(given, j); });
        if (r.full < 0) for_run(at.n, [&](int j) { LANE_AT(full, j) = sites; });
    }
    if (!(cv > 0)) for_run(at.n, [&](int j) { LANE_AT(factor, j) = (real)LANE_AT(quanta, j) / (real)sites; });
    if (r.full >= 0) for_run(at.n, [&](int j) { kept[j] = (uint8)LANE_AT(full, j); });
}

// Lets synapses release, and writes the part of its weight that each releases to `factor`.
template <class Reals>
DEVICE void release_lanes(const SynapseRelease &r, const Released &all, const real *known, const Reached &at,
                          Reals &factor)
{
    LANE_STATE(U);
    LANE_STATE(facil);
    LANE_STATE(u);
    LANE_STATE(empty);
    const real *c = all.coef + r.coef;
    real *own_u = all.u + r.u + at.first;
    load(U, r.own_U, all.own, c[Of::U], at);
    load(facil, r.own_facil, all.own, c[Of::facil], at);
    load(empty, r.own_rec, all.own, known[EMPTY], at);
    real steps = known[ELAPSED];
    if (r.own_rec >= 0) for_run(at.n, [&](int j) { LANE_AT(empty, j) = portable_exp(steps * LANE_AT(empty, j)); });
    if (r.u < 0)
        for_run(at.n, [&](int j) { LANE_AT(u, j) = known[USED]; });
    else
        for_run(at.n, [&](int j) { LANE_AT(u, j) = flush(own_u[j] * portable_exp(steps * LANE_AT(facil, j))); });
    if (r.sites)
        release_quanta(r, all, at, U, facil, empty, u, factor);
    else
        release_means(r, all, at, steps, U, facil, empty, u, factor);
    if (r.u >= 0) for_run(at.n, [&](int j) { own_u[j] = LANE_AT(u, j); });
}

// Adds what synapses release to the sums of one receptor.
template <class Reals>
DEVICE void add_released(const ReleaseSums &to, real scale, const Segment &s, const Synapses &synapses,
                         const Reached &at, const Reals &factor)
{
    const Route &route = *s.route;
    const uint8 *late = synapses.late + route.late;
    const uint16 *target = synapses.targets + route.targets;
    const weight_t *weight = synapses.weights + to.weights;
    acc *sums = synapses.ring + to.ring + s.slice * route.slice_size;
    int bits = (int)route.late_bits, last = (1 << bits) - 1;
    for_row(0, at.n, [&](int64 j) {
        int64 i = at.first + j, due = at.now + route.ahead;
        if (bits) due += late[i * bits >> 3] >> (i * bits & 7) & last;
        real w = to.weights < 0 ? (real)to.weight : (real)weight[i];
        add_to(sums + (due & to.mask) * route.stride + target[i], (acc)(w * (LANE_AT(factor, j) * scale)));
    });
}

// Asks for what is kept of the synapses of a segment, which are used soon.
DEVICE void ask_for(const Segment &s, const SynapseRelease &r, const Released &all)
{
    if (s.begin == s.end) return;
    if (r.number >= 0) ask_for(all.number + r.number, s.begin, s.end);
    if (r.u >= 0) ask_for(all.u + r.u, s.begin, s.end);
    if (r.x >= 0) ask_for(all.x + r.x, s.begin, s.end);
    if (r.y >= 0) ask_for(all.y + r.y, s.begin, s.end);
    if (r.full >= 0) ask_for(all.full + r.full, s.begin, s.end);
}

KERNEL(deliver_releases, const Clock *RESTRICT clock, const int64 *RESTRICT spike_total,
       const int64 *RESTRICT spike_begin, int64 step_mask, const int *RESTRICT spike_id,
       const int *RESTRICT spike_events, int64 spike_mask, const int *RESTRICT source_population,
       const int *RESTRICT route_begin, int most_units, const Route *RESTRICT routes,
       const SynapseRelease *RESTRICT releases, const ReleaseSums *RESTRICT receptors,
       const uint32 *RESTRICT segment_begin, const uint64 *RESTRICT segment_sizes, const uint16 *RESTRICT targets,
       const uint8 *RESTRICT late, const weight_t *RESTRICT weights, const real *RESTRICT rested,
       const real *RESTRICT coef, const int64 *RESTRICT keys, const uint32 *RESTRICT number, const real *RESTRICT own,
       real *RESTRICT u, real *RESTRICT x, real *RESTRICT y, uint8 *RESTRICT full, acc *RESTRICT ring)
{
    int64 now = clock->now, begin = spike_begin[now & step_mask];
    Synapses synapses = {segment_begin, targets, late, weights, ring};
    Routes ways = {route_begin, most_units, routes, source_population};
    Released all = {rested, coef, own, keys, number, u, x, y, full};
    Share share = {SLICE_WORKER, SLICE_WORKERS};
    Batch<Segment, 128, 4096> due;
    auto open = [&](Segment &s) {
        int64 size = open_segment(s, segment_sizes, synapses);
        ask_for(s, releases[s.route - routes], all);
        return size;
    };
    auto use = [&](const Segment &s) {
        const SynapseRelease &r = releases[s.route - routes];
        for (int64 first = s.begin; first < s.end; first += LANES) {
            int left = (int)(s.end - first);
            Reached at = {first, left < LANES ? left : LANES, (int)s.amount.sum, now};
            LANE_STATE(factor);
            release_lanes(r, all, rested + KNOWN * (r.place + s.row), at, factor);
            for (int64 k = r.receptor; k < r.receptor_end; k++)
                add_released(receptors[k], coef[receptors[k].scale], s, synapses, at, factor);
        }
    };
    auto source = [=](int64 i) { return spike_id[i & spike_mask]; };
    auto count = [=](const Route &, int64 i) { return Amount{(acc)spike_events[i & spike_mask]}; };
    for_runs(begin, *spike_total, most_units, population_of(source, ways), [&](int p, int64 i, int64 end, int unit) {
        for_due<false>(ways, p, 0, unit, i, end, source, count, segment_begin, share, [&](const Segment &s) {
            ask_for_bounds(s, segment_sizes);
            due.push(s, open, use);
        });
    });
    due.finish(open, use);
}

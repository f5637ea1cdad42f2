// Ends a step: adds the synapses that are due to the sums of their targets, and advances the sources' transmitter
// history and the clock.

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

// Adds the part of each weight that a spike releases, rounded towards zero.
DEVICE void deliver_parts(const Segment &s, const Synapses &synapses, int64 now)
{
    real part = s.amount.part;
    if (s.route->runs)
        deliver_runs(s, synapses, now, 0, [=](weight_t w) { return (acc)((real)w * part); });
    else
        deliver<true>(s, synapses, now, Parts{part}, [](acc *sum, acc w) { add_to(sum, w); });
}

// `ages` are the ages (steps) at which events are delivered, the smallest first.
KERNEL(deliver_spikes, Clock *RESTRICT clock, const int64 *RESTRICT spike_total, int64 *RESTRICT spike_begin,
       int64 step_mask, const int *RESTRICT spike_id, const int *RESTRICT spike_events, int64 spike_mask,
       const real *RESTRICT spike_release, int slots, const int *RESTRICT source_population,
       const int *RESTRICT route_begin, int most_units, const Route *RESTRICT routes, const int *RESTRICT ages,
       int n_ages, const uint32 *RESTRICT segment_begin, const uint64 *RESTRICT segment_sizes,
       const uint16 *RESTRICT targets, const uint8 *RESTRICT late, const weight_t *RESTRICT weights, acc *RESTRICT ring,
       const Shared *RESTRICT shared, int n_shared, const History *RESTRICT histories, int n_histories,
       const int64 *RESTRICT event_step, const int *RESTRICT event_count, int64 *RESTRICT release_step,
       uint32 *RESTRICT history)
{
    int64 now = clock->now;
    Synapses synapses = {segment_begin, targets, late, weights, ring};
    Routes all = {route_begin, most_units, routes, source_population};
    Share share = {SLICE_WORKER, SLICE_WORKERS};
    Spiked spikes = {ages, n_ages, now, *spike_total, spike_begin, step_mask};
    Batch<Segment, 128, 4096> due;
    auto open = [&](Segment &s) { return open_segment(s, segment_sizes, synapses); };
    auto add = [&](const Segment &s) {
        // copies, because on a CPU additions to sums could change those of `s`
        acc factor = s.amount.sum;
        int shift = (int)s.route->shift, finer = shift < 0 ? -shift : 0;  // weights that learn are finer than quanta
        if (s.route->weights < 0)
            deliver<false>(s, synapses, now, Stored{}, [](acc *sum, acc w) { add_to(sum, w); });
        else if (s.route->release >= 0)
            deliver_parts(s, synapses, now);
        else if (s.route->runs)
            deliver_runs(s, synapses, now, 0, [=](weight_t w) { return (acc)w * factor; });
        else if (factor == 1 && !finer && !ONE_LOOP)
            deliver<true>(s, synapses, now, Stored{}, [](acc *sum, acc w) { add_to(sum, w); });
        else
            deliver<true>(s, synapses, now, Stored{},
                          [=](acc *sum, acc w) { add_to(sum, (w + ((acc)1 << finer >> 1) >> finer) * factor); });
    };
    auto source = [=](int64 i) { return spike_id[i & spike_mask]; };
    auto amount = [=](const Route &route, int64 i) {
        int64 spike = i & spike_mask;
        bool plain = route.release < 0;
        int shift = (int)route.shift;
        Amount amount;
        if (plain)
            amount.sum = (acc)spike_events[spike] << (shift > 0 ? shift : 0);
        else
            amount.part = spike_release[spike * slots + route.release] * power_of_2(shift);
        if (route.weights < 0)
            amount.sum = plain ? (acc)route.weight * amount.sum : (acc)((real)(acc)route.weight * amount.part);
        return amount;
    };
    auto population = population_of(source, all);
    for_spikes(spikes, most_units, population, [&](int p, int age, int64 begin, int64 end, int unit) {
        for_due<true>(all, p, age, unit, begin, end, source, amount, segment_begin, share, [&](const Segment &s) {
            ask_for_bounds(s, segment_sizes);
            due.push(s, open, add);
        });
    });
    due.finish(open, add);
    // clear the sums that whole populations shared in this step; deliveries go to later slots
    FOR_ITEMS(i, n_shared) ring[shared[i].base + (now & shared[i].mask)] = 0;
    for (int h = 0; h < n_histories; h++)
        FOR_ITEMS(i, histories[h].size) remember(histories[h], i, now, event_step, event_count, release_step, history);
    if (FIRST_THREAD) {  // no thread reads these again before the next launch
        spike_begin[now + 1 & step_mask] = *spike_total;
        clock->next = now + 1;
    }
}

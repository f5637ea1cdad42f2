// Weights that change by the spikes on both sides of their synapses. A synapse is visited when a spike of its source
// reaches it. All postsynaptic spikes that have reached it since the last visit then change the weight one after the
// other, and last the spike itself does. In a sweep the synapses that no spike reaches are visited too. No weight
// depends on when postsynaptic spikes are settled.

KERNEL(learn_weights, const Clock *RESTRICT clock, const int64 *RESTRICT spike_total, const int64 *RESTRICT spike_begin,
       int64 step_mask, const int *RESTRICT spike_id, const int *RESTRICT spike_events, int64 spike_mask,
       const int *RESTRICT source_population, const int *RESTRICT route_begin, int most_units,
       const Route *RESTRICT routes, int n_routes, const Learning *RESTRICT learnings, const int *RESTRICT ages,
       int n_ages, const uint32 *RESTRICT segment_begin, const uint64 *RESTRICT segment_sizes,
       const uint16 *RESTRICT targets, const uint8 *RESTRICT late, weight_t *RESTRICT weights,
       const TrainSet *RESTRICT trains, const TraceDecay *RESTRICT traces, const real *RESTRICT decays,
       const int64 *RESTRICT train_step, const real *RESTRICT train_value, const int64 *RESTRICT train_count,
       const real *RESTRICT coef, const int64 *RESTRICT sweep, const int64 *RESTRICT settled,
       const Modulator *RESTRICT modulators, const real *RESTRICT gains, real *RESTRICT eligibility,
       weight_t *RESTRICT excess, const uint32 *RESTRICT number, const int64 *RESTRICT keys)
{
    int64 now = clock->now, odd = now & 1;
    Synapses synapses = {segment_begin, targets, late, weights, nullptr};
    Routes all = {route_begin, most_units, routes, source_population};
    Lessons lessons = {routes,
                       learnings,
                       {trains, traces, decays, train_step, train_value, train_count},
                       coef,
                       settled,
                       now,
                       sweep[2 + odd],
                       modulators,
                       gains,
                       eligibility,
                       excess,
                       number,
                       keys};
    Share share = {SLICE_WORKER, SLICE_WORKERS};
    Spiked spikes = {ages, n_ages, now, *spike_total, spike_begin, step_mask};
    Batch<Segment, 128, 4096> due;
    auto open = [&](Segment &s) { return open_segment(s, segment_sizes, synapses); };
    auto learn = [&](const Segment &s) { learn_segment(s, synapses, weights, lessons); };
    auto visit = [&](const Segment &s) {
        ask_for_bounds(s, segment_sizes);
        due.push(s, open, learn);
    };
    auto source = [=](int64 i) { return spike_id[i & spike_mask]; };
    auto count = [=](const Route &, int64 i) { return Amount{(acc)spike_events[i & spike_mask]}; };
    for_spikes(spikes, most_units, population_of(source, all), [&](int p, int age, int64 begin, int64 end, int unit) {
        for_due<false>(all, p, age, unit, begin, end, source, count, segment_begin, share, visit);
    });
    for (int r = 0; r < n_routes && sweep[odd] == now; r++) for_unreached(lessons, r, segment_begin, share, visit);
    due.finish(open, learn);
}

// Short-term plasticity whose parameters all synapses of a projection share: the state is that of the source. Each
// spike of this step moves it, and carries to the synapses the part of their weights that it delivers. RELEASE is the
// struct of the state: Release, or ActiveRelease where some has a y.

// Calls f(set, place of the state) for the sets of a source.
template <class F> DEVICE void for_states(int source, int population, const int *set_begin, const ReleaseSet *sets, F f)
{
    for (int s = set_begin[population]; s < set_begin[population + 1]; s++) {
        const ReleaseSet &set = sets[s];
        if (source >= set.source && source < set.source + set.size) f(set, set.first + source - set.source);
    }
}

KERNEL(advance_releases, const Clock *RESTRICT clock, const int64 *RESTRICT spike_total,
       const int64 *RESTRICT spike_begin, int64 step_mask, const int *RESTRICT spike_id,
       const int *RESTRICT spike_events, real *RESTRICT spike_release, int64 spike_mask, int slots,
       const int *RESTRICT source_population, const int *RESTRICT set_begin, const ReleaseSet *RESTRICT sets,
       const real *RESTRICT coef, real *RESTRICT u, real *RESTRICT x, real *RESTRICT y, int64 *RESTRICT last_step)
{
    int64 now = clock->now, begin = spike_begin[now & step_mask], n = *spike_total - begin;
    // First all states are asked for, which memory brings at the same time.
    FOR_ITEMS(i, n) {
        int source = spike_id[begin + i & spike_mask];
        for_states(source, source_population[source], set_begin, sets, [&](const ReleaseSet &, int64 at) {
            RELEASE::ask(at, u, x, y);
            PREFETCH(last_step + at);
        });
    }
    FOR_ITEMS(i, n) {
        int64 spike = begin + i & spike_mask;
        int source = spike_id[spike];
        for_states(source, source_population[source], set_begin, sets, [&](const ReleaseSet &set, int64 at) {
            RELEASE state(at, u, x, y);
            state.decay(now - last_step[at], coef + set.coef);
            spike_release[spike * slots + set.slot] = state.events(spike_events[spike], coef + set.coef);
            state.keep(at, u, x, y);
            last_step[at] = now;
        });
    }
}

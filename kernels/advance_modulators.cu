// Modulators of learning: their concentrations, and what they make of eligibilities.

// The spikes of this step that modulate.
DEVICE int64 modulating(const Modulator &m, const ModulatorPart *parts, int64 begin, int64 end, const int *spike_id,
                        const int *spike_events, int64 spike_mask)
{
    int64 n = 0;
    for (int64 k = begin; k < end; k++) {
        int source = spike_id[k & spike_mask];
        for (int64 p = m.part; p < m.part_end; p++)
            n += parts[p].source <= source && source < parts[p].source_end ? spike_events[k & spike_mask] : 0;
    }
    return n;
}

// `gains` are what a unit of eligibility has made of a weight from when all synapses were settled to the end of each
// step; the spikes of this step act from its end on.
KERNEL(advance_modulators, const Clock *RESTRICT clock, const int64 *RESTRICT spike_total,
       const int64 *RESTRICT spike_begin, int64 step_mask, const int *RESTRICT spike_id,
       const int *RESTRICT spike_events, int64 spike_mask, const Modulator *RESTRICT modulators, int n_modulators,
       const ModulatorPart *RESTRICT modulator_parts, const real *RESTRICT coef, const TraceDecay *RESTRICT traces,
       const real *RESTRICT decays, const real *RESTRICT waves, int n_waves, real *RESTRICT modulation,
       real *RESTRICT gains)
{
    typedef DopamineCoefficients C;
    int64 now = clock->now, begin = spike_begin[now & step_mask], end = *spike_total;
    const real *wave = waves + (now - clock->start) * n_waves;
    FOR_ITEMS(i, n_modulators) {
        const Modulator &m = modulators[i];
        const real *c = coef + m.coef;
        const TraceDecay &trace = traces[m.decay];
        int64 k = now - 1 & m.mask;
        real steady = wave[m.column] * c[C::rate], d = modulation[i];
        real gain = c[C::own] * (d - steady) + c[C::steady] * steady;
        real *sum = gains + m.gains + k;
        sum[1] = (k ? sum[0] : (real)0) + Decay{decays + trace.decays, trace.coarse * FINE}.over(k) * gain;
        int64 n = modulating(m, modulator_parts, begin, end, spike_id, spike_events, spike_mask);
        modulation[i] = flush(c[C::decay] * (d - steady) + steady + (real)n * c[C::jump]);
    }
}

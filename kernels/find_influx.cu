// What an open gate of 1 lets into the spines of each target in this step: the part of the receptor that drugs leave
// free, times what magnesium leaves open, times the force that drives calcium. The potential of a spine is that of its
// target in the middle of the step, plus the target's last spike that has reached it.

// The potentials of the neurons of a group, relative to `rest`, and their coefficients.
struct Membranes {
    const real *V, *rest, *coef;
    int64 n_rows;
};

template <class Effect>
DEVICE real influx_of(const InfluxSet &set, int64 i, int64 now, const Membranes &all, const TrainArrays &trains,
                      const Exposure &bath, const real *own, real &V_before)
{
    int64 neuron = set.first + i, source = set.first_train + i, reached = now - 1 - set.delay;
    Trains train = trains_of(trains, set.train);
    int64 elapsed = reached - train.step(source, train.until(source, reached));
    real before = V_before, after = all.V[neuron];
    V_before = after;
    real middle = train.step(source, 0) == now ? before : (real)0.5 * (before + after);  // the spike has reset V
    real fast = decay_at(trains, set.fast).over(elapsed), slow = decay_at(trains, set.slow).over(elapsed);
    real v = middle + (own[InfluxCoefficients::fast] * fast + own[InfluxCoefficients::slow] * slow);
    const Coef c = Coef{all.coef + set.row + i * set.row_step, all.n_rows}.from(set.effect_coef);
    real force = (own[InfluxCoefficients::V_Ca] - all.rest[neuron]) - v;
    real found = Effect::block(nullptr, v, c, 0, bath.Mg) * (force > 0 ? force : (real)0);
    return flush(bath.scale * found);
}

KERNEL(find_influx, const Clock *RESTRICT clock, const InfluxSet *RESTRICT sets, int n_sets, const real *RESTRICT V,
       const real *RESTRICT rest, const real *RESTRICT coef, int64 n_rows, const real *RESTRICT waves, int n_waves,
       const Bath *RESTRICT bath, const TrainSet *RESTRICT trains, const TraceDecay *RESTRICT traces,
       const real *RESTRICT decays, const int64 *RESTRICT train_step, const real *RESTRICT train_value,
       const int64 *RESTRICT train_count, const real *RESTRICT influx_coef, real *RESTRICT V_before,
       real *RESTRICT influx)
{
    int64 now = clock->now;
    const real *wave = waves + (now - clock->start) * n_waves;
    Membranes all = {V, rest, coef, n_rows};
    TrainArrays past = {trains, traces, decays, train_step, train_value, train_count};
    for (int t = 0; t < n_sets; t++) {
        const InfluxSet &set = sets[t];
        Exposure exposure = set.bath < 0 ? Exposure{1, 1, nullptr} : exposure_of(bath[set.bath], wave, nullptr);
        const real *own = influx_coef + set.influx_coef;
        real *before = V_before + set.influx, *found = influx + set.influx;
#define FIND(number, Effect) \
    if (set.effect == number) \
        FOR_ITEMS(i, set.size) found[i] = influx_of<Effect>(set, i, now, all, past, exposure, own, before[i]);
        EFFECTS(FIND)
#undef FIND
    }
}

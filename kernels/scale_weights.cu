// Homeostatic scaling: at intervals, all weights onto a neuron are multiplied by one factor. Learning settles all
// synapses in these steps, before.

// A weight that has grown by a part of itself, rounded half away from zero.
DEVICE weight_t scaled(weight_t w, real growth, weight_t w_max)
{
    real change = (real)w * growth;
    weight_t d = (weight_t)(change < 0 ? change - (real)0.5 : change + (real)0.5), room = w_max - w;
    w += d < room ? d : room;
    return w > 0 ? w : (weight_t)0;
}

// By which part of themselves the weights onto neuron i grow.
DEVICE real growth_of(const Trains &trains, int64 i, int64 now, const real *c)
{
    typedef ScalingCoefficients C;
    Decay decay = trains.decay_of(0);
    real trace = trains.after(i, 0, 0) * decay.over(now - trains.step(i, 0));
    return portable_expm1(c[C::gain] * ((real)1 - (trace * c[C::share] + decay.over(now + 1))));
}

APART void scale_segment(const Segment &s, const uint16 *targets, weight_t *weights, const real *growth,
                         const Scaling &scaling)
{
    const Route &route = *s.route;
    const uint16 *target = targets + route.targets;
    weight_t *weight = weights + route.weights, w_max = (weight_t)scaling.w_max;
    const real *own = growth + scaling.growth + s.slice * route.slice_size - scaling.offset;
    for_pieces(s.begin, s.end, [&](int64 first, int n) {
        FOR_HELD_EVENLY(j, n) weight[first + j] = scaled(weight[first + j], own[target[first + j]], w_max);
    });
}

// Factors are found one step before they are used, so that all workers have them; then learning is also told to settle.
KERNEL(scale_weights, const Clock *RESTRICT clock, const Route *RESTRICT routes, int n_routes,
       const int *RESTRICT scaling_of, const Scaling *RESTRICT scalings, int n_scalings,
       const uint32 *RESTRICT segment_begin, const uint64 *RESTRICT segment_sizes, const uint16 *RESTRICT targets,
       weight_t *RESTRICT weights, const TrainSet *RESTRICT trains, const TraceDecay *RESTRICT traces,
       const real *RESTRICT decays, const int64 *RESTRICT train_step, const real *RESTRICT train_value,
       const int64 *RESTRICT train_count, const real *RESTRICT coef, real *RESTRICT growth, int64 *RESTRICT sweep,
       int64 *RESTRICT settled)
{
    int64 now = clock->now, time = now + 1;  // at its end
    Synapses synapses = {segment_begin, targets, nullptr, weights, nullptr};
    Batch<Segment, 128, 4096> due;
    auto open = [&](Segment &s) { return open_segment(s, segment_sizes, synapses); };
    auto scale = [&](const Segment &s) {
        scale_segment(s, targets, weights, growth, scalings[scaling_of[s.route - routes]]);
    };
    auto visit = [&](const Segment &s) {
        ask_for_bounds(s, segment_sizes);
        due.push(s, open, scale);
    };
    for (int r = 0; r < n_routes; r++)
        if (time % scalings[scaling_of[r]].every == 0)
            for_rows(routes[r], [](int64) { return true; }, segment_begin, Share{SLICE_WORKER, SLICE_WORKERS}, visit);
    due.finish(open, scale);
    for (int k = 0; k < n_scalings; k++) {
        const Scaling &s = scalings[k];
        bool uses = time % s.every == 0, next = (time + 1) % s.every == 0;
        if (FIRST_THREAD && s.settled >= 0) {
            if (uses) settled[s.settled] = now;
            if (next) sweep[1 - (now & 1)] = now + 1;
        }
        if (!next) continue;
        Trains post = trains_of({trains, traces, decays, train_step, train_value, train_count}, s.train);
        FOR_ITEMS(i, trains[s.train].size) growth[s.growth + i] = growth_of(post, i, now, coef + s.coef);
    }
}

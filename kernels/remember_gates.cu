// Gates that spines look at. All synapses of a source with one delay see the same gate, so there is one gate for each
// source, with the kinetics of a synapse's gate and no delay. The means over the last steps are kept: a spine reads the
// one that its delay has reached.

// Advances gate i of a set over the step that ends now.
template <class Form>
DEVICE void remember_gate(const SpineGateSet &set, int64 i, int64 now, const real *coef, real *gates,
                          int64 *release_step, const int64 *event_step, const int *event_count, real *gate_means)
{
    int64 source = set.source + i;
    int event = event_step[source] == now ? 1 : 0, sent = event ? event_count[source] : 0;
    if (Form::PULSES) sent = -pulse_of(release_step + set.release + i, event, now, set.pulse, set.dead).was;
    const real *c = coef + set.coef;
    real extra, end = Form::step(c, c, sent, gates + set.gates + i, set.size, extra);
    gate_means[set.means + i * (set.mask + 1) + (now & set.mask)] = Form::average(c, extra, end);
}

KERNEL(remember_gates, const Clock *RESTRICT clock, const SpineGateSet *RESTRICT sets, int n_sets,
       const real *RESTRICT coef, real *RESTRICT gates, int64 *RESTRICT release_step, const int64 *RESTRICT event_step,
       const int *RESTRICT event_count, real *RESTRICT gate_means)
{
    int64 now = clock->now;
    for (int t = 0; t < n_sets; t++) {
        const SpineGateSet &set = sets[t];
#define REMEMBER(number, Form) \
    if (set.kind == number) \
        FOR_ITEMS(i, set.size) \
            remember_gate<Form>(set, i, now, coef, gates, release_step, event_step, event_count, gate_means);
        SYNAPSE_GATES(REMEMBER)
#undef REMEMBER
    }
}

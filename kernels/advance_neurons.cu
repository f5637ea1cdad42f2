// One step of all neurons of one model signature: private Poisson input, V, gates, threshold, spikes, samples.
// Work comes in chunks of at most CHUNK neurons of one population.

enum { QUIET, FIRED, BROKEN };

enum ChunkField {
    C_FIRST, C_COUNT, C_ROW, C_ROW_STEP, C_WAVES, C_GLOBAL, C_LOCAL, C_RINGS, C_DRIVE, C_DRIVE_END, C_PROBE, C_PROBE_END, C_BATH, CHUNK_FIELDS
};
enum RingField { R_BASE, R_MASK, R_STRIDE, R_SHARED, R_SHARED_MASK, RING_FIELDS };
enum ProbeField { P_NEURON, P_VARIABLE, P_RECEPTOR, P_EVERY, P_TRACE, P_COLUMN, P_COLUMNS, PROBE_FIELDS };

// Advances neuron j over one step. Returns QUIET, FIRED or BROKEN.
template <bool WAVES, int BATH>
DEVICE int advance_one(const Cells &s, int j, const Coef c, const Arrivals in, const real *waves, const Bath *bath)
{
    real v = s.V[j];
    int refractory = s.refractory[j];
    real current = s.current[j];
    if (WAVES) current = current + waves[s.current_wave[j]];

    const Coef own = c.from(MembraneCoefficients::COUNT);
    real G = NEURON::leak(own), D = NEURON::drive(current, own);
#define ADD(k, Kinetics, Effect, S, C, SYN, IN)                                                                   \
    {                                                                                                             \
        real gate = conductance<Kinetics, SYN, BATH, false>(s, j, GATE(S), c.from(C), bath, k);                     \
        Effect::add(gate, EFFECT(S, Kinetics), v, c.from((C) + Kinetics::COEFS), s.n, MAGNESIUM(k), G, D);          \
    }
    RECEPTORS(ADD)
#undef ADD
    real free_v = NEURON::advance(v, State{s.membrane + j, s.n}, own, G, D);

    real threshold = c[MembraneCoefficients::threshold], reset = c[MembraneCoefficients::reset];
    int pause = (int)c[MembraneCoefficients::refractory];
    // selections of numbers, not of truth values: compilers turn these into SIMD code
    real reached = flush(HOLDS && refractory > 0 ? v : free_v);
    int sound = magnitude(reached) < (real)1e30 ? 1 : 0;  // asked before a reset could hide it
    int outcome = reached >= threshold ? FIRED : QUIET;
    if (!HOLDS) outcome = v >= threshold ? QUIET : outcome;
    outcome = refractory > 0 ? QUIET : outcome;
    refractory = refractory > 0 ? refractory - 1 : 0;
    refractory = outcome == FIRED ? pause : refractory;
    if (WAVES) {
        int wave = s.clamp_wave[j];
        real command = flush(waves[wave] - c[MembraneCoefficients::rest]);
        reached = wave ? command : reached;
        outcome = wave ? QUIET : outcome;
        refractory = wave ? 0 : refractory;
    }
    NEURON::follow(State{s.membrane + j, s.n}, v, reached, outcome == FIRED, own);
    real next = HOLDS && outcome == FIRED ? reset : reached;
    s.V[j] = next;
    s.refractory[j] = refractory;
    if (CALCIUM_STATE >= 0) advance_calcium<BATH>(s, j, (real)0.5 * (v + reached), c, bath);
#define STEP(k, Kinetics, Effect, S, C, SYN, IN) Kinetics::step(GATE(S), kinetics_of<BATH>(c.from(C), bath, k), s.n, in.from(IN));
    RECEPTORS(STEP)
#undef STEP
#define FOLLOW(k, Kinetics, Effect, S, C, SYN, IN) \
    Effect::follow(EFFECT(S, Kinetics), next, c.from((C) + Kinetics::COEFS), s.n, MAGNESIUM(k));
    RECEPTORS(FOLLOW)
#undef FOLLOW
    return sound ? outcome : BROKEN;
}

KERNEL(advance_neurons, int64 *RESTRICT clock, const int64 *RESTRICT chunks, int n_chunks, int64 n, real *RESTRICT V,
       int *RESTRICT refractory, real *RESTRICT membrane, real *RESTRICT gates, const real *RESTRICT synaptic,
       const real *RESTRICT coef, int64 n_rows,
       const real *RESTRICT current, const int *RESTRICT current_wave, const int *RESTRICT clamp_wave,
       const real *RESTRICT waves, int n_waves, const int64 *RESTRICT bath, const real *RESTRICT bath_kinetics,
       int bath_width, acc *RESTRICT ring, const int64 *RESTRICT rings,
       const int64 *RESTRICT drives, const double *RESTRICT drive_rate, const int *RESTRICT drive_pieces,
       const acc *RESTRICT drive_weight, int64 *RESTRICT spike_total, int *RESTRICT spike_id,
       int *RESTRICT spike_events, int64 *RESTRICT event_step, int *RESTRICT event_count, int history,
       const int64 *RESTRICT probes, real *RESTRICT trace, int64 *RESTRICT fault)
{
    SHARED int state[CHUNK];
    int64 now = clock[0];
    if (FIRST_THREAD) clock[1] = now;
    const real *wave = waves + (now - clock[2]) * n_waves;
    FOR_BLOCKS(b, n_chunks)
    {
        const int64 *chunk = chunks + b * CHUNK_FIELDS;
        int64 first = chunk[C_FIRST];
        int count = (int)chunk[C_COUNT], step = (int)chunk[C_ROW_STEP];
        Coef c = {coef + chunk[C_ROW], n_rows};
        Cells s = {V + first, membrane + first, gates + first, synaptic + first, current + first, refractory + first,
                   current_wave + first, clamp_wave + first, n};
        acc *due[N_INPUTS + 1], *next[N_INPUTS + 1], shared[N_INPUTS + 1];
        for (int k = 0; k < N_INPUTS; k++) {
            const int64 *r = rings + (chunk[C_RINGS] + k) * RING_FIELDS;
            due[k] = ring + r[R_BASE] + (now & r[R_MASK]) * r[R_STRIDE] + chunk[C_LOCAL];
            next[k] = ring + r[R_BASE] + ((now + 1) & r[R_MASK]) * r[R_STRIDE] + chunk[C_LOCAL];
            shared[k] = r[R_SHARED] < 0 ? 0 : ring[r[R_SHARED] + (now & r[R_SHARED_MASK])];
        }
        for (int64 d = chunk[C_DRIVE]; d < chunk[C_DRIVE_END]; d++) {
            const int64 *drive = drives + d * DRIVE_FIELDS;
            const acc *weight = drive_weight + drive[D_WEIGHT] + chunk[C_LOCAL] * drive[D_WEIGHT_STEP];
            for_events(drive, drive_rate, drive_pieces, now, now - clock[2], chunk[C_LOCAL], count, state, [&](int j, int events) {
                due[drive[D_INPUT]][j] += (acc)events * weight[j * drive[D_WEIGHT_STEP]];
            });
        }
        Bath now_in[N_RECEPTORS + 1];
        if (BATHED && chunk[C_BATH] >= 0) {
            for (int k = 0; k < N_RECEPTORS; k++) {
                const int64 *field = bath + (chunk[C_BATH] + k) * BATH_FIELDS;
                now_in[k].scale = field[K_SCALE] < 0 ? (real)1 : wave[field[K_SCALE]];
                now_in[k].Mg = field[K_MAGNESIUM] < 0 ? (real)1 : wave[field[K_MAGNESIUM]];
                now_in[k].kinetics = field[K_KINETICS] < 0 ? 0 : bath_kinetics + (now - clock[2]) * bath_width + field[K_KINETICS];
            }
        }
        // thread j wrote due[..][j] itself, so no barrier is needed before it reads it

        if (BATHED && chunk[C_BATH] >= 0) {
            FOR_THREADS(j, count) state[j] = advance_one<true, BATHED>(s, j, Coef{c.c + j * step, n_rows}, Arrivals{due, next, shared, j}, wave, now_in);
        } else if (chunk[C_WAVES]) {
            FOR_THREADS(j, count) state[j] = advance_one<true, false>(s, j, Coef{c.c + j * step, n_rows}, Arrivals{due, next, shared, j}, wave, now_in);
        } else if (step) {
            FOR_THREADS(j, count) state[j] = advance_one<false, false>(s, j, Coef{c.c + j, n_rows}, Arrivals{due, next, shared, j}, wave, now_in);
        } else {
            FOR_THREADS(j, count) state[j] = advance_one<false, false>(s, j, c, Arrivals{due, next, shared, j}, wave, now_in);
        }
        if (any_of(state, count)) FOR_EACH(j, count)
        {
            if (state[j] == BROKEN) keep_least(fault, now << 31 | (chunk[C_GLOBAL] + j));
            if (state[j] == FIRED)
                emit(now, (int)chunk[C_GLOBAL] + j, 1, spike_total, spike_id, spike_events, event_step, event_count, history);
        }
        BLOCK_SYNC();
        FOR_EACH(p, (int)(chunk[C_PROBE_END] - chunk[C_PROBE]))
        {
            const int64 *probe = probes + (chunk[C_PROBE] + p) * PROBE_FIELDS;
            int64 every = probe[P_EVERY], at = now + 1;
            if (at % every == 0) {
                int j = (int)probe[P_NEURON];
                int64 row = at / every - clock[2] / every - 1;
                int variable = (int)probe[P_VARIABLE], receptor = (int)probe[P_RECEPTOR];
                const Coef own = {c.c + j * step, n_rows};
                trace[probe[P_TRACE] + row * probe[P_COLUMNS] + probe[P_COLUMN]] =
                    BATHED && chunk[C_BATH] >= 0 ? sample<BATHED>(s, j, own, now_in, variable, receptor)
                                                 : sample<false>(s, j, own, now_in, variable, receptor);
            }
        }
        BLOCK_SYNC();
    }
}

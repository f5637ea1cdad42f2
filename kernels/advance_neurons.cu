// One step of all neurons of one model signature: private Poisson input, V, gates, threshold, spikes, samples.
// Work comes in chunks of at most CHUNK neurons of one population.

enum { QUIET, FIRED, BROKEN };

// What one pass over the neurons of a chunk leaves for the next: the conductance and the drive of their membranes, V at
// the end of the step if there were neither a threshold nor a clamp, that of dendrites after half a step, and what
// became of them.
struct Passes {
    real *G, *D, *free_v, *halfway;
    int *outcome;
};

// Adds up the conductance and the drive of neuron j, with its dendrites after half a step.
template <bool WAVES, int BATH>
DEVICE void add_up(const Passes &passes, const Cells &s, int j, const Coef c, const real *waves, const Exposure *bath)
{
    Compartments at;
    const Coef own = c.from(MembraneCoefficients::COUNT);
    at.v[0] = s.V[j];
    at.G[0] = NEURON::leak(own);
    at.D[0] = NEURON::drive(current_into<WAVES>(s, j, 0, waves), own);
    begin_dendrites<WAVES, BATH>(at, s, j, c, waves, bath, passes.halfway);
    passes.G[j] = at.G[0];
    passes.D[j] = at.D[0];
}

// Ends the step of neuron j: V, its other states and its gates. Returns QUIET, FIRED or BROKEN.
template <bool WAVES, int BATH>
DEVICE int end_step(const Passes &passes, const Cells &s, int j, const Coef c, const Arrivals arrivals,
                    const real *waves, const Exposure *bath)
{
    real v = s.V[j], free_v = passes.free_v[j];
    int refractory = s.refractory[j];
    const Coef own = c.from(MembraneCoefficients::COUNT);
    real threshold = c[MembraneCoefficients::threshold], reset = c[MembraneCoefficients::reset];
    int pause = (int)c[MembraneCoefficients::refractory];
    // these select numbers instead of branching, so that compilers make SIMD code
    const State x = {s.membrane + j, s.n};
    NEURON::adapt(x, v, current_into<WAVES>(s, j, 0, waves), refractory > 0, own);
    int held = HOLDS && refractory > 0 ? 1 : 0;
    real reached = flush(held ? v : free_v);
    real end = jumped<0>(reached, s, j, c, arrivals, held);  // whatever follows v within the step sees it before
    int sound = magnitude(end) < (real)1e30 ? 1 : 0;         // checked before a reset could hide a fault
    int outcome = NEURON::reaches(end, x, threshold, own) ? FIRED : QUIET;
    if (!HOLDS) outcome = NEURON::reaches(v, x, threshold, own) ? QUIET : outcome;
    outcome = refractory > 0 ? QUIET : outcome;
    refractory = refractory > 0 ? refractory - 1 : 0;
    refractory = outcome == FIRED ? pause : refractory;
    if (WAVES) {
        int wave = s.clamp_wave[j];
        real command = flush(waves[wave] - c[MembraneCoefficients::rest]);
        reached = wave ? command : reached;
        end = wave ? command : end;
        outcome = wave ? QUIET : outcome;
        refractory = wave ? 0 : refractory;
    }
    NEURON::follow(x, v, reached, outcome == FIRED, own);
    Compartments at;
    real restarted = NEURON::restart(v, reset, own);
    at.v[0] = HOLDS && outcome == FIRED ? restarted : reached;
    at.mean[0] = (real)0.5 * (v + reached);
    end = HOLDS && outcome == FIRED ? restarted : end;
    s.V[j] = end;
    s.refractory[j] = refractory;
    sound = end_dendrites<WAVES, BATH>(at, s, j, c, arrivals, waves, bath, passes.halfway) ? sound : 0;
    at.v[0] = end;
    if (CALCIUM_STATE >= 0) advance_calcium<BATH>(s, j, at.mean, c, bath);
#define STEP(k, Kinetics, Effect, S, C, SYN, IN, AT) \
    Kinetics::step(GATE(S), kinetics_of<BATH>(c.from(C), bath, k), s.n, arrivals.from(IN));
    RECEPTORS(STEP)
#undef STEP
#define FOLLOW(k, Kinetics, Effect, S, C, SYN, IN, AT) \
    Effect::follow(EFFECT(S, Kinetics), at.v[AT], c.from((C) + Kinetics::COEFS), s.n, MAGNESIUM(k));
    RECEPTORS(FOLLOW)
#undef FOLLOW
    return sound ? outcome : BROKEN;
}

// Finds the integer sums of a chunk for each input: those due at the end of this step, those of the following step, and
// those that the whole population receives.
DEVICE void find_sums(acc **due, acc **following, acc *shared, const Chunk &chunk, const Ring *rings, acc *ring,
                      int64 now)
{
    for (int k = 0; k < N_INPUTS; k++) {
        const Ring &r = rings[chunk.rings + k];
        due[k] = ring + r.base + (now & r.mask) * r.stride + chunk.offset;
        following[k] = ring + r.base + ((now + 1) & r.mask) * r.stride + chunk.offset;
        shared[k] = r.shared < 0 ? 0 : ring[r.shared + (now & r.shared_mask)];
    }
}

// Adds the Poisson events of one drive to the sums that are due.
DEVICE void add_drive(acc *const *due, const Chunk &chunk, const PoissonDrive &drive, const acc *drive_weight,
                      const uint32 *limits, Step step, Draws &draws)
{
    int size = (int)chunk.size;
    if (!poisson_events(drive, limits, step, chunk.offset, size, draws)) return;
    const acc *weight = drive_weight + drive.weight + chunk.offset * drive.weight_step;
    acc *sum = due[drive.input];
    if (drive.weight_step) {
        FOR_THREADS(j, size) sum[j] += (acc)events_of(drive, draws, j) * weight[j];
    } else {
        FOR_THREADS(j, size) sum[j] += (acc)events_of(drive, draws, j) * weight[0];
    }
}

// Advances `size` neurons whose coefficients are `step` apart. There are three passes because the second is a long
// chain of operations that wait for each other: a CPU overlaps the chains of more neurons if little else is in the
// loop.
template <bool WAVES, int BATH>
DEVICE void advance(const Passes &passes, int size, const Cells &s, const Coef c, int step, const Arrivals &first,
                    const real *wave, const Exposure *bath)
{
    int64 n = c.rows;
    const Coef own = c.from(MembraneCoefficients::COUNT);
    FOR_THREADS(j, size) add_up<WAVES, BATH>(passes, s, j, Coef{c.c + j * step, n}, wave, bath);
    FOR_THREADS(j, size)
        passes.free_v[j] =
            NEURON::advance(s.V[j], State{s.membrane + j, s.n}, Coef{own.c + j * step, n}, passes.G[j], passes.D[j]);
    FOR_THREADS(j, size)
        passes.outcome[j] = end_step<WAVES, BATH>(passes, s, j, Coef{c.c + j * step, n}, first.of(j), wave, bath);
}

// Advances all neurons of a chunk. Each case has separate loops, so that compilers make SIMD code.
DEVICE void advance_chunk(const Passes &passes, const Chunk &chunk, const Cells &s, const Coef c, const Arrivals &first,
                          const real *wave, const Exposure *bath)
{
    int size = (int)chunk.size, step = (int)chunk.row_step;
    if (BATHED)
        advance<true, BATHED>(passes, size, s, c, step, first, wave, bath);
    else if (chunk.has_waves)
        advance<true, false>(passes, size, s, c, step, first, wave, bath);
    else if (step)
        advance<false, false>(passes, size, s, c, 1, first, wave, bath);
    else
        advance<false, false>(passes, size, s, c, 0, first, wave, bath);
}

// Writes the sample of one probe if it records this step.
DEVICE void record(const Probe &probe, const Chunk &chunk, const Cells &s, const Coef c, const Exposure *bath,
                   Step step, real *trace)
{
    int64 at = step.now + 1, start = step.now - step.local, samples = at / probe.every;
    if (samples * probe.every != at) return;
    int j = (int)probe.neuron, variable = (int)probe.variable, receptor = (int)probe.receptor;
    int64 row = samples - start / probe.every - 1;
    const Coef own = {c.c + j * (int)chunk.row_step, c.rows};
    trace[probe.trace + row * probe.columns + probe.column] = sample<BATHED>(s, j, own, bath, variable, receptor);
}

KERNEL(advance_neurons, Clock *RESTRICT clock, const Chunk *RESTRICT chunks, int n_chunks, int64 n, real *RESTRICT V,
       int *RESTRICT refractory, real *RESTRICT membrane, real *RESTRICT gates, const real *RESTRICT synaptic,
       const real *RESTRICT coef, int64 n_rows, const real *RESTRICT current, const int *RESTRICT current_wave,
       const int *RESTRICT clamp_wave, const real *RESTRICT waves, int n_waves, const Bath *RESTRICT bath,
       const real *RESTRICT bath_kinetics, int bath_width, acc *RESTRICT ring, const Ring *RESTRICT rings,
       const PoissonDrive *RESTRICT drives, const uint32 *RESTRICT drive_limits, const acc *RESTRICT drive_weight,
       int64 *RESTRICT spike_total, int *RESTRICT spike_id, int *RESTRICT spike_events, int64 *RESTRICT event_step,
       int *RESTRICT event_count, int64 spike_mask, int remembers, const Probe *RESTRICT probes, real *RESTRICT trace,
       int64 *RESTRICT fault)
{
    SHARED real G[CHUNK], D[CHUNK], free_v[(1 + N_DENDRITES) * CHUNK];
    SHARED int outcome[CHUNK];
    SHARED Draws draws;
    Step step = step_of(clock);
    if (FIRST_THREAD) clock->now = step.now;
    const real *wave = waves + step.local * n_waves, *kinetics = bath_kinetics + step.local * bath_width;
    Spikes spikes = {spike_total, spike_mask, spike_id, spike_events, event_step, event_count, remembers};
    Cells cells = {V, membrane, gates, synaptic, current, refractory, current_wave, clamp_wave, n};
    FOR_BLOCKS(b, n_chunks) {
        const Chunk &chunk = chunks[b];
        int size = (int)chunk.size;
        Coef c = {coef + chunk.row, n_rows};
        Cells s = cells.from(chunk.first);
        acc *due[N_INPUTS + 1], *following[N_INPUTS + 1], shared[N_INPUTS + 1];
        find_sums(due, following, shared, chunk, rings, ring, step.now);
        for (int64 d = chunk.drive; d < chunk.drive_end; d++)
            add_drive(due, chunk, drives[d], drive_weight, drive_limits, step, draws);
        Exposure exposure[N_RECEPTORS + 1];
        if (BATHED)
            for (int k = 0; k < N_RECEPTORS; k++) exposure[k] = exposure_of(bath[chunk.bath + k], wave, kinetics);
        // thread j wrote due[..][j] itself, so no barrier is needed before it reads it; nor for the passes
        advance_chunk({G, D, free_v, free_v + CHUNK, outcome}, chunk, s, c, {due, following, shared, 0}, wave,
                      exposure);
        for_flagged(outcome, size, [&](int j) {
            if (outcome[j] == BROKEN) keep_least(fault, step.now << 31 | (chunk.source + j));
            if (outcome[j] == FIRED) emit(spikes, step.now, chunk.source + j, 1);
        });
        BLOCK_SYNC();
        FOR_EACH(p, (int)(chunk.probe_end - chunk.probe))
            record(probes[chunk.probe + p], chunk, s, c, exposure, step, trace);
        BLOCK_SYNC();
    }
}

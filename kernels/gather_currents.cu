// The current into each compartment of each neuron during the step that begins: what is constant, noise, and what flows
// through gap junctions.

KERNEL(gather_currents, const Clock *RESTRICT clock, const Chunk *RESTRICT chunks, int n_chunks, int64 n,
       int64 n_currents, const real *RESTRICT current, const NoiseCurrent *RESTRICT noises, int n_noises,
       const real *RESTRICT noise_coef, real *RESTRICT noise, int coupled, const int64 *RESTRICT junction_begin,
       const int *RESTRICT junction_other, const real *RESTRICT junction_conductance, const real *RESTRICT potential,
       real *RESTRICT gathered)
{
    SHARED Normals normals;
    int64 now = step_of(clock).now;
    Junctions junctions = {junction_begin, junction_other, junction_conductance, potential};
    FOR_BLOCKS(b, n_chunks) {
        const Chunk &chunk = chunks[b];
        int size = (int)chunk.size;
        for (int64 first = chunk.first; first < n_currents; first += n)
            FOR_THREADS(j, size) gathered[first + j] = current[first + j];
        for (int i = 0; i < n_noises; i++) add_noise(noises[i], chunk, now, noise_coef, noise, gathered, normals);
        if (coupled) add_junctions(junctions, chunk, gathered);
    }
}

// Gap junctions: the current into a neuron from those to which it is coupled, g (V_other - V_own) for each junction.
#pragma once

// Rows of the neurons of a group: ids of the other neurons, and conductances; and the potential of every neuron.
struct Junctions {
    const int64 *begin;
    const int *other;
    const real *conductance, *potential;
};

// Adds the currents of junctions into the somas of a chunk. One thread adds up those of a neuron, one after the other.
DEVICE void add_junctions(const Junctions &junctions, const Chunk &chunk, real *current)
{
    BLOCK_SYNC();  // other threads wrote these currents
    FOR_THREADS(j, (int)chunk.size) {
        real own = junctions.potential[chunk.source + j], sum = 0;
        int64 end = junctions.begin[chunk.first + j + 1];
        for (int64 k = junctions.begin[chunk.first + j]; k < end; k++)
            sum = sum + junctions.conductance[k] * (junctions.potential[junctions.other[k]] - own);
        current[chunk.first + j] = flush(current[chunk.first + j] + sum);
    }
}

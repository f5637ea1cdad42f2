// The potentials of the neurons of a group at the start of the step, by id: gap junctions couple neurons of any group.

KERNEL(gather_potentials, const Chunk *RESTRICT chunks, int n_chunks, const real *RESTRICT V, const real *RESTRICT rest,
       real *RESTRICT potential)
{
    FOR_BLOCKS(b, n_chunks) {
        const Chunk &chunk = chunks[b];
        FOR_THREADS(j, (int)chunk.size) potential[chunk.source + j] = flush(V[chunk.first + j] + rest[chunk.first + j]);
    }
}

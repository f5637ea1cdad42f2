// Rows of synapses, made of blocks of drawn ones: one pass over the blocks counts the synapses of each segment, a
// second one places them. The twin is gpusyn/builder/rows/reference.py.

// The synapses of the pathway `number` of a bundle: the segment of each, its target within the slice, its delay after
// the first of the block. The first pathway gives the others, too, a segment (0xffffffff) and a pathway (0xffff).
// `listed` is 1 if positions of sources are looked up in `pre_ids`, and 2 if those of targets are in `post_ids`; a
// `same_delay` of -1 means that each synapse has its own.
KERNEL(find_segments, uint32 *RESTRICT segment, uint16 *RESTRICT pathway, uint16 *RESTRICT target, uint8 *RESTRICT late,
       const int *RESTRICT pre, const int *RESTRICT post, const int *RESTRICT delay, int64 n, int number,
       const int *RESTRICT pre_ids, const int *RESTRICT post_ids, int listed, int pre_begin, int pre_size,
       int pre_shift, int post_begin, int post_size, int post_shift, int slices, int first_slice, int slice_size,
       int first, int width, int blocks, int same_delay)
{
    double of_slice = 1.0 / slice_size, of_block = 1.0 / width;
    FOR_BLOCKS(piece, pieces(n)) {
        int64 begin = piece * PIECE;
        FOR_THREADS(j, piece_size(n, begin)) {
            int64 i = begin + j;
            int p = pre[i] - pre_begin, q = post[i] - post_begin;
            bool inside = (uint32)p < (uint32)pre_size && (uint32)q < (uint32)post_size;
            p = inside ? p : 0;
            q = inside ? q : 0;
            int row = (listed & 1 ? pre_ids[p] : p) + pre_shift, t = (listed & 2 ? post_ids[q] : q) + post_shift;
            int slice = slices > 1 ? (int)((t + 0.5) * of_slice) : first_slice;
            int after = (same_delay < 0 ? delay[i] : same_delay) - first;
            int block = width > 1 ? (int)((after + 0.5) * of_block) : after;
            uint32 place =
                ((uint32)row * (uint32)slices + (uint32)(slice - first_slice)) * (uint32)blocks + (uint32)block;
            segment[i] = inside ? place : number ? segment[i] : 0xffffffffu;
            pathway[i] = inside ? (uint16)number : number ? pathway[i] : (uint16)0xffff;
            target[i] = inside ? (uint16)(t - slice * slice_size) : target[i];
            late[i] = inside ? (uint8)(after - block * width) : late[i];
        }
    }
}

// Adds the synapses of a block to the numbers of synapses of their segments, and of their targets.
KERNEL(count_synapses, uint32 *RESTRICT count, const uint32 *RESTRICT segment, int64 n, int64 segments)
{
    for_owned(OWNER, segment, n, segments, count, [&](int64 j) { take_own(count + segment[j]); });
}

KERNEL(count_targets, int *RESTRICT degree, const int *RESTRICT post, int64 n, int64 n_post)
{
    int *own = degree + SLICE_WORKER * n_post;
    FOR_ITEMS(j, n) add_to(own + post[j], 1);
}

// The place of each synapse of a block in its rows: the next one of its segment.
KERNEL(find_places, uint32 *RESTRICT place, uint32 *RESTRICT next, const uint32 *RESTRICT segment, int64 n,
       int64 segments)
{
    for_owned(OWNER, segment, n, segments, next, [&](int64 j) { place[j] = take_own(next + segment[j]); });
}

// Writes what is stored of each synapse of a block to its place; the number of a synapse tells when it was created.
KERNEL(put_targets, uint16 *RESTRICT targets, uint8 *RESTRICT lates, uint32 *RESTRICT created,
       const uint32 *RESTRICT place, const uint32 *RESTRICT segment, const uint16 *RESTRICT target,
       const uint8 *RESTRICT late, int64 n, int is_late, int is_numbered, int64 first)
{
    FOR_ITEMS(j, n) {
        ASK_FOR(targets, place, j, n);
        if (segment[j] == 0xffffffffu) continue;
        targets[place[j]] = target[j];
        if (is_late) lates[place[j]] = late[j];
        if (is_numbered) created[place[j]] = (uint32)(first + j);
    }
}

// Weights have 2, 4 or 8 bytes.
KERNEL(put_weights, uint8 *RESTRICT weights, const uint32 *RESTRICT place, const uint32 *RESTRICT segment,
       const int64 *RESTRICT stored, int64 n, int bytes)
{
    FOR_ITEMS(j, n) {
        if (bytes == 2) ASK_FOR((short *)weights, place, j, n);
        if (bytes == 4) ASK_FOR((int *)weights, place, j, n);
        if (bytes == 8) ASK_FOR((int64 *)weights, place, j, n);
        if (segment[j] == 0xffffffffu) continue;
        if (bytes == 2) ((short *)weights)[place[j]] = (short)stored[j];
        if (bytes == 4) ((int *)weights)[place[j]] = (int)stored[j];
        if (bytes == 8) ((int64 *)weights)[place[j]] = stored[j];
    }
}

template <class T> DEVICE void swap_two(T *x, int64 i, int64 k)
{
    T held = x[i];
    x[i] = x[k];
    x[k] = held;
}

// Sorts the synapses of each segment by their numbers, where many threads took the places (a bitonic network whose
// comparisons all point upwards, so that lengths need not be powers of 2). Each synapse has `columns` weights.
KERNEL(arrange_rows, uint32 *RESTRICT created, uint16 *RESTRICT targets, uint8 *RESTRICT lates, uint8 *RESTRICT weights,
       const uint32 *RESTRICT begin, int64 segments, int is_late, int columns, int64 step, int bytes)
{
    FOR_WARPS(s, segments) {
        int64 lo = begin[s], n = begin[s + 1] - lo;
        auto order = [&](int64 i, int64 k) {
            if (i >= k || k >= n || created[lo + i] < created[lo + k]) return;
            swap_two(created, lo + i, lo + k);
            swap_two(targets, lo + i, lo + k);
            if (is_late) swap_two(lates, lo + i, lo + k);
            for (int column = 0; column < columns; column++)
                for (int byte = 0; byte < bytes; byte++)
                    swap_two(weights + column * step * bytes + byte, (lo + i) * bytes, (lo + k) * bytes);
        };
        for (int64 size = 2; size < 2 * n; size *= 2) {
            for_row(0, n, [&](int64 i) { order(i, i ^ (size - 1)); });
            WARP_SYNC();
            for (int64 half = size / 4; half > 0; half /= 2) {
                for_row(0, n, [&](int64 i) { order(i, i ^ half); });
                WARP_SYNC();
            }
        }
    }
}

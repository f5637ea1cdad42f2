// Rows of synapses, drawn piece by piece: when rows are built, and again at each event of a source where nothing is
// stored. The twin is gpusyn/numerics/sampling.py.
#pragma once

DEVICE int64 pieces(int64 n) { return (n + PIECE - 1) / PIECE; }
DEVICE int piece_size(int64 n, int64 begin) { return (int)(n - begin < PIECE ? n - begin : PIECE); }

// floor(bits * below / 2^64) of the 64 bits of two words.
DEVICE Wide multiply_shift(Wide high, Wide low, uint32 below)
{
    return (product(high, below) + (product(low, below) >> 32)) >> 32;
}

// A column among all but the column `skip` (-1: among all).
DEVICE int beside(int column, int skip) { return column + (skip >= 0 && column >= skip ? 1 : 0); }

// The draws below `below` of a row that `calls` calls of the generator give, two each, from call `done` on.
DEVICE void draw_below(uint32 *word, int64 row, int64 done, int calls, int64 key, uint32 below)
{
    FOR_WIDE(q, calls) {
        Wide c[4];
        count_draws(row, done + q, c);
        philox((uint32)key, (uint32)(key >> 32), c);
        put_two(word + 2 * q, multiply_shift(c[0], c[1], below), multiply_shift(c[2], c[3], below));
    }
    BLOCK_SYNC();
}

// The first `k` different columns that are drawn below `below`, or, if that is more than half of all `n_columns`, those
// left over by as many draws, in ascending order. `seen` has a bit for each column, 0 before and afterwards; `word` has
// PIECE elements and 2 * WIDE more, `found` has one.
DEVICE void draw_different(int *columns, uint32 *seen, uint32 *word, int64 *found, int64 row, int64 k, int64 key,
                           uint32 below, int64 n_columns)
{
    bool inverts = 2 * k > n_columns;
    int64 wanted = inverts ? below - k : k;
    FOR_EACH(once, 1) found[0] = 0;
    BLOCK_SYNC();
    for (int64 done = 0; found[0] < wanted; done += PIECE / 2) {
        draw_below(word, row, done, PIECE / 2, key, below);
        FOR_EACH(once, 1)
            for (int j = 0; j < PIECE && found[0] < wanted; j++) {
                uint32 column = word[j], bit = 1u << column % 32;
                if (seen[column / 32] & bit) continue;
                seen[column / 32] |= bit;
                if (!inverts) columns[found[0]] = (int)column;
                found[0]++;
            }
        BLOCK_SYNC();
    }
    FOR_EACH(once, 1) {
        if (inverts)
            for (uint32 column = 0, n = 0; column < below; column++)
                if (!(seen[column / 32] >> column % 32 & 1)) columns[n++] = (int)column;
        for (int64 j = 0; j < (inverts ? (n_columns + 31) / 32 : k); j++) seen[inverts ? j : columns[j] / 32] = 0;
    }
    BLOCK_SYNC();
}

// The number of the first ascending values that are at most `limit`.
DEVICE int number_within(const int64 *value, int n, int64 limit)
{
    int low = 0;
    while (low < n) {
        int middle = (low + n) / 2;
        if (value[middle] <= limit)
            low = middle + 1;
        else
            n = middle;
    }
    return low;
}

// Gaps between the columns that are set become the places after these columns, from `at` on.
DEVICE void end_gaps(const int *gap, int n, int64 at, int64 *end)
{
    FOR_EACH(once, 1)
        for (int j = 0; j < n; j++) end[j] = at += gap[j];
    BLOCK_SYNC();
}

// How columns are set, each with the probability 1 - exp(`log_q`): `calls` calls of the generator give the next gaps,
// two each if gaps are `fine` and need 53 bits, else four.
struct Gaps {
    int64 key, n_columns;
    double log_q;
    int fine, calls;
    MEMBER int size() const { return fine ? 2 * calls : 4 * calls; }
};

// The places after the next columns of a row that are set, from `at` on, by the calls of the generator from `done` on.
DEVICE void draw_gaps(const Gaps &gaps, int64 row, int64 done, int64 at, uint32 *word, double *u, int *gap, int64 *end)
{
    int size = gaps.size();
    FOR_WIDE(q, gaps.calls) {
        Wide c[4];
        count_draws(row, done + q, c);
        philox((uint32)gaps.key, (uint32)(gaps.key >> 32), c);
        put_words(word + 4 * q, c);
    }
    BLOCK_SYNC();
    if (gaps.fine)
        FOR_THREADS(j, size) u[j] = uniform53(word[2 * j], word[2 * j + 1]);
    else
        FOR_THREADS(j, size) u[j] = uniform32(word[j]);
    BLOCK_SYNC();
    double most = (double)gaps.n_columns, log_q = gaps.log_q;
    FOR_THREADS(j, size) {
        double steps = portable_log(u[j]) / log_q;
        gap[j] = (int)(steps < most ? steps : most) + 1;
    }
    BLOCK_SYNC();
    end_gaps(gap, size, at, end);
}

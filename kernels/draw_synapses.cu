// Synapses, drawn in blocks of consecutive ones in the order of their creation: pairs of neurons, weights and delays.
// The twins are gpusyn/connectivity and gpusyn/parameters/distributions.py.

// ---- pairs ----
// One pair after the other, drawn from all (an autapse, where there must be none: -1).
KERNEL(draw_pairs, int *RESTRICT pre, int *RESTRICT post, const int *RESTRICT own, int has_own, int64 n, int64 first,
       int64 key, int64 n_pre, int64 n_post)
{
    SHARED uint32 source[PIECE], target[PIECE];
    FOR_BLOCKS(b, pieces(n)) {
        int64 begin = b * PIECE;
        int size = piece_size(n, begin);
        FOR_WIDE(q, size) {
            Wide c[4];
            count_elements(first + begin + q, 0, c);
            philox((uint32)key, (uint32)(key >> 32), c);
            put_low(source + q, multiply_shift(c[0], c[1], (uint32)n_pre));
            put_low(target + q, multiply_shift(c[2], c[3], (uint32)n_post));
        }
        BLOCK_SYNC();
        if (has_own)
            FOR_EACH(j, size) {
                bool autapse = own[source[j]] == (int)target[j];
                pre[begin + j] = autapse ? -1 : (int)source[j];
                post[begin + j] = (int)target[j];
            }
        else
            FOR_THREADS(j, size) {
                pre[begin + j] = (int)source[j];
                post[begin + j] = (int)target[j];
            }
        BLOCK_SYNC();
    }
}

// `k` columns for each of some rows, drawn from all but `own`.
KERNEL(draw_degrees, int *RESTRICT rows, int *RESTRICT columns, const int *RESTRICT own, int has_own, int64 n_rows,
       int64 first_row, int64 k, int64 key, int64 n_columns)
{
    SHARED uint32 word[PIECE + 2 * WIDE];
    FOR_BLOCKS(r, n_rows) {
        int64 row = first_row + r;
        int skip = has_own ? own[row] : -1;
        uint32 below = (uint32)(n_columns - (skip >= 0));
        for (int64 begin = 0; begin < k; begin += PIECE) {
            int size = piece_size(k, begin);
            draw_below(word, row, begin / 2, (size + 1) / 2, key, below);
            int64 at = r * k + begin;
            FOR_THREADS(j, size) {
                rows[at + j] = (int)row;
                columns[at + j] = beside((int)word[j], skip);
            }
            BLOCK_SYNC();
        }
    }
}

// The same without repetition. Each block has a bit of `seen`, 0 before and afterwards, for each column.
KERNEL(draw_distinct, int *RESTRICT rows, int *RESTRICT columns, uint32 *RESTRICT seen, const int *RESTRICT own,
       int has_own, int64 n_rows, int64 first_row, int64 k, int64 key, int64 n_columns)
{
    SHARED uint32 word[PIECE + 2 * WIDE];
    SHARED int64 found[1];
    uint32 *bits = seen + BLOCK_NUMBER * ((n_columns + 31) / 32);
    FOR_BLOCKS(r, n_rows) {
        int64 row = first_row + r, at = r * k;
        int skip = has_own ? own[row] : -1;
        uint32 below = (uint32)(n_columns - (skip >= 0));
        draw_different(columns + at, bits, word, found, row, k, key, below, n_columns);
        for (int64 begin = 0; begin < k; begin += PIECE)
            FOR_THREADS(j, piece_size(k, begin)) {
                rows[at + begin + j] = (int)row;
                columns[at + begin + j] = beside(columns[at + begin + j], skip);
            }
        BLOCK_SYNC();
    }
}

DEVICE void put_place(int *place, int done, int64 at, int found)
{
    place[0] = done;
    place[1] = (int)at;
    place[2] = found;
}

// Columns of each of some rows, each set with the probability 1 - exp(`log_q`), but not `own` (-1: none); all columns
// if `log_q` is 0. They are counted; those of a row are written from `begin` on, if it `writes`.
KERNEL(draw_rows, int *RESTRICT rows, int *RESTRICT columns, int64 *RESTRICT count, const int64 *RESTRICT begin,
       int writes, const int *RESTRICT own, int has_own, int64 n_rows, int64 first_row, int64 key, int64 n_columns,
       double log_q, int fine, int calls)
{
    SHARED uint32 word[PIECE + 4 * WIDE];
    SHARED double u[PIECE];
    SHARED int gap[PIECE];
    SHARED int64 end[PIECE];
    Gaps gaps = {key, n_columns, log_q, fine, calls};
    FOR_BLOCKS(r, n_rows) {
        int64 row = first_row + r, at = 0, found = 0, to = writes ? begin[r] : 0;
        int skip = has_own ? own[row] : -1, got = gaps.size();
        for (int64 done = 0; at < n_columns; done += calls) {
            if (log_q == 0) {
                got = piece_size(n_columns, at);
                FOR_THREADS(j, got) end[j] = at + j + 1;
                BLOCK_SYNC();
            } else
                draw_gaps(gaps, row, done, at, word, u, gap, end);
            int inside = number_within(end, got, n_columns), before = number_within(end, inside, skip);
            bool drops = skip >= 0 && before < inside && end[before] == skip + 1;
            if (writes)
                FOR_THREADS(j, inside) {
                    int64 place = to + found + j - (drops && j > before ? 1 : 0);
                    if (!(drops && j == before)) {
                        rows[place] = (int)row;
                        columns[place] = (int)end[j] - 1;
                    }
                }
            found += inside - drops;
            at = inside < got ? n_columns : end[got - 1];
            BLOCK_SYNC();
        }
        FOR_EACH(once, 1) count[r] = found;
    }
}

// The columns from `low` to `high` - 1 of rows as draw_rows draws them. A first pass begins where `reached` says,
// counts such columns and those before them, of whole rows if it `ends` them, and notes from where they must be drawn
// again, and from where those after them (`left`). A second pass writes them from `begin` on. Each place in a row is
// the number of calls of the generator, of columns and of synapses before it.
KERNEL(draw_within, int *RESTRICT rows, int *RESTRICT columns, int *RESTRICT reached, int *RESTRICT left,
       int *RESTRICT before, int *RESTRICT count, int *RESTRICT total, const int64 *RESTRICT begin, int writes,
       const int *RESTRICT own, int has_own, int64 n_rows, int64 first_row, int64 key, int64 n_columns, double log_q,
       int fine, int calls, int low, int high, int ends)
{
    SHARED uint32 word[PIECE + 4 * WIDE];
    SHARED double u[PIECE];
    SHARED int gap[PIECE];
    SHARED int64 end[PIECE];
    Gaps gaps = {key, n_columns, log_q, fine, calls};
    int got = gaps.size();
    FOR_BLOCKS(r, n_rows) {
        int64 row = first_row + r, to = writes ? begin[r] : 0, upto = ends ? n_columns : high;
        int *start = reached + 3 * r, *after = left + 3 * (writes ? 0 : r), skip = has_own ? own[row] : -1;
        int done = start[0], found = start[2], within = 0;
        int64 at = start[1];
        bool begun = writes, passed = writes;
        while (at < upto) {
            draw_gaps(gaps, row, done, at, word, u, gap, end);
            int64 last = end[got - 1];
            int all = number_within(end, got, n_columns), skipped = number_within(end, all, skip);
            int lo = number_within(end, all, low), hi = number_within(end, all, high);
            bool drops = skip >= 0 && skipped < all && end[skipped] == skip + 1;
            int less = drops && skipped < lo, dropped = drops && skipped < hi;
            if (!begun && last > low) {
                begun = true;
                FOR_EACH(once, 1) {
                    put_place(start, done, at, found);
                    before[r] = found + lo - less;
                }
            }
            if (!passed && last > high) {
                passed = true;
                FOR_EACH(once, 1) put_place(after, done, at, found);
            }
            if (writes)
                FOR_THREADS(j, hi - lo) {
                    int64 place = to + within + j - (dropped && !less && lo + j > skipped ? 1 : 0);
                    if (!(drops && lo + j == skipped)) {
                        rows[place] = (int)row;
                        columns[place] = (int)end[lo + j] - 1;
                    }
                }
            within += hi - dropped - (lo - less);
            found += all - drops;
            at = all < got ? n_columns : last;
            done += calls;
            BLOCK_SYNC();
        }
        FOR_EACH(once, 1) {
            if (!begun) before[r] = found;
            if (!begun) put_place(start, done, at, found);
            if (!passed) put_place(after, done, at, found);
            if (!writes) count[r] = within;
            if (!writes) total[r] = found;
        }
    }
}

// Those of some pairs, whose first one has the number `first`, onto own targets: the `size` from `low` on, or those
// with a `mask` of 1. They are counted in each piece; those of a piece are written from `begin` on, if it `writes`.
KERNEL(keep_own, int *RESTRICT kept_pre, int *RESTRICT kept_post, int64 *RESTRICT number, int64 *RESTRICT count,
       const int64 *RESTRICT begin, int writes, const int *RESTRICT pre, const int *RESTRICT post,
       const uint8 *RESTRICT mask, int has_mask, int low, int size, int64 n, int64 first)
{
    SHARED int own[PIECE], place[PIECE];
    FOR_BLOCKS(piece, pieces(n)) {
        int64 at = piece * PIECE;
        int all = piece_size(n, at);
        if (has_mask)
            FOR_THREADS(j, all) own[j] = mask[post[at + j]];
        else
            FOR_THREADS(j, all) own[j] = (uint32)(post[at + j] - low) < (uint32)size;
        BLOCK_SYNC();
        FOR_EACH(once, 1) {
            int found = 0;
            for (int j = 0; j < all; j++) {
                place[found] = j;
                found += own[j];
            }
            count[piece] = own[0] = found;
        }
        BLOCK_SYNC();
        if (writes) {
            int found = own[0];
            int64 to = begin[piece];
            FOR_THREADS(j, found) {
                kept_pre[to + j] = pre[at + place[j]];
                kept_post[to + j] = post[at + place[j]];
                number[to + j] = first + at + place[j];
            }
        }
        BLOCK_SYNC();
    }
}

// ---- values ----
// One value of a distribution for each of consecutive elements.
KERNEL(draw_values, double *RESTRICT values, int64 n, int64 first, int64 key, int kind, double a, double b, double most,
       double low, double high, int64 *RESTRICT fault)
{
    SHARED uint32 word[2 * PIECE];
    SHARED double u[PIECE], x[PIECE];
    SHARED int flag[PIECE];
    Law law = {kind, a, b, most, low, high};
    FOR_BLOCKS(piece, pieces(n)) {
        int64 begin = piece * PIECE;
        int size = piece_size(n, begin);
        draw_piece(law, key, Consecutive{first + begin}, size, word, u, x, flag, fault);
        FOR_THREADS(j, size) values[begin + j] = x[j];
        BLOCK_SYNC();
    }
}

// One value for each of some elements.
KERNEL(draw_listed, double *RESTRICT values, const int64 *RESTRICT elements, int64 n, int64 key, int kind, double a,
       double b, double most, double low, double high, int64 *RESTRICT fault)
{
    SHARED uint32 word[2 * PIECE];
    SHARED double u[PIECE], x[PIECE];
    SHARED int flag[PIECE], lower[PIECE], upper[PIECE];
    Law law = {kind, a, b, most, low, high};
    FOR_BLOCKS(piece, pieces(n)) {
        int64 begin = piece * PIECE;
        int size = piece_size(n, begin);
        FOR_THREADS(j, size) {
            lower[j] = (int)elements[begin + j];
            upper[j] = (int)(elements[begin + j] >> 32);
        }
        BLOCK_SYNC();
        draw_piece(law, key, Listed{lower, upper}, size, word, u, x, flag, fault);
        FOR_THREADS(j, size) values[begin + j] = x[j];
        BLOCK_SYNC();
    }
}

// Delays in steps, each at least 1.
KERNEL(round_delays, int *RESTRICT delay, const double *RESTRICT values, int64 n, double dt)
{
    FOR_BLOCKS(piece, pieces(n)) {
        int64 begin = piece * PIECE;
        FOR_THREADS(j, piece_size(n, begin)) {
            delay[begin + j] = rounded_delay(values[begin + j], dt);
        }
    }
}

// Weights in units of 1 / `scale`, of the synapses of one pathway. It is counted how many are not 0 but rounded to it,
// and how many are below `least` or have a size above `largest`.
KERNEL(round_weights, int64 *RESTRICT stored, const double *RESTRICT values, const uint16 *RESTRICT pathway, int64 n,
       int number, double scale, double least, double largest, int64 *RESTRICT lost, int64 *RESTRICT refused)
{
    SHARED int flag[PIECE];
    FOR_BLOCKS(piece, pieces(n)) {
        int64 begin = piece * PIECE;
        int size = piece_size(n, begin);
        FOR_THREADS(j, size) {
            double exact = values[begin + j], rounded = portable_rint(exact * scale);
            bool mine = pathway[begin + j] == number;
            stored[begin + j] = mine ? (int64)rounded : stored[begin + j];
            int zero = rounded == 0 && exact != 0, wrong = magnitude(exact) > largest || exact < least;
            flag[j] = mine ? zero | wrong << 1 : 0;
        }
        BLOCK_SYNC();
        for_flagged(flag, size, [&](int j) {
            if (flag[j] & 1) take(lost, 1);
            if (flag[j] & 2) take(refused, 1);
        });
        BLOCK_SYNC();
    }
}

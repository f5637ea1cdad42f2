// Poisson input from outside: gpusyn/numerics/poisson.py. A count is the number of limits above a uniform number of 64
// bits. Its upper half is a word of Philox, of which one call serves four elements; its lower half is drawn only where
// the word equals the upper half of a limit.
#pragma once

enum { TIED = 2, GOES_ON = 1 };

// The limits of consecutive elements in one step, from the largest on: those of one element are `level` apart.
struct Limits {
    const uint32 *top, *low;
    int64 level;
    int levels;
};

// The limits of the elements from `offset` on: the same in all steps, for all elements or each its own; or one set per
// step for all.
DEVICE Limits limits_of(const PoissonDrive &drive, const uint32 *limits, int64 local_step, int64 offset)
{
    const uint32 *top = limits + drive.limits + local_step * drive.time_step + offset * drive.limit_step;
    return {top, top + drive.levels * drive.level_step, drive.level_step, (int)drive.levels};
}

// Space of a block for its draws.
struct Draws {
    uint32 word[CHUNK];
    int open[CHUNK], events[CHUNK];
};

// Draws the words of elements from `offset` on, a multiple of four; `place` is the counter's block.
DEVICE void draw_words(const PoissonDrive &drive, int64 now, int64 offset, int size, uint32 place, uint32 *word)
{
    uint32 low = (uint32)drive.key_low, high = (uint32)drive.key_high;
    FOR_WIDE(q, (size + 3) / 4) {
        Wide c[4] = {wide_from((uint64)(offset / 4 + q)), wide((uint32)now), wide((uint64)now >> 32), wide(place)};
        philox(low, high, c);
        put_words(word + 4 * q, c);
    }
}

// Adds to each count the number of those of four limits, from `top` on, that are above the element's word.
template <int OWN> DEVICE void count_four(const uint32 *top, int64 level, int size, Draws &d)
{
    FOR_THREADS(j, size) {
        const uint32 *t = top + (OWN ? j : 0);
        uint32 word = d.word[j], a = t[0], b = t[level], c = t[2 * level], e = t[3 * level];
        int tied = (word == a) | (word == b) | (word == c) | (word == e);
        d.events[j] += (word < a) + (word < b) + (word < c) + (word < e);
        d.open[j] = (d.open[j] & TIED) | (tied ? TIED : 0) | (word < e ? GOES_ON : 0);
    }
}

// The number of limits whose upper half equals the word of element j, and whose lower half is above another word.
DEVICE int count_tied(const PoissonDrive &drive, const Limits &limits, int64 now, int64 offset, int j, uint32 place,
                      uint32 word)
{
    uint32 four[4 * WIDE];
    int64 at = j * drive.limit_step;
    Wide c[4] = {wide_from((uint64)((offset + j) / 4)), wide((uint32)now), wide((uint64)now >> 32), wide(place)};
    philox((uint32)drive.key_low, (uint32)drive.key_high, c);
    put_words(four, c);
    int count = 0;
    for (int k = 0; k < limits.levels; k++, at += limits.level)
        count += limits.top[at] == word && four[j % 4] < limits.low[at] ? 1 : 0;
    return count;
}

// Counts the events of `size` elements from `offset` on in this step. Returns false if there are certainly none.
DEVICE bool poisson_events(const PoissonDrive &drive, const uint32 *limits, Step step, int64 offset, int size, Draws &d)
{
    if (step.now < drive.start || step.now >= drive.stop) return false;
    Limits l = limits_of(drive, limits, step.local, offset);
    FOR_THREADS(j, size) d.events[j] = 0;
    for (int piece = 0; piece < (int)drive.pieces; piece++) {
        FOR_THREADS(j, size) d.open[j] = 0;
        draw_words(drive, step.now, offset, size, 2 * piece, d.word);
        BLOCK_SYNC();
        for (int k = 0; k < l.levels && (k == 0 || any_of(d.open, size)); k += 4)
            if (drive.limit_step)
                count_four<true>(l.top + k * l.level, l.level, size, d);
            else
                count_four<false>(l.top + k * l.level, l.level, size, d);
        if (any_of(d.open, size))
            FOR_EACH(j, size)
                if (d.open[j])
                    d.events[j] += count_tied(drive, l, step.now, offset, j, 2 * piece + 1, d.word[j]);
        BLOCK_SYNC();  // before the next words
    }
    int most = (int)drive.most_events;
    FOR_THREADS(j, size) d.events[j] = d.events[j] < most ? d.events[j] : most;
    return any_of(d.events, size);
}

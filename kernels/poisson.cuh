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

// Draws the words of 4 WIDE elements, from element 4 `four` on; `place` is the counter's block.
DEVICE void draw_fours(const PoissonDrive &drive, int64 now, int64 four, uint32 place, uint32 *word)
{
    Wide c[4] = {wide_from((uint64)four), wide((uint32)now), wide((uint64)now >> 32), wide(place)};
    philox((uint32)drive.key_low, (uint32)drive.key_high, c);
    put_words(word, c);
}

// Adds to each count the number of those of four limits, from `top` on, that are above the element's word. It is open
// whether smaller limits are, too, or whether a limit is that equals the word.
template <int OWN> DEVICE void count_four(const uint32 *top, int64 level, int size, bool first, Draws &d)
{
    FOR_THREADS(j, size) {
        const uint32 *t = top + (OWN ? j : 0);
        uint32 word = d.word[j], a = t[0], b = t[level], c = t[2 * level], e = t[3 * level];
        int tied = (word == a) | (word == b) | (word == c) | (word == e);
        d.events[j] += (word < a) + (word < b) + (word < c) + (word < e);
        d.open[j] = (first ? 0 : d.open[j] & TIED) | (tied ? TIED : 0) | (word < e ? GOES_ON : 0);
    }
}

// The number of limits whose upper half equals the word of element j, and whose lower half is above another word.
DEVICE int count_tied(const PoissonDrive &drive, const Limits &limits, int64 now, int64 offset, int j, uint32 place,
                      uint32 word)
{
    uint32 four[4 * WIDE];
    int64 at = j * drive.limit_step;
    draw_fours(drive, now, (offset + j) / 4, place, four);
    int count = 0;
    for (int k = 0; k < limits.levels; k++, at += limits.level)
        count += limits.top[at] == word && four[j % 4] < limits.low[at] ? 1 : 0;
    return count;
}

// Counts the events of `size` elements from `offset` on, a multiple of four, in this step. Returns false if the drive
// is off.
DEVICE bool poisson_events(const PoissonDrive &drive, const uint32 *limits, Step step, int64 offset, int size, Draws &d)
{
    if (step.now < drive.start || step.now >= drive.stop) return false;
    Limits l = limits_of(drive, limits, step.local, offset);
    FOR_THREADS(j, size) d.events[j] = 0;
    for (uint32 piece = 0; piece < (uint32)drive.pieces; piece++) {
        FOR_WIDE(q, (size + 3) / 4) draw_fours(drive, step.now, offset / 4 + q, 2 * piece, d.word + 4 * q);
        BLOCK_SYNC();
        bool open = true;
        for (int k = 0; open && k < l.levels; k += 4) {
            const uint32 *top = l.top + k * l.level;
            if (drive.limit_step)
                count_four<true>(top, l.level, size, k == 0, d);
            else
                count_four<false>(top, l.level, size, k == 0, d);
            open = any_of(d.open, size);
        }
        if (open)  // some word equals a limit, for the last limit is 0
            for_flagged(d.open, size, [&](int j) {
                d.events[j] += count_tied(drive, l, step.now, offset, j, 2 * piece + 1, d.word[j]);
            });
        BLOCK_SYNC();  // before the next words
    }
    return true;
}

// The events of element j, of which no more than the declared maximum count.
DEVICE int events_of(const PoissonDrive &drive, const Draws &d, int j)
{
    return d.events[j] < drive.most_events ? d.events[j] : (int)drive.most_events;
}

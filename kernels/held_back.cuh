// What was released is active for a time before it recovers (Tsodyks, Uziel & Markram 2000).
// gpusyn/equations/short_term.py has the same operations.
#pragma once

// What is missing of x after some steps, for each part that was active, because it begins to recover only when it is
// inactive. Of resources that are inactive from the start, `empty` have not recovered by then; of those that were
// active, `left` still are. `rec` and `psc` are the exponents of both decays in one step, which may be equal.
DEVICE real held_back(real elapsed, real rec, real psc, real empty, real left)
{
    real longer = flush(empty > left ? empty : left), apart = elapsed * (psc - rec);
    return elapsed * -rec * longer * portable_exprel(apart > 0 ? -apart : apart);
}

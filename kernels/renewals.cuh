// Renewal processes: gpusyn/equations/renewals.py, operation for operation. The state of a source is what is left of
// its interval, in mean intervals; minus the steps of dead time that are left, if it is not positive.
#pragma once

typedef RenewalCoefficients Of;

// The random words of a source in a step, call by call.
struct Calls {
    uint32 key_low, key_high;
    int64 element, now;
    uint32 next;
};

DEVICE void next_words(Calls &calls, uint32 *word)
{
    Wide c[4] = {wide((uint64)calls.element), wide((uint32)calls.now), wide((uint64)calls.now >> 32),
                 wide(calls.next++)};
    philox(calls.key_low, calls.key_high, c);
    put_words(word, c);
}

// A value of the gamma distribution with the shape of the intervals and 1 more: Marsaglia and Tsang 2000.
DEVICE double draw_gamma(const double *c, Calls &calls)
{
    uint32 word[4 * WIDE];
    for (;;) {
        next_words(calls, word);
        double u = uniform53(word[0], word[1]), q = u - 0.5;
        double z = in_tail(q) ? quantile_tail(q, u) : quantile_middle(q);
        double log_u = portable_log(uniform53(word[2], word[3]));
        double root = 1.0 + c[Of::c] * z, positive = root > 1e-90 ? root : 1e-90;
        double v = positive * positive * positive;
        if (root > 0 && log_u < 0.5 * z * z + c[Of::d] * (1.0 - v + portable_log(v))) return c[Of::d] * v;
    }
}

// An interval of mean 1, or what is left of one at a random time.
APART double waiting_time(const double *c, Calls &calls, bool residual)
{
    uint32 word[4 * WIDE];
    double value = draw_gamma(c, calls) / c[Of::shape];
    next_words(calls, word);
    double u = uniform53(word[0], word[1]);
    if (residual) return value * u;
    double power = portable_log(u) / c[Of::shape];
    return value * portable_exp(power > -500.0 ? power : -500.0);
}

// The state of a source in equilibrium, which advances by so much in a step.
DEVICE double begin_renewals(double advance, const double *c, Calls &calls)
{
    uint32 word[4 * WIDE];
    next_words(calls, word);
    double cycle = advance * c[Of::dead], at = uniform53(word[0], word[1]) * (1.0 + cycle);
    return at < cycle ? -(at / advance) : waiting_time(c, calls, true);
}

// Advances a source by a step; returns the number of its events.
DEVICE int renew(double *state, double advance, const double *c, Calls &calls)
{
    double x = *state, left = 1.0;  // part of the step that is left
    int events = 0;
    for (;;) {
        if (x <= 0.0) {
            if (-x >= left) return *state = x + left, events;
            left = left + x;
            x = waiting_time(c, calls, false);
        }
        if (x > advance * left) return *state = x - advance * left, events;
        left = left - x / advance;  // by rounding, may be a little below 0: then the step is over
        events++;
        x = -c[Of::dead];
    }
}

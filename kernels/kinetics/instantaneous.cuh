// No gate at all: what arrives acts at once, and nothing of it is left for the next step.
#pragma once

struct Instantaneous : InstantaneousCoefficients {
    enum { STATES = 0, COEFS = COUNT, INPUTS = 1 };
    DEVICE real average(const real *, const Coef, int64) { return 0; }
    DEVICE void step(real *, const Coef, int64, const Arrivals) {}
    DEVICE real value(const real *, int64) { return 0; }
    // What is due at the end of this step; taken once.
    DEVICE real arrived(const Coef c, const Arrivals arrivals) { return c[jump] * arrivals.take(0); }
};

// Pairs of spikes.
#pragma once

// A spike changes the weight by the trace of the other side, times a power of the room that the weight has.
struct PairRule : PairCoefficients {
    enum { PRE = 1, POST = 1, ELIGIBLE = 0 };
    DEVICE real at_post(real w, const real *pre, const real *, const real *c)
    {
        return c[A_plus] * power((real)1 - w, c[mu_plus]) * pre[0];
    }
    DEVICE real at_pre(real w, const real *, const real *post, const real *c)
    {
        return -(c[A_minus] * power(w, c[mu_minus]) * post[0]);
    }
};

// The same for powers of 0.
struct AdditiveRule : PairCoefficients {
    enum { PRE = 1, POST = 1, ELIGIBLE = 0 };
    DEVICE real at_post(real, const real *pre, const real *, const real *c) { return c[A_plus] * pre[0]; }
    DEVICE real at_pre(real, const real *, const real *post, const real *c) { return -(c[A_minus] * post[0]); }
};

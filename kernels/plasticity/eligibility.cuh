// Pairs of spikes that leave an eligibility.
#pragma once

// A spike changes the eligibility by the trace of the other side.
struct EligibilityRule : EligibilityCoefficients {
    enum { PRE = 1, POST = 1, ELIGIBLE = 1 };
    DEVICE real at_post(real, const real *pre, const real *, const real *c) { return c[A_plus] * pre[0]; }
    DEVICE real at_pre(real, const real *, const real *post, const real *c) { return -(c[A_minus] * post[0]); }
};

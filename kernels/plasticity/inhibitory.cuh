// Inhibitory synapses that hold their targets at a rate.
#pragma once

// Each side's spike adds the other side's trace; a presynaptic one takes a constant away.
struct InhibitoryRule : InhibitoryCoefficients {
    enum { PRE = 1, POST = 1, ELIGIBLE = 0 };
    DEVICE real at_post(real, const real *pre, const real *, const real *c) { return c[eta] * pre[0]; }
    DEVICE real at_pre(real, const real *, const real *post, const real *c) { return c[eta] * (post[0] - c[alpha]); }
};

// Linear gates, owned by the target neuron. `average` is the gate's mean over the coming step (exact), `step` its propagator
// with the input that is due at the end of the step. Coefficients come from gpusyn/coefficients.py, in this order.
#pragma once

// One neuron's column of the coefficient table (coefficients x rows), so that neighbouring neurons load neighbouring values.
struct Coef {
    const real *c;
    int64 rows;
    MEMBER real operator[](int k) const { return c[k * rows]; }
    MEMBER Coef from(int k) const { return {c + k * rows, rows}; }
};

// No lumped gate at all: the receptor's gates live on the synapses.
struct Unlumped {
    enum { STATES = 0, COEFS = 0 };
    DEVICE real average(const real *, const Coef, int64) { return 0; }
    DEVICE void step(real *, const Coef, int64, real) {}
};

// dg/dt = -g/tau;  c = {P, mean, jump}
struct Exponential {
    enum { STATES = 1, COEFS = 3 };
    DEVICE real average(const real *x, const Coef c, int64) { return c[1] * x[0]; }
    DEVICE void step(real *x, const Coef c, int64, real input) { x[0] = flush(c[0] * x[0] + c[2] * input); }
};

// Alpha and dual exponential: h' = -h/tau_r, g' = -g/tau_d + h;  c = {P_g, P_gh, P_h, mean_g, mean_h, jump}
struct Rising {
    enum { STATES = 2, COEFS = 6 };
    DEVICE real average(const real *x, const Coef c, int64 n) { return c[3] * x[0] + c[4] * x[n]; }
    DEVICE void step(real *x, const Coef c, int64 n, real input)
    {
        real h = x[n];
        x[0] = flush(c[0] * x[0] + c[1] * h);
        x[n] = flush(c[2] * h + c[5] * input);
    }
};

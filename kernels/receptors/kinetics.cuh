// What a target neuron keeps of its synapses' gates. `average` is the sum's mean over the coming step, `step` its
// propagator with the input that is due at the end of the step, `value` the sum as it stands. Coefficients come from
// gpusyn/builder/gating/linear.py, in this order.
#pragma once

// The integer sums that neuron j finds due at the end of this step, an input each; `shared` is what its whole population gets.
struct Arrivals {
    acc *const *due, *const *following;
    const acc *shared;
    int j;
    MEMBER real take(int i) const
    {
        acc sum = due[i][j] + shared[i];
        due[i][j] = 0;
        return (real)sum;
    }
    // A sum that never decays: all that has arrived so far, handed on to the next step. Integers do not drift.
    MEMBER real keep(int i) const
    {
        acc sum = due[i][j] + shared[i];
        due[i][j] = 0;
        following[i][j] = following[i][j] + sum;
        return (real)sum;
    }
    MEMBER Arrivals of(int neuron) const { return {due, following, shared, neuron}; }
    MEMBER Arrivals from(int i) const { return {due + i, following + i, shared + i, j}; }
};

// No lumped gate at all: the receptor's gates live on the synapses.
struct Unlumped {
    enum { STATES = 0, COEFS = 0, INPUTS = 0 };
    DEVICE real average(const real *, const Coef, int64) { return 0; }
    DEVICE void step(real *, const Coef, int64, const Arrivals) {}
    DEVICE real value(const real *, int64) { return 0; }
};

// dg/dt = -g/tau;  c = {P, mean, jump}
struct Exponential {
    enum { STATES = 1, COEFS = 3, INPUTS = 1 };
    DEVICE real average(const real *x, const Coef c, int64) { return c[1] * x[0]; }
    DEVICE void step(real *x, const Coef c, int64, const Arrivals in) { x[0] = flush(c[0] * x[0] + c[2] * in.take(0)); }
    DEVICE real value(const real *x, int64) { return x[0]; }
};

// Alpha and dual exponential: h' = -h/tau_r, g' = -g/tau_d + h;  c = {P_g, P_gh, P_h, mean_g, mean_h, jump}
struct Rising {
    enum { STATES = 2, COEFS = 6, INPUTS = 1 };
    DEVICE real average(const real *x, const Coef c, int64 n) { return c[3] * x[0] + c[4] * x[n]; }
    DEVICE void step(real *x, const Coef c, int64 n, const Arrivals in)
    {
        real h = x[n];
        x[0] = flush(c[0] * x[0] + c[1] * h);
        x[n] = flush(c[2] * h + c[5] * in.take(0));
    }
    DEVICE real value(const real *x, int64) { return x[0]; }
};

// Channels under pulses of transmitter, gates on the sources: sums of w y over the synapses in a pulse and over the others
// (Lytton 1996), y[0] the open fraction, and the weight that is in a pulse. Synapses move from one sum to the other at
// the edges of their pulses.  x = {y on (M), y off (M), weight on}
// c = {on (M x M), off (M x M), drive (M), mean on (M), mean off (M), mean of drive, jump}
template <int M> struct Pulsed {
    enum { STATES = 2 * M + 1, COEFS = 2 * M * M + 3 * M + 2, INPUTS = M + 1 };
    enum { OFF = M * M, DRIVE = 2 * M * M, MEAN_ON = DRIVE + M, MEAN_OFF = MEAN_ON + M, MEAN_DRIVE = MEAN_OFF + M, JUMP };
    DEVICE real average(const real *x, const Coef c, int64 n)
    {
        real mean = c[MEAN_DRIVE] * x[2 * M * n];
#pragma unroll 1
        for (int i = 0; i < M; i++) mean = mean + c[MEAN_ON + i] * x[i * n];
#pragma unroll 1
        for (int i = 0; i < M; i++) mean = mean + c[MEAN_OFF + i] * x[(M + i) * n];
        return mean;
    }
    DEVICE void step(real *x, const Coef c, int64 n, const Arrivals in)
    {
        real on[M], off[M], weight = x[2 * M * n];
#pragma unroll 1  // or a large scheme's coefficients would not fit into registers
        for (int i = 0; i < M; i++) {
            real moved = c[JUMP] * in.take(1 + i);
            on[i] = c[DRIVE + i] * weight;
            off[i] = 0;
            for (int k = 0; k < M; k++) on[i] = on[i] + c[i * M + k] * x[k * n];
            for (int k = 0; k < M; k++) off[i] = off[i] + c[OFF + i * M + k] * x[(M + k) * n];
            on[i] = on[i] + moved;
            off[i] = off[i] - moved;
        }
#pragma unroll 1
        for (int i = 0; i < M; i++) {
            x[i * n] = flush(on[i]);
            x[(M + i) * n] = flush(off[i]);
        }
        x[2 * M * n] = c[JUMP] * in.keep(0);
    }
    DEVICE real value(const real *x, int64 n) { return x[0] + x[M * n]; }
};

// Gates of any kind on the sources, one step ahead: the sum of w s at the end of the next step arrives as its changes.
// x = {sum now, sum at the end of the coming step};  c = {jump}
struct Followed {
    enum { STATES = 2, COEFS = 1, INPUTS = 1 };
    DEVICE real average(const real *x, const Coef, int64 n) { return (real)0.5 * (x[0] + x[n]); }
    DEVICE void step(real *x, const Coef c, int64 n, const Arrivals in)
    {
        x[0] = x[n];
        x[n] = c[0] * in.keep(0);
    }
    DEVICE real value(const real *x, int64) { return x[0]; }
};

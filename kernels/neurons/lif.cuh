// Leaky integrate-and-fire, v relative to E_L. The first coefficients of every neuron model are
// {v_th, v_reset, refractory steps, E_L}; the model's own follow. A model has STATES of its own beside v, x[k * n];
// HOLDS says that a spike resets v and holds it while refractory. `advance` gives v at the end of the step,
// `follow` moves the states that need the v of both ends, the new one taken before a reset.
#pragma once

// Conductances: exponential Euler with each gate's exact mean over the step;  c = {g_L, dt/C}
struct LIF {
    enum { STATES = 0, COEFS = 2, HOLDS = 1 };
    DEVICE real leak(const Coef c) { return c[0]; }
    DEVICE real drive(real current, const Coef) { return current; }
    DEVICE real advance(real v, real *, const Coef c, int64, real G, real D)
    {
        real v_inf = D / G;
        return v + (v - v_inf) * portable_expm1(-(c[1] * G));
    }
    DEVICE void follow(real *, real, real, int, const Coef, int64) {}
};

// Currents only: exact. The gates' coefficients are propagators into v, in place of means;  c = {P - 1, (1 - P)/g_L}
struct ExactLIF {
    enum { STATES = 0, COEFS = 2, HOLDS = 1 };
    DEVICE real leak(const Coef) { return 0; }
    DEVICE real drive(real current, const Coef c) { return c[1] * current; }
    DEVICE real advance(real v, real *, const Coef c, int64, real, real D) { return v + (c[0] * v + D); }
    DEVICE void follow(real *, real, real, int, const Coef, int64) {}
};

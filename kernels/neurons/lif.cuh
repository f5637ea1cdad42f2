// Leaky integrate-and-fire, v relative to E_L. The first coefficients of every neuron model are
// {v_th, v_reset, refractory steps, E_L}; the model's own follow.
#pragma once

// Conductances: exponential Euler with each gate's exact mean over the step;  c = {g_L, dt/C}
struct LIF {
    enum { COEFS = 2 };
    DEVICE real leak(const Coef c) { return c[0]; }
    DEVICE real drive(real current, const Coef) { return current; }
    DEVICE real advance(real v, const Coef c, real G, real D)
    {
        real v_inf = D / G;
        return v + (v - v_inf) * portable_expm1(-(c[1] * G));
    }
};

// Currents only: exact. The gates' coefficients are propagators into v, in place of means;  c = {P - 1, (1 - P)/g_L}
struct ExactLIF {
    enum { COEFS = 2 };
    DEVICE real leak(const Coef) { return 0; }
    DEVICE real drive(real current, const Coef c) { return c[1] * current; }
    DEVICE real advance(real v, const Coef c, real, real D) { return v + (c[0] * v + D); }
};

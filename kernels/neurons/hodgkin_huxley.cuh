// Hodgkin-Huxley neuron with the rates of Traub and Miles (1991), v relative to E_L;  x = {m, h, n}
//   c = {g_L, dt/C, dt, V_T - E_L, g_Na, E_Na - E_L, g_K, E_K - E_L}
// The gates first, each exactly for a constant v (Rush and Larsen 1978); then v by exponential Euler with the new gates.
// V is neither reset nor held: it passes the threshold upwards, and the refractory time only mutes further spikes.
#pragma once

struct HodgkinHuxley {
    enum { STATES = 3, COEFS = 8, HOLDS = 0 };
    DEVICE real leak(const Coef c) { return c[0]; }
    DEVICE real drive(real current, const Coef) { return current; }
    DEVICE real relax(real gate, real opening, real closing, real dt)
    {
        real rate = opening + closing;
        return flush(gate + (gate - opening / rate) * portable_expm1(-(rate * dt)));
    }
    DEVICE real advance(real v, real *x, const Coef c, int64 n, real G, real D)
    {
        real u = v - c[3];
        real m = relax(x[0], (real)1.28 / portable_exprel(((real)13 - u) * (real)0.25),
                       (real)1.4 / portable_exprel((u - (real)40) * (real)0.2), c[2]);
        real h = relax(x[n], (real)0.128 * portable_exp(((real)17 - u) / (real)18),
                       (real)4 / ((real)1 + portable_exp(((real)40 - u) * (real)0.2)), c[2]);
        real o = relax(x[2 * n], (real)0.16 / portable_exprel(((real)15 - u) * (real)0.2),
                       (real)0.5 * portable_exp(((real)10 - u) * (real)0.025), c[2]);
        x[0] = m;
        x[n] = h;
        x[2 * n] = o;
        real sodium = c[4] * (((m * m) * m) * h), potassium = c[6] * ((o * o) * (o * o));
        G = (G + sodium) + potassium;
        D = (D + sodium * c[5]) + potassium * c[7];
        real v_inf = D / G;
        return v + (v - v_inf) * portable_expm1(-(c[1] * G));
    }
    DEVICE void follow(real *, real, real, int, const Coef, int64) {}
};

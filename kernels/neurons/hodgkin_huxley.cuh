// Hodgkin-Huxley neuron with the rates of Traub and Miles (1991), v relative to E_L.
// The gates first, each exactly for a constant v (Rush and Larsen 1978); then v by exponential Euler with the new
// gates. V is neither reset nor held: a spike is an upward crossing of the threshold, and the refractory time only
// suppresses further spikes.
#pragma once

struct HodgkinHuxley : HodgkinHuxleyCoefficients, HodgkinHuxleyStates {
    DEVICE real leak(const Coef c) { return c[g_L]; }
    DEVICE real drive(real current, const Coef) { return current; }
    DEVICE real relax(real gate, real opening, real closing, real dt)
    {
        real rate = opening + closing;
        return flush(gate + (gate - opening / rate) * portable_expm1(-(rate * dt)));
    }
    DEVICE real advance(real v, State x, const Coef c, real G, real D)
    {
        real U = v - c[V_T];
        real M = relax(x[m], (real)1.28 / portable_exprel(((real)13 - U) * (real)0.25),
                       (real)1.4 / portable_exprel((U - (real)40) * (real)0.2), c[dt]);
        real H = relax(x[h], (real)0.128 * portable_exp(((real)17 - U) / (real)18),
                       (real)4 / ((real)1 + portable_exp(((real)40 - U) * (real)0.2)), c[dt]);
        real N = relax(x[n], (real)0.16 / portable_exprel(((real)15 - U) * (real)0.2),
                       (real)0.5 * portable_exp(((real)10 - U) * (real)0.025), c[dt]);
        x[m] = M;
        x[h] = H;
        x[n] = N;
        real sodium = c[g_Na] * (((M * M) * M) * H), potassium = c[g_K] * ((N * N) * (N * N));
        G = (G + sodium) + potassium;
        D = (D + sodium * c[E_Na]) + potassium * c[E_K];
        real v_inf = D / G;
        return v + (v - v_inf) * portable_expm1(-(c[dt_C] * G));
    }
    DEVICE void follow(State, real, real, int, const Coef) {}
};

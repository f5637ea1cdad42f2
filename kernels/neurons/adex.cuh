// Adaptive exponential integrate-and-fire (Brette and Gerstner 2005), v relative to E_L;  x = {w}
//   c = {g_L, dt/C, V_T - E_L, 1/Delta_T, g_L Delta_T, a, b, exp(-dt/tau_w) - 1, exp(-dt/2 tau_w) - 1, V_peak - E_L}
// v by an exponential step of the linearised equation, with w at the middle of the step; w by its exact solution for the
// mean of the old and the new v. The new v stops at V_peak, so that w never sees the divergence behind it.
#pragma once

struct AdEx {
    enum { STATES = 1, COEFS = 10, HOLDS = 1 };
    DEVICE real leak(const Coef c) { return c[0]; }
    DEVICE real drive(real current, const Coef) { return current; }
    DEVICE real advance(real v, real *x, const Coef c, int64, real G, real D)
    {
        real w = x[0] + (x[0] - c[5] * v) * c[8];
        real steep = (v - c[2]) * c[3];
        steep = steep > (real)30 ? (real)30 : steep;
        real upstroke = portable_exp(steep);
        real slope = (c[0] * upstroke - G) * c[1];
        real rise = (((D - G * v) + c[4] * upstroke) - w) * c[1];
        real reached = v + rise * portable_exprel(slope);
        return reached > c[9] ? c[9] : reached;
    }
    DEVICE void follow(real *x, real v, real reached, int fired, const Coef c, int64)
    {
        real w = x[0] + (x[0] - c[5] * ((real)0.5 * (v + reached))) * c[7];
        x[0] = flush(fired ? w + c[6] : w);
    }
};

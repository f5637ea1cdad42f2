// Adaptive exponential integrate-and-fire (Brette and Gerstner 2005), v relative to E_L.
// v by an exponential step of the linearised equation, with w at the middle of the step; w by its exact solution for
// the mean of the old and the new v. The new v stops at V_peak, so that the divergence beyond it never affects w.
#pragma once

struct AdEx : AdExCoefficients, AdExStates {
    DEVICE real leak(const Coef c) { return c[g_L]; }
    DEVICE real drive(real current, const Coef) { return current; }
    DEVICE real advance(real v, State x, const Coef c, real G, real D)
    {
        real middle = x[w] + (x[w] - c[a] * v) * c[half_decay];
        real steep = (v - c[V_T]) * c[per_Delta_T];
        steep = steep > (real)30 ? (real)30 : steep;
        real upstroke = portable_exp(steep);
        real slope = (c[g_L] * upstroke - G) * c[dt_C];
        real rise = (((D - G * v) + c[g_L_Delta_T] * upstroke) - middle) * c[dt_C];
        real reached = v + rise * portable_exprel(slope);
        return reached > c[V_peak] ? c[V_peak] : reached;
    }
    DEVICE void follow(State x, real v, real reached, int fired, const Coef c)
    {
        real relaxed = x[w] + (x[w] - c[a] * ((real)0.5 * (v + reached))) * c[decay];
        x[w] = flush(fired ? relaxed + c[b] : relaxed);
    }
};

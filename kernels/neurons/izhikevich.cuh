// The simple model of Izhikevich (2003), v relative to the reset potential c: 0.04 v^2 + linear v + constant - u + I.
// The same method as AdEx: v by an exponential step of the linearised equation, u exactly for the mean of the old and
// the new v.
#pragma once

struct Izhikevich : IzhikevichCoefficients, IzhikevichStates {
    DEVICE real leak(const Coef) { return 0; }
    DEVICE real drive(real current, const Coef) { return current; }
    DEVICE real advance(real v, State x, const Coef c, real G, real D)
    {
        real middle = x[u] + (x[u] - (c[b] * v + c[b_c])) * c[half_decay];
        real slope = (((real)0.08 * v + c[linear]) - G * c[per_C]) * c[dt];
        real rise = (((((real)0.04 * v + c[linear]) * v + c[constant]) - middle) + (D - G * v) * c[per_C]) * c[dt];
        real reached = v + rise * portable_exprel(slope);
        return reached > c[V_peak] ? c[V_peak] : reached;
    }
    DEVICE void follow(State x, real v, real reached, int fired, const Coef c)
    {
        real relaxed = x[u] + (x[u] - (c[b] * ((real)0.5 * (v + reached)) + c[b_c])) * c[decay];
        x[u] = flush(fired ? relaxed + c[d] : relaxed);
    }
};

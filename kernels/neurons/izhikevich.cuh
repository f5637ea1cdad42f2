// The simple model of Izhikevich (2003), v relative to the reset potential c;  x = {u}
//   c = {dt, 1/C, 0.08 c + 5, 0.04 c^2 + 5 c + 140, b, b c, d, exp(-a dt) - 1, exp(-a dt/2) - 1, V_peak - c}
// Steps as AdEx does: v by an exponential step of the linearised equation, u exactly for the mean of the old and the new v.
#pragma once

struct Izhikevich {
    enum { STATES = 1, COEFS = 10, HOLDS = 1 };
    DEVICE real leak(const Coef) { return 0; }
    DEVICE real drive(real current, const Coef) { return current; }
    DEVICE real advance(real v, real *x, const Coef c, int64, real G, real D)
    {
        real u = x[0] + (x[0] - (c[4] * v + c[5])) * c[8];
        real slope = (((real)0.08 * v + c[2]) - G * c[1]) * c[0];
        real rise = (((((real)0.04 * v + c[2]) * v + c[3]) - u) + (D - G * v) * c[1]) * c[0];
        real reached = v + rise * portable_exprel(slope);
        return reached > c[9] ? c[9] : reached;
    }
    DEVICE void follow(real *x, real v, real reached, int fired, const Coef c, int64)
    {
        real u = x[0] + (x[0] - (c[4] * ((real)0.5 * (v + reached)) + c[5])) * c[7];
        x[0] = flush(fired ? u + c[6] : u);
    }
};

// What gates on sources and gates on synapses have in common.
#pragma once

// What x adds in a step to S, which alone decays: x' = -x/tau_r, S' = -S/tau_d + alpha x (1 - S) (Wang 1999) in closed
// form. With y = g[2] x, S becomes P exp(-y) (S + y head (1 + y r_1 (1 + y r_2 (...)))).
// g = {P, P_x, y of x, head, number of ratios};  ratio = {r_1, r_2, ...}
DEVICE real growth(const real *g, const real *ratio, real S, real x)
{
    if (!(x > 0)) return 0;
    real y = g[2] * x, series = 1, lost = portable_expm1(-y);
    for (int k = (int)g[4] - 1; k >= 0; k--) series = 1 + y * ratio[k] * series;
    return flush(g[0] * (lost * S + (lost + 1) * (y * g[3] * series)));
}

// Channels that n G proteins open: G^n / (G^n + K_d) (Destexhe and Sejnowski 1995).
DEVICE real opened(real G, int n, real K_d)
{
    real power = 1;
    for (int k = 0; k < n; k++) power = power * G;
    return power / (power + K_d);
}

// Calcium of both sides' spikes moves rho, which decides the weight; see gpusyn/equations/plasticity/calcium.py.
#pragma once

struct CalciumRule : CalciumRuleCoefficients {
    enum { PRE = 1, POST = 1, ELIGIBLE = 0 };

    // The times above both thresholds, then above one of them, and whether that is the one of potentiation.
    struct Above {
        real both, one;
        bool potentiates;
    };

    DEVICE real within(real time, real most)
    {
        time = time > 0 ? time : (real)0;
        return time < most ? time : most;
    }
    DEVICE Above above(real pre, real post, real time, const real *c)
    {
        real calcium = portable_log(c[C_pre] * pre + c[C_post] * post);
        real d = within(c[tau_Ca] * (calcium - c[log_d]), time), p = within(c[tau_Ca] * (calcium - c[log_p]), time);
        real least = d < p ? d : p;
        return {least, (d > p ? d : p) - least, p > d};
    }

    // The change of rho by the cubic alone.
    DEVICE real cubic_change(real rho, real time, const real *c)
    {
        real y = rho - (real)0.5, e = portable_expm1(-(time * c[cubic])), square = (real)4 * y * y;
        bool small = e > (real)-0.5;
        real grown = (real)4 * rho * ((real)1 - rho) * e, below = (real)1 + (small ? grown : e - square * e);
        bool same = below == 1;
        real ratio = small && !same ? grown / (same ? (real)1 : below - (real)1) : (real)1;
        real logarithm = portable_log(below) * ratio;
        return y * portable_expm1((real)-0.5 * (small && same ? grown : logarithm));
    }
    // The change by p (1 - rho) - d rho alone, with noise.
    DEVICE real linear_change(real rho, real time, real p, real d, real noise, double normal)
    {
        real rate = p + d, x = rate * time, part = time * portable_exprel(-x);
        real variance = noise * part * ((real)1 - (real)0.5 * rate * part);
        return part * (p - rate * rho) + (real)(sqrt((double)variance) * normal);
    }
    // The change of the weight in a time, with standard normal numbers of the times above thresholds.
    DEVICE real drift(real w, const Above &above, real time, const real *c, const double *normal)
    {
        real rest = time - (above.both + above.one), half = (real)0.5, rho = (w - c[low]) / c[span];
        real d = above.potentiates ? (real)0 : c[depression], p = above.potentiates ? c[potentiation] : (real)0;
        real x = cubic_change(rho, half * above.both, c), noise = c[CalciumRule::noise];
        x = x + linear_change(rho + x, above.both, c[potentiation], c[depression], noise + noise, normal[0]);
        x = x + cubic_change(rho + x, half * (above.both + above.one), c);
        x = x + linear_change(rho + x, above.one, p, d, noise, normal[1]);
        x = x + cubic_change(rho + x, half * above.one + rest, c);
        return x * c[span];
    }
};

// Weights drift by this rule between spikes (drifting_lessons.cuh).
struct Lessons;
APART void learn_by(CalciumRule, const Segment &s, const Synapses &synapses, weight_t *weights, const Lessons &all);

// Spines: a synapse whose calcium changes its weight (Shouval, Bear and Cooper 2002), operation for operation as
// gpusyn/equations/spines.py.
#pragma once

struct SpineRule : SpineCoefficients {
    real c[COUNT];
    weight_t largest;

    // The calcium after a step with these means of gate and influx.
    MEMBER real advanced(real Ca, real gate, real influx) const
    {
        return flush(c[decay] * Ca + (c[gain] * gate) * influx);
    }
    // The weight to which calcium leads.
    MEMBER real omega(real Ca) const
    {
        real fall = portable_exp(c[minus_beta] * Ca);
        real a = (real)1 + c[depressing] * fall, b = (real)1 + c[potentiating] * fall;
        return c[W_rest] + (a - c[W_rest] * b) / (a * b);
    }
    // The part of its way there that a weight covers in a step.
    MEMBER real way(real Ca) const
    {
        real q = c[P2] + (Ca * Ca) * Ca;
        return (c[rate] * q) / (c[P1] + c[slowest] * q);
    }
    // Changes a weight, rounded half away from zero, and what rounding has left of it.
    MEMBER void learn(real Ca, weight_t &weight, real &rest) const
    {
        real W = (real)weight * c[unit], change = ((omega(Ca) - W) * way(Ca)) * c[w_max] + rest;
        weight_t whole = (weight_t)(change < 0 ? change - (real)0.5 : change + (real)0.5), w = weight + whole;
        rest = flush(change - (real)whole);
        w = w > 0 ? w : (weight_t)0;
        weight = w < largest ? w : largest;
    }
};

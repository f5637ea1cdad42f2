// Linear gates: the response to several events is the sum of the responses to each.
#pragma once

// g' = -g/tau
struct Exponential : ExponentialCoefficients {
    enum { STATES = 1, COEFS = COUNT, INPUTS = 1 };
    DEVICE real average(const real *x, const Coef c, int64) { return c[mean] * x[0]; }
    DEVICE void step(real *x, const Coef c, int64, const Arrivals arrivals)
    {
        x[0] = flush(c[decay] * x[0] + c[jump] * arrivals.take(0));
    }
    DEVICE real value(const real *x, int64) { return x[0]; }
};

// Alpha and dual exponential: h' = -h/tau_r, g' = -g/tau_d + h
struct Rising : RisingCoefficients {
    enum { STATES = 2, COEFS = COUNT, INPUTS = 1 };
    DEVICE real average(const real *x, const Coef c, int64 n) { return c[mean_g] * x[0] + c[mean_h] * x[n]; }
    DEVICE void step(real *x, const Coef c, int64 n, const Arrivals arrivals)
    {
        real h = x[n];
        x[0] = flush(c[g_g] * x[0] + c[g_h] * h);
        x[n] = flush(c[h_h] * h + c[jump] * arrivals.take(0));
    }
    DEVICE real value(const real *x, int64) { return x[0]; }
};

// Events that arrive at the end of a step are added then, undecayed.
struct ExponentialGate : SynapseGate, ExponentialCoefficients {
    enum { PULSES = 0, KEPT = COUNT };
    DEVICE real step(const real *c, const real *, int events, real *gate, int64, real &extra)
    {
        real g = *gate, end = flush(c[decay] * g + c[jump] * (real)events);
        extra = c[mean] * g;
        *gate = end;
        return end;
    }
};

// Events are added to h.
struct RisingGate : SynapseGate, RisingCoefficients {
    enum { PULSES = 0, KEPT = COUNT };
    DEVICE real step(const real *c, const real *, int events, real *gate, int64 distance, real &extra)
    {
        real g = *gate, h = gate[distance], end = flush(c[g_g] * g + c[g_h] * h);
        extra = c[mean_g] * g + c[mean_h] * h;
        *gate = end;
        gate[distance] = flush(c[h_h] * h + c[jump] * (real)events);
        return end;
    }
};

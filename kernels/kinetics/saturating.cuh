// Gates that saturate: S' = -S/tau_d + alpha x (1 - S) with a rise variable x (Wang 1999), or with jumps instead.
#pragma once

// The increase of S by x in a step, in closed form: x' = -x/tau_r, S' = -S/tau_d + alpha x (1 - S) (Wang 1999). With
// y = loss x, S becomes decay exp(-y) (S + y head series), and the series is 1 + y ratio_1 (1 + y ratio_2 (...)). C
// names the coefficients.
template <class C> DEVICE real growth(const real *c, real S, real y, real series)
{
    real lost = portable_expm1(-y), gain = c[C::decay] * (lost * S + (lost + 1) * (y * c[C::head] * series));
    return y > 0 ? flush(gain) : (real)0;
}

// The first n terms of the series, if `rest` is the sum of the others.
DEVICE real series(const real *ratio, int n, real y, real rest)
{
    for (int k = n - 1; k >= 0; k--) rest = 1 + y * ratio[k] * rest;
    return rest;
}

// x jumps by 1 at each event, and S grows by it (`growth`). The increase in the coming step is sent ahead of it.
// states: S, increase in the coming step, x
struct SaturatingSource : SourceGate, SaturatingSourceCoefficients {
    enum { PULSES = 0, USUAL_RATIOS = 24 };  // gpusyn/builder/gating/saturating.py gives this many wherever they do
    DEVICE int advance(const OwnGate &g, Sent sent)
    {
        return advance(g, sent, [&](real y) { return series(g.c + ratios, y > 0 ? (int)g.c[n_ratios] : 0, y, 1); });
    }
    DEVICE bool even(const OwnGate &g) { return g.c[n_ratios] == (real)USUAL_RATIOS; }
    DEVICE int advance_evenly(const OwnGate &g, Sent sent)
    {
        enum { HALF = USUAL_RATIOS / 2 };  // compilers unroll loops of this length
        const real *ratio = g.c + ratios;
        return advance(g, sent, [&](real y) { return series(ratio, HALF, y, series(ratio + HALF, HALF, y, 1)); });
    }
    template <class Series> DEVICE int advance(const OwnGate &g, Sent sent, Series series_of)
    {
        real S = flush(g.c[decay] * g.x[0] + g.x[g.n]), x = g.c[x_decay] * g.x[2 * g.n] + (real)sent.events;
        x = x < g.c[least] ? (real)0 : x;
        real y = g.c[loss] * x, gain = growth<SaturatingSourceCoefficients>(g.c, S, y, series_of(y));
        g.x[0] = S;
        g.x[g.n] = gain;
        g.x[2 * g.n] = x;
        return gain == 0 ? 0 : 1;
    }
    DEVICE void send(const OwnGate &g, int) { g.send(0, g.x[g.n], 0); }
};

// S decays, and jumps by k0 + k1 S at each event (Brunel and Wang 2001, rise replaced by a jump).
struct JumpSource : SourceGate, JumpSourceCoefficients {
    enum { PULSES = 0 };
    DEVICE int advance(const OwnGate &g, Sent sent)
    {
        real S = g.c[decay] * g.x[0], before = S;
        for (int k = 0; k < sent.events; k++) S = S + (g.c[k0] + g.c[k1] * S);
        g.x[0] = flush(S);
        if (!sent.events) return 0;
        g.send(0, S - before, 0);
        return 1;
    }
};

// x jumps by 1 at each event, and S grows by it: evenly over a step, to second order.  states: S, x
struct SaturatingGate : SynapseGate, SaturatingCoefficients {
    enum { PULSES = 0, KEPT = ratios };
    DEVICE real step(const real *c, const real *own, int events, real *gate, int64 distance, real &extra)
    {
        real S = *gate, x = gate[distance], y = c[loss] * x, gain = 0;
        if (x > 0) gain = growth<SaturatingCoefficients>(c, S, y, series(own + ratios, (int)c[n_ratios], y, 1));
        real end = flush(c[decay] * S + gain);
        extra = c[mean] * S + (real)0.5 * gain;
        *gate = end;
        gate[distance] = flush(c[x_decay] * x + (real)events);
        return end;
    }
};

struct JumpGate : SynapseGate, JumpCoefficients {
    enum { PULSES = 0, KEPT = COUNT };
    DEVICE real step(const real *c, const real *, int events, real *gate, int64, real &extra)
    {
        real S = *gate, end = c[decay] * S;
        extra = c[mean] * S;
        for (int k = 0; k < events; k++) end = end + (c[k0] + c[k1] * end);
        end = flush(end);
        *gate = end;
        return end;
    }
};

// Gates that saturate: S' = -S/tau_d + alpha x (1 - S) with a rise variable x (Wang 1999), or with jumps instead.
#pragma once

// The increase of S by x in a step, in closed form: x' = -x/tau_r, S' = -S/tau_d + alpha x (1 - S) (Wang 1999). With
// y = loss x, S becomes decay exp(-y) (S + y head (1 + y ratio_1 (1 + y ratio_2 (...)))). C names the
// coefficients.
template <class C> DEVICE real growth(const real *c, const real *ratio, real S, real x)
{
    if (!(x > 0)) return 0;
    real y = c[C::loss] * x, series = 1, lost = portable_expm1(-y);
    for (int k = (int)c[C::n_ratios] - 1; k >= 0; k--) series = 1 + y * ratio[k] * series;
    return flush(c[C::decay] * (lost * S + (lost + 1) * (y * c[C::head] * series)));
}

// x jumps by 1 at each event, and S grows by it (`growth`). The increase in the coming step is sent ahead of it.
// states: S, increase in the coming step, x
struct SaturatingSource : SourceGate, SaturatingSourceCoefficients {
    enum { PULSES = 0 };
    DEVICE int advance(const OwnGate &g, Sent sent)
    {
        real S = flush(g.c[decay] * g.x[0] + g.x[g.n]), x = g.c[x_decay] * g.x[2 * g.n] + (real)sent.events;
        x = x < g.c[least] ? (real)0 : x;
        real gain = growth<SaturatingSourceCoefficients>(g.c, g.c + ratios, S, x);
        g.x[0] = S;
        g.x[g.n] = gain;
        g.x[2 * g.n] = x;
        if (gain == 0) return 0;
        g.send(0, gain, 0);
        return 1;
    }
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
        real S = *gate, x = gate[distance], gain = growth<SaturatingCoefficients>(c, own + ratios, S, x);
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

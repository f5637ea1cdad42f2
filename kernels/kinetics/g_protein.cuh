// G-protein cascade (Destexhe and Sejnowski 1995): R' = K1 [T] (1 - R) - K2 R, G' = K3 R - K4 G, s = G^n/(G^n + K_d).
// G_R_on is the contribution of a unit of R to G over a step with transmitter; R_1_on is that of 1 to R.
#pragma once

// Gates of any kind on the sources, one step ahead: the sum of w s at the end of the next step arrives as its changes.
// x = {sum now, sum at the end of the coming step}
struct Followed : FollowedCoefficients {
    enum { STATES = 2, COEFS = COUNT, INPUTS = 1 };
    DEVICE real average(const real *x, const Coef, int64 n) { return (real)0.5 * (x[0] + x[n]); }
    DEVICE void step(real *x, const Coef c, int64 n, const Arrivals arrivals)
    {
        x[0] = x[n];
        x[n] = c[jump] * arrivals.keep(0);
    }
    DEVICE real value(const real *x, int64) { return x[0]; }
};

// The fraction of channels that n G proteins open.
DEVICE real opened(real G, int n, real K_d)
{
    real power = 1;
    for (int k = 0; k < n; k++) power = power * G;
    return power / (power + K_d);
}

// One step ahead of time.  states: R, G, s
struct CascadeSource : SourceGate, CascadeSourceCoefficients {
    enum { PULSES = 1, ON = 0, OFF = R_R_off - R_R_on };
    DEVICE int advance(const OwnGate &g, Sent sent)
    {
        const real *c = g.c, *step = c + (sent.is ? ON : OFF);
        real R = g.x[0], G = g.x[g.n], old = g.x[2 * g.n];
        G = flush(step[G_R_on] * R + step[G_G_on] * G + step[G_1_on]);
        R = flush(step[R_R_on] * R + step[R_1_on]);
        real s = opened(G, (int)c[n], c[K_d]);
        s = s < c[least] ? (real)0 : s;
        g.x[0] = R;
        g.x[g.n] = G;
        g.x[2 * g.n] = s;
        if (s == old) return 0;
        g.send(0, s, old);
        return 1;
    }
};

// states: R, G
struct CascadeGate : SynapseGate, CascadeCoefficients {
    enum { PULSES = 1, KEPT = COUNT };
    DEVICE real step(const real *c, const real *, int on, real *gate, int64 distance, real &extra)
    {
        real R = *gate, G = gate[distance], before = flush(opened(G, (int)c[n], c[K_d]));
        G = flush(either(on, c[G_R_on], c[G_R_off]) * R + either(on, c[G_G_on], c[G_G_off]) * G +
                  either(on, c[G_1_on], c[G_1_off]));
        *gate = flush(either(on, c[R_R_on], c[R_R_off]) * R + either(on, c[R_1_on], c[R_1_off]));
        gate[distance] = G;
        real end = flush(opened(G, (int)c[n], c[K_d]));
        extra = (real)0.5 * (before + end);
        return end;
    }
};

// The effects of open gates on the membrane: they add to the conductance G and the drive D, where C dv/dt = D - G v.
// v is relative to the resting potential E_L, and so are the reversal potentials e. Mg is a factor on the block's
// coefficient, which is for the receptor's own [Mg], or for 1 mM if [Mg] changes with time. An effect may have states
// of its own, after those of the gate; `follow` advances them at the end of a step. Coefficients have names: the
// enumerations ...Coefficients are made from the Python class of each effect (gpusyn/equations/effects.py).
#pragma once

DEVICE void add_conductance(real g, real e, real &G, real &D)
{
    G = G + g;
    D = D + g * e;
}

// I = g (V - E)
struct Conductance : ConductanceCoefficients {
    enum { STATES = 0, COEFS = COUNT };
    DEVICE real block(const real *, real, const Coef, int64, real) { return 1; }
    DEVICE void follow(real *, real, const Coef, int64, real) {}
    DEVICE void add(real gate, const real *, real, const Coef c, int64, real, real &G, real &D)
    {
        add_conductance(gate, c[e], G, D);
    }
    DEVICE real current(real gate, const real *, real v, const Coef c, int64, real) { return gate * (v - c[e]); }
};

// Fraction that magnesium leaves open: 1/(1 + eta [Mg] exp(-gamma V)) (Jahr and Stevens 1990); affinity is
// eta [Mg] exp(-gamma E_L)
DEVICE real unblocked(real v, real affinity, real minus_gamma)
{
    return (real)1 / ((real)1 + affinity * portable_exp(minus_gamma * v));
}

// I = g B(V) (V - E)
struct MagnesiumBlocked : MagnesiumBlockedCoefficients {
    enum { STATES = 0, COEFS = COUNT };
    DEVICE real block(const real *, real v, const Coef c, int64, real Mg)
    {
        return unblocked(v, c[affinity] * Mg, c[minus_gamma]);
    }
    DEVICE void follow(real *, real, const Coef, int64, real) {}
    DEVICE void add(real gate, const real *x, real v, const Coef c, int64 n, real Mg, real &G, real &D)
    {
        add_conductance(gate * block(x, v, c, n, Mg), c[e], G, D);
    }
    DEVICE real current(real gate, const real *x, real v, const Coef c, int64 n, real Mg)
    {
        return (gate * block(x, v, c, n, Mg)) * (v - c[e]);
    }
};

// The same with an instantaneous block and two slow stages of unblock (Vargas-Caballero and Robinson 2003; Hill and
// Tononi 2005): B = A m_fast + (1 - A) m_slow. An m below B(V) relaxes to it; an m above B(V) is set to it.
// x = {m_fast, m_slow}
struct SlowlyUnblocked : SlowlyUnblockedCoefficients {
    enum { STATES = 2, COEFS = COUNT };
    DEVICE real block(const real *x, real v, const Coef c, int64 n, real)
    {
        real fast = c[fraction] + c[slope] * v;
        return fast * x[0] + ((real)1 - fast) * x[n];
    }
    DEVICE void follow(real *x, real v, const Coef c, int64 n, real Mg)
    {
        real open = unblocked(v, c[affinity] * Mg, c[minus_gamma]), fast = x[0], slow = x[n];
        x[0] = flush(fast < open ? open + (fast - open) * c[decay_fast] : open);
        x[n] = flush(slow < open ? open + (slow - open) * c[decay_slow] : open);
    }
    DEVICE void add(real gate, const real *x, real v, const Coef c, int64 n, real Mg, real &G, real &D)
    {
        add_conductance(gate * block(x, v, c, n, Mg), c[e], G, D);
    }
    DEVICE real current(real gate, const real *x, real v, const Coef c, int64 n, real Mg)
    {
        return (gate * block(x, v, c, n, Mg)) * (v - c[e]);
    }
};

// A current, whose weight is positive inward; it is recorded as a membrane current, positive outward
struct Current : CurrentCoefficients {
    enum { STATES = 0, COEFS = COUNT };
    DEVICE real block(const real *, real, const Coef, int64, real) { return 1; }
    DEVICE void follow(real *, real, const Coef, int64, real) {}
    DEVICE void add(real gate, const real *, real, const Coef, int64, real, real &, real &D) { D = D + gate; }
    DEVICE real current(real gate, const real *, real, const Coef, int64, real) { return -gate; }
};

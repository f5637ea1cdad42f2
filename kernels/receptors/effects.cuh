// The effects of open gates on the membrane: they add to the conductance G and the drive D, where C dv/dt = D - G v.
// v is relative to the resting potential E_L, and so are the reversal potentials e. Mg is a factor on the block's
// coefficient, which is for the receptor's own [Mg], or for 1 mM if [Mg] changes with time. An effect may have states
// of its own, after those of the gate; `follow` advances them at the end of a step.
#pragma once

DEVICE void add_conductance(real g, real e, real &G, real &D)
{
    G = G + g;
    D = D + g * e;
}

// I = g (V - E);  c = {e}
struct Conductance {
    enum { STATES = 0, COEFS = 1 };
    DEVICE real block(const real *, real, const Coef, int64, real) { return 1; }
    DEVICE void follow(real *, real, const Coef, int64, real) {}
    DEVICE void add(real gate, const real *, real, const Coef c, int64, real, real &G, real &D)
    {
        add_conductance(gate, c[0], G, D);
    }
    DEVICE real current(real gate, const real *, real v, const Coef c, int64, real) { return gate * (v - c[0]); }
};

// Fraction that magnesium leaves open: 1/(1 + eta [Mg] exp(-gamma V)) (Jahr and Stevens 1990)
DEVICE real unblocked(real v, const Coef c, real Mg)
{
    return (real)1 / ((real)1 + c[1] * Mg * portable_exp(c[2] * v));
}

// I = g B(V) (V - E);  c = {e, eta [Mg] exp(-gamma E_L), -gamma}
struct MagnesiumBlocked {
    enum { STATES = 0, COEFS = 3 };
    DEVICE real block(const real *, real v, const Coef c, int64, real Mg) { return unblocked(v, c, Mg); }
    DEVICE void follow(real *, real, const Coef, int64, real) {}
    DEVICE void add(real gate, const real *x, real v, const Coef c, int64 n, real Mg, real &G, real &D)
    {
        add_conductance(gate * block(x, v, c, n, Mg), c[0], G, D);
    }
    DEVICE real current(real gate, const real *x, real v, const Coef c, int64 n, real Mg)
    {
        return (gate * block(x, v, c, n, Mg)) * (v - c[0]);
    }
};

// The same with an instantaneous block and two slow stages of unblock (Vargas-Caballero and Robinson 2003; Hill and
// Tononi 2005): B = A m_fast + (1 - A) m_slow. An m below B(V) relaxes to it; an m above B(V) is set to it.
// x = {m_fast, m_slow};  c = {e, eta [Mg] exp(-gamma E_L), -gamma, P_fast, P_slow, A at E_L, dA/dV}
struct SlowlyUnblocked {
    enum { STATES = 2, COEFS = 7 };
    DEVICE real block(const real *x, real v, const Coef c, int64 n, real)
    {
        real fast = c[5] + c[6] * v;
        return fast * x[0] + ((real)1 - fast) * x[n];
    }
    DEVICE void follow(real *x, real v, const Coef c, int64 n, real Mg)
    {
        real open = unblocked(v, c, Mg), fast = x[0], slow = x[n];
        x[0] = flush(fast < open ? open + (fast - open) * c[3] : open);
        x[n] = flush(slow < open ? open + (slow - open) * c[4] : open);
    }
    DEVICE void add(real gate, const real *x, real v, const Coef c, int64 n, real Mg, real &G, real &D)
    {
        add_conductance(gate * block(x, v, c, n, Mg), c[0], G, D);
    }
    DEVICE real current(real gate, const real *x, real v, const Coef c, int64 n, real Mg)
    {
        return (gate * block(x, v, c, n, Mg)) * (v - c[0]);
    }
};

// A current, whose weight is positive inward; it is recorded as a membrane current, positive outward
struct Current {
    enum { STATES = 0, COEFS = 0 };
    DEVICE real block(const real *, real, const Coef, int64, real) { return 1; }
    DEVICE void follow(real *, real, const Coef, int64, real) {}
    DEVICE void add(real gate, const real *, real, const Coef, int64, real, real &, real &D) { D = D + gate; }
    DEVICE real current(real gate, const real *, real, const Coef, int64, real) { return -gate; }
};

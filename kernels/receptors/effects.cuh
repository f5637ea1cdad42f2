// What an open gate does to the membrane: adds to the conductance G and to the drive D, where C dv/dt = D - G v.
// v is relative to the resting potential E_L, and so are the reversal potentials e.
#pragma once

// I = g (V - E);  c = {e}
struct Conductance {
    enum { COEFS = 1 };
    DEVICE real block(real, const Coef) { return 1; }
    DEVICE void add(real gate, real, const Coef c, real &G, real &D)
    {
        G = G + gate;
        D = D + gate * c[0];
    }
    DEVICE real current(real gate, real v, const Coef c) { return gate * (v - c[0]); }
};

// I = g B(V) (V - E), B = 1/(1 + [Mg]/3.57 exp(-0.062 V)) (Jahr and Stevens 1990);  c = {e, [Mg]/3.57 exp(-0.062 E_L)}
struct MagnesiumBlocked {
    enum { COEFS = 2 };
    DEVICE real block(real v, const Coef c) { return (real)1 / ((real)1 + c[1] * portable_exp((real)-0.062 * v)); }
    DEVICE void add(real gate, real v, const Coef c, real &G, real &D)
    {
        real g = gate * block(v, c);
        G = G + g;
        D = D + g * c[0];
    }
    DEVICE real current(real gate, real v, const Coef c) { return (gate * block(v, c)) * (v - c[0]); }
};

// A current, inward positive by its weight's sign;  recorded with the sign of a membrane current: outward positive
struct Current {
    enum { COEFS = 0 };
    DEVICE real block(real, const Coef) { return 1; }
    DEVICE void add(real gate, real, const Coef, real &, real &D) { D = D + gate; }
    DEVICE real current(real gate, real, const Coef) { return -gate; }
};

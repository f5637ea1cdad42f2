// Effects that make v jump by what arrives (mV), at the end of a step. They add nothing to the conductance and drive of
// the membrane. `jump` returns by how much v jumps; while `held` is not 0, v stays where it is.
#pragma once

struct NoCurrent {
    DEVICE real block(const real *, real, const Coef, int64, real) { return 1; }
    DEVICE void follow(real *, real, const Coef, int64, real) {}
    DEVICE void add(real, const real *, real, const Coef, int64, real, real &, real &) {}
    DEVICE real current(real, const real *, real, const Coef, int64, real) { return 0; }
};

// What arrives while v is held is lost.
struct Jump : NoCurrent, JumpCoefficients {
    enum { STATES = 0, COEFS = COUNT };
    DEVICE real jump(real arrived, int held, real *) { return held ? (real)0 : arrived; }
};

// What arrives while v is held waits in x, and acts with what arrives in the first step in which v is free.
struct WaitingJump : NoCurrent, WaitingJumpCoefficients {
    enum { STATES = 1, COEFS = COUNT };
    DEVICE real jump(real arrived, int held, real *x)
    {
        real all = x[0] + arrived;
        x[0] = flush(held ? all : (real)0);
        return held ? (real)0 : all;
    }
};

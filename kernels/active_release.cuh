// The state of a source whose releases are active for a time. gpusyn/equations/short_term.py has the same operations
// and names the coefficients, the first of which are those of Release.
#pragma once

// With y, what was released and is still active.
struct ActiveRelease : Release {
    typedef ActiveReleaseCoefficients Of;
    real y;
    MEMBER ActiveRelease(int64 at, const real *u, const real *x, const real *y) : Release(at, u, x, y), y(y[at]) {}
    MEMBER void keep(int64 at, real *kept_u, real *kept_x, real *kept_y) const
    {
        Release::keep(at, kept_u, kept_x, kept_y);
        kept_y[at] = y;
    }
    // Asks for the state at a place.
    static MEMBER void ask(int64 at, const real *u, const real *x, const real *y)
    {
        Release::ask(at, u, x, y);
        PREFETCH(y + at);
    }
    // Lets some steps pass.
    MEMBER void decay(int64 steps, const real *c)
    {
        real elapsed = (real)steps;
        real empty = portable_exp(elapsed * c[Of::rec]), left = portable_exp(elapsed * c[Of::psc]);
        u = flush(u * portable_exp(elapsed * c[Of::facil]));
        x = (real)1 - (((real)1 - x) * empty + y * held_back(elapsed, c[Of::rec], c[Of::psc], empty, left));
        y = flush(y * left);
    }
    // Returns what some events of one step release together, at most 1.
    MEMBER real events(int n, const real *c)
    {
        real part = Release::events(n, c);
        y = y + part * c[Of::active];
        return part;
    }
};

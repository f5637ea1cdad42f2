// Short-term plasticity (Tsodyks & Markram 1997): what an event releases, exact between events.
// gpusyn/equations/short_term.py has the same operations and names the coefficients.
#pragma once

// The state of a source or synapse: its utilization u, and what it has left to release, x.
struct Release {
    typedef ReleaseCoefficients Of;
    real u, x;
    MEMBER Release(int64 at, const real *u, const real *x, const real *) : u(u[at]), x(x[at]) {}
    MEMBER void keep(int64 at, real *kept_u, real *kept_x, real *) const
    {
        kept_u[at] = u;
        kept_x[at] = x;
    }
    // Asks for the state at a place.
    static MEMBER void ask(int64 at, const real *u, const real *x, const real *)
    {
        PREFETCH(u + at);
        PREFETCH(x + at);
    }
    // Lets some steps pass.
    MEMBER void decay(int64 steps, const real *c)
    {
        real elapsed = (real)steps;
        u = flush(u * portable_exp(elapsed * c[Of::facil]));
        x = (real)1 - ((real)1 - x) * portable_exp(elapsed * c[Of::rec]);
    }
    // Returns what some events of one step release together, at most 1.
    MEMBER real events(int n, const real *c)
    {
        real total = 0;
        for (int k = 0; k < n; k++) {
            real left = k == 0 ? u : u * c[Of::again];
            u = left + c[Of::U] * ((real)1 - left);
            real part = flush(u * x);
            x = flush(x - part);
            total = total + part;
        }
        return total > (real)1 ? (real)1 : total;
    }
};

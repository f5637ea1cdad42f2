// Synapses whose resources may be active for a time before they recover; y is what is active.
#pragma once

struct Recovery {
    const real *rec, *psc;
    real *y, elapsed, same_rec, same_psc;
    MEMBER Recovery(const SynapseRelease &r, const Released &all, const Reached &at, real steps)
    {
        y = r.y < 0 ? 0 : all.y + r.y + at.first;
        rec = r.own_rec < 0 ? 0 : all.own + r.own_rec + at.first;
        psc = r.own_psc < 0 ? 0 : all.own + r.own_psc + at.first;
        same_rec = all.coef[r.coef + Of::rec];
        same_psc = all.coef[r.coef + Of::psc];
        elapsed = steps;
    }
    MEMBER real decay_of(int j) const { return psc ? psc[j] : same_psc; }
    // x of synapse j, of whose empty resources a part has not recovered.
    MEMBER real x(real before, int j, real empty) const
    {
        real missing = ((real)1 - before) * empty;
        if (!y) return (real)1 - missing;
        real left = portable_exp(elapsed * decay_of(j));
        missing = missing + y[j] * held_back(elapsed, rec ? rec[j] : same_rec, decay_of(j), empty, left);
        y[j] = flush(y[j] * left);
        return (real)1 - missing;
    }
    // Notes the part of its resources that a synapse releases.
    MEMBER void release(int j, real part) const
    {
        if (y) y[j] = y[j] + part;
    }
};

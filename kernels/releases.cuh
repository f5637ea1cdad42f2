// Synapses that release one by one: what is known of their sources, and where their parameters and states are.
#pragma once

enum { ELAPSED, USED, EMPTY, KNOWN };  // of a source that spikes: steps since its last event, u before, what is empty
#define AT_ONCE -1e30                  // exponent of one step, for a time constant of 0
typedef SynapseReleaseCoefficients Of;

// u at an event of a step, from u before it; without facilitation, nothing is left of u between events of one step.
DEVICE real used_at(int event, real before, real U, real facil)
{
    real u = event && !(facil > (real)AT_ONCE) ? (real)0 : before;
    return u + U * ((real)1 - u);
}

// What is known of all sources, and the parameters and states of all synapses.
struct Released {
    const real *rested, *coef, *own;
    const int64 *keys;
    const uint32 *number;
    real *u, *x, *y;
    uint8 *full;
};

// The synapses of a segment from `first` on, one for each lane below `n`, and the events that reach them.
struct Reached {
    int64 first;
    int n, events;
    int64 now;
};

// Loads a parameter of each synapse, or the same for all.
template <class Reals> DEVICE void load(Reals &value, int64 place, const real *own, real same, const Reached &at)
{
    const real *x = own + place + at.first;
    if (place < 0)
        for_run(at.n, [&](int j) { LANE_AT(value, j) = same; });
    else
        for_run(at.n, [&](int j) { LANE_AT(value, j) = x[j]; });
}

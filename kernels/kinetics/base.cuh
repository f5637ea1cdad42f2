// The interface of the gates of all kinetics. A file of this folder holds the structs of one family of kinetics: the
// part of its synapses' gates that a target neuron keeps (lumped), gates that a source keeps (...Source), and gates
// that each synapse keeps (...Gate). Coefficients have names: gpusyn/equations/kinetics/ lists those of each struct,
// and the enumerations ...Coefficients are made from there.
//
// Lumped:   `average` is the sum's mean over the coming step, `step` advances the sum and adds the input that is due at
//           the end of the step, `value` is the present sum.
// Source:   `advance` advances one gate over the step that ends now, and returns non-zero if it has something to send.
//           If PULSES, events release pulses of transmitter; otherwise they are counted. If the gates of a set are
//           `even`, `advance_evenly` does the same without branches, so that compilers make SIMD code, and leaves the
//           changes to `send`.
// Synapse:  `step` advances one synapse: it returns the gate at the end of the step and sets the synapse's term of the
//           sum `extra`; `average` forms the mean over the step from the row's two sums of w x extra and w x gate. The
//           first KEPT coefficients c of a block are held in registers; all of them are in `own`.
#pragma once

// The integer sums of each input of neuron j that are due at the end of this step; `shared` is the input that its whole
// population receives.
struct Arrivals {
    acc *const *due, *const *following;
    const acc *shared;
    int j;
    MEMBER real take(int i) const
    {
        acc sum = due[i][j] + shared[i];
        due[i][j] = 0;
        return (real)sum;
    }
    // A sum that never decays: all that has arrived so far is carried to the next step. Integers do not drift.
    MEMBER real keep(int i) const
    {
        acc sum = due[i][j] + shared[i];
        due[i][j] = 0;
        following[i][j] = following[i][j] + sum;
        return (real)sum;
    }
    MEMBER Arrivals of(int neuron) const { return {due, following, shared, neuron}; }
    MEMBER Arrivals from(int i) const { return {due + i, following + i, shared + i, j}; }
};

// No lumped gate: the receptor's gates are on the synapses.
struct Unlumped : UnlumpedCoefficients {
    enum { STATES = 0, COEFS = COUNT, INPUTS = 0 };
    DEVICE real average(const real *, const Coef, int64) { return 0; }
    DEVICE void step(real *, const Coef, int64, const Arrivals) {}
    DEVICE real value(const real *, int64) { return 0; }
};

// The gate of one source: its states and channels are `n` apart; `change` receives its changes as pairs (to, from).
struct OwnGate {
    real *x, *change;
    const real *c;
    int64 n;
    int size;
    MEMBER OwnGate at(int j) const { return {x + j, change + 2 * j, c, n, size}; }
    MEMBER void send(int channel, real to, real from) const
    {
        change[2 * channel * n] = to;
        change[2 * channel * n + 1] = from;
    }
};

enum { STARTS = 1, ENDS };

// Activity of a source: its events in this step, or the presence of its transmitter in this step and in the next one.
struct Sent {
    int events, was, is;
    MEMBER int edge() const { return was == is ? 0 : is ? STARTS : ENDS; }
};

// The activity of a source by its transmitter; `last` is the step of its last release.
DEVICE Sent pulse_of(int64 *last, int event, int64 now, int64 pulse, int64 dead)
{
    int was = now - 1 - *last < pulse ? 1 : 0;
    int is = now - release(last, event, now, pulse, dead) < pulse ? 1 : 0;
    return {0, was, is};
}

// A source's gate that sends from `advance`, and has no form without branches.
struct SourceGate {
    DEVICE bool even(const OwnGate &) { return false; }
    DEVICE int advance_evenly(const OwnGate &, Sent) { return 0; }
    DEVICE void send(const OwnGate &, int) {}
};

// A synapse's gate whose `extra` is the mean itself.
struct SynapseGate {
    DEVICE real average(const real *, real extra, real) { return extra; }
};

// mask ? a : b; the mask is all ones or all zeros. A choice by bits is never made a branch.
DEVICE float either(int mask, float a, float b) { return float_of((bits_of(a) & mask) | (bits_of(b) & ~mask)); }
DEVICE double either(int mask, double a, double b)
{
    return double_of((bits_of(a) & (int64)mask) | (bits_of(b) & ~(int64)mask));
}

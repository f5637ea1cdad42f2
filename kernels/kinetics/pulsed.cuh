// Channels under pulses of transmitter: y' is linear with transmitter and without, y[0] is the open fraction
// (gpusyn/builder/gating/pulsed.py).
#pragma once

enum { MOST_COMPONENTS = 7 };  // one fewer than the states of a channel

// Gates on the sources: sums of w y over the synapses in a pulse and over the others (Lytton 1996), and the weight that
// is in a pulse. Synapses move from one sum to the other at the edges of their pulses.  x = {y on (M), y off (M),
// weight on}
template <int M> struct Pulsed {
    enum { STATES = 2 * M + 1, COEFS = PulsedCoefficients(M).COUNT, INPUTS = M + 1 };
    DEVICE real average(const real *x, const Coef c, int64 n)
    {
        const PulsedCoefficients at(M);
        real mean = c[at.mean_drive] * x[2 * M * n];
#pragma unroll 1
        for (int i = 0; i < M; i++) mean = mean + c[at.mean_on + i] * x[i * n];
#pragma unroll 1
        for (int i = 0; i < M; i++) mean = mean + c[at.mean_off + i] * x[(M + i) * n];
        return mean;
    }
    DEVICE void step(real *x, const Coef c, int64 n, const Arrivals arrivals)
    {
        const PulsedCoefficients at(M);
        real on[M], off[M], weight = x[2 * M * n];
#pragma unroll 1  // otherwise a large scheme's coefficients would not fit into registers
        for (int i = 0; i < M; i++) {
            real moved = c[at.jump] * arrivals.take(1 + i);
            on[i] = c[at.drive + i] * weight;
            off[i] = 0;
            for (int k = 0; k < M; k++) on[i] = on[i] + c[at.on + i * M + k] * x[k * n];
            for (int k = 0; k < M; k++) off[i] = off[i] + c[at.off + i * M + k] * x[(M + k) * n];
            on[i] = on[i] + moved;
            off[i] = off[i] - moved;
        }
#pragma unroll 1
        for (int i = 0; i < M; i++) {
            x[i * n] = flush(on[i]);
            x[(M + i) * n] = flush(off[i]);
        }
        x[2 * M * n] = c[at.jump] * arrivals.keep(0);
    }
    DEVICE real value(const real *x, int64 n) { return x[0] + x[M * n]; }
};

// At the edges of a pulse a source's synapses move from the sums of those without transmitter to the sums of those with
// it, and back. Channels: weight on, y.
struct PulsedSource : SourceGate {
    enum { PULSES = 1 };
    DEVICE int advance(const OwnGate &g, Sent sent)
    {
        const PulsedSourceCoefficients at(g.size);
        int m = g.size;
        real y[MOST_COMPONENTS];
        const real *rows = g.c + (sent.was ? at.on : at.off);
        for (int i = 0; i < m; i++) {
            real sum = sent.was ? g.c[at.drive + i] : (real)0;
            for (int k = 0; k < m; k++) sum = sum + rows[i * m + k] * g.x[k * g.n];
            y[i] = flush(sum);
        }
        for (int i = 0; i < m; i++) g.x[i * g.n] = y[i];
        return sent.edge();
    }
    DEVICE bool even(const OwnGate &g) { return g.size == 1; }
    DEVICE int advance_evenly(const OwnGate &g, Sent sent)
    {
        const PulsedSourceCoefficients at(1);
        real on = g.c[at.on], off = g.c[at.off], drive = g.c[at.drive];
        *g.x = flush((sent.was ? drive : (real)0) + (sent.was ? on : off) * *g.x);
        return sent.edge();
    }
    DEVICE void send(const OwnGate &g, int edge)
    {
        bool on = edge == STARTS;
        g.send(0, on ? 1 : 0, on ? 0 : 1);
        for (int i = 0; i < g.size; i++) g.send(1 + i, on ? g.x[i * g.n] : (real)0, on ? (real)0 : g.x[i * g.n]);
    }
};

// First order (Destexhe, Mainen and Sejnowski 1994): r relaxes to r_inf while transmitter is present, else to 0.
// Without transmitter the mean is a multiple of the gate at the end, so only synapses with transmitter add to `extra`.
struct FirstOrderGate : FirstOrderCoefficients {
    enum { PULSES = 1, KEPT = COUNT };  // one bit per step; a pulse that arrives at a step's start acts during it
    DEVICE real step(const real *c, const real *, int on, real *gate, int64, real &sum)
    {
        real r = *gate;
        real end = flush(either(on, c[decay_on], c[decay_off]) * r + either(on, c[rise_on], 0));
        sum = either(on, c[extra] + c[extra_r] * r, 0);
        *gate = end;
        return end;
    }
    DEVICE real average(const real *c, real sum, real end) { return c[mean_off] * end + sum; }
};

// Channels with any number of states.
struct MarkovGate : SynapseGate {
    enum { PULSES = 1, KEPT = 1, SIZE = MarkovCoefficients(1).size };
    DEVICE real step(const real *c, const real *own, int on, real *gate, int64 distance, real &extra)
    {
        int m = (int)c[SIZE];
        const MarkovCoefficients at(m);
        const real *rows = own + (on ? at.on : at.off), *drive = own + at.drive,
                   *mean = own + (on ? at.mean_on : at.mean_off);
        real y[MOST_COMPONENTS], sum = either(on, own[at.mean_drive], 0);
        for (int k = 0; k < m; k++) {
            y[k] = gate[k * distance];
            sum = sum + mean[k] * y[k];
        }
        extra = sum;
        for (int i = 0; i < m; i++) {
            sum = either(on, drive[i], 0);
            for (int k = 0; k < m; k++) sum = sum + rows[i * m + k] * y[k];
            gate[i * distance] = flush(sum);
        }
        return gate[0];
    }
};

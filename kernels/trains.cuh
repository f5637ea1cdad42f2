// Trains: the last spikes of neurons and sources in rings, with the traces that synapses learn from. Spike k of a
// source is the one before its last k spikes. A place of a ring that was never filled holds a spike of long ago, with
// traces of 0. The steps of the newest spikes, and the traces after the newest, are also beside those of the next
// source: most synapses look at no others, and these stay in a CPU's cache.
#pragma once

enum { RECENT = 8, FINE = 256 };  // a trace decays by a factor for steps % FINE, and one for the multiples of FINE

// The decays of a trace over steps, 0 over so many that less than 2^-60 is left.
struct Decay {
    const real *fine;
    int64 most;
    MEMBER real over(int64 steps) const
    {
        uint32 k = (uint32)(steps < most ? steps : most);
        return fine[k % FINE] * fine[FINE + k / FINE];
    }
    MEMBER real over(int steps) const  // for SIMD loops
    {
        int k = steps < (int)most ? steps : (int)most;
        return fine[k & FINE - 1] * fine[FINE + (k >> 8)];
    }
};

// The arrays of all trains.
struct TrainArrays {
    const TrainSet *sets;
    const TraceDecay *traces;
    const real *decays;
    const int64 *step;
    const real *value;
    const int64 *count;
};

// The trains of one set.
struct Trains {
    int64 source, depth;
    int traces;
    const int64 *recent, *ring, *count;
    const real *newest, *values;
    const TraceDecay *decay;
    const real *decays;
    MEMBER int64 place(int64 i, int64 k) const { return i * depth + (count[i] - 1 - k & depth - 1); }
    MEMBER int64 step(int64 i, int64 k) const { return k < RECENT ? recent[i * RECENT + k] : ring[place(i, k)]; }
    // The same in SIMD loops, of one of the first 2^16 sources: 32 bits hold the places of its spikes.
    MEMBER int64 step_near(int i, int k) const { return k < RECENT ? recent[i * RECENT + k] : ring[place(i, k)]; }
    MEMBER real after(int64 i, int64 k, int t) const
    {
        return k == 0 ? newest[i * traces + t] : values[place(i, k) * traces + t];
    }
    MEMBER Decay decay_of(int t) const { return {decays + decay[t].decays, decay[t].coarse * FINE}; }
    // The trains of the set from source i on.
    MEMBER Trains from(int64 i) const
    {
        Trains rest = *this;
        rest.source += i;
        rest.recent += i * RECENT;
        rest.ring += i * depth;
        rest.count += i;
        rest.newest += i * traces;
        rest.values += i * depth * traces;
        return rest;
    }
    // The newest spike of source i up to and with a step.
    MEMBER int64 until(int64 i, int64 upto) const
    {
        int64 k = 0;
        while (k < depth && step(i, k) > upto) k++;
        return k;
    }
};

DEVICE Trains trains_of(const TrainArrays &all, int64 number)
{
    const TrainSet &set = all.sets[number];
    const int64 *recent = all.step + set.steps;
    const real *newest = all.value + set.values;
    return {set.source,
            set.depth,
            (int)set.traces,
            recent,
            recent + set.size * RECENT,
            all.count + set.counts,
            newest,
            newest + set.size * set.traces,
            all.traces + set.trace,
            all.decays};
}

// The decay of a trace by its number among those of all sets.
DEVICE Decay decay_at(const TrainArrays &all, int64 trace)
{
    return {all.decays + all.traces[trace].decays, all.traces[trace].coarse * FINE};
}

// Trains: the last spikes of neurons and sources in rings, with the traces that synapses learn from. Spike n - 1 is the
// last of the first n. A place of a ring that was never filled holds a spike of long ago, with traces of 0.
#pragma once

enum { FINE = 256 };  // a trace decays by a factor for steps % FINE, and one for the multiples of FINE

// The decays of a trace over steps, 0 over so many that less than 2^-60 is left.
struct Decay {
    const real *fine;
    int64 most;
    MEMBER real over(int64 steps) const
    {
        int k = (int)(steps < most ? steps : most);
        return fine[k % FINE] * fine[FINE + k / FINE];
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
    const int64 *step, *count;
    const real *value;
    const TraceDecay *decay;
    const real *decays;
    MEMBER int64 place(int64 i, int64 n) const { return i * depth + (n - 1 & depth - 1); }
    MEMBER int64 last(int64 i, int64 n) const { return step[place(i, n)]; }
    MEMBER real after(int64 i, int64 n, int k) const { return value[place(i, n) * traces + k]; }
    MEMBER Decay decay_of(int k) const { return {decays + decay[k].decays, decay[k].coarse * FINE}; }
    // The number of spikes of source i up to and with a step.
    MEMBER int64 until(int64 i, int64 upto) const
    {
        int64 n = count[i];
        for (int64 oldest = n - depth; n > oldest && last(i, n) > upto;) n--;
        return n;
    }
};

DEVICE Trains trains_of(const TrainArrays &all, int64 number)
{
    const TrainSet &set = all.sets[number];
    return {set.source,
            set.depth,
            (int)set.traces,
            all.step + set.steps,
            all.count + set.counts,
            all.value + set.values,
            all.traces + set.trace,
            all.decays};
}

// The decay of a trace by its number among those of all sets.
DEVICE Decay decay_at(const TrainArrays &all, int64 trace)
{
    return {all.decays + all.traces[trace].decays, all.traces[trace].coarse * FINE};
}

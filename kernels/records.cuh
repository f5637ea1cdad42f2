// The integer tables that the kernels read: each struct is one row. gpusyn/kernels/records.py has the same records and
// explains their fields; a test compares the fields of both. A table is an int64 array of the host. Kernels access its
// elements only through these structs, so no two types ever refer to the same element.
#pragma once

// Steps since the start of the simulation.
struct Clock {
    int64 next, now, start;
};

// Neurons of one population that one block advances.
struct Chunk {
    int64 first, size, row, row_step, has_waves, source, offset, rings, drive, drive_end, probe, probe_end, bath;
};

// Integer sums of the coming steps for one input of a target population.
struct Ring {
    int64 base, mask, stride, shared, shared_mask;
};

// One recorded variable of one neuron.
struct Probe {
    int64 neuron, variable, receptor, every, trace, column, columns;
};

// Values of one receptor that change with time (-1: none).
struct Bath {
    int64 scale, magnesium, kinetics;
};

// Poisson events: private input to neurons, or the spikes of sources.
struct PoissonDrive {
    int64 key_low, key_high, input, limits, limit_step, level_step, time_step, levels, pieces, weight, weight_step,
        most_events, start, stop;
};

// A population of renewal processes.
struct Renewal {
    int64 key_low, key_high, advance, advance_step, time_step, intervals, interval_step, waiting, most_events;
};

// Noise of one injection into one population.
struct NoiseCurrent {
    int64 key_low, key_high, first, size, offset, current, noise, coef, coef_step, every, lasts, start, stop;
};

// Sources of one population that one block advances.
struct SourceChunk {
    int64 source, offset, size, drive;
};

// The synapses from sources `source` to `source_end` onto one ring, cut into slices of its targets.
struct Route {
    int64 source, source_end, segments, sizes, row_step, age, width, blocks, ahead, targets, late, late_bits, weights,
        weight, shift, ring, mask, stride, slice, slices, slice_size, payload, payload_step, channels, ring_step, runs,
        gathers, unit, parts, release, receptors;
};

// Rows that are drawn again at each event of their sources.
struct DrawnSet {
    int64 source, source_end, of_gates, age, row, rows, rule, columns, degree, own, key, law, fine, calls, spans, first,
        delay, delay_key, delay_law, part, part_end, output, output_end;
};

// Targets of drawn rows among their columns.
struct DrawnPart {
    int64 begin, size, shift, ids;
};

// Sums of one receptor to which the synapses of drawn rows add.
struct DrawnOutput {
    int64 ring, mask, stride, weight, key, law, shift, payload, payload_step, channels, ring_step;
};

// Sums that are the same for every neuron of a population.
struct Shared {
    int64 base, mask;
};

// Gates that sources own for one kinetics.
struct SourceGateSet {
    int64 kind, source, size, event_source, gates, coef, components, pulse, dead, release, payload;
};

// What sources release at the synapses of one projection.
struct ReleaseSet {
    int64 source, size, first, coef, slot;
};

// The past transmitter of sources.
struct History {
    int64 source, size, base, words, bits, pulse, dead, release;
};

// Targets whose synapses own their gates of one receptor.
struct SynapseSet {
    int64 size, first, synaptic, synaptic_step, block, block_end;
};

// Per-synapse gates of one projection, in rows of the targets.
struct SynapseBlock {
    int64 rows, address, weights, weight_step, gates, gate_step, history, bits, coef, blocker, free, dose;
};

// Sources whose synapses release one by one.
struct ReleasingSet {
    int64 source, source_end, place, coef;
};

// How the synapses of a route release, and what is kept of each.
struct SynapseRelease {
    int64 place, coef, sites, keys, number, u, x, y, full, own_U, own_facil, own_rec, own_psc, receptor, receptor_end;
};

// The sums of one receptor onto which synapses release, and their weights.
struct ReleaseSums {
    int64 ring, mask, weights, weight, scale;
};

// The last spikes of sources, in rings, with the traces after each.
struct TrainSet {
    int64 source, size, depth, steps, values, counts, traces, trace, longest;
};

// The decays of a trace, fine and coarse.
struct TraceDecay {
    int64 decays, coarse, nearest;
};

// How the synapses of a route learn.
struct Learning {
    int64 rule, coef, pre, post, offset, dendritic, early, w_max, settled, eligibility, modulator, scaled, lag, noisy;
};

// How the weights of a pathway are scaled by the rates of their targets.
struct Scaling {
    int64 every, train, coef, growth, offset, w_max, settled;
};

// What makes changes of weights from eligibilities.
struct Modulator {
    int64 part, part_end, column, coef, decay, growth, mask, gains;
};

// Sources whose spikes modulate.
struct ModulatorPart {
    int64 source, source_end;
};

// Gates of sources that spines look at, and their means over the last steps.
struct SpineGateSet {
    int64 kind, source, size, gates, coef, components, pulse, dead, release, means, mask;
};

// Targets whose spines calcium enters through open channels of one receptor.
struct InfluxSet {
    int64 size, first, row, row_step, effect, effect_coef, bath, train, first_train, delay, fast, slow, influx_coef,
        influx;
};

// Elements of a Poisson drive, or sources, with a rate of their own in each step.
struct LimitSet {
    int64 size, levels, limits, mean;
};

// How the synapses of a route learn from their calcium.
struct Spine {
    int64 coef, means, mask, delay, offset, influx, w_max, state;
};

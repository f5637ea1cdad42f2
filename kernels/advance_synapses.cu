// Per-synapse gating: streams every synapse's gate over one step and forms each neuron's two sums, the mean of w x gate
// over the coming step (for V) and w x gate at its end (recorded). Rows belong to targets; one warp sums one row in a
// fixed shape. A source's history is a shift register, newest step in the lowest bits; a synapse's address is the bit
// that its delay has reached: word in the high 27 bits, bit within it in the low 5.

// A gate's `step` advances one synapse: it returns the gate at the end of the step and sets what the synapse adds to the
// sum `extra`; `mean` forms the mean over the step from the row's two sums of w x extra and w x gate. A block's KEPT first
// coefficients c are held in registers; all of them are in `own`.

// mask ? a : b in bits; the mask is all ones or all zeros
DEVICE real either(int mask, real a, real b) { return mask ? a : b; }

// First order (Destexhe, Mainen and Sejnowski 1994): r relaxes to r_inf while the transmitter is there, else to 0.
// Without transmitter the mean is a multiple of the gate at the end, so only synapses that are on add to `extra`.
// c = {P_on, r_inf (1 - P_on), P_off, mean/end when off, extra when on: constant, of r}
struct FirstOrder {
    enum { PULSES = 1, KEPT = 6 };  // one bit a step; the pulse that arrives at the start of a step acts during it
    DEVICE real step(const real *c, const real *, int on, real *gate, int64, real &extra)
    {
        real r = *gate;
        real end = flush(either(on, c[0], c[2]) * r + either(on, c[1], 0));
        extra = either(on, c[4] + c[5] * r, 0);
        *gate = end;
        return end;
    }
    DEVICE real mean(const real *c, real extra, real end) { return c[3] * end + extra; }
};

// c = {P, mean, jump}
struct ExponentialGate {
    enum { PULSES = 0, KEPT = 3 };  // events that arrive at the end of a step are added then, undecayed
    DEVICE real step(const real *c, const real *, int events, real *gate, int64, real &extra)
    {
        real g = *gate, end = flush(c[0] * g + c[2] * (real)events);
        extra = c[1] * g;
        *gate = end;
        return end;
    }
    DEVICE real mean(const real *, real extra, real) { return extra; }
};

// c = {P_g, P_gh, P_h, mean_g, mean_h, jump}
struct RisingGate {
    enum { PULSES = 0, KEPT = 6 };
    DEVICE real step(const real *c, const real *, int events, real *gate, int64 distance, real &extra)
    {
        real g = *gate, h = gate[distance], end = flush(c[0] * g + c[1] * h);
        extra = c[3] * g + c[4] * h;
        *gate = end;
        gate[distance] = flush(c[2] * h + c[5] * (real)events);
        return end;
    }
    DEVICE real mean(const real *, real extra, real) { return extra; }
};

// S decays, and jumps by k0 + k1 S at each event (Brunel and Wang 2001, rise replaced by a jump).  c = {mean, P, k0, k1}
struct JumpGate {
    enum { PULSES = 0, KEPT = 4 };
    DEVICE real step(const real *c, const real *, int events, real *gate, int64, real &extra)
    {
        real S = *gate, end = c[1] * S;
        extra = c[0] * S;
        for (int k = 0; k < events; k++) end = end + (c[2] + c[3] * end);
        end = flush(end);
        *gate = end;
        return end;
    }
    DEVICE real mean(const real *, real extra, real) { return extra; }
};

// x jumps by 1 at each event, and S grows by it (`growth`): evenly over a step, to second order.  states: S, x
// c = {mean, those of growth}
struct SaturatingGate {
    enum { PULSES = 0, KEPT = 6 };
    DEVICE real step(const real *c, const real *own, int events, real *gate, int64 distance, real &extra)
    {
        real S = *gate, x = gate[distance], gain = growth(c + 1, own + KEPT, S, x), end = flush(c[1] * S + gain);
        extra = c[0] * S + (real)0.5 * gain;
        *gate = end;
        gate[distance] = flush(c[2] * x + (real)events);
        return end;
    }
    DEVICE real mean(const real *, real extra, real) { return extra; }
};

// Channels with any number of states under pulses of transmitter, y' linear; y[0] is the open fraction (gpusyn/builder/gating/pulsed.py).
// c = {m, on (m x m), off (m x m), drive (m), mean_on (m), mean_off (m), mean_drive}
struct MarkovGate {
    enum { PULSES = 1, KEPT = 1, MOST = 7 };
    DEVICE real step(const real *c, const real *own, int on, real *gate, int64 distance, real &extra)
    {
        int m = (int)c[0];
        const real *rows = own + 1 + (on ? 0 : m * m), *drive = own + 1 + 2 * m * m, *mean = drive + (on ? m : 2 * m);
        real y[MOST], sum = either(on, drive[3 * m], 0);
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
    DEVICE real mean(const real *, real extra, real) { return extra; }
};

// G-protein cascade (Destexhe and Sejnowski 1995): R' = K1 [T] (1 - R) - K2 R, G' = K3 R - K4 G, and s of G.  states: R, G
// c = {on: R from R, R from 1, G from R, G from G, G from 1;  off: the same five;  n, K_d}
struct CascadeGate {
    enum { PULSES = 1, KEPT = 12 };
    DEVICE real step(const real *c, const real *, int on, real *gate, int64 distance, real &extra)
    {
        real R = *gate, G = gate[distance], before = flush(opened(G, (int)c[10], c[11]));
        G = flush(either(on, c[2], c[7]) * R + either(on, c[3], c[8]) * G + either(on, c[4], c[9]));
        *gate = flush(either(on, c[0], c[5]) * R + either(on, c[1], c[6]));
        gate[distance] = G;
        real end = flush(opened(G, (int)c[10], c[11]));
        extra = (real)0.5 * (before + end);
        return end;
    }
    DEVICE real mean(const real *, real extra, real) { return extra; }
};

// Channels of one synapse that a drug blocks while they are open. The free fraction U has U' = leave (1 - U) - bind U, where
// leave is unbinding from open channels, and a share of it from closed ones (Woodhull 1973; Huettner and Bean 1988).
// U is kept, not what is blocked, so that the little that a deep block leaves is good to rounding.
// `dose` is P_open k_on [drug] dt;  c = {z delta F/RT, V0, k_off dt, share}
struct Blocker {
    real dose, unbind, share;
    DEVICE Blocker make(const real *c, real v, real rest, real dose)
    {
        return {dose, c[2] * portable_exp(c[0] * ((v + rest) - c[1])), c[3]};
    }
    MEMBER real advance(real mean, real U) const
    {
        real open = mean < (real)1 ? mean : (real)1, bind = dose * open;
        real leave = unbind * (share + ((real)1 - share) * open), rate = bind + leave;
        real target = rate > 0 ? leave / rate : U;
        return flush(U + (U - target) * portable_expm1(-rate));
    }
};

// What the kernels of all gates read of the neurons and of this step.
struct Targets {
    const real *V, *rest, *wave;
};

// The arrays of all blocks of one kernel.
struct Synapses {
    const int64 *row_begin;
    const uint32 *address;
    const real *weights;
    real *gates;
    const uint32 *history;
    const real *coef;
};

// The synapses `begin` to `end` of one target in one block; the pointers are those of the block's synapse 0.
struct Row {
    int64 begin, end;
    const uint32 *address, *history;
    const real *weight;
    real *gate;
    int64 gate_step;
    int own_weights;
    uint32 value_mask;

    // What the source of synapse j sends: the bit of a pulse becomes a mask, a count becomes a number.
    template <class Form> MEMBER int sent(int64 j) const
    {
        uint32 a = address[j], word = history[a >> 5];
        return Form::PULSES ? (int)(word << (~a & 31)) >> 31 : (int)((word >> (a & 31)) & value_mask);
    }
};

DEVICE Row row_of(const SynapseBlock &block, const Synapses &s, int64 i)
{
    const int64 *bounds = s.row_begin + block.rows + i;
    uint32 value_mask = block.bits == 32 ? 0xffffffffu : (1u << (int)block.bits) - 1u;
    return {bounds[0],
            bounds[1],
            s.address + block.address,
            s.history + block.history,
            s.weights + block.weights,
            s.gates + block.gates,
            block.gate_step,
            (int)block.weight_step,
            value_mask};
}

// What one row adds to its target: the mean over the step and the end.
struct RowSums {
    real mean, end;
};

template <class Form> DEVICE RowSums advance_row(const Row &row, const real *c, const real *own)
{
    LANE_STATE(extra_sum);
    LANE_STATE(end_sum);
    auto advance = [&](int64 j, int lane, real w) {
        real extra, end = Form::step(c, own, row.sent<Form>(j), row.gate + j, row.gate_step, extra);
        LANE_AT(extra_sum, lane) = LANE_AT(extra_sum, lane) + w * extra;
        LANE_AT(end_sum, lane) = LANE_AT(end_sum, lane) + w * end;
    };
    real shared = row.weight[0];
    if (row.own_weights)
        for_lanes(row.begin, row.end, [&](int64 j, int lane) { advance(j, lane, row.weight[j]); });
    else
        for_lanes(row.begin, row.end, [&](int64 j, int lane) { advance(j, lane, shared); });
    real end = lane_sum(end_sum);
    return {Form::mean(c, lane_sum(extra_sum), end), end};
}

// The same under a drug that blocks open channels; `free` is the free fraction of each synapse's channels.
template <class Form>
DEVICE RowSums advance_blocked_row(const Row &row, const real *c, const real *own, real *free, const Blocker blocker)
{
    LANE_STATE(mean_sum);
    LANE_STATE(end_sum);
    real shared = row.weight[0];
    for_lanes(row.begin, row.end, [&](int64 j, int lane) {
        real extra, end = Form::step(c, own, row.sent<Form>(j), row.gate + j, row.gate_step, extra);
        real w = row.own_weights ? row.weight[j] : shared, mean = Form::mean(c, extra, end), before = free[j];
        real after = blocker.advance(mean, before);
        free[j] = after;
        LANE_AT(mean_sum, lane) = LANE_AT(mean_sum, lane) + w * ((real)0.5 * (before + after) * mean);
        LANE_AT(end_sum, lane) = LANE_AT(end_sum, lane) + w * (after * end);
    });
    return {lane_sum(mean_sum), lane_sum(end_sum)};
}

// Advances the synapses of target i of a set, and writes its two sums.
template <class Form>
DEVICE void advance_target(const SynapseSet &set, int64 i, const SynapseBlock *blocks, const Synapses &synapses,
                           real *synaptic, const Targets &targets)
{
    real total_mean = 0, total_end = 0;
    int64 neuron = set.first + i;
    for (int64 b = set.block; b < set.block_end; b++) {
        const SynapseBlock &block = blocks[b];
        const real *own = synapses.coef + block.coef;
        real c[Form::KEPT];
        for (int k = 0; k < Form::KEPT; k++) c[k] = own[k];
        Row row = row_of(block, synapses, i);
        RowSums sums;
        if (block.blocker >= 0) {
            Blocker blocker = Blocker::make(synapses.coef + block.blocker, targets.V[neuron], targets.rest[neuron],
                                            targets.wave[block.dose]);
            sums = advance_blocked_row<Form>(row, c, own, row.gate + block.free, blocker);
        } else {
            sums = advance_row<Form>(row, c, own);
        }
        total_mean = total_mean + sums.mean;
        total_end = total_end + sums.end;
    }
    if (FIRST_LANE) {
        synaptic[set.sum + i] = flush(total_mean);
        synaptic[set.sum + set.sum_step + i] = flush(total_end);
    }
}

#define SYNAPSE_KERNEL(name, Form)                                                                                     \
    KERNEL(name, const SynapseSet *RESTRICT sets, int n_sets, const SynapseBlock *RESTRICT blocks,                     \
           const int64 *RESTRICT row_begin, const uint32 *RESTRICT address, const real *RESTRICT weights,              \
           real *RESTRICT gates, const uint32 *RESTRICT history, const real *RESTRICT coef, real *RESTRICT synaptic,   \
           const Clock *RESTRICT clock, const real *RESTRICT waves, int n_waves, const real *RESTRICT V,               \
           const real *RESTRICT rest)                                                                                  \
    {                                                                                                                  \
        Targets targets = {V, rest, waves + step_of(clock).local * n_waves};                                           \
        Synapses synapses = {row_begin, address, weights, gates, history, coef};                                       \
        for (int t = 0; t < n_sets; t++)                                                                               \
            FOR_WARPS(i, sets[t].size) advance_target<Form>(sets[t], i, blocks, synapses, synaptic, targets);          \
    }

SYNAPSE_KERNEL(advance_first_order, FirstOrder)
SYNAPSE_KERNEL(advance_exponential, ExponentialGate)
SYNAPSE_KERNEL(advance_rising, RisingGate)
SYNAPSE_KERNEL(advance_jump, JumpGate)
SYNAPSE_KERNEL(advance_saturating, SaturatingGate)
SYNAPSE_KERNEL(advance_markov, MarkovGate)
SYNAPSE_KERNEL(advance_g_protein, CascadeGate)

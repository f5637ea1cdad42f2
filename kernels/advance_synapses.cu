// Per-synapse gating: streams every synapse's gate over one step and forms each neuron's two sums, the mean of w x gate
// over the coming step (for V) and w x gate at its end (recorded). Rows belong to targets; one warp sums one row in a
// fixed order. A source's history is a shift register, newest step in the lowest bits; a synapse's address is the bit
// that its delay has reached: word in the high 27 bits, bit within it in the low 5.

// Channels of one synapse that a drug blocks while they are open. The free fraction U has U' = leave (1 - U) - bind U,
// where leave is unbinding from open channels, and a fraction of it from closed ones (Woodhull 1973; Huettner and Bean
// 1988). U is stored, not the blocked fraction, so that the small rest of a deep block is accurate to rounding; and so
// is `lost`, what rounding took from U, so that changes far below the last bit of U add up (Kahan 1965).
// `dose` is P_open k_on [drug] dt; gpusyn/equations/blocker.py lists the coefficients.
struct Blocker {
    typedef BlockerCoefficients Of;
    real dose, unbind, escape;
    DEVICE Blocker make(const real *c, real v, real rest, real dose)
    {
        return {dose, c[Of::k_off_dt] * portable_exp(c[Of::steepness] * ((v + rest) - c[Of::V0])), c[Of::escape]};
    }
    MEMBER real advance(real mean, real U, real &lost) const
    {
        real open = mean < (real)1 ? mean : (real)1, bind = dose * open;
        real leave = unbind * (escape + ((real)1 - escape) * open), rate = bind + leave;
        real target = rate > 0 ? leave / rate : U, fall = portable_expm1(-rate);
        real change = (U - target) * fall + lost * ((real)1 + fall), after = flush(U + change);
        lost = flush(change - (after - U));
        return after;
    }
};

// The data of the neurons and of this step that the kernels of all gates read.
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

    // The signal from the source of synapse j: the bit of a pulse becomes a mask, a count becomes a number.
    template <class Form> MEMBER int sent(int64 j) const
    {
        uint32 a = address[j], word = history[a >> 5];
        return Form::PULSES ? (int)(word << (~a & 31)) >> 31 : (int)((word >> (a & 31)) & value_mask);
    }

    // Calls f(j, lane, signal, weight) for each synapse.
    template <class Form, class F> MEMBER void for_synapses(F f) const
    {
        auto look = [&](int64 j) { return sent<Form>(j); };
        auto own = [&](int64 j, int lane, int sent) { f(j, lane, sent, weight[j]); };
        auto equal = [&, w = weight[0]](int64 j, int lane, int sent) { f(j, lane, sent, w); };
        if (own_weights)
            for_lanes(begin, end, look, own, address, gate, weight);
        else
            for_lanes(begin, end, look, equal, address, gate);
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

// The contribution of one row to its target: the mean over the step, and the value at the end.
struct RowSums {
    real mean, end;
};

template <class Form> DEVICE RowSums advance_row(const Row &row, const real *c, const real *own)
{
    LANE_STATE(extra_sum);
    LANE_STATE(end_sum);
    row.for_synapses<Form>([&](int64 j, int lane, int sent, real w) {
        real extra, end = Form::step(c, own, sent, row.gate + j, row.gate_step, extra);
        LANE_AT(extra_sum, lane) = LANE_AT(extra_sum, lane) + w * extra;
        LANE_AT(end_sum, lane) = LANE_AT(end_sum, lane) + w * end;
    });
    real end = lane_sum(end_sum);
    return {Form::average(c, lane_sum(extra_sum), end), end};
}

// The same under a drug that blocks open channels; `free` is the free fraction of each synapse's channels, and what
// rounding took from it is one state further.
template <class Form>
DEVICE RowSums advance_blocked_row(const Row &row, const real *c, const real *own, real *free, const Blocker blocker)
{
    LANE_STATE(mean_sum);
    LANE_STATE(end_sum);
    row.for_synapses<Form>([&](int64 j, int lane, int sent, real w) {
        real extra, end = Form::step(c, own, sent, row.gate + j, row.gate_step, extra);
        real mean = Form::average(c, extra, end), before = free[j];
        real after = blocker.advance(mean, before, free[j + row.gate_step]);
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
        synaptic[set.synaptic + i] = flush(total_mean);
        synaptic[set.synaptic + set.synaptic_step + i] = flush(total_end);
    }
}

// A module's text ends with its one kernel, such as SYNAPSE_KERNEL(advance_rising, RisingGate).
#define SYNAPSE_KERNEL(name, Form) \
    KERNEL(name, const SynapseSet *RESTRICT sets, int n_sets, const SynapseBlock *RESTRICT blocks, \
           const int64 *RESTRICT row_begin, const uint32 *RESTRICT address, const real *RESTRICT weights, \
           real *RESTRICT gates, const uint32 *RESTRICT history, const real *RESTRICT coef, real *RESTRICT synaptic, \
           const Clock *RESTRICT clock, const real *RESTRICT waves, int n_waves, const real *RESTRICT V, \
           const real *RESTRICT rest) \
    { \
        Targets targets = {V, rest, waves + step_of(clock).local * n_waves}; \
        Synapses synapses = {row_begin, address, weights, gates, history, coef}; \
        for (int t = 0; t < n_sets; t++) \
            FOR_WARPS(i, sets[t].size) advance_target<Form>(sets[t], i, blocks, synapses, synaptic, targets); \
    }

// Per-synapse gating: streams every synapse's gate over one step and forms each neuron's two sums, the mean of w x gate
// over the coming step (for V) and w x gate at its end (recorded). Rows belong to targets; one warp sums one row in a
// fixed shape. A source's history is a shift register, newest step in the lowest bits; a synapse's address is the bit
// that its delay has reached: word in the high 27 bits, bit within it in the low 5.

enum SetField { T_COUNT, T_SUM, T_DISTANCE, T_BLOCK, T_BLOCK_END, SET_FIELDS };
enum BlockField {
    B_ROWS, B_ADDRESS, B_WEIGHTS, B_WEIGHT_STEP, B_GATES, B_GATE_DISTANCE, B_HISTORY, B_BITS, B_COEF, BLOCK_FIELDS
};

// A gate's `step` advances one synapse: it returns the gate at the end of the step and sets what the synapse adds to the
// sum `extra`; `mean` forms the mean over the step from the row's two sums of w x extra and w x gate. Every block has six
// coefficients, unused ones 0.

// mask ? a : b in bits; the mask is all ones or all zeros
DEVICE real either(int mask, real a, real b) { return mask ? a : b; }

// First order (Destexhe, Mainen and Sejnowski 1994): r relaxes to r_inf while the transmitter is there, else to 0.
// Without transmitter the mean is a multiple of the gate at the end, so only synapses that are on add to `extra`.
// c = {P_on, r_inf (1 - P_on), P_off, mean/end when off, extra when on: constant, of r}
struct FirstOrder {
    enum { PULSES = 1 };  // one bit a step; the pulse that arrives at the start of a step acts during it
    DEVICE real step(const real *c, int on, real *gate, int64, real &extra)
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
    enum { PULSES = 0 };  // events that arrive at the end of a step are added then, undecayed
    DEVICE real step(const real *c, int events, real *gate, int64, real &extra)
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
    enum { PULSES = 0 };
    DEVICE real step(const real *c, int events, real *gate, int64 distance, real &extra)
    {
        real g = *gate, h = gate[distance], end = flush(c[0] * g + c[1] * h);
        extra = c[3] * g + c[4] * h;
        *gate = end;
        gate[distance] = flush(c[2] * h + c[5] * (real)events);
        return end;
    }
    DEVICE real mean(const real *, real extra, real) { return extra; }
};

template <class Gate>
DEVICE void advance_rows(const int64 *set, int64 i, const int64 *blocks, const int64 *row_begin, const uint32 *address,
                         const real *weights, real *gates, const uint32 *history, const real *coef, real *sums)
{
    real total_mean = 0, total_end = 0;
    for (int64 b = set[T_BLOCK]; b < set[T_BLOCK_END]; b++) {
        const int64 *block = blocks + b * BLOCK_FIELDS;
        const real *own = coef + block[B_COEF];
        const real c[6] = {own[0], own[1], own[2], own[3], own[4], own[5]};
        const int64 *row = row_begin + block[B_ROWS] + i;
        const uint32 *where = address + block[B_ADDRESS], *words = history + block[B_HISTORY];
        const real *weight = weights + block[B_WEIGHTS];
        real *gate = gates + block[B_GATES];
        int64 distance = block[B_GATE_DISTANCE];
        int bits = (int)block[B_BITS];
        uint32 value_mask = bits == 32 ? 0xffffffffu : (1u << bits) - 1u;
        LANE_STATE(extra_sum);
        LANE_STATE(end_sum);
        auto advance = [&](int64 j, int lane, real w) {
            uint32 a = where[j];
            uint32 word = words[a >> 5];
            // a pulse's bit becomes a mask, a count becomes a number
            int sent = Gate::PULSES ? (int)(word << (~a & 31)) >> 31 : (int)((word >> (a & 31)) & value_mask);
            real extra, end = Gate::step(c, sent, gate + j, distance, extra);
            LANE_AT(extra_sum, lane) = LANE_AT(extra_sum, lane) + w * extra;
            LANE_AT(end_sum, lane) = LANE_AT(end_sum, lane) + w * end;
        };
        real shared = weight[0];
        if (block[B_WEIGHT_STEP])
            for_lanes(row[0], row[1], [&](int64 j, int lane) { advance(j, lane, weight[j]); });
        else
            for_lanes(row[0], row[1], [&](int64 j, int lane) { advance(j, lane, shared); });
        real end = lane_sum(end_sum);
        total_mean = total_mean + Gate::mean(c, lane_sum(extra_sum), end);
        total_end = total_end + end;
    }
    if (FIRST_LANE) {
        sums[set[T_SUM] + i] = flush(total_mean);
        sums[set[T_SUM] + set[T_DISTANCE] + i] = flush(total_end);
    }
}

#define SYNAPSE_KERNEL(name, Gate)                                                                                  \
    KERNEL(name, const int64 *RESTRICT sets, int n_sets, const int64 *RESTRICT blocks,                             \
           const int64 *RESTRICT row_begin, const uint32 *RESTRICT address, const real *RESTRICT weights,           \
           real *RESTRICT gates, const uint32 *RESTRICT history, const real *RESTRICT coef, real *RESTRICT sums)    \
    {                                                                                                               \
        for (int t = 0; t < n_sets; t++)                                                                            \
            FOR_WARPS(i, sets[t * SET_FIELDS + T_COUNT])                                                            \
            advance_rows<Gate>(sets + t * SET_FIELDS, i, blocks, row_begin, address, weights, gates, history, coef, sums); \
    }

SYNAPSE_KERNEL(advance_first_order, FirstOrder)
SYNAPSE_KERNEL(advance_exponential, ExponentialGate)
SYNAPSE_KERNEL(advance_rising, RisingGate)

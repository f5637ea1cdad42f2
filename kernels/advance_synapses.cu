// Per-synapse gating: streams every synapse's gate over one step and forms each neuron's two sums, the mean of w x gate
// over the coming step (for V) and w x gate at its end (recorded). Rows belong to targets; one warp sums one row in a
// fixed shape. A source's history is a shift register, newest step in the lowest bits; a synapse's address is the bit
// that its delay has reached: word in the high 27 bits, bit within it in the low 5.

enum SetField { T_COUNT, T_FIRST, T_SUM, T_DISTANCE, T_BLOCK, T_BLOCK_END, SET_FIELDS };
enum BlockField {
    B_ROWS, B_ADDRESS, B_WEIGHTS, B_WEIGHT_STEP, B_GATES, B_GATE_DISTANCE, B_HISTORY, B_BITS, B_COEF, B_BLOCKER, B_FREE,
    B_DOSE, BLOCK_FIELDS
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

template <class Gate>
DEVICE void advance_rows(const int64 *set, int64 i, const int64 *blocks, const int64 *row_begin, const uint32 *address,
                         const real *weights, real *gates, const uint32 *history, const real *coef, real *sums, const Targets targets)
{
    real total_mean = 0, total_end = 0;
    for (int64 b = set[T_BLOCK]; b < set[T_BLOCK_END]; b++) {
        const int64 *block = blocks + b * BLOCK_FIELDS;
        const real *own = coef + block[B_COEF];
        real c[Gate::KEPT];
        for (int k = 0; k < Gate::KEPT; k++) c[k] = own[k];
        const int64 *row = row_begin + block[B_ROWS] + i;
        const uint32 *where = address + block[B_ADDRESS], *words = history + block[B_HISTORY];
        const real *weight = weights + block[B_WEIGHTS];
        real *gate = gates + block[B_GATES];
        int64 distance = block[B_GATE_DISTANCE];
        int bits = (int)block[B_BITS];
        uint32 value_mask = bits == 32 ? 0xffffffffu : (1u << bits) - 1u;
        LANE_STATE(extra_sum);
        LANE_STATE(end_sum);
        // what a source sends: a pulse's bit becomes a mask, a count becomes a number
        auto sent = [&](int64 j) {
            uint32 a = where[j], word = words[a >> 5];
            return Gate::PULSES ? (int)(word << (~a & 31)) >> 31 : (int)((word >> (a & 31)) & value_mask);
        };
        auto advance = [&](int64 j, int lane, real w) {
            real extra, end = Gate::step(c, own, sent(j), gate + j, distance, extra);
            LANE_AT(extra_sum, lane) = LANE_AT(extra_sum, lane) + w * extra;
            LANE_AT(end_sum, lane) = LANE_AT(end_sum, lane) + w * end;
        };
        real shared = weight[0];
        if (block[B_BLOCKER] >= 0) {
            int64 neuron = set[T_FIRST] + i;
            Blocker blocker = Blocker::make(coef + block[B_BLOCKER], targets.V[neuron], targets.rest[neuron], targets.wave[block[B_DOSE]]);
            for_lanes(row[0], row[1], [&](int64 j, int lane) {
                real extra, end = Gate::step(c, own, sent(j), gate + j, distance, extra), w = block[B_WEIGHT_STEP] ? weight[j] : shared;
                real mean = Gate::average(c, extra, end), *free = gate + block[B_FREE] + j, before = *free;
                real after = blocker.advance(mean, before);
                *free = after;
                LANE_AT(extra_sum, lane) = LANE_AT(extra_sum, lane) + w * ((real)0.5 * (before + after) * mean);
                LANE_AT(end_sum, lane) = LANE_AT(end_sum, lane) + w * (after * end);
            });
            total_mean = total_mean + lane_sum(extra_sum);
            total_end = total_end + lane_sum(end_sum);
            continue;
        }
        if (block[B_WEIGHT_STEP])
            for_lanes(row[0], row[1], [&](int64 j, int lane) { advance(j, lane, weight[j]); });
        else
            for_lanes(row[0], row[1], [&](int64 j, int lane) { advance(j, lane, shared); });
        real end = lane_sum(end_sum);
        total_mean = total_mean + Gate::average(c, lane_sum(extra_sum), end);
        total_end = total_end + end;
    }
    if (FIRST_LANE) {
        sums[set[T_SUM] + i] = flush(total_mean);
        sums[set[T_SUM] + set[T_DISTANCE] + i] = flush(total_end);
    }
}

// A module's text ends with the one kernel that it is for: SYNAPSE_KERNEL(advance_rising, RisingGate).
#define SYNAPSE_KERNEL(name, Gate)                                                                                  \
    KERNEL(name, const int64 *RESTRICT sets, int n_sets, const int64 *RESTRICT blocks,                             \
           const int64 *RESTRICT row_begin, const uint32 *RESTRICT address, const real *RESTRICT weights,           \
           real *RESTRICT gates, const uint32 *RESTRICT history, const real *RESTRICT coef, real *RESTRICT sums,    \
           const int64 *RESTRICT clock, const real *RESTRICT waves, int n_waves, const real *RESTRICT V,             \
           const real *RESTRICT rest)                                                                               \
    {                                                                                                               \
        Targets targets = {V, rest, waves + (clock[0] - clock[2]) * n_waves};                                       \
        for (int t = 0; t < n_sets; t++)                                                                            \
            FOR_WARPS(i, sets[t * SET_FIELDS + T_COUNT])                                                            \
            advance_rows<Gate>(sets + t * SET_FIELDS, i, blocks, row_begin, address, weights, gates, history, coef, sums, targets); \
    }

// Per-synapse gating: streams every synapse's gate over one step and forms each neuron's two sums, the mean of w x gate
// over the coming step (for V) and w x gate at its end (recorded). Rows belong to targets; one warp sums one row in a
// fixed shape. A synapse's address holds its delay (high bits) and source (low bits); the source's history tells what
// its transmitter did `delay` steps ago.

enum SetField { T_COUNT, T_SUM, T_DISTANCE, T_BLOCK, T_BLOCK_END, SET_FIELDS };
enum BlockField {
    B_ROWS, B_ADDRESS, B_WEIGHTS, B_WEIGHT_STEP, B_GATES, B_GATE_DISTANCE, B_HISTORY, B_SOURCES, B_MASK, B_STEPS_LOG, B_BITS_LOG,
    B_SOURCE_BITS, B_COEF, BLOCK_FIELDS
};

// First order (Destexhe, Mainen and Sejnowski 1994): r relaxes to r_inf while the transmitter is there, else to 0.
// c = {P_on, r_inf (1 - P_on), P_off, mean on: of r, constant; mean off: of r}
struct FirstOrder {
    enum { LEAD = 1 };  // the pulse that arrives at the start of a step acts during it
    DEVICE void step(const real *c, uint32 on, real *gate, int64, real &mean, real &end)
    {
        real r = *gate;
        mean = on ? c[4] + c[3] * r : c[5] * r;
        end = flush(on ? c[1] + c[0] * r : c[2] * r);
        *gate = end;
    }
};

// c = {P, mean, jump}
struct ExponentialGate {
    enum { LEAD = 0 };  // events that arrive at the end of a step are added then, undecayed
    DEVICE void step(const real *c, uint32 events, real *gate, int64, real &mean, real &end)
    {
        real g = *gate;
        mean = c[1] * g;
        end = flush(c[0] * g + c[2] * (real)(int)events);
        *gate = end;
    }
};

// c = {P_g, P_gh, P_h, mean_g, mean_h, jump}
struct RisingGate {
    enum { LEAD = 0 };
    DEVICE void step(const real *c, uint32 events, real *gate, int64 distance, real &mean, real &end)
    {
        real g = *gate, h = gate[distance];
        mean = c[3] * g + c[4] * h;
        end = flush(c[0] * g + c[1] * h);
        *gate = end;
        gate[distance] = flush(c[2] * h + c[5] * (real)(int)events);
    }
};

template <class Gate>
DEVICE void advance_rows(int64 now, const int64 *set, int64 i, const int64 *blocks, const int64 *row_begin, const uint32 *address,
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
        int64 distance = block[B_GATE_DISTANCE], weight_step = block[B_WEIGHT_STEP];
        int sources = (int)block[B_SOURCES], mask = (int)block[B_MASK], steps_log = (int)block[B_STEPS_LOG], then = (int)now - Gate::LEAD;
        int bits_log = (int)block[B_BITS_LOG], source_bits = (int)block[B_SOURCE_BITS], inside = (1 << steps_log) - 1;
        uint32 source_mask = (1u << source_bits) - 1u, value_mask = bits_log == 5 ? 0xffffffffu : (1u << (1 << bits_log)) - 1u;
        LANE_STATE(mean_sum);
        LANE_STATE(end_sum);
        for_lanes(row[0], row[1], [&](int64 j, int lane) {
            uint32 a = where[j];
            int s = then - (int)(a >> source_bits);
            uint32 word = words[((s >> steps_log) & mask) * sources + (int)(a & source_mask)];
            real mean, end, w = weight[j * weight_step];
            Gate::step(c, (word >> ((s & inside) << bits_log)) & value_mask, gate + j, distance, mean, end);
            LANE_AT(mean_sum, lane) = LANE_AT(mean_sum, lane) + w * mean;
            LANE_AT(end_sum, lane) = LANE_AT(end_sum, lane) + w * end;
        });
        total_mean = total_mean + lane_sum(mean_sum);
        total_end = total_end + lane_sum(end_sum);
    }
    if (FIRST_LANE) {
        sums[set[T_SUM] + i] = flush(total_mean);
        sums[set[T_SUM] + set[T_DISTANCE] + i] = flush(total_end);
    }
}

#define SYNAPSE_KERNEL(name, Gate)                                                                                  \
    KERNEL(name, int64 *RESTRICT clock, const int64 *RESTRICT sets, int n_sets, const int64 *RESTRICT blocks,       \
           const int64 *RESTRICT row_begin, const uint32 *RESTRICT address, const real *RESTRICT weights,           \
           real *RESTRICT gates, const uint32 *RESTRICT history, const real *RESTRICT coef, real *RESTRICT sums)    \
    {                                                                                                               \
        int64 now = clock[0];                                                                                       \
        for (int t = 0; t < n_sets; t++)                                                                            \
            FOR_WARPS(i, sets[t * SET_FIELDS + T_COUNT])                                                            \
            advance_rows<Gate>(now, sets + t * SET_FIELDS, i, blocks, row_begin, address, weights, gates, history, coef, sums); \
    }

SYNAPSE_KERNEL(advance_first_order, FirstOrder)
SYNAPSE_KERNEL(advance_exponential, ExponentialGate)
SYNAPSE_KERNEL(advance_rising, RisingGate)

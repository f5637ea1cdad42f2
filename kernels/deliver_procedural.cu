// Delivers events along rows that are not stored: each is drawn again, with the weights and delays of its synapses, by
// the functions that build stored rows, and added to the sums of its targets. A unit of work is an event and a row, or
// a part of a row that can be drawn apart. The twin is gpusyn/backends/numpy/deliver_procedural.py.

enum { EACH, SOME, CHOSEN, DIFFERENT };  // how rows are drawn, as in gpusyn/kernels/records.py
enum { SPAN = 2048, LAW = 8 };           // most synapses of a part; numbers of a law

// What a row is drawn from.
struct Drawn {
    const DrawnPart *parts;
    const int *ids;
    const double *laws;
    uint32 *seen;
    int *chosen;
    MEMBER Law law(int64 number) const
    {
        const double *x = laws + LAW * number;
        return Law{(int)x[0], x[1], x[2], x[3], x[4], x[5]};
    }
    MEMBER double factor(int64 number) const { return laws[LAW * number + 6]; }
    MEMBER double unit(int64 number) const { return laws[LAW * number + 7]; }
};

// The numbers of one piece of a row, of which all threads of a block have the same.
struct PieceRoom {
    uint32 *word;
    double *u, *x;
    int *gap, *flag, *column, *delay;
    int64 *end, *at;
    acc *weight;
};

// How far the drawing of a row is: synapses, and at which it ends; the next column, and the next call of the generator.
struct Progress {
    int64 found, last, place, done;
};

// The first synapses of a unit: the part `span` of the row, whose columns are then drawn if they all must be at once.
DEVICE Progress begin_row(const DrawnSet &set, const Drawn &drawn, int64 row, int skip, int64 span, PieceRoom room)
{
    int64 size = set.rule == EACH ? set.columns - (skip >= 0) : set.degree;
    if (set.rule == DIFFERENT)
        draw_different(drawn.chosen, drawn.seen, room.word, room.end, row, size, set.key,
                       (uint32)(set.columns - (skip >= 0)), set.columns);
    bool apart = set.spans > 1 && size > (span + 1) * SPAN;
    return Progress{span * SPAN, apart ? (span + 1) * SPAN : size, 0, 0};
}

// The next columns of a row that are set, each with some probability; those between calls of the generator may be none.
DEVICE int next_set(const DrawnSet &set, const Drawn &drawn, int64 row, int skip, Progress &at, PieceRoom room)
{
    Gaps gaps = {set.key, set.columns, drawn.law(set.law).a, (int)set.fine, (int)set.calls};
    int size = 0, *column = room.column;
    while (size == 0 && at.place < set.columns) {
        draw_gaps(gaps, row, at.done, at.place, room.word, room.u, room.gap, room.end);
        const int64 *end = room.end;
        int all = gaps.size(), inside = number_within(end, all, set.columns), before = number_within(end, inside, skip);
        bool drops = skip >= 0 && before < inside && end[before] == skip + 1;
        FOR_THREADS(j, inside)
            if (!(drops && j == before)) column[j - (drops && j > before ? 1 : 0)] = (int)end[j] - 1;
        at.place = inside < all ? set.columns : end[all - 1];
        at.done += set.calls;
        size = inside - drops;
        BLOCK_SYNC();
    }
    return size;
}

// The next columns of a row, at most PIECE of them; returns their number, 0 at the end.
DEVICE int next_columns(const DrawnSet &set, const Drawn &drawn, int64 row, int skip, Progress &at, PieceRoom room)
{
    if (set.rule == SOME) return next_set(set, drawn, row, skip, at, room);
    int size = piece_size(at.last, at.found), *column = room.column, first = (int)at.found;
    if (size <= 0) return 0;
    if (set.rule == CHOSEN)
        draw_below(room.word, row, at.found / 2, (size + 1) / 2, set.key, (uint32)(set.columns - (skip >= 0)));
    const uint32 *word = room.word;
    const int *chosen = drawn.chosen + first;
    if (set.rule == EACH)
        FOR_THREADS(j, size) column[j] = beside(first + j, skip);
    else if (set.rule == CHOSEN)
        FOR_THREADS(j, size) column[j] = beside((int)word[j], skip);
    else
        FOR_THREADS(j, size) column[j] = beside(chosen[j], skip);
    BLOCK_SYNC();
    return size;
}

// Columns become places among the targets, -1 outside of them.
DEVICE void place_columns(const DrawnSet &set, const Drawn &drawn, int size, PieceRoom room)
{
    int *column = room.column, *place = room.gap;
    FOR_THREADS(j, size) place[j] = -1;
    for (int64 p = set.part; p < set.part_end; p++) {
        int begin = (int)drawn.parts[p].begin, n = (int)drawn.parts[p].size, shift = (int)drawn.parts[p].shift;
        const int *ids = drawn.ids + drawn.parts[p].ids;
        bool listed = drawn.parts[p].ids >= 0;
        FOR_THREADS(j, size) {
            int q = column[j] - begin;
            bool inside = (uint32)q < (uint32)n;
            int local = listed ? ids[inside ? q : 0] : q;
            place[j] = inside ? local + shift : place[j];
        }
    }
}

// The delays of the synapses from number `first` on.
DEVICE void find_delays(const DrawnSet &set, const Drawn &drawn, int64 first, int size, PieceRoom room)
{
    int *delay = room.delay, same = (int)set.delay;
    if (set.delay_law < 0) {
        FOR_THREADS(j, size) delay[j] = same;
        return;
    }
    draw_piece(drawn.law(set.delay_law), set.delay_key, Consecutive{first}, size, room.word, room.u, room.x, room.flag,
               nullptr);
    double dt = drawn.unit(set.delay_law);
    const double *x = room.x;
    FOR_THREADS(j, size) delay[j] = rounded_delay(x[j], dt);
    BLOCK_SYNC();
}

// The weights of the synapses from number `first` on, drawn `again` unless their values are in `x`.
DEVICE void find_weights(const DrawnOutput &output, const Drawn &drawn, int64 first, int size, bool again,
                         PieceRoom room)
{
    acc *weight = room.weight, same = (acc)output.weight;
    if (output.law < 0) {
        FOR_THREADS(j, size) weight[j] = same;
        return;
    }
    if (again)
        draw_piece(drawn.law(output.law), output.key, Consecutive{first}, size, room.word, room.u, room.x, room.flag,
                   nullptr);
    double factor = drawn.factor(output.law), scale = drawn.unit(output.law);
    const double *x = room.x;
    FOR_THREADS(j, size) weight[j] = (acc)portable_rint(x[j] * factor * scale);
}

// Adds the weights of a piece times the number of events, or the change that an event of a gate carries.
DEVICE void add_piece(const DrawnOutput &output, int64 now, int size, acc events, int64 gate, const real *payload,
                      bool alone, acc *ring, PieceRoom room)
{
    int64 *at = room.at, mask = output.mask, stride = output.stride;
    const int *place = room.gap, *delay = room.delay;
    const acc *weight = room.weight;
    FOR_THREADS(j, size) at[j] = place[j] < 0 ? -1 : (now + delay[j] & mask) * stride + place[j];
    if (output.payload < 0) {
        acc *sums = ring + output.ring, factor = events << output.shift;
        FOR_EACH(j, size) {
            ASK_FOR(sums, at, j, size);
            if (at[j] >= 0) add_among(sums + at[j], weight[j] * factor, alone);
        }
        return;
    }
    real scale = (real)((int64)1 << output.shift);
    for (int64 k = 0; k < output.channels; k++) {
        const real *change = payload + 2 * (output.payload + k * output.payload_step + gate);
        acc *sums = ring + output.ring + k * output.ring_step;
        real to = change[0] * scale, from = change[1] * scale;
        FOR_EACH(j, size) {
            real w = (real)weight[j];
            if (at[j] >= 0) add_among(sums + at[j], (acc)(w * to) - (acc)(w * from), alone);
        }
    }
}

// The units of work of all sets of rows are taken in turns, so that a few events are spread over all blocks. Rows of
// different columns are drawn by `drawers` blocks, for each of which there are `seen_step` words of bits and
// `chosen_step` columns.
KERNEL(deliver_procedural, const Clock *RESTRICT clock, const int64 *RESTRICT spike_total,
       const int64 *RESTRICT spike_begin, int64 step_mask, const int *RESTRICT spike_id,
       const int *RESTRICT spike_events, int64 spike_mask, const int64 *RESTRICT gate_total,
       const int *RESTRICT gate_id, const real *RESTRICT payload, acc *RESTRICT ring, const DrawnSet *RESTRICT sets,
       int n_sets, const DrawnPart *RESTRICT parts, const DrawnOutput *RESTRICT outputs, const int *RESTRICT ids,
       const int64 *RESTRICT row_first, const double *RESTRICT laws, uint32 *RESTRICT seen, int64 seen_step,
       int *RESTRICT chosen, int64 chosen_step, int drawers)
{
    SHARED uint32 word[2 * PIECE];
    SHARED double u[PIECE], x[PIECE];
    SHARED int gap[PIECE], flag[PIECE], column[PIECE], delay[PIECE];
    SHARED int64 end[PIECE], at[PIECE];
    SHARED acc weight[PIECE];
    PieceRoom room = {word, u, x, gap, flag, column, delay, end, at, weight};
    int64 now = clock->now, turn = 0;
    for (int s = 0; s < n_sets; s++) {
        const DrawnSet &set = sets[s];
        int64 step = now - set.age, begin = spike_begin[step & step_mask];
        int64 end_of_step = set.age ? spike_begin[step + 1 & step_mask] : *spike_total;
        int64 n = set.of_gates ? gate_total[now & 1] : step < 0 ? 0 : end_of_step - begin;
        int64 takers = set.rule == DIFFERENT && drawers < BLOCK_COUNT ? drawers : BLOCK_COUNT, taker = BLOCK_NUMBER;
        Drawn drawn = {parts, ids, laws, seen + taker * seen_step, chosen + taker * chosen_step};
        for (int64 i = (taker + turn) % takers; taker < takers && i < n * set.spans; i += takers) {
            int64 place = begin + i / set.spans & spike_mask;
            int source = set.of_gates ? gate_id[i / set.spans] : spike_id[place];
            if (source < set.source || source >= set.source_end) continue;
            int64 row = source - set.source, gate = row;
            row = set.rows < 0 ? row + set.row : ids[set.rows + row];
            if (row < 0) continue;
            int64 own = row - set.row;  // among the sources of the set
            int skip = set.own < 0 ? -1 : ids[set.own + own];
            acc events = set.of_gates ? (acc)1 : (acc)spike_events[place];
            Progress p = begin_row(set, drawn, row, skip, i % set.spans, room);
            int64 first = set.first < 0 ? row * set.degree : row_first[set.first + own];
            for (int size; (size = next_columns(set, drawn, row, skip, p, room)) > 0; p.found += size) {
                find_delays(set, drawn, first + p.found, size, room);
                place_columns(set, drawn, size, room);
                for (int64 o = set.output; o < set.output_end; o++) {
                    bool again = o == set.output || outputs[o].key != outputs[o - 1].key;
                    find_weights(outputs[o], drawn, first + p.found, size, again, room);
                    add_piece(outputs[o], now, size, events, gate, payload, ALONE, ring, room);
                    BLOCK_SYNC();
                }
            }
        }
        turn += n * set.spans;
    }
}

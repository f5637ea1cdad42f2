// Lessons: what the synapses of one segment learn from the spikes that have reached them.
#pragma once

// Steps count as at most LONG, so that 32 bits hold them. All synapses are settled more often, and traces end sooner.
enum { LONG = 1 << 30 };
enum { CACHED = 1 << 14 };  // the newest spikes of so many neurons are in a CPU's cache anyway

// What learning reads of all spikes, and of all routes along which they teach.
struct Lessons {
    const Route *routes;
    const Learning *learnings;
    TrainArrays trains;
    const real *coef;
    const int64 *settled;
    int64 now, last_sweep;
    const Modulator *modulators;
    const real *gains;
    real *eligibility;
    weight_t *excess;
    const uint32 *number;
    const int64 *keys;
};

// A change in units of the largest weight in those of stored weights, before its fraction is cut off: at most one
// largest weight, and halves are rounded away from zero.
DEVICE real units_of(real change, weight_t w_max)
{
    change = change > -1 ? change : (real)-1;
    change = change < 1 ? change : (real)1;
    real d = change * (real)w_max;
    return d < 0 ? d - (real)0.5 : d + (real)0.5;
}

// What is the same for all synapses of a segment: the spikes of their source, and the arrival times that count. Spikes
// that arrive after `since` and until `now` change weights, and those less than `early` steps later have left their
// traces when the present events of the source do so. The spike of the source before these, and the one before that,
// reached the synapses `reached` steps ago, with the traces `after` them; `pre` are those at the present events.
// Eligibilities are those of step `own` or later.
template <class Rule> struct Lesson {
    Trains post;
    Decay pre_decay[Rule::PRE], post_decay[Rule::POST];
    real c[Rule::COUNT], after[2][Rule::PRE], pre[Rule::PRE];
    int64 own, since, now;
    weight_t w_max;
    int events, early, reached[2];

    MEMBER Lesson(const Segment &s, const Lessons &all)
    {
        const Route &route = *s.route;
        const Learning &learning = all.learnings[&route - all.routes];
        Trains sender = trains_of(all.trains, learning.pre);
        post = trains_of(all.trains, learning.post).from(s.slice * route.slice_size - learning.offset);
        events = (int)s.amount.sum;
        int64 i = s.row + route.source - sender.source, k = sender.until(i, all.now - route.age) + (events > 0);
        int64 last = sender.step(i, k) + route.age, settled = all.settled[learning.settled];
        now = all.now;
        own = last > settled ? last : settled;
        since = own > all.last_sweep ? own : all.last_sweep;
        early = (int)learning.early;
        w_max = (weight_t)learning.w_max;
        for (int x = 0; x < Rule::COUNT; x++) c[x] = all.coef[learning.coef + x];
        for (int t = 0; t < Rule::POST; t++) post_decay[t] = post.decay_of(t);
        for (int t = 0; t < Rule::PRE; t++) pre_decay[t] = sender.decay_of(t);
        for (int b = 0; b < 2; b++) {
            reached[b] = since_then(sender.step(i, k + b) + route.age + early);
            for (int t = 0; t < Rule::PRE; t++) after[b][t] = sender.after(i, k + b, t);
        }
        for (int t = 0; t < Rule::PRE; t++) pre[t] = after[0][t] * pre_decay[t].over(now - last);
    }

    // Changes a weight by a number in units of the largest.
    MEMBER weight_t changed(weight_t w, real change) const
    {
        w += (weight_t)units_of(change, w_max);
        w = w > 0 ? w : (weight_t)0;
        return w < w_max ? w : w_max;
    }
    MEMBER real relative(weight_t w) const { return (real)w / (real)w_max; }

    // How long ago spike k of neuron i arrived, which needs `way` steps.
    MEMBER int ago(int i, int k, int way) const { return since_then(post.step_near(i, k) + way); }
    MEMBER int since_then(int64 time) const
    {
        int64 since = now - time;
        return (int)(since < LONG ? since : (int64)LONG);
    }

    // The change of weight w by spike k of neuron i, which arrived `ago` steps ago.
    MEMBER real change_at_post(weight_t w, int i, int k, int ago) const
    {
        real x[Rule::PRE], y[Rule::POST];
        bool last = ago < reached[0];
        int newest = reached[0], before = reached[1], since_pre = (last ? newest : before) - ago;
        for (int t = 0; t < Rule::PRE; t++) {
            real newer = after[0][t], older = after[1][t];
            x[t] = (last ? newer : older) * pre_decay[t].over(since_pre);
        }
        int64 elapsed = post.step(i, k) - post.step(i, k + 1);
        for (int t = 0; t < Rule::POST; t++) y[t] = post.after(i, k + 1, t) * post_decay[t].over(elapsed);
        real change = Rule::at_post(relative(w), x, y, c);
        return ago < 0 ? (real)0 : change;
    }
};

// A synapse of a piece in one word: its target within the slice, how late it is, and its place in the piece.
struct Pupil {
    int word;
    MEMBER int target() const { return (int)((uint32)word >> 16); }
    MEMBER int late() const { return word >> 8 & 255; }
    MEMBER int place() const { return HELD == 1 ? 0 : word & 255; }
};
static_assert(HELD <= 256, "8 bits hold a place");
DEVICE Pupil pupil(int target, int late, int place) { return {(int)((uint32)target << 16 | late << 8 | place)}; }

struct Change {
    weight_t weight;
    real change;
};

// The weights of a piece of synapses, while spikes change them.
template <class Rule, bool ELIGIBLE = Rule::ELIGIBLE> struct Pupils {
    const Lesson<Rule> &lesson;
    weight_t *weight;
    MEMBER Pupils(const Lesson<Rule> &lesson, const Learning &, const Lessons &, weight_t *weight, int64)
        : lesson(lesson), weight(weight)
    {
    }
    MEMBER void begin(int, int, int) {}
    // The change of weight j at a time, to be made.
    MEMBER Change change_at(int j, int64, real by) const { return {weight[j], by}; }
    MEMBER void end(int) {}
};

// The same if spikes change eligibilities `c`, those of step `time`, of which a modulator makes changes of the weights.
// `gain` is what it has made of a unit in the steps since step `base`, when all synapses were settled.
template <class Rule> struct Pupils<Rule, true> {
    const Lesson<Rule> &lesson;
    weight_t *weight;
    real *c;
    const real *gain;
    int64 base, time[HELD];
    bool whole;
    Decay decay, growth;
    MEMBER Pupils(const Lesson<Rule> &lesson, const Learning &own, const Lessons &all, weight_t *weight, int64 first)
        : lesson(lesson), weight(weight), c(all.eligibility + own.eligibility + first)
    {
        const Modulator &modulator = all.modulators[own.modulator];
        base = lesson.now - (lesson.now - 1 & modulator.mask) - 1;
        whole = !(lesson.now & modulator.mask) || (own.scaled && (lesson.now + 1) % own.scaled == 0);
        gain = all.gains + modulator.gains;
        decay = decay_at(all.trains, modulator.decay);
        growth = decay_at(all.trains, modulator.growth);
    }
    // Sets the time of synapse j: that of the last event that has changed it.
    MEMBER void begin(int j, int neuron, int way)
    {
        int64 post = lesson.post.step(neuron, lesson.post.until(neuron, lesson.since - way)) + way;
        int64 last = lesson.own > base ? lesson.own : base;
        time[j] = last > post ? last : post;
    }
    MEMBER real advance(int j, int64 upto)
    {
        int64 since = time[j] - base;
        real made = c[j] * (growth.over(since) * (gain[upto - base] - gain[since]));
        c[j] = flush(c[j] * decay.over(upto - time[j]));
        time[j] = upto;
        return made;
    }
    MEMBER Change change_at(int j, int64 upto, real by)
    {
        if (upto > lesson.now) return {weight[j], 0};
        real made = advance(j, upto);
        c[j] = flush(c[j] + by);
        return {weight[j], made};
    }
    MEMBER void end(int j)
    {
        if (whole) weight[j] = lesson.changed(weight[j], advance(j, lesson.now));
    }
};

// Changes the weights of n synapses by the present events of their source.
template <class Rule, class Ago>
DEVICE void learn_present(const Lesson<Rule> &lesson, Pupils<Rule> &pupils, const int *word, const int *newest, int n,
                          Ago ago)
{
    const Trains &post = lesson.post;
    weight_t *weight = pupils.weight;
    real y[Rule::POST][HELD];
    FOR_HELD_EVENLY(j, n)
    {
        int elapsed = newest[j] + lesson.early, neuron = Pupil{word[j]}.target();
        for (int t = 0; t < Rule::POST; t++)
            y[t][j] = post.after(neuron, 0, t) * lesson.post_decay[t].over(elapsed > 0 ? elapsed : 0);
    }
    for_backwards(word, newest, n, post.depth, 1 - lesson.early, ago, [&](int x, int k) {
        int elapsed = ago(x, k + 1) + lesson.early, j = Pupil{x}.place();
        if (elapsed > 0)
            for (int t = 0; t < Rule::POST; t++)
                y[t][j] = post.after(Pupil{x}.target(), k + 1, t) * lesson.post_decay[t].over(elapsed);
    });
    for (int e = 0; e < lesson.events; e++) {
        FOR_HELD_EVENLY(j, n)
        {
            real own[Rule::POST];
            for (int t = 0; t < Rule::POST; t++) own[t] = y[t][j];
            real by = Rule::at_pre(lesson.relative(weight[j]), lesson.pre, own, lesson.c);
            weight[j] = lesson.changed(weight[j], pupils.change_at(j, lesson.now, by).change);
        }
    }
}

// Changes the weights of n synapses, whose spikes need `dendritic` steps to reach those that are not late.
template <class Rule>
DEVICE void learn_piece(const Lesson<Rule> &lesson, Pupils<Rule> &pupils, const int *word, int dendritic, int n)
{
    weight_t *weight = pupils.weight;
    const Trains &post = lesson.post;
    int newest[HELD_LISTED];
    auto ago = [&](int x, int k) { return lesson.ago(Pupil{x}.target(), k, dendritic + Pupil{x}.late()); };
    FOR_HELD_EVENLY(j, n) newest[j] = ago(word[j], 0);
    FOR_HELD(j, n) pupils.begin(j, Pupil{word[j]}.target(), dendritic + Pupil{word[j]}.late());
    for_backwards<Rule::POST == 1 && !Rule::ELIGIBLE>(
        word, newest, n, post.depth, lesson.since_then(lesson.since), ago,
        [&](int x, int k, int ago) {
            int j = Pupil{x}.place();
            real change = lesson.change_at_post(weight[j], Pupil{x}.target(), k, ago);
            return pupils.change_at(j, lesson.now - ago, change);
        },
        [&](const Change &x) { return lesson.changed(x.weight, x.change); },
        [&](int x, weight_t w) { weight[Pupil{x}.place()] = w; });
    if (lesson.events) learn_present(lesson, pupils, word, newest, n, ago);
    FOR_HELD(j, n) pupils.end(j);
}

template <class Rule>
APART void learn_by(Rule, const Segment &s, const Synapses &synapses, weight_t *weights, const Lessons &all)
{
    const Route &route = *s.route;
    const Learning &own = all.learnings[&route - all.routes];
    Lesson<Rule> lesson(s, all);
    const uint16 *target = synapses.targets + route.targets;
    const uint8 *late = synapses.late + route.late;
    int bits = (int)route.late_bits, last = (1 << bits) - 1;
    for_pieces(s.begin, s.end, [&](int64 first, int n) {
        int word[HELD_LISTED];
        int ahead = (int)(s.end - first < 2 * HELD ? s.end - first : 2 * HELD);
        for (int j = HELD; j < ahead && route.slice_size > CACHED; j++)
            PREFETCH(lesson.post.recent + RECENT * (int)target[first + j]);
        FOR_HELD_EVENLY(j, n) word[j] = pupil(target[first + j], 0, j).word;
        for (int j = 0; j < n && bits; j++) {
            int64 at = (first + j) * bits;
            word[j] |= (late[at >> 3] >> (at & 7) & last) << 8;
        }
        Pupils<Rule> pupils(lesson, own, all, weights + route.weights + first, first);
        learn_piece(lesson, pupils, word, (int)own.dendritic, n);
    });
}

DEVICE void learn_segment(const Segment &s, const Synapses &synapses, weight_t *weights, const Lessons &all)
{
    int64 rule = all.learnings[s.route - all.routes].rule;
#define LEARN(number, Rule) \
    if (rule == number) learn_by(Rule(), s, synapses, weights, all);
    LEARNING_RULES(LEARN)
#undef LEARN
}

// Calls f(segment) for the segments along a route of which no spike is visited now.
template <class F> DEVICE void for_unreached(const Lessons &all, int r, const uint32 *segment_begin, Share share, F f)
{
    const Route &route = all.routes[r];
    Trains sender = trains_of(all.trains, all.learnings[r].pre);
    auto unreached = [&](int64 source) {
        int64 i = source - sender.source, visited = all.now - route.age;
        return sender.step(i, sender.until(i, visited)) != visited;
    };
    for_rows(route, unreached, segment_begin, share, f);
}

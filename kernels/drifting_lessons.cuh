// Lessons of calcium: weights that move between spikes. The weight of a synapse is known at its last event: a spike of
// either side that has reached it, or calcium of a presynaptic one, which comes later. A visit goes through the events
// up to the present step, and what follows the last one is left to the next visit. At a spike of the source the weight
// goes on to the present. The twin is gpusyn/backends/numpy/drifting_lessons.py.
#pragma once

// What is the same for all synapses of a segment. Calcium of spike k of source i comes `there` steps after the spike;
// `came` is the newest whose calcium had come at step `since`, up to which all is settled. The source or the host has
// let weights go on to step `known`; the present events of the source read them at step `read`, if there are some.
struct CalciumLesson {
    Trains sender, post;
    Decay pre_decay, post_decay;
    const real *c;
    int64 i, there, came, since, known, now, read, key;
    weight_t w_max;
    bool noisy;

    MEMBER CalciumLesson(const Segment &s, const Lessons &all)
    {
        const Route &route = *s.route;
        int64 r = &route - all.routes;
        const Learning &own = all.learnings[r];
        sender = trains_of(all.trains, own.pre);
        post = trains_of(all.trains, own.post);
        pre_decay = sender.decay_of(0);
        post_decay = post.decay_of(0);
        c = all.coef + own.coef;
        i = s.row + route.source - sender.source;
        now = all.now;
        int64 arrival = route.age + own.early, k = sender.until(i, now - route.age) + (s.amount.sum > 0);
        int64 visited = sender.step(i, k) + route.age, settled = all.settled[own.settled];
        since = later(later(visited, settled), all.last_sweep);
        known = later(visited + own.early, settled);
        there = arrival + own.lag;
        came = sender.until(i, since - there);
        read = s.amount.sum > 0 ? now + own.early : -1;
        key = all.keys[r];
        w_max = (weight_t)own.w_max;
        noisy = own.noisy >= 0;
    }
    static MEMBER int64 later(int64 a, int64 b) { return a > b ? a : b; }

    // Two standard normal numbers for a synapse and a time.
    MEMBER void draw(uint32 number, int64 time, double *normal) const
    {
        uint32 word[4 * WIDE];
        Wide x[4] = {wide(number), wide((uint32)time), wide((uint32)(time >> 32)), wide(0)};
        philox((uint32)key, (uint32)(key >> 32), x);
        put_words(word, x);
        for (int n = 0; n < 2; n++) {
            double u = uniform32(word[n]), q = u - 0.5;
            normal[n] = in_tail(q) ? quantile_tail(q, u) : quantile_middle(q);
        }
    }
};

// A synapse at its last event: its weight, with what bounds cut off, the time, and the newest spikes of both sides
// whose calcium has come. Postsynaptic spikes need `back` steps.
struct DriftingSynapse {
    const CalciumLesson &lesson;
    int64 neuron, back, pre, post, time;
    uint32 number;
    weight_t weight;

    MEMBER DriftingSynapse(const CalciumLesson &lesson, int neuron, int back, uint32 number, weight_t weight)
        : lesson(lesson), neuron(neuron), back(back), pre(lesson.came), number(number), weight(weight)
    {
        post = lesson.post.until(neuron, lesson.since - back);
        time = lesson.later(lesson.known, lesson.later(came(), came_back()));
    }
    MEMBER int64 came(int newer = 0) const { return lesson.sender.step(lesson.i, pre - newer) + lesson.there; }
    MEMBER int64 came_back(int newer = 0) const { return lesson.post.step(neuron, post - newer) + back; }

    // Lets the weight drift to a time.
    MEMBER void advance(int64 to)
    {
        const real *c = lesson.c;
        double normal[2] = {0, 0};
        real elapsed = (real)(to > time ? to - time : 0) * c[CalciumRule::dt];
        real x = lesson.sender.after(lesson.i, pre, 0) * lesson.pre_decay.over(time - came());
        real y = lesson.post.after(neuron, post, 0) * lesson.post_decay.over(time - came_back());
        CalciumRule::Above above = CalciumRule::above(x, y, elapsed, c);
        if (lesson.noisy && above.both + above.one > 0) lesson.draw(number, to, normal);
        real w = (real)weight / (real)lesson.w_max, d = CalciumRule::drift(w, above, elapsed, c, normal);
        // Room is made before the change, so that no sum exceeds a word.
        weight_t change = (weight_t)units_of(d, lesson.w_max), most = lesson.noisy ? 2 * lesson.w_max : lesson.w_max;
        weight_t low = (lesson.noisy ? -lesson.w_max : 0) - (change < 0 ? change : 0);
        weight_t high = most - (change > 0 ? change : 0);
        weight = (weight < low ? low : weight < high ? weight : high) + change;
        time = lesson.later(time, to);
    }
    // Goes through all events up to the present step.
    MEMBER void settle()
    {
        for (;;) {
            int64 a = pre > 0 ? came(1) : lesson.now + 1, b = post > 0 ? came_back(1) : lesson.now + 1;
            int64 next = a < b ? a : b;
            if (next > lesson.now) break;
            advance(next);
            pre -= a == next;
            post -= b == next;
        }
        if (lesson.read >= 0) advance(lesson.read);
    }
};

APART void learn_by(CalciumRule, const Segment &s, const Synapses &synapses, weight_t *weights, const Lessons &all)
{
    const Route &route = *s.route;
    const Learning &own = all.learnings[&route - all.routes];
    CalciumLesson lesson(s, all);
    const uint16 *target = synapses.targets + route.targets;
    const uint8 *late = synapses.late + route.late;
    int base = (int)(s.slice * route.slice_size - own.offset), bits = (int)route.late_bits, last = (1 << bits) - 1;
    for_row(s.begin, s.end, [&](int64 j) {
        int back = (int)own.dendritic + (bits ? late[j * bits >> 3] >> (j * bits & 7) & last : 0);
        weight_t *weight = weights + route.weights + j, *excess = all.excess + own.noisy + j;
        uint32 number = lesson.noisy ? all.number[own.noisy + j] : 0;
        DriftingSynapse synapse(lesson, base + target[j], back, number, *weight + (lesson.noisy ? *excess : 0));
        synapse.settle();
        weight_t w = synapse.weight > 0 ? synapse.weight : (weight_t)0;
        *weight = w < lesson.w_max ? w : lesson.w_max;
        if (lesson.noisy) *excess = synapse.weight - *weight;
    });
}

// Gates that sources own: all synapses of a source see the same gate, each after its own delay. A set is the gates of one
// population and kinetics. What a gate does is sent as events of a source of its own (`event_source`), whose synapses are those
// of the neuron behind it; payload holds what changes, pairs (to, from) a channel.

enum GateKind { PULSED, JUMP, SATURATING, CASCADE };
enum { MOST_STATES = 8 };
enum { STARTS = 1, ENDS };

// One source's gate: its states and channels are `n` apart.
struct SourceGate {
    real *x, *change;
    const real *c;
    int64 n;
    int size;
    MEMBER void send(int channel, real to, real from) const
    {
        change[2 * channel * n] = to;
        change[2 * channel * n + 1] = from;
    }
};

// Edges of a pulse in a step: the transmitter acted in it (was), acts in the next one (is).
struct Pulse {
    int was, is;
    MEMBER int edge() const { return was == is ? 0 : is ? STARTS : ENDS; }
};

DEVICE Pulse pulse_of(int64 *last, int event, int64 now, int64 pulse, int64 dead)
{
    int was = now - 1 - *last < pulse ? 1 : 0;
    int is = now - release(last, event, now, pulse, dead) < pulse ? 1 : 0;
    return {was, is};
}

// Channels under pulses of transmitter, y' linear; at the edges of a pulse a source's synapses move from the sums of those
// without transmitter to the sums of those with it, and back.
// c = {on (m x m), off (m x m), drive (m)};  channels: weight on, y
DEVICE int advance_pulsed(const SourceGate &g, Pulse pulse)
{
    int m = g.size;
    real y[MOST_STATES];
    const real *rows = g.c + (pulse.was ? 0 : m * m);
    for (int i = 0; i < m; i++) {
        real sum = pulse.was ? g.c[2 * m * m + i] : (real)0;
        for (int k = 0; k < m; k++) sum = sum + rows[i * m + k] * g.x[k * g.n];
        y[i] = flush(sum);
    }
    for (int i = 0; i < m; i++) g.x[i * g.n] = y[i];
    return pulse.edge();
}

// The same with one component, in a form that compilers turn into SIMD code.
DEVICE int advance_first(real *y, const real *c, Pulse pulse)
{
    real rate = pulse.was ? c[0] : c[1], drive = pulse.was ? c[2] : (real)0;
    *y = flush(drive + rate * *y);
    return pulse.edge();
}

DEVICE void send_pulsed(const SourceGate &g, int edge)
{
    bool on = edge == STARTS;
    g.send(0, on ? 1 : 0, on ? 0 : 1);
    for (int i = 0; i < g.size; i++) g.send(1 + i, on ? g.x[i * g.n] : (real)0, on ? (real)0 : g.x[i * g.n]);
}

// S decays, and jumps by k0 + k1 S at each event (Brunel and Wang 2001, rise replaced by a jump);  c = {P, k0, k1}
DEVICE int advance_jumping(const SourceGate &g, int events)
{
    real S = g.c[0] * g.x[0], before = S;
    for (int k = 0; k < events; k++) S = S + (g.c[1] + g.c[2] * S);
    g.x[0] = flush(S);
    if (!events) return 0;
    g.send(0, S - before, 0);
    return 1;
}

// x jumps by 1 at each event, and S grows by it (`growth`). What x adds in the coming step is sent ahead of it.
// states: S, what the coming step adds, x;  c = {least x, those of growth}
DEVICE int advance_growing(const SourceGate &g, int events)
{
    real S = flush(g.c[1] * g.x[0] + g.x[g.n]), x = g.c[2] * g.x[2 * g.n] + (real)events;
    x = x < g.c[0] ? (real)0 : x;
    real gain = growth(g.c + 1, g.c + 6, S, x);
    g.x[0] = S;
    g.x[g.n] = gain;
    g.x[2 * g.n] = x;
    if (gain == 0) return 0;
    g.send(0, gain, 0);
    return 1;
}

// G-protein cascade (Destexhe and Sejnowski 1995), one step ahead of time: R' = K1 [T] (1 - R) - K2 R, G' = K3 R - K4 G,
// s = G^n/(G^n + K_d).  states: R, G, s;
// c = {on: R from R, R from 1, G from R, G from G, G from 1;  off: the same five;  n, K_d, least s}
DEVICE int advance_cascade(const SourceGate &g, int is_on)
{
    const real *c = g.c + (is_on ? 0 : 5);
    real R = g.x[0], G = g.x[g.n], old = g.x[2 * g.n];
    G = flush(c[2] * R + c[3] * G + c[4]);
    R = flush(c[0] * R + c[1]);
    real s = opened(G, (int)g.c[10], g.c[11]);
    s = s < g.c[12] ? (real)0 : s;
    g.x[0] = R;
    g.x[g.n] = G;
    g.x[2 * g.n] = s;
    if (s == old) return 0;
    g.send(0, s, old);
    return 1;
}

// Gate i of a set over the step that ends now; non-zero if it has something to send.
DEVICE int advance_gate(const SourceGate &g, const Gate &set, int64 i, int64 now, int64 *release_step,
                        const int64 *event_step, const int *event_count)
{
    int64 source = set.source + i;
    int event = event_step[source] == now ? 1 : 0;
    if (set.kind == JUMP) return advance_jumping(g, event ? event_count[source] : 0);
    if (set.kind == SATURATING) return advance_growing(g, event ? event_count[source] : 0);
    Pulse pulse = pulse_of(release_step + set.release + i, event, now, set.pulse, set.dead);
    return set.kind == PULSED ? advance_pulsed(g, pulse) : advance_cascade(g, pulse.is);
}

KERNEL(advance_gates, Clock *RESTRICT clock, const Gate *RESTRICT sets, int n_sets, const real *RESTRICT coef,
       real *RESTRICT states, real *RESTRICT payload, int64 *RESTRICT release_step, int64 *RESTRICT spike_total,
       int *RESTRICT spike_id, int *RESTRICT spike_events, int64 *RESTRICT event_step, int *RESTRICT event_count)
{
    SHARED int sends[CHUNK];
    int64 now = clock->next;
    if (FIRST_THREAD) clock->now = now;
    Spikes spikes = {spike_total, spike_id, spike_events, event_step, event_count, 0};
    for (int t = 0; t < n_sets; t++) {
        const Gate &set = sets[t];
        FOR_BLOCKS(b, (set.size + CHUNK - 1) / CHUNK)
        {
            int64 first = b * CHUNK, rest = set.size - first;
            int size = rest < CHUNK ? (int)rest : CHUNK;
            real *x = states + set.state + first, *change = payload + 2 * (set.payload + first);
            const real *c = coef + set.coef;
            auto gate = [&](int j) { return SourceGate{x + j, change + 2 * j, c, set.size, (int)set.components}; };
            if (set.kind == PULSED && set.components == 1) {
                int64 *last = release_step + set.release + first, pulse = set.pulse, dead = set.dead;
                const int64 *event = event_step + set.source + first;
                FOR_THREADS(j, size)
                sends[j] = advance_first(x + j, c, pulse_of(last + j, event[j] == now ? 1 : 0, now, pulse, dead));
            } else {
                FOR_EACH(j, size)
                sends[j] = advance_gate(gate(j), set, first + j, now, release_step, event_step, event_count);
            }
            if (any_of(sends, size)) FOR_EACH(j, size)
            {
                if (!sends[j]) continue;
                if (set.kind == PULSED) send_pulsed(gate(j), sends[j]);
                emit(spikes, now, set.event_source + first + j, 1);
            }
        }
    }
}

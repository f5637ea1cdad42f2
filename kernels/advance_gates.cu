// Gates that sources own: all synapses of a source see the same gate, each after its own delay. A set is the gates of one
// population and kinetics. What a gate does is sent as events of a source of its own (G_VIRTUAL), whose synapses are those
// of the neuron behind it; payload holds what changes, pairs (to, from) a channel.

enum GateField {
    G_KIND, G_GLOBAL, G_COUNT, G_VIRTUAL, G_STATE, G_COEF, G_SIZE, G_PULSE, G_DEAD, G_RELEASE, G_PAYLOAD, GATE_FIELDS
};
enum GateKind { PULSED, JUMP, SATURATING, CASCADE };
enum { MOST_STATES = 8 };

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

// Channels under pulses of transmitter, y' linear; at the edges of a pulse a source's synapses move from the sums of those
// without transmitter to the sums of those with it, and back.
// c = {on (m x m), off (m x m), drive (m)};  channels: weight on, y
DEVICE bool advance_pulsed(const SourceGate &g, bool was_on, bool is_on)
{
    int m = g.size;
    real y[MOST_STATES];
    const real *rows = g.c + (was_on ? 0 : m * m);
    for (int i = 0; i < m; i++) {
        real sum = was_on ? g.c[2 * m * m + i] : (real)0;
        for (int k = 0; k < m; k++) sum = sum + rows[i * m + k] * g.x[k * g.n];
        y[i] = flush(sum);
    }
    for (int i = 0; i < m; i++) g.x[i * g.n] = y[i];
    if (was_on == is_on) return false;
    g.send(0, is_on ? 1 : 0, is_on ? 0 : 1);
    for (int i = 0; i < m; i++) g.send(1 + i, is_on ? y[i] : (real)0, is_on ? (real)0 : y[i]);
    return true;
}

// S decays, and jumps by k0 + k1 S at each event (Brunel and Wang 2001, rise replaced by a jump);  c = {P, k0, k1}
DEVICE bool advance_jump(const SourceGate &g, int events)
{
    real S = g.c[0] * g.x[0], before = S;
    for (int k = 0; k < events; k++) S = S + (g.c[1] + g.c[2] * S);
    g.x[0] = flush(S);
    if (!events) return false;
    g.send(0, S - before, 0);
    return true;
}

// x' = -x/tau_r, S' = -S/tau_d + alpha x (1 - S), x jumps by 1 at each event (Wang 1999), in its closed form: with
// a = alpha tau_r x, S becomes P exp(-y) (S + a (c_0 + c_1 a + ...)), y = a (1 - P_x). What x adds in the coming step is
// sent ahead of it.  states: S, what the coming step adds, x;  c = {P, P_x, alpha tau_r, 1 - P_x, least x, terms, c_k ...}
DEVICE bool advance_saturating(const SourceGate &g, int events)
{
    real S = flush(g.c[0] * g.x[0] + g.x[g.n]), x = g.c[1] * g.x[2 * g.n] + (real)events;
    x = x < g.c[4] ? (real)0 : x;
    real gain = 0;
    if (x > 0) {
        real a = g.c[2] * x, series = 0, lost = portable_expm1(-(a * g.c[3]));
        for (int k = (int)g.c[5] - 1; k >= 0; k--) series = series * a + g.c[6 + k];
        gain = flush(g.c[0] * (lost * S + (lost + 1) * (a * series)));
    }
    g.x[0] = S;
    g.x[g.n] = gain;
    g.x[2 * g.n] = x;
    if (gain == 0) return false;
    g.send(0, gain, 0);
    return true;
}

// G-protein cascade (Destexhe and Sejnowski 1995), one step ahead of time: R' = K1 [T] (1 - R) - K2 R, G' = K3 R - K4 G,
// s = G^n/(G^n + K_d).  states: R, G, s;
// c = {on: R from R, R from 1, G from R, G from G, G from 1;  off: the same five;  n, K_d, least s}
DEVICE bool advance_cascade(const SourceGate &g, bool is_on)
{
    const real *c = g.c + (is_on ? 0 : 5);
    real R = g.x[0], G = g.x[g.n], old = g.x[2 * g.n], power = 1;
    G = flush(c[2] * R + c[3] * G + c[4]);
    R = flush(c[0] * R + c[1]);
    for (int k = 0; k < (int)g.c[10]; k++) power = power * G;
    real s = power / (power + g.c[11]);
    s = s < g.c[12] ? (real)0 : s;
    g.x[0] = R;
    g.x[g.n] = G;
    g.x[2 * g.n] = s;
    if (s == old) return false;
    g.send(0, s, old);
    return true;
}

KERNEL(advance_gates, int64 *RESTRICT clock, const int64 *RESTRICT sets, int n_sets, const real *RESTRICT coef,
       real *RESTRICT states, real *RESTRICT payload, int64 *RESTRICT release_step, int64 *RESTRICT spike_total,
       int *RESTRICT spike_id, int *RESTRICT spike_events, int64 *RESTRICT event_step, int *RESTRICT event_count)
{
    int64 now = clock[0];
    if (FIRST_THREAD) clock[1] = now;
    for (int t = 0; t < n_sets; t++) {
        const int64 *set = sets + t * GATE_FIELDS;
        FOR_ITEMS(i, set[G_COUNT])
        {
            int64 source = set[G_GLOBAL] + i, n = set[G_COUNT], pulse = set[G_PULSE];
            SourceGate g = {states + set[G_STATE] + i, payload + 2 * (set[G_PAYLOAD] + i), coef + set[G_COEF], n, (int)set[G_SIZE]};
            bool event = event_step[source] == now, sends = false;
            int64 kind = set[G_KIND];
            if (kind == PULSED || kind == CASCADE) {
                int64 *last = release_step + set[G_RELEASE] + i;
                bool was_on = now - 1 - *last < pulse;
                bool is_on = now - release(last, event, now, pulse, set[G_DEAD]) < pulse;
                sends = kind == PULSED ? advance_pulsed(g, was_on, is_on) : advance_cascade(g, is_on);
            } else {
                int events = event ? event_count[source] : 0;
                sends = kind == JUMP ? advance_jump(g, events) : advance_saturating(g, events);
            }
            if (sends)
                emit(now, (int)(set[G_VIRTUAL] + i), 1, spike_total, spike_id, spike_events, event_step, event_count, 0);
        }
    }
}

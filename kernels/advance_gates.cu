// Gates that sources own: all synapses of a source see the same gate, each after its own delay. A set is the gates of one
// population and kinetics. What a gate does is sent as events of a source of its own (G_VIRTUAL), whose synapses are those
// of the neuron behind it; payload holds what changes, pairs (to, from) a channel.

enum GateField {
    G_KIND, G_GLOBAL, G_COUNT, G_VIRTUAL, G_STATE, G_COEF, G_SIZE, G_PULSE, G_DEAD, G_RELEASE, G_PAYLOAD, GATE_FIELDS
};

// What a source did by its transmitter; `last` is the step of its last release.
DEVICE Sent pulse_of(int64 *last, int event, int64 now, int64 pulse, int64 dead)
{
    int was = now - 1 - *last < pulse ? 1 : 0;
    int is = now - release(last, event, now, pulse, dead) < pulse ? 1 : 0;
    return {0, was, is};
}

// Moves the gate of one source over the step that ends now; non-zero if it has something to send.
DEVICE int advance_gate(const OwnGate &g, const int64 *set, int64 i, int64 now, int64 *release_step,
                        const int64 *event_step, const int *event_count)
{
    int64 source = set[G_GLOBAL] + i, kind = set[G_KIND];
    int event = event_step[source] == now ? 1 : 0, pulses = 0;
#define HAS_PULSES(number, Gate) pulses = kind == number ? (int)Gate::PULSES : pulses;
    SOURCE_GATES(HAS_PULSES)
#undef HAS_PULSES
    Sent sent = {0, 0, 0};
    if (pulses)
        sent = pulse_of(release_step + set[G_RELEASE] + i, event, now, set[G_PULSE], set[G_DEAD]);
    else
        sent.events = event ? event_count[source] : 0;
#define ADVANCE(number, Gate) \
    if (kind == number) return Gate::advance(g, sent);
    SOURCE_GATES(ADVANCE)
#undef ADVANCE
    return 0;
}

// What a gate has left to be written when it has something to send.
DEVICE void send_gate(const OwnGate &g, int64 kind, int sends)
{
#define SEND(number, Gate) \
    if (kind == number) Gate::send(g, sends);
    SOURCE_GATES(SEND)
#undef SEND
}

KERNEL(advance_gates, int64 *RESTRICT clock, const int64 *RESTRICT sets, int n_sets, const real *RESTRICT coef,
       real *RESTRICT states, real *RESTRICT payload, int64 *RESTRICT release_step, int64 *RESTRICT spike_total,
       int *RESTRICT spike_id, int *RESTRICT spike_events, int64 *RESTRICT event_step, int *RESTRICT event_count)
{
    SHARED int sends[CHUNK];
    int64 now = clock[0];
    if (FIRST_THREAD) clock[1] = now;
    for (int t = 0; t < n_sets; t++) {
        const int64 *set = sets + t * GATE_FIELDS;
        int64 n = set[G_COUNT], length = set[G_PULSE], dead = set[G_DEAD];
        FOR_BLOCKS(b, (n + CHUNK - 1) / CHUNK)
        {
            int64 first = b * CHUNK;
            int count = n - first < CHUNK ? (int)(n - first) : CHUNK;
            real *x = states + set[G_STATE] + first, *change = payload + 2 * (set[G_PAYLOAD] + first);
            const real *c = coef + set[G_COEF];
            int64 *last = release_step + set[G_RELEASE] + first;
            const int64 *event = event_step + set[G_GLOBAL] + first;
            int done = 0;
#define ADVANCE_ONE(number, Gate)                                                                                           \
    if (Gate::ONE_STATE && set[G_KIND] == number && set[G_SIZE] == 1) {                                                          \
        FOR_THREADS(j, count)                                                                                               \
        sends[j] = Gate::advance_one(x + j, c, pulse_of(last + j, event[j] == now ? 1 : 0, now, length, dead));         \
        done = 1;                                                                                                           \
    }
            SOURCE_GATES(ADVANCE_ONE)
#undef ADVANCE_ONE
            if (!done) FOR_EACH(j, count)
            sends[j] = advance_gate(OwnGate{x + j, change + 2 * j, c, n, (int)set[G_SIZE]}, set, first + j, now, release_step, event_step, event_count);
            if (any_of(sends, count)) FOR_EACH(j, count)
            {
                if (!sends[j]) continue;
                send_gate(OwnGate{x + j, change + 2 * j, c, n, (int)set[G_SIZE]}, set[G_KIND], sends[j]);
                emit(now, (int)(set[G_VIRTUAL] + first) + j, 1, spike_total, spike_id, spike_events, event_step, event_count, 0);
            }
        }
    }
}

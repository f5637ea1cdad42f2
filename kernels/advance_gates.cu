// Gates that sources own: all synapses of a source see the same gate, each after its own delay. A set is the gates of
// one population and kinetics. The changes of a gate are sent as events of a source of its own (`event_source`), which
// has the synapses of its neuron: `gate_id` lists those of this step, and payload holds the changes, a pair (to, from)
// per channel.

// Advances gate i of a set over the step that ends now; returns non-zero if it has something to send.
DEVICE int advance_gate(const OwnGate &g, const SourceGateSet &set, int64 i, int64 now, int64 *release_step,
                        const int64 *event_step, const int *event_count)
{
    int64 source = set.source + i;
    int event = event_step[source] == now ? 1 : 0, pulses = 0;
#define HAS_PULSES(number, Form) pulses = set.kind == number ? (int)Form::PULSES : pulses;
    SOURCE_GATES(HAS_PULSES)
#undef HAS_PULSES
    Sent sent = {0, 0, 0};
    if (pulses)
        sent = pulse_of(release_step + set.release + i, event, now, set.pulse, set.dead);
    else
        sent.events = event ? event_count[source] : 0;
    int sends = 0;
#define ADVANCE(number, Form) \
    if (set.kind == number) sends = Form::advance(g, sent);
    SOURCE_GATES(ADVANCE)
#undef ADVANCE
    return sends;
}

// Writes the changes of a gate that are not written yet.
DEVICE void send_gate(const OwnGate &g, int64 kind, int sends)
{
#define SEND(number, Form) \
    if (kind == number) Form::send(g, sends);
    SOURCE_GATES(SEND)
#undef SEND
}

// Advances gates in a form of which compilers make SIMD code, if all fields of Sent are plain arguments and not a
// variable; returns 0 if they have no such form.
DEVICE int advance_evenly(const OwnGate &g, const SourceGateSet &set, int64 first, int size, int64 now,
                          int64 *release_step, const int64 *event_step, const int *event_count, int *sends)
{
    int64 *last = release_step + set.release + first, pulse = set.pulse, dead = set.dead;
    const int64 *event = event_step + set.source + first;
    const int *count = event_count + set.source + first;
#define ADVANCE_EVENLY(number, Form) \
    if (set.kind == number && Form::even(g)) { \
        if (Form::PULSES) { \
            FOR_THREADS(j, size) \
                sends[j] = \
                    Form::advance_evenly(g.at(j), pulse_of(last + j, event[j] == now ? 1 : 0, now, pulse, dead)); \
        } else { \
            FOR_THREADS(j, size) sends[j] = Form::advance_evenly(g.at(j), Sent{event[j] == now ? count[j] : 0, 0, 0}); \
        } \
        return 1; \
    }
    SOURCE_GATES(ADVANCE_EVENLY)
#undef ADVANCE_EVENLY
    return 0;
}

KERNEL(advance_gates, Clock *RESTRICT clock, const SourceGateSet *RESTRICT sets, int n_sets, const real *RESTRICT coef,
       real *RESTRICT gates, real *RESTRICT payload, int64 *RESTRICT release_step, const int64 *RESTRICT event_step,
       const int *RESTRICT event_count, int64 *RESTRICT gate_total, int *RESTRICT gate_id)
{
    SHARED int sends[CHUNK];
    int64 now = clock->next;
    if (FIRST_THREAD) clock->now = now;
    for (int t = 0; t < n_sets; t++) {
        const SourceGateSet &set = sets[t];
        FOR_BLOCKS(b, (set.size + CHUNK - 1) / CHUNK) {
            int64 first = b * CHUNK, rest = set.size - first;
            int size = rest < CHUNK ? (int)rest : CHUNK;
            OwnGate g = {gates + set.gates + first, payload + 2 * (set.payload + first), coef + set.coef, set.size,
                         (int)set.components};
            if (!advance_evenly(g, set, first, size, now, release_step, event_step, event_count, sends))
                FOR_EACH(j, size) {
                    sends[j] = advance_gate(g.at(j), set, first + j, now, release_step, event_step, event_count);
                }
            if (any_of(sends, size))
                FOR_EACH(j, size) {
                    if (!sends[j]) continue;
                    send_gate(g.at(j), set.kind, sends[j]);
                    gate_id[take(gate_total + (now & 1), 1)] = (int)(set.event_source + first + j);
                }
        }
    }
}

// The step and its list of spikes.
#pragma once

// A step: its number since the start, and its place in the chunk that the host prepared.
struct Step {
    int64 now, local;
};

DEVICE Step step_of(const Clock *clock) { return {clock->next, clock->next - clock->start}; }

// The list of spikes, which begins again at its start when it is full (`mask` + 1 spikes), and the last event of each
// source if some gate `remembers` it.
struct Spikes {
    int64 *total, mask;
    int *id, *events;
    int64 *event_step;
    int *event_count;
    int remembers;
};

// Appends a source to the list.
DEVICE void emit(const Spikes &spikes, int64 now, int64 source, int events)
{
    int64 slot = take(spikes.total, 1) & spikes.mask;
    spikes.id[slot] = (int)source;
    spikes.events[slot] = events;
    if (spikes.remembers) {
        spikes.event_step[source] = now;
        spikes.event_count[source] = events;
    }
}

// Step of a source's last release of transmitter, which lasts `pulse` steps. If dead < 0, each event releases, and an
// event in a pulse prolongs it. Otherwise an event releases only if `dead` steps have passed since the last pulse.
DEVICE int64 release(int64 *last, int event, int64 now, int64 pulse, int64 dead)
{
    int64 before = *last;
    int free = (dead < 0 ? 1 : 0) | (now - before >= pulse + dead ? 1 : 0);  // without a branch
    return *last = event & free ? now : before;
}

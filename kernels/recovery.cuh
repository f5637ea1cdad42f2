// Synapses whose resources begin to recover as soon as they are released.
#pragma once

struct Recovery {
    MEMBER Recovery(const SynapseRelease &, const Released &, const Reached &, real) {}
    // x of synapse j, of whose empty resources a part has not recovered.
    MEMBER real x(real before, int, real empty) const { return (real)1 - ((real)1 - before) * empty; }
    // Notes the part of its resources that a synapse releases.
    MEMBER void release(int, real) const {}
};

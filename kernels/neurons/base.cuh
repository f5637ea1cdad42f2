// What a neuron model does about its threshold unless its struct says otherwise: V is compared with a constant, and
// reset to a constant.
#pragma once

struct NeuronBase {
    // Moves the states on which the threshold depends, before v is compared with it; v is that of the step's start
    DEVICE void adapt(State, real, real, int, const Coef) {}
    DEVICE int reaches(real v, State, real threshold, const Coef) { return v >= threshold; }
    // v after a spike, from that of the step's start
    DEVICE real restart(real, real reset, const Coef) { return reset; }
};

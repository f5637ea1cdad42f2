// Generalized leaky integrate-and-fire (Teeter et al. 2018), v relative to E_L: after-spike currents, and a threshold
// with one part that spikes increase and one that follows v. Its lower levels have coefficients that are 0.
#pragma once

// On the equations of v of a Membrane, whose coefficients come first among C
template <class Membrane, class C, class S> struct Generalized : Membrane {
    // Mean of the after-spike currents over the step that begins (pA)
    DEVICE real after_spikes(State x, const Coef c) { return c[C::mean_1] * x[S::asc_1] + c[C::mean_2] * x[S::asc_2]; }
    DEVICE real advance(real v, State x, const Coef c, real G, real D)
    {
        return Membrane::advance(v, x, c, G, D + Membrane::drive(after_spikes(x, c), c));
    }
    DEVICE void relax(real &state, int held, real decay) { state = held ? state : flush(state + state * decay); }
    DEVICE void adapt(State x, real v, real current, int held, const Coef c)
    {
        real I = current + after_spikes(x, c), voltage = x[S::theta_voltage];
        real followed = voltage + ((voltage * c[C::voltage_decay] + c[C::per_v] * v) + c[C::per_current] * I);
        x[S::theta_voltage] = held ? voltage : flush(followed);
        relax(x[S::theta_spike], held, c[C::spike_decay]);
        relax(x[S::asc_1], held, c[C::decay_1]);
        relax(x[S::asc_2], held, c[C::decay_2]);
    }
    DEVICE int reaches(real v, State x, real threshold, const Coef)
    {
        return v > (x[S::theta_spike] + x[S::theta_voltage]) + threshold;
    }
    DEVICE real restart(real v, real, const Coef c) { return flush(c[C::reset_fraction] * v + c[C::reset_add]); }
    DEVICE void jump(real &state, int fired, real kept, real added)
    {
        state = fired ? flush(state * kept + added) : state;
    }
    DEVICE void follow(State x, real, real, int fired, const Coef c)
    {
        jump(x[S::theta_spike], fired, c[C::spike_kept], c[C::spike_add]);
        jump(x[S::asc_1], fired, c[C::kept_1], c[C::amp_1]);
        jump(x[S::asc_2], fired, c[C::kept_2], c[C::amp_2]);
    }
};

struct GLIF : Generalized<LIF, GLIFCoefficients, GLIFStates> {};
struct ExactGLIF : Generalized<ExactLIF, ExactGLIFCoefficients, ExactGLIFStates> {};

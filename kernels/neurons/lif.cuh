// Leaky integrate-and-fire, v relative to E_L. The class of the same name in gpusyn/neurons names the coefficients c
// and the states x of a model. `advance` gives v at the end of the step; `follow` moves the states that need v at both
// ends of the step, the new one taken before a reset.
#pragma once

// Conductances: exponential Euler with each gate's exact mean over the step
struct LIF : LIFCoefficients {
    DEVICE real leak(const Coef c) { return c[g_L]; }
    DEVICE real drive(real current, const Coef) { return current; }
    DEVICE real advance(real v, State, const Coef c, real G, real D)
    {
        real v_inf = D / G;
        return v + (v - v_inf) * portable_expm1(-(c[dt_C] * G));
    }
    DEVICE void follow(State, real, real, int, const Coef) {}
};

// Currents only: exact. The gates' coefficients are propagators into v, instead of means
struct ExactLIF : ExactLIFCoefficients {
    DEVICE real leak(const Coef) { return 0; }
    DEVICE real drive(real current, const Coef c) { return c[gain] * current; }
    DEVICE real advance(real v, State, const Coef c, real, real D) { return v + (c[decay] * v + D); }
    DEVICE void follow(State, real, real, int, const Coef) {}
};

// A threshold that jumps at each spike and relaxes to V_th. The coefficients C begin with those of the Membrane.
template <class Membrane, class C, class S> struct AdaptiveThreshold : Membrane {
    DEVICE void adapt(State x, real, real, int, const Coef c)
    {
        x[S::theta] = flush(x[S::theta] + x[S::theta] * c[C::theta_decay]);
    }
    DEVICE int reaches(real v, State x, real threshold, const Coef) { return v >= threshold + x[S::theta]; }
    DEVICE void follow(State x, real, real, int fired, const Coef c)
    {
        x[S::theta] = flush(fired ? x[S::theta] + c[C::jump] : x[S::theta]);
    }
};

struct AdaptiveLIF : AdaptiveThreshold<LIF, AdaptiveLIFCoefficients, AdaptiveLIFStates> {};
struct ExactAdaptiveLIF : AdaptiveThreshold<ExactLIF, ExactAdaptiveLIFCoefficients, ExactAdaptiveLIFStates> {};

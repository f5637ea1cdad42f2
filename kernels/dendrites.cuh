// Dendrites: passive membranes around the soma of a neuron, each coupled to it by a conductance g_c. v of all
// compartments is counted from the same potential. The twin is gpusyn/equations/dendrites.py. DENDRITES(X) is a list of
// X(compartment).
//
// A step is symmetric: half a step of the dendrites with the soma as it was, the soma with the dendrites as they are
// then, half a step of the dendrites with the new soma. Effects act at v of the start, and then at v of the end, which
// is extrapolated from the first half. Hence the error of v is of second order, with voltage-dependent effects as well.
#pragma once

// C dv/dt = D - G v + g_c v_soma; G has g_c in it
struct Dendrite : DendriteCoefficients {
    DEVICE Coef of(const Coef c, int compartment) { return c.from(DENDRITE_COEF + (compartment - 1) * COUNT); }
    DEVICE real half_step(real v, real G, real D, real soma, const Coef c)
    {
        real v_inf = (D + c[g_c] * soma) / G;
        return flush(v + (v - v_inf) * portable_expm1(-(c[half_dt_C] * G)));
    }
};

// Current into compartment k of neuron j.
template <bool WAVES> DEVICE real current_into(const Cells &s, int j, int k, const real *waves)
{
    real current = s.current[k * s.n + j];
    return WAVES ? current + waves[s.current_wave[k * s.n + j]] : current;
}

// The compartments of a neuron, the soma first: v, its mean over the step, the conductance and the drive of the
// membrane.
struct Compartments {
    real v[1 + N_DENDRITES], mean[1 + N_DENDRITES], G[1 + N_DENDRITES], D[1 + N_DENDRITES];
};

// Adds leak and current of the dendrites of neuron j, then all receptors at v; without SOMA, those of the dendrites.
template <bool SOMA, bool WAVES, int BATH>
DEVICE void add_receptors(Compartments &at, const Cells &s, int j, const Coef c, const real *waves,
                          const Exposure *bath)
{
#define LEAK(k) \
    at.G[k] = Dendrite::of(c, k)[Dendrite::leak]; \
    at.D[k] = Dendrite::of(c, k)[Dendrite::drive] + current_into<WAVES>(s, j, k, waves);
    DENDRITES(LEAK)
#undef LEAK
#define ADD(k, Kinetics, Effect, S, C, SYN, IN, AT) \
    if (SOMA || AT > 0) { \
        real gate = conductance<Kinetics, SYN, BATH, false>(s, j, GATE(S), c.from(C), bath, k); \
        const Coef e = c.from((C) + Kinetics::COEFS); \
        Effect::add(gate, EFFECT(S, Kinetics), at.v[AT], e, s.n, MAGNESIUM(k), at.G[AT], at.D[AT]); \
    }
    RECEPTORS(ADD)
#undef ADD
}

// First half of the step of the dendrites, to `halfway`. Leaves the soma its conductance and drive of all that acts on
// it; v, conductance and drive of the soma alone are given.
template <bool WAVES, int BATH>
DEVICE void begin_dendrites(Compartments &at, const Cells &s, int j, const Coef c, const real *waves,
                            const Exposure *bath, real *halfway)
{
#define START(k) at.v[k] = s.V[k * s.n + j];
    DENDRITES(START)
#undef START
    add_receptors<true, WAVES, BATH>(at, s, j, c, waves, bath);
#define BEGIN(k) \
    { \
        const Coef own = Dendrite::of(c, k); \
        real half = Dendrite::half_step(at.v[k], at.G[k], at.D[k], at.v[0], own); \
        if (WAVES) half = s.clamp_wave[k * s.n + j] ? at.v[k] : half; \
        halfway[(k - 1) * CHUNK + j] = half; \
        at.G[0] = at.G[0] + own[Dendrite::g_c]; \
        at.D[0] = at.D[0] + own[Dendrite::g_c] * half; \
    }
    DENDRITES(BEGIN)
#undef BEGIN
}

// Second half, with v of the soma at the end of the step, before it jumps; then v of the dendrites jumps. Returns 0 if
// v of a dendrite is no sound number.
template <bool WAVES, int BATH>
DEVICE int end_dendrites(Compartments &at, const Cells &s, int j, const Coef c, const Arrivals arrivals,
                         const real *waves, const Exposure *bath, const real *halfway)
{
    int sound = 1;
#define AHEAD(k) at.v[k] = halfway[(k - 1) * CHUNK + j] + (halfway[(k - 1) * CHUNK + j] - s.V[k * s.n + j]);
    DENDRITES(AHEAD)
#undef AHEAD
    add_receptors<false, WAVES, BATH>(at, s, j, c, waves, bath);
#define END(k) \
    { \
        real start = s.V[k * s.n + j], half = halfway[(k - 1) * CHUNK + j]; \
        real reached = Dendrite::half_step(half, at.G[k], at.D[k], at.v[0], Dendrite::of(c, k)); \
        real end = jumped<k>(reached, s, j, c, arrivals, 0); \
        sound = magnitude(end) < (real)1e30 ? sound : 0; \
        if (WAVES) { \
            int wave = s.clamp_wave[k * s.n + j]; \
            real command = flush(waves[wave] - c[MembraneCoefficients::rest]); \
            reached = wave ? command : reached; \
            end = wave ? command : end; \
        } \
        at.mean[k] = (real)0.5 * (start + reached); \
        at.v[k] = end; \
        s.V[k * s.n + j] = end; \
    }
    DENDRITES(END)
#undef END
    return sound;
}

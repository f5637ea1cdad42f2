// One neuron with its receptors: its parts of the arrays, its conductances, its calcium, its recorded values.
// A signature's text defines NEURON, the number of its states (N_OWN), whether a spike resets V and HOLDS it while
// refractory, RECEPTORS(X), a list of X(k, Kinetics, Effect, first state, first coefficient, synaptic sum or -1, first
// input, compartment), JUMPS(X), those of them that make V jump, DENDRITES(X), a list of X(compartment) of N_DENDRITES,
// whether some receptor is BATHED (changes with time), and the places of calcium's state and coefficients (state -1:
// none). Compartment 0 is the soma.
#pragma once

enum ProbeVariable { VAR_V, VAR_G, VAR_I, VAR_B, VAR_H, VAR_CA, VAR_OWN };

// The arrays of the neurons of a chunk, each from the first neuron of the chunk on.
struct Cells {
    real *V, *membrane, *gates;
    const real *synaptic, *current;
    int *refractory;
    const int *current_wave, *clamp_wave;
    int64 n;  // distance between one state's array and the next

    MEMBER Cells from(int64 i) const
    {
        return {
            V + i, membrane + i, gates + i, synaptic + i, current + i, refractory + i, current_wave + i, clamp_wave + i,
            n};
    }
};

template <int SYN> DEVICE real synaptic_sum(const Cells &s, int j, int which)
{
    return SYN < 0 ? (real)0 : s.synaptic[(2 * (SYN < 0 ? 0 : SYN) + which) * s.n + j];
}

// Coefficients of a receptor's kinetics in this step.
template <int BATH> DEVICE Coef kinetics_of(const Coef own, const Exposure *bath, int k)
{
    return BATH && bath[k].kinetics ? Coef{bath[k].kinetics, 1} : own;
}

// A receptor's conductance (or current) without voltage factors: its mean over the coming step, or (END) its value now.
template <class Kinetics, int SYN, int BATH, bool END>
DEVICE real conductance(const Cells &s, int j, const real *x, const Coef c, const Exposure *bath, int k)
{
    real gate = END ? Kinetics::value(x, s.n) : Kinetics::average(x, kinetics_of<BATH>(c, bath, k), s.n);
    if (SYN >= 0) gate = gate + synaptic_sum<SYN>(s, j, END);
    return BATH ? bath[k].scale * gate : gate;
}

#define GATE(S) (s.gates + (S) * s.n + j)
#define EFFECT(S, Kinetics) GATE((S) + Kinetics::STATES)
#define MAGNESIUM(k) (BATH ? bath[k].Mg : (real)1)

// v of a compartment after the jumps by what arrives at the end of the step.
template <int COMPARTMENT>
DEVICE real jumped(real v, const Cells &s, int j, const Coef c, const Arrivals arrivals, int held)
{
#define JUMP(k, Kinetics, Effect, S, C, SYN, IN, AT) \
    if (AT == COMPARTMENT) \
        v = flush(v + Effect::jump(Kinetics::arrived(c.from(C), arrivals.from(IN)), held, EFFECT(S, Kinetics)));
    JUMPS(JUMP)
#undef JUMP
    return v;
}

// Calcium that flows into each compartment with a fraction of the current at v (after the gates): Ca' = -Ca/tau + k sum
// |Pf I|. Coefficients of each compartment come after all others; the Pf of each receptor follow them.
template <int BATH>
DEVICE void advance_calcium(const Cells &s, int j, const real *v, const Coef c, const Exposure *bath)
{
    enum { EACH = (int)CalciumCoefficients::COUNT, Pf = CALCIUM_COEF + (1 + N_DENDRITES) * EACH };
    real inward[1 + N_DENDRITES];
    inward[0] = 0;
#define NONE(k) inward[k] = 0;
    DENDRITES(NONE)
#undef NONE
#define FLOW(k, Kinetics, Effect, S, C, SYN, IN, AT) \
    { \
        real gate = conductance<Kinetics, SYN, BATH, false>(s, j, GATE(S), c.from(C), bath, k); \
        real I = Effect::current(gate, EFFECT(S, Kinetics), v[AT], c.from((C) + Kinetics::COEFS), s.n, MAGNESIUM(k)); \
        inward[AT] = inward[AT] + c[Pf + k] * magnitude(I); \
    }
    RECEPTORS(FLOW)
#undef FLOW
#define SETTLE(k) \
    { \
        const Coef own = c.from(CALCIUM_COEF + (k) * EACH); \
        real *Ca = GATE(CALCIUM_STATE + (k)); \
        *Ca = flush(own[CalciumCoefficients::decay] * *Ca + own[CalciumCoefficients::rise] * inward[k]); \
    }
    SETTLE(0)
    DENDRITES(SETTLE)
#undef SETTLE
}

// One recorded value at the end of the step; `receptor` is a compartment for V and calcium.
template <int BATH>
DEVICE real sample(const Cells &s, int j, const Coef c, const Exposure *bath, int variable, int receptor)
{
    real value = 0;
    if (variable == VAR_V) value = s.V[receptor * s.n + j] + c[MembraneCoefficients::rest];
    if (CALCIUM_STATE >= 0 && variable == VAR_CA) value = *GATE(CALCIUM_STATE + receptor);
    if (N_OWN > 0 && variable == VAR_OWN) value = s.membrane[receptor * s.n + j];
#define PICK(k, Kinetics, Effect, S, C, SYN, IN, AT) \
    if (receptor == k && variable >= VAR_G && variable <= VAR_H) { \
        real gate = conductance<Kinetics, SYN, BATH, true>(s, j, GATE(S), c.from(C), bath, k); \
        const Coef e = c.from((C) + Kinetics::COEFS); \
        const real *x = EFFECT(S, Kinetics), v = s.V[(AT) * s.n + j]; \
        value = variable == VAR_I   ? Effect::current(gate, x, v, e, s.n, MAGNESIUM(k)) \
                : variable == VAR_B ? Effect::block(x, v, e, s.n, MAGNESIUM(k)) \
                                    : gate; \
        if (Kinetics::STATES > 1 && variable == VAR_H) value = *GATE((S) + (Kinetics::STATES > 1)); \
    }
    RECEPTORS(PICK)
#undef PICK
    return flush(value);
}

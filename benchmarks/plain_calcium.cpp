// Learning by calcium as a careful modeller would write it: synapses in rows of their sources, one delay, the drive of
// each target given. The weight is an integer, and what rounding left of it is kept.
// There are two forms: one as the equations are printed, with the exponential of the C library; the other with one
// exponential in place of two, a polynomial, so that compilers make SIMD code.

struct Constants {
    float decay, gain, minus_beta, theta_d, theta_p, P1, P2, P4, dt, w_max;
};

extern "C" __attribute__((visibility("default"))) void
plain_steps(long long steps, long long sources, const long long *begin, const unsigned short *target, const float *gate,
            const float *drive, float *calcium, int *weight, float *rest, const Constants *constants)
{
    const Constants c = *constants;
    for (long long s = 0; s < steps; s++)
        for (long long i = 0; i < sources; i++)
            for (long long j = begin[i]; j < begin[i + 1]; j++) {
                float before = calcium[j], after = c.decay * before + c.gain * gate[i] * drive[target[j]];
                float Ca = 0.5f * (before + after);
                float up = 1 / (1 + __builtin_expf(c.minus_beta * (Ca - c.theta_p)));
                float down = 1 / (1 + __builtin_expf(c.minus_beta * (Ca - c.theta_d)));
                float Omega = 0.25f + up - 0.25f * down;
                float x = c.dt / (c.P1 / (c.P2 + Ca * Ca * Ca) + c.P4);
                float W = ((float)weight[j] + rest[j]) / c.w_max;
                float change = (Omega - W) * x / (1 + 0.5f * x) * c.w_max + rest[j];
                int whole = (int)(change < 0 ? change - 0.5f : change + 0.5f);
                weight[j] += whole;
                rest[j] = change - (float)whole;
                calcium[j] = after;
            }
}

// Cephes' expf, for arguments of which no result is out of range.
static inline float exponential(float x)
{
    x = x < -87.0f ? -87.0f : x;
    float shifted = x * 1.44269504f + 12582912.0f, n = shifted - 12582912.0f;
    float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    float q = r * 1.38356420e-3f;
    q = (q + 8.36712401e-3f) * r;
    q = (q + 4.16677557e-2f) * r;
    q = (q + 1.66665390e-1f) * r;
    q = (q + 4.99999970e-1f) * (r * r) + r + 1.0f;
    int bits;
    __builtin_memcpy(&bits, &shifted, 4);
    bits = (int)(((unsigned)bits << 23) + 0x3f800000u);
    float scale;
    __builtin_memcpy(&scale, &bits, 4);
    return q * scale;
}

extern "C" __attribute__((visibility("default"))) void
simd_steps(long long steps, long long sources, const long long *begin, const unsigned short *__restrict__ target,
           const float *gate, const float *__restrict__ drive, float *__restrict__ calcium, int *__restrict__ weight,
           float *__restrict__ rest, const Constants *constants)
{
    const Constants c = *constants;
    const float up = exponential(-c.minus_beta * c.theta_p), down = exponential(-c.minus_beta * c.theta_d);
    for (long long s = 0; s < steps; s++)
        for (long long i = 0; i < sources; i++) {
            float inflow = c.gain * gate[i];
#pragma omp simd
            for (long long j = begin[i]; j < begin[i + 1]; j++) {
                float before = calcium[j], after = c.decay * before + inflow * drive[target[j]];
                float Ca = 0.5f * (before + after), E = exponential(c.minus_beta * Ca);
                float Omega = 0.25f + 1 / (1 + up * E) - 0.25f / (1 + down * E);
                float n = c.P2 + Ca * Ca * Ca, x = c.dt * n / (c.P1 + (c.P4 + 0.5f * c.dt) * n);
                float change = (c.w_max * Omega - ((float)weight[j] + rest[j])) * x + rest[j];
                int whole = (int)(change < 0 ? change - 0.5f : change + 0.5f);
                weight[j] += whole;
                rest[j] = change - (float)whole;
                calcium[j] = after;
            }
        }
}

// Per-synapse first-order gating as a careful modeller would write it: one weight, one delay, synapses by target.
// There are two forms: one sums in the order of the synapses, the other in SIMD lanes, which changes the last bits.
extern "C" __attribute__((visibility("default"))) void plain_steps(
    long long steps, long long targets, const long long *begin, const unsigned *source, const int *on, float *gate,
    const float *c, float weight, float *g)
{
    for (long long s = 0; s < steps; s++)
        for (long long i = 0; i < targets; i++) {
            float sum = 0;
            for (long long j = begin[i]; j < begin[i + 1]; j++) {
                float r = gate[j];
                r = on[source[j]] ? c[1] + c[0] * r : c[2] * r;
                gate[j] = r;
                sum += r;
            }
            g[i] = weight * sum;
        }
}

extern "C" __attribute__((visibility("default"))) void simd_steps(
    long long steps, long long targets, const long long *begin, const unsigned *source, const int *on, float *gate,
    const float *c, float weight, float *g)
{
    float on_add = c[1], on_keep = c[0], off_keep = c[2];
    for (long long s = 0; s < steps; s++)
        for (long long i = 0; i < targets; i++) {
            float sum = 0;
#pragma omp simd reduction(+ : sum)
            for (long long j = begin[i]; j < begin[i + 1]; j++) {
                float r = gate[j];
                r = on[source[j]] ? on_add + on_keep * r : off_keep * r;
                gate[j] = r;
                sum += r;
            }
            g[i] = weight * sum;
        }
}

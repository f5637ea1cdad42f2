// One planted mistake a kernel. tests/test_emulator.py finds those that the emulator sees by itself,
// tests/test_sanitizers.py those that need a sanitizer.
extern "C" __global__ void read_past_end(const float *x, float *y, int n)
{
    int i = threadIdx.x;
    if (i <= n) y[i] = x[i];
}
extern "C" __global__ void write_past_end(float *y, int n)
{
    if (threadIdx.x <= n) y[threadIdx.x] = 1;
}
extern "C" __global__ void write_before_start(float *y) { y[(int)threadIdx.x - 1] = 1; }
extern "C" __global__ void past_static_shared(float *y)
{
    __shared__ float s[32];
    s[threadIdx.x + 1] = threadIdx.x;
    __syncthreads();
    y[threadIdx.x] = s[threadIdx.x];
}
extern "C" __global__ void past_dynamic_shared(float *y)
{
    extern __shared__ float s[];
    s[threadIdx.x + 1] = threadIdx.x;
    __syncthreads();
    y[threadIdx.x] = s[threadIdx.x];
}
extern "C" __global__ void misaligned_vector(const float *x, float *y)
{
    y[threadIdx.x] = reinterpret_cast<const float4 *>(x + 1)->x;
}
extern "C" __global__ void index_overflow(int *y, int n) { y[threadIdx.x] = n * 65536 * 3; }
extern "C" __global__ void float_to_int(int *y, float x) { y[threadIdx.x] = (int)(x * 1e30f); }
extern "C" __global__ void shift_too_far(unsigned *y, int n) { y[threadIdx.x] = 1u << (n + 31); }

extern "C" __global__ void missing_syncthreads(float *y)
{
    __shared__ float s[64];
    s[threadIdx.x] = threadIdx.x;
    y[threadIdx.x] = s[threadIdx.x ^ 1];
}
extern "C" __global__ void missing_syncwarp(float *y)
{
    __shared__ float s[32];
    s[threadIdx.x] = threadIdx.x;
    float v = __shfl_down_sync(0xffffffffu, 1.0f, 1);  // waits, but orders no memory
    y[threadIdx.x] = s[31 - threadIdx.x] + v;
}
extern "C" __global__ void missing_second_barrier(float *y)
{
    __shared__ float s[64];
    for (int k = 0; k < 2; k++) {
        s[threadIdx.x] = threadIdx.x + k;
        __syncthreads();
        y[threadIdx.x] = s[63 - threadIdx.x];
    }
}
extern "C" __global__ void plain_add(float *y) { y[0] += 1; }
extern "C" __global__ void race_of_blocks(float *y)
{
    if (threadIdx.x == 0) y[0] = y[0] + blockIdx.x;
}
extern "C" __global__ void race_of_blocks_with_barriers(float *y)
{
    for (int k = 0; k < 2; k++) {
        __syncthreads();
        __syncwarp();
        if (threadIdx.x == 0) y[0] = y[0] + blockIdx.x;
    }
}
extern "C" __global__ void plain_read_of_counter(unsigned *count, unsigned *y)
{
    atomicAdd(count, 1u);
    y[threadIdx.x] = *count;
}

extern "C" __global__ void barrier_in_branch(float *y)
{
    if (threadIdx.x < 16) __syncthreads();
    y[threadIdx.x] = 1;
}
extern "C" __global__ void two_barriers(float *y)
{
    if (threadIdx.x < 32) __syncthreads();
    else
        __syncthreads();
    y[threadIdx.x] = 1;
}
extern "C" __global__ void barrier_after_return(float *y)
{
    if (threadIdx.x == 0) return;
    __syncthreads();
    y[threadIdx.x] = 1;
}
extern "C" __global__ void absent_lanes(float *y)
{
    if (threadIdx.x < 16) y[threadIdx.x] = __shfl_down_sync(0xffffffffu, 1.0f, 1);
}
extern "C" __global__ void not_in_own_mask(float *y) { y[threadIdx.x] = __shfl_down_sync(0xfffffffeu, 1.0f, 1); }
extern "C" __global__ void lane_outside_mask(float *y)
{
    if (threadIdx.x < 16) y[threadIdx.x] = __shfl_sync(0x0000ffffu, 1.0f, 20);
}
extern "C" __global__ void masks_differ(float *y)
{
    unsigned mask = threadIdx.x ? 0xffffffffu : 0x00000003u;
    y[threadIdx.x] = __shfl_down_sync(mask, 1.0f, 1);
}
extern "C" __global__ void operations_differ(int *y)
{
    if (threadIdx.x < 16) y[threadIdx.x] = __any_sync(0xffffffffu, 1);
    else
        y[threadIdx.x] = __ballot_sync(0xffffffffu, 1);
}
extern "C" __global__ void barrier_against_shuffle(float *y)
{
    if (threadIdx.x == 5) __syncthreads();
    y[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1.0f, 1);
}
extern "C" __global__ void odd_width(int *y) { y[threadIdx.x] = __shfl_sync(0xffffffffu, 1, 0, 12); }
extern "C" __global__ void unwritten_shared(float *y)
{
    __shared__ float s[32];
    if (threadIdx.x < 31) s[threadIdx.x] = 1;
    __syncthreads();
    y[threadIdx.x] = s[threadIdx.x];
}
// Right only where the first thread to add is thread 0.
extern "C" __global__ void depends_on_order(unsigned *count, unsigned *y) { y[threadIdx.x] = atomicAdd(count, 1u); }
extern "C" __global__ void far_away(float *y, long long n) { y[threadIdx.x + n] = 1; }
extern "C" __global__ void deep_stack(float *y, int n)
{
    volatile float big[100000];
    big[n] = 1;
    y[threadIdx.x] = big[n];
}

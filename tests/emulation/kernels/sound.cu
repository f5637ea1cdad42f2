// Kernels that do nothing wrong: every schedule, block size and sanitizer must leave them alone.
typedef float real;
#define KERNEL(name, ...) extern "C" __global__ void name(__VA_ARGS__)
#define DEVICE __device__ __forceinline__

template <class T> DEVICE T warp_sum(T s)
{
#pragma unroll
    for (int o = 16; o; o >>= 1) s = s + __shfl_xor_sync(0xffffffffu, s, o);
    return s;
}

// One warp a row; the last warps may have nothing to do.
KERNEL(row_sums, const int *__restrict__ begin, const real *__restrict__ x, real *__restrict__ y, int rows)
{
    int lane = threadIdx.x & 31;
    for (int row = (blockIdx.x * blockDim.x + threadIdx.x) >> 5; row < rows; row += (gridDim.x * blockDim.x) >> 5) {
        real s = 0;
        for (int j = begin[row] + lane; j < begin[row + 1]; j += 32) s += x[j];
        s = warp_sum(s);
        if (lane == 0) y[row] = s;
    }
}

// A tree over the block in shared memory of any size, one barrier a level.
extern "C" __global__ void __launch_bounds__(256) block_sums(const double *x, double *y, int n)
{
    extern __shared__ double part[];
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    part[threadIdx.x] = i < n ? x[i] : 0.0;
    for (int half = blockDim.x / 2; half; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
    }
    if (threadIdx.x == 0) y[blockIdx.x] = part[0];
}

template <class F> DEVICE void exchange(F f)
{
    __shared__ int slot[1024];  // one array for each kind of F
    slot[threadIdx.x] = f((int)threadIdx.x);
    __syncthreads();
}

// Positions of the elements above a threshold, in no particular order.
KERNEL(compact, const real *v, real threshold, int n, int *out, unsigned *count)
{
    __shared__ unsigned first[33];
    int i = blockIdx.x * blockDim.x + threadIdx.x, lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    bool above = i < n && v[i] > threshold;
    unsigned votes = __ballot_sync(0xffffffffu, above);
    if (lane == 0) first[warp + 1] = __popc(votes);
    __syncthreads();
    if (threadIdx.x == 0) {
        unsigned total = 0;
        for (int k = 0; k < (int)blockDim.x >> 5; k++) total += first[k + 1];
        unsigned place = atomicAdd(count, total);
        for (int k = 0; k < (int)blockDim.x >> 5; k++) {
            unsigned here = first[k + 1];
            first[k + 1] = place;
            place += here;
        }
    }
    __syncthreads();
    if (above) out[first[warp + 1] + __popc(votes & ((1u << lane) - 1))] = i;
}

KERNEL(atomics, int *i, unsigned *u, unsigned long long *w, long long *least, long long *most)
{
    int t = blockIdx.x * blockDim.x + threadIdx.x;
    atomicAdd(i, -t);
    atomicAdd(u, 1u);
    atomicAdd(w, (unsigned long long)-(long long)t);
    atomicMin(least, -(1ll << 40) * t);
    atomicMax(most, (1ll << 40) * t);
    atomicExch(u + 3, 9u);
    atomicCAS(u + 1, 7u, 8u);
    atomicOr(u + 2, 1u << (t & 31));
}

KERNEL(lanes, int *y, int width)
{
    int t = threadIdx.x, n = blockDim.x;
    y[t] = __shfl_sync(0xffffffffu, t, 3, width);
    y[n + t] = __shfl_up_sync(0xffffffffu, t, 5, width);
    y[2 * n + t] = __shfl_down_sync(0xffffffffu, t, 5, width);
    y[3 * n + t] = __shfl_xor_sync(0xffffffffu, t, 12, width);
    if (t & 1) y[4 * n + t] = __ballot_sync(0xaaaaaaaau, t % 3 == 0);
    else y[4 * n + t] = __any_sync(0x55555555u, t == 30) + 2 * __all_sync(0x55555555u, t < 30);
    y[5 * n + t] = __syncthreads_count(t % 5 == 0);
}

// Shared memory passed within a warp needs __syncwarp, within a block __syncthreads.
KERNEL(passed_on, float *y)
{
    __shared__ float s[1024];
    int t = threadIdx.x, base = t & ~31;
    s[t] = (float)t;
    __syncwarp();
    float v = s[base + 31 - (t & 31)];
    __syncthreads();
    s[t] = v;
    __syncthreads();
    y[blockIdx.x * blockDim.x + t] = s[blockDim.x - 1 - t];
}

// The last block to finish adds what the others left in memory.
KERNEL(last_block, float *part, unsigned *finished, float *y)
{
    __shared__ bool last;
    if (threadIdx.x == 0) {
        part[blockIdx.x] = (float)blockIdx.x;
        __threadfence();
        last = atomicAdd(finished, 1u) == gridDim.x - 1;
        __threadfence();
    }
    __syncthreads();
    if (last && threadIdx.x == 0) {
        float s = 0;
        for (int b = 0; b < (int)gridDim.x; b++) s += part[b];
        *y = s;
    }
}

KERNEL(two_lambdas, int *y)
{
    exchange([](int t) { return t; });
    exchange([=](auto t) { return y[t] = 2 * t; });
}

KERNEL(multiply_add, const float *a, const float *b, const float *c, float *y)
{
    int i = threadIdx.x;
    y[i] = a[i] * b[i] + c[i];
}

KERNEL(scalars, float *y, float f, double d, int i, unsigned u, long long l, bool b, unsigned char c)
{
    y[0] = f, y[1] = (float)d, y[2] = i, y[3] = u, y[4] = l, y[5] = b, y[6] = c;
}

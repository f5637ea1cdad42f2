// The definitions with which kernels run fast on a CPU: workers with contiguous shares, lanes as SIMD loops.
// Nothing here or in a kernel needs C++'s library: ziglang would compile it first, which takes a minute.
#pragma once
#define GPUSYN_HOST 1
#include <stddef.h>
#include <string.h>
#define fabs __builtin_fabs
#define sqrt __builtin_sqrt
#define fabsf __builtin_fabsf

// GCC would turn chains of selections into branches and make more masks of these than there were selections.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-thread-jumps")
#endif

struct Worker {
    int index, count;
    long long begin(long long n) const { return n * index / count; }
    long long end(long long n) const { return n * (index + 1) / count; }
};

#define KERNEL(name, ...) static void name(const Worker worker, __VA_ARGS__)
// Without optimisation, as in most tests, a copy for each call would only take longer to compile.
#if defined(__OPTIMIZE__)
#define INLINED inline __attribute__((always_inline))
#else
#define INLINED inline
#endif
#define DEVICE static INLINED
#define APART static __attribute__((noinline))
#define MEMBER INLINED
#define SHARED
#define RESTRICT __restrict__
#define SIMD _Pragma("omp simd")
#define FOR_BLOCKS(b, n) for (int64 b = worker.begin(n), b##_end = worker.end(n); b < b##_end; b++)
#define FOR_THREADS(j, n) SIMD for (int j = 0; j < (n); j++)
#define FOR_EACH(j, n) for (int j = 0; j < (n); j++)
#define FOR_ITEMS(i, n) for (int64 i = worker.begin(n), i##_end = worker.end(n); i < i##_end; i++)
#define FOR_WARPS(w, n) FOR_BLOCKS(w, n)
#define FOR_TASKS(t, n) for (int64 t = 0; t < (n); t++)
#define BLOCK_SYNC() ((void)0)
#define FIRST_THREAD (worker.index == 0)
#define LANE_STATE(name) real name[LANES] = {}
#define LANE_INTS(name) int name[LANES] = {}
#define LANE_WORDS(name) unsigned name[4][LANES]
#define LANE_AT(name, lane) name[lane]
#define LANE_WORD(name, k, lane) name[k][lane]
#define FOR_WIDE_LANES(q, n) FOR_WIDE(q, n)
#define FIRST_LANE true

template <class To, class From> DEVICE To bit_copy(From x)
{
    static_assert(sizeof(To) == sizeof(From), "same size");
    To y;
    memcpy(&y, &x, sizeof y);
    return y;
}
DEVICE int bits_of(float x) { return bit_copy<int>(x); }
DEVICE float float_of(int x) { return bit_copy<float>(x); }
DEVICE long long bits_of(double x) { return bit_copy<long long>(x); }
DEVICE double double_of(long long x) { return bit_copy<double>(x); }

// Compilers make no 32 x 32 -> 64-bit multiplications of vectors from loops, so Wide is a vector where there is one.
#if defined(__AVX512F__) || defined(__AVX2__)
#define GPUSYN_WIDE 1
#if defined(__AVX512F__)
enum { WIDE = 8 };
typedef unsigned long long Wide __attribute__((vector_size(64)));
static const Wide FIRST_WIDE = {0, 1, 2, 3, 4, 5, 6, 7};
typedef int Halves __attribute__((vector_size(64)));
#define MULTIPLY(a, b) __builtin_ia32_pmuludq512_mask(a, b, (long long __attribute__((vector_size(64)))){}, -1)
#else
enum { WIDE = 4 };
typedef unsigned long long Wide __attribute__((vector_size(32)));
static const Wide FIRST_WIDE = {0, 1, 2, 3};
typedef int Halves __attribute__((vector_size(32)));
#define MULTIPLY(a, b) __builtin_ia32_pmuludq256(a, b)
#endif
DEVICE Wide wide(unsigned long long x) { return x - Wide{}; }
DEVICE Wide wide_from(unsigned long long x) { return x + FIRST_WIDE; }
DEVICE Wide wide_of(const int *x)
{
    unsigned long long apart[WIDE];
    SIMD for (int i = 0; i < WIDE; i++) apart[i] = (unsigned)x[i];
    Wide all;
    memcpy(&all, apart, sizeof all);
    return all;
}
#if defined(__clang__)
DEVICE Wide product(Wide a, unsigned b) { return (a & wide(0xffffffffu)) * wide(b); }
#else  // g++ finds no instruction for that, and its header of intrinsics takes a second to read
DEVICE Wide product(Wide a, unsigned b) { return (Wide)MULTIPLY((Halves)a, (Halves)wide(b)); }
#endif
// The low halves of the four words of each counter in turn.
DEVICE void put_words(unsigned *word, const Wide c[4])
{
    Wide low = wide(0xffffffffu), two[2] = {(c[0] & low) | c[1] << 32, (c[2] & low) | c[3] << 32};
    unsigned long long apart[2][WIDE], in_turn[2 * WIDE];
    memcpy(apart, two, sizeof apart);
    SIMD for (int i = 0; i < WIDE; i++)
    {
        in_turn[2 * i] = apart[0][i];
        in_turn[2 * i + 1] = apart[1][i];
    }
    memcpy(word, in_turn, sizeof in_turn);
}
DEVICE void put_low(unsigned *word, Wide a)
{
    unsigned long long apart[WIDE];
    memcpy(apart, &a, sizeof apart);
    SIMD for (int i = 0; i < WIDE; i++) word[i] = (unsigned)apart[i];
}
DEVICE void put_two(unsigned *word, Wide a, Wide b)
{
    Wide two = (a & wide(0xffffffffu)) | b << 32;
    memcpy(word, &two, sizeof two);
}
#define FOR_WIDE(q, n) for (int q = 0; q < (n); q += WIDE)
#else
#define FOR_WIDE(q, n) FOR_THREADS(q, n)
#endif

DEVICE void add_to(int *p, int v) { *p += v; }
DEVICE void add_to(long long *p, long long v) { *p += v; }
DEVICE long long take(long long *counter, long long n) { return __atomic_fetch_add(counter, n, __ATOMIC_RELAXED); }
DEVICE void keep_least(long long *p, long long v)
{
    long long old = __atomic_load_n(p, __ATOMIC_RELAXED);
    while (v < old && !__atomic_compare_exchange_n(p, &old, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

// Asks for the 32 elements that are AHEAD elements further, which memory takes about as long to bring.
template <class T> DEVICE void prefetch(const T *p)
{
    enum { AHEAD = 512, LINE = 64 / sizeof(T) };
    for (int k = 0; k < 32; k += LINE) __builtin_prefetch(p + AHEAD + k);
}

// Looks first, because compilers make poor SIMD code of scattered loads. The last pass has a loop of its own, so that
// the others need no masks; it looks before all others, because a SIMD load of values just written would wait for them.
template <class Look, class F, class... Streams>
DEVICE void for_lanes(long long lo, long long hi, Look look, F f, Streams... streams)
{
    long long last = hi - (hi - lo) % 32;
    int n = (int)(hi - last), at_last[32];
    for (int lane = 0; lane < n; lane++) at_last[lane] = look(last + lane);
    for (long long j = lo; j < last; j += 32) {
        int seen[32];
        (prefetch(streams + j), ...);
        for (int lane = 0; lane < 32; lane++) seen[lane] = look(j + lane);
        SIMD for (int lane = 0; lane < 32; lane++) f(j + lane, lane, seen[lane]);
    }
    if (n == 0) return;
    (prefetch(streams + last), ...);
    SIMD for (int lane = 0; lane < 32; lane++) if (lane < n) f(last + lane, lane, at_last[lane]);
}

template <class Kind, class F> DEVICE void for_runs(long long begin, long long end, int, Kind kind, F f)
{
    int next = begin < end ? kind(begin, end) : 0;
    for (long long i = begin, last; i < end; i = last) {
        int own = next;
        for (last = i + 1; last < end && (next = kind(last, end)) == own; last++) {
        }
        f(own, i, last, 0);
    }
}
template <class Spikes, class Kind, class F> DEVICE void for_spikes(const Spikes &spikes, int, Kind kind, F f)
{
    for (int a = 0; a < spikes.n_ages; a++) {
        long long begin = spikes.first(a), end = begin + spikes.number(a);
        int age = spikes.ages[a];
        for_runs(begin, end, 1, kind, [&](int own, long long i, long long last, int) { f(own, age, i, last, 0); });
    }
}
template <bool ALL, class Route, class F> DEVICE void for_routes(const Route *routes, int begin, int end, int, F f)
{
    for (int r = begin; r < end; r++) f(routes[r], 0);
}
template <class Route, class Share, class F> DEVICE void for_slices(const Route &route, int, Share share, F f)
{
    for (int s = share.worker, end = (int)(route.slice + route.slices); s < end; s += share.workers)
        if (s >= route.slice) f(s, 0);
}
DEVICE void cut(long long &, long long &, int, int) {}

template <class F> DEVICE void for_row(long long lo, long long hi, F f)
{
#pragma GCC unroll 4  // GCC would not, and long rows take 13 % longer
    for (long long j = lo; j < hi; j++) f(j);
}
template <class Look, class F> DEVICE void for_row(long long lo, long long hi, Look look, F f)
{
    for_row(lo, hi, [&](long long j) { f(j, look(j)); });
}
enum { HELD = 256, LISTED_MORE = 16, HELD_LISTED = HELD + LISTED_MORE };
#define FOR_HELD(j, n) for (int j = 0; j < (n); j++)
#define FOR_HELD_EVENLY(j, n) SIMD FOR_HELD(j, n)
template <class F> DEVICE void for_pieces(long long lo, long long hi, F f)
{
    for (long long j = lo; j < hi; j += HELD) f(j, (int)(hi - j < HELD ? hi - j : HELD));
}
// Unpacks whole bytes, with room for those at both ends.
enum { HELD_BITS = HELD + 16 };
template <int BITS> DEVICE int unpack_bytes(const unsigned char *packed, int first, int n, unsigned char *room)
{
    enum { EACH = 8 / BITS };
    int before = first % EACH;
    SIMD for (int b = 0; b < (before + n + EACH - 1) / EACH; b++) for (int e = 0; e < EACH; e++) room[b * EACH + e] =
        (unsigned char)(packed[b] >> e * BITS & (1 << BITS) - 1);
    return before;
}
DEVICE const unsigned char *unpack(const unsigned char *packed, long long first, int n, int bits, unsigned char *room)
{
    const unsigned char *begin = packed + (first * bits >> 3);
    int at = (int)(first & 7);
    return bits == 8   ? begin
           : bits == 4 ? room + unpack_bytes<4>(begin, at, n, room)
           : bits == 2 ? room + unpack_bytes<2>(begin, at, n, room)
                       : room + unpack_bytes<1>(begin, at, n, room);
}
// The places of the ones in each byte, 4 bits for each, the lowest first.
struct PlacesOfOnes {
    unsigned of[256];
    constexpr PlacesOfOnes() : of()
    {
        for (int byte = 0; byte < 256; byte++)
            for (int bit = 7; bit >= 0; bit--)
                if (byte >> bit & 1) of[byte] = of[byte] << 4 | (unsigned)bit;
    }
};
static constexpr PlacesOfOnes FIRST_ONES;

// Keeps of n items those whose values are below a limit, without a branch, which would be mispredicted; returns how
// many they are. All four arrays have room for LISTED_MORE more.
DEVICE int keep_below(int limit, int n, const int *item, const int *value, int *kept, int *kept_value)
{
    int size = 0;
#if defined(__AVX512F__) && defined(__GNUC__) && !defined(__clang__)
    typedef int Ints __attribute__((vector_size(64)));
    for (int i = 0; i < n; i += 16) {
        Ints items, values;
        memcpy(&items, item + i, sizeof items);
        memcpy(&values, value + i, sizeof values);
        unsigned short some = (unsigned short)(n - i < 16 ? (1 << (n - i)) - 1 : 0xffff);
        some = (unsigned short)__builtin_ia32_cmpd512_mask(values, limit - Ints{}, 1, some);
        items = __builtin_ia32_compresssi512_mask(items, Ints{}, some);
        values = __builtin_ia32_compresssi512_mask(values, Ints{}, some);
        memcpy(kept + size, &items, sizeof items);
        memcpy(kept_value + size, &values, sizeof values);
        size += __builtin_popcount(some);
    }
#elif defined(__AVX2__)
    typedef int Ints __attribute__((vector_size(32)));
    typedef unsigned Words __attribute__((vector_size(32)));
    typedef float Floats __attribute__((vector_size(32)));
    for (int i = 0; i < n; i += 8) {
        Ints items, values;
        memcpy(&items, item + i, sizeof items);
        memcpy(&values, value + i, sizeof values);
        int some =
            __builtin_ia32_movmskps256((Floats)(values < limit - Ints{})) & (n - i < 8 ? (1 << (n - i)) - 1 : 255);
        Ints from = (Ints)((FIRST_ONES.of[some] - Words{}) >> Words{0, 4, 8, 12, 16, 20, 24, 28});
        items = __builtin_ia32_permvarsi256(items, from);
        values = __builtin_ia32_permvarsi256(values, from);
        memcpy(kept + size, &items, sizeof items);
        memcpy(kept_value + size, &values, sizeof values);
        size += __builtin_popcount((unsigned)some);
    }
#else
    for (int i = 0; i < n; i++) {
        kept[size] = item[i];
        kept_value[size] = value[i];
        size += value[i] < limit;
    }
#endif
    return size;
}
// Lists the items that have a k-th, for one k after the other, while there is room.
template <bool EVEN, class At, class Look, class F, class Put>
DEVICE void for_backwards(const int *items, const int *newest, int n, long long depth, int limit, At at, Look look, F f,
                          Put put)
{
    enum { LISTS = 32, ROOM = 6 * HELD };
    int item[ROOM + LISTED_MORE], value[ROOM + LISTED_MORE], next[HELD_LISTED], begin[LISTS + 1] = {};
    int size = keep_below(limit, n, items, newest, item, value), end = size, lists = 1;
    for (; size > 0 && lists < LISTS && end + size <= ROOM; lists++) {
        const int *last = item + begin[lists - 1];
        SIMD for (int i = 0; i < size; i++) next[i] = at(last[i], lists);
        begin[lists] = end;
        end += size = keep_below(limit, size, last, next, item + end, value + end);
    }
    begin[lists] = end;
    for (int i = end - size; i < end; i++) {
        int j = item[i], k = lists;
        while (k < depth && at(j, k) < limit) k++;
        while (k > lists) {
            k--;
            put(j, f(look(j, k, at(j, k))));
        }
    }
    for (int k = lists; k--;) {
        decltype(look(0, 0, 0)) seen[HELD];
        decltype(f(seen[0])) found[HELD];
        const int *own = item + begin[k], *x = value + begin[k];
        int many = begin[k + 1] - begin[k];
        if (EVEN) {
            SIMD for (int i = 0; i < many; i++) found[i] = f(look(own[i], k, x[i]));
        } else {
            for (int i = 0; i < many; i++) seen[i] = look(own[i], k, x[i]);
            SIMD for (int i = 0; i < many; i++) found[i] = f(seen[i]);
        }
        for (int i = 0; i < many; i++) put(own[i], found[i]);
    }
}
// The same for f(j, x, value(x)), x = look(j), where value(x) is arithmetic, for 8 items at a time in a SIMD loop.
template <class Look, class Value, class F> DEVICE void for_row(long long lo, long long hi, Look look, Value value, F f)
{
    for (; lo + 8 <= hi; lo += 8) {
        decltype(value(look(lo))) found[8];
        SIMD for (int k = 0; k < 8; k++) found[k] = value(look(lo + k));
        for_row(lo, lo + 8, [&](long long j) { f(j, look(j), found[j - lo]); });
    }
    for_row(lo, hi, [&](long long j) { f(j, look(j), value(look(j))); });
}
template <class F> DEVICE void for_run(int n, F f) { SIMD for (int j = 0; j < n; j++) f(j); }
DEVICE int ones_in(unsigned long long x) { return __builtin_popcountll(x); }
DEVICE unsigned long long without_ones(unsigned long long x, int n)
{
#if defined(__BMI2__)
    return x & (0 - __builtin_ia32_pdep_di(1ull << n, x));
#else
    for (; n > 0; n--) x &= x - 1;
    return x;
#endif
}
// Into the L2 cache: some processors drop requests for L1 that follow each other quickly.
#define PREFETCH(address) __builtin_prefetch(address, 0, 2)
// Items are collected, N at a time. Then each is opened, which asks for the data of open(item) elements, and used while
// those of the next items arrive: at least of one item, and of `AHEAD` elements.
template <class T, int N, int AHEAD> struct Batch {
    T held[N];
    int n = 0;
    template <class Open, class Use> MEMBER void push(const T &item, Open open, Use use)
    {
        held[n++] = item;
        if (n == N) finish(open, use);
    }
    template <class Open, class Use> __attribute__((noinline)) void finish(Open open, Use use)
    {
        long long asked = 0, size[N];
        for (int k = 0, opened = 0; k < n; k++) {
            for (; opened < n && (opened < k + 2 || asked < AHEAD); opened++)
                asked += size[opened] = open(held[opened]);
            if (size[k] > 0) use(held[k]);
            asked -= size[k];
        }
        n = 0;
    }
};
DEVICE bool any_of(const int *flags, int n)
{
    int found = 0;
#pragma omp simd reduction(| : found)
    for (int j = 0; j < n; j++) found |= flags[j];
    return found != 0;
}
// Looks at all flags at once, then at 16, and then lists those that are set without a branch, which would be
// mispredicted.
template <class F> DEVICE void for_flagged(const int *flags, int n, F f)
{
    if (!any_of(flags, n)) return;
    for (int i = 0; i < n; i += 16) {
        int end = i + 16 < n ? i + 16 : n, found[16], count = 0;
        if (i + 16 <= n && !any_of(flags + i, 16)) continue;
        for (int j = i; j < end; j++) {
            found[count] = j;
            count += flags[j] != 0;
        }
        for (int k = 0; k < count; k++) f(found[k]);
    }
}
template <class F> DEVICE void for_chosen(const int *flags, int n, F f)
{
    for (int i = 0; i < n; i += 256) {
        int chosen[256], found = 0, end = i + 256 < n ? i + 256 : n;
        for (int j = i; j < end; j++) {
            chosen[found] = j;
            found += flags[j] != 0;
        }
        SIMD for (int k = 0; k < found; k++) f(chosen[k]);
    }
}
#define ONE_LOOP false
#define SLICE_WORKER worker.index
#define SLICE_WORKERS worker.count
#define OWNER worker
#define BLOCK_NUMBER worker.index
#define BLOCK_COUNT worker.count
#define ALONE (worker.count == 1)
template <class T> DEVICE void add_among(T *p, T v, bool alone)
{
    if (alone)
        *p += v;
    else
        __atomic_fetch_add(p, v, __ATOMIC_RELAXED);
}
template <class T, class F>
DEVICE void for_owned(const Worker &worker, const unsigned *key, long long n, long long keys, const T *of_key, F f)
{
    unsigned first = (unsigned)worker.begin(keys), size = (unsigned)worker.end(keys) - first;
    for (long long i = 0; i < n; i += 256) {
        long long owned[256], end = i + 256 < n ? i + 256 : n;
        int found = 0;
        for (long long j = i; j < end; j++) {
            owned[found] = j;
            found += key[j] - first < size;
        }
        for (int k = 0; k < found; k++) __builtin_prefetch(of_key + key[owned[k]], 1);
        for (int k = 0; k < found; k++) f(owned[k]);
    }
}
DEVICE unsigned take_own(unsigned *counter) { return (*counter)++; }
#define ASK_FOR(array, place, j, n) \
    if ((j) + 32 < (n)) __builtin_prefetch((array) + (place)[(j) + 32], 1)
#define WARP_SYNC() ((void)0)

template <class T> DEVICE T lane_sum(const T (&s)[32])
{
    T a[16], b[8], c[4];
    SIMD for (int lane = 0; lane < 16; lane++) a[lane] = s[lane] + s[lane + 16];
    SIMD for (int lane = 0; lane < 8; lane++) b[lane] = a[lane] + a[lane + 8];
    SIMD for (int lane = 0; lane < 4; lane++) c[lane] = b[lane] + b[lane + 4];
    return (c[0] + c[2]) + (c[1] + c[3]);
}

// A packed call: the argument types follow from the kernel's function type, so no signature is written twice.
template <class T> struct Value {
    typedef T type;
};
template <class T> struct Value<T &> {
    typedef T type;
};
template <size_t... I> struct Indices {};
template <size_t n, size_t... I> struct IndicesTo : IndicesTo<n - 1, n - 1, I...> {};
template <size_t... I> struct IndicesTo<0, I...> {
    typedef Indices<I...> type;
};
template <class... A, size_t... I>
inline void call_packed(void (*kernel)(const Worker, A...), const Worker worker, void **p, Indices<I...>)
{
    kernel(worker, *static_cast<typename Value<A>::type *>(p[I])...);
}
template <class... A> inline void call_packed(void (*kernel)(const Worker, A...), const Worker worker, void **p)
{
    call_packed(kernel, worker, p, typename IndicesTo<sizeof...(A)>::type());
}
#if defined(_WIN32)
#define EXPORTED extern "C" __declspec(dllexport)
#else
#define EXPORTED extern "C" __attribute__((visibility("default")))
#endif
#define HOST_ENTRY(name) \
    EXPORTED void entry_##name(void **p, int index, int count) { call_packed(&name, Worker{index, count}, p); }

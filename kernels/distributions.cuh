// Random values of weights and delays: gpusyn/numerics/normal_quantile.py and gpusyn/parameters/laws.py,
// operation for operation.
#pragma once

enum { UNIFORM, NORMAL, LOG_NORMAL, EXPONENTIAL };  // as in gpusyn/parameters/laws.py
enum { PIECE = 512, MOST_TRIES = 100000 };

// The values that a distribution gives: how they follow from a uniform number (at most `most`, if it is uniform), and
// the range outside which they are drawn again.
struct Law {
    int kind;
    double a, b, most, low, high;
};

// Counters of consecutive elements, or of consecutive draws of one element.
DEVICE void count_elements(uint64 element, uint64 draw, Wide c[4])
{
    Wide all = wide_from(element);
    c[0] = all;
    c[1] = wide(draw);
    c[2] = wide(draw >> 32);
    c[3] = all >> 32 << 16;
}

// Elements from `first` on, one after the other; or those of a piece that are listed, by the halves of their numbers.
struct Consecutive {
    int64 first;
    MEMBER void count(int q, Wide c[4]) const { count_elements(first + q, 0, c); }
    MEMBER int64 at(int j) const { return first + j; }
};

struct Listed {
    const int *low, *high;
    MEMBER void count(int q, Wide c[4]) const
    {
        c[0] = wide_of(low + q);
        c[1] = c[2] = wide(0);
        c[3] = wide_of(high + q) << 16;
    }
    MEMBER int64 at(int j) const { return (int64)high[j] << 32 | (uint32)low[j]; }
};

DEVICE void count_draws(uint64 element, uint64 draw, Wide c[4])
{
    Wide all = wide_from(draw);
    c[0] = wide(element);
    c[1] = all;
    c[2] = all >> 32;
    c[3] = wide(element >> 32 << 16);
}

DEVICE double uniform53(uint32 high, uint32 low)
{
    return ((double)(int)(high >> 6) * 67108864.0 + (double)(int)(low >> 6) + 0.5) * 2.220446049250313e-16;
}

DEVICE double uniform32(uint32 word) { return ((double)word + 0.5) * 2.3283064365386963e-10; }

// The nearest integer, the even one of two.
DEVICE double portable_rint(double x)
{
    double size = magnitude(x), shifted = (size + 4503599627370496.0) - 4503599627370496.0;
    double rounded = size < 4503599627370496.0 ? shifted : size;
    return x < 0 ? -rounded : rounded;
}

// Wichura 1988, AS 241: the middle of the normal distribution, and its tails.
DEVICE double quantile_middle(double q)
{
    double x = 0.180625 - q * q;
    double up = 2509.0809287301226727, down = 5226.4952788528545610;
    up = up * x + 33430.575583588128105;
    up = up * x + 67265.770927008700853;
    up = up * x + 45921.953931549871457;
    up = up * x + 13731.693765509461125;
    up = up * x + 1971.5909503065514427;
    up = up * x + 133.14166789178437745;
    up = up * x + 3.3871328727963666080;
    down = down * x + 28729.085735721942674;
    down = down * x + 39307.895800092710610;
    down = down * x + 21213.794301586595867;
    down = down * x + 5394.1960214247511077;
    down = down * x + 687.18700749205790830;
    down = down * x + 42.313330701600911252;
    down = down * x + 1.0;
    return q * (up / down);
}

DEVICE double quantile_tail(double q, double u)
{
    double r = sqrt(-portable_log(q < 0 ? u : 1.0 - u));
    double x = r - 1.6;
    double up = 7.74545014278341407640e-4, down = 1.05075007164441684324e-9;
    up = up * x + 0.0227238449892691845833;
    up = up * x + 0.241780725177450611770;
    up = up * x + 1.27045825245236838258;
    up = up * x + 3.64784832476320460504;
    up = up * x + 5.76949722146069140550;
    up = up * x + 4.63033784615654529590;
    up = up * x + 1.42343711074968357734;
    down = down * x + 5.47593808499534494600e-4;
    down = down * x + 0.0151986665636164571966;
    down = down * x + 0.148103976427480074590;
    down = down * x + 0.689767334985100004550;
    down = down * x + 1.67638483018380384940;
    down = down * x + 2.05319162663775882187;
    down = down * x + 1.0;
    double near = up / down;
    x = r - 5.0;
    up = 2.01033439929228813265e-7, down = 2.04426310338993978564e-15;
    up = up * x + 2.71155556874348757815e-5;
    up = up * x + 1.24266094738807843860e-3;
    up = up * x + 0.0265321895265761230930;
    up = up * x + 0.296560571828504891230;
    up = up * x + 1.78482653991729133580;
    up = up * x + 5.46378491116411436990;
    up = up * x + 6.65790464350110377720;
    down = down * x + 1.42151175831644588870e-7;
    down = down * x + 1.84631831751005468180e-5;
    down = down * x + 7.86869131145613259100e-4;
    down = down * x + 0.0148753612908506148525;
    down = down * x + 0.136929880922735805310;
    down = down * x + 0.599832206555887937690;
    down = down * x + 1.0;
    double size = r <= 5.0 ? near : up / down;
    return q < 0 ? -size : size;
}

DEVICE bool in_tail(double q) { return magnitude(q) > 0.425; }

// The value below which a fraction u of the draws lie; `z` is that of the normal distribution. Uniform values are never
// drawn again.
DEVICE double value_of(const Law &law, double u, double z)
{
    if (law.kind == EXPONENTIAL) return law.a * portable_log(u);
    double x = law.a + law.b * z;
    return law.kind == NORMAL ? x : portable_exp(x);
}

// The first draw of an element, after draw 0, that lies in the range; if there is none, `fault` counts it.
DEVICE double drawn_again(const Law &law, uint64 key, uint64 element, int64 *fault)
{
    for (int tried = 1; tried < MOST_TRIES; tried += WIDE) {
        uint32 word[4 * WIDE];
        Wide c[4];
        count_draws(element, tried, c);
        philox((uint32)key, (uint32)(key >> 32), c);
        put_words(word, c);
        for (int k = 0; k < WIDE && tried + k < MOST_TRIES; k++) {
            double u = uniform53(word[4 * k], word[4 * k + 1]), q = u - 0.5;
            double x = value_of(law, u, in_tail(q) ? quantile_tail(q, u) : quantile_middle(q));
            if (x >= law.low && x <= law.high) return x;
        }
    }
    if (fault) take(fault, 1);
    return law.low;
}

// The values of `size` <= PIECE elements, in `x`; `word` has 2 * PIECE elements, the others have PIECE.
template <class Elements>
DEVICE void draw_piece(const Law &law, int64 key, Elements elements, int size, uint32 *word, double *u, double *x,
                       int *flag, int64 *fault)
{
    double a = law.a, b = law.b, most = law.most, low = law.low, high = law.high;
    FOR_WIDE(q, size) {
        Wide c[4];
        elements.count(q, c);
        philox((uint32)key, (uint32)(key >> 32), c);
        put_two(word + 2 * q, c[0], c[1]);
    }
    BLOCK_SYNC();
    FOR_THREADS(j, size) u[j] = uniform53(word[2 * j], word[2 * j + 1]);
    BLOCK_SYNC();
    if (law.kind == NORMAL || law.kind == LOG_NORMAL) {
        FOR_THREADS(j, size) {
            x[j] = quantile_middle(u[j] - 0.5);
            flag[j] = in_tail(u[j] - 0.5);
        }
        BLOCK_SYNC();
        for_chosen(flag, size, [&](int j) { x[j] = quantile_tail(u[j] - 0.5, u[j]); });
        BLOCK_SYNC();
    }
    if (law.kind == UNIFORM)
        FOR_THREADS(j, size) {
            double value = a + b * u[j];
            x[j] = value > most ? most : value;
        }
    else if (law.kind == EXPONENTIAL)
        FOR_THREADS(j, size) x[j] = a * portable_log(u[j]);
    else if (law.kind == NORMAL)
        FOR_THREADS(j, size) x[j] = a + b * x[j];
    else
        FOR_THREADS(j, size) x[j] = portable_exp(a + b * x[j]);
    BLOCK_SYNC();
    FOR_THREADS(j, size) flag[j] = !(x[j] >= low && x[j] <= high);
    BLOCK_SYNC();
    for_flagged(flag, size, [&](int j) { x[j] = drawn_again(law, key, elements.at(j), fault); });
    BLOCK_SYNC();
}

// A delay in steps, at least 1.
DEVICE int rounded_delay(double value, double dt)
{
    double steps = portable_rint(value / dt);
    return (int)(steps < 1 ? 1 : steps);
}

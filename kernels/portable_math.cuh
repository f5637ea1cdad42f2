// exp, expm1 and log with the same bits everywhere: gpusyn/numerics/portable_math.py, operation for operation.
// Only + - * / comparisons, selections and integer operations: no library call, no fused multiply-add.
// Selections instead of branches, so that a loop over these functions becomes SIMD code.
#pragma once

// x = n ln 2 + high - low with |high - low| <= ln(2) / 2, and scale = 2^n.
DEVICE void portable_reduce(float x, float *high, float *low, float *scale)
{
    float shifted = x * 1.44269504f + 12582912.0f;  // adding 1.5 * 2^23 leaves n in the low bits
    float n = shifted - 12582912.0f;
    *scale = float_of((int)(((uint32)bits_of(shifted) << 23) + 0x3f800000u));
    *high = x - n * 0.693359375f;
    *low = n * -2.12194440e-4f;
}

DEVICE void portable_reduce(double x, double *high, double *low, double *scale)
{
    double shifted = x * 1.4426950408889634 + 6755399441055744.0;
    double n = shifted - 6755399441055744.0;
    *scale = double_of((int64)(((uint64)bits_of(shifted) << 52) + 0x3ff0000000000000ull));
    *high = x - n * 0.69314718036912382;
    *low = n * 1.9082149292705877e-10;
}

// (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2.
DEVICE float portable_series(float r)
{
    float q = r * 1.38356420e-3f;
    q = (q + 8.36712401e-3f) * r;
    q = (q + 4.16677557e-2f) * r;
    q = (q + 1.66665390e-1f) * r;
    return q + 4.99999970e-1f;
}

DEVICE double portable_series(double r)
{
    double q = r * 2.5100375832561234e-08;
    q = (q + 2.7620075879983367e-07) * r;
    q = (q + 2.7557268480310024e-06) * r;
    q = (q + 2.4801521322368692e-05) * r;
    q = (q + 1.9841269863040545e-04) * r;
    q = (q + 1.3888888917196719e-03) * r;
    q = (q + 8.3333333333300650e-03) * r;
    q = (q + 4.1666666666624164e-02) * r;
    q = (q + 1.6666666666666669e-01) * r;
    return q + 5.0000000000000011e-01;
}

DEVICE float portable_exp(float x)
{
    float high, low, scale;
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    portable_reduce(x, &high, &low, &scale);
    float r = high - low;
    float q = portable_series(r) * (r * r);
    return ((q + r) + 1.0f) * scale;
}

DEVICE double portable_exp(double x)
{
    double high, low, scale;
    x = x < -708.0 ? -708.0 : x;
    x = x > 709.0 ? 709.0 : x;
    portable_reduce(x, &high, &low, &scale);
    double r = high - low;
    double q = portable_series(r) * (r * r);
    return ((q + r) + 1.0) * scale;
}

DEVICE float portable_expm1(float x)
{
    float high, low, scale;
    portable_reduce(x, &high, &low, &scale);
    float r = high - low;
    float q = portable_series(r) * (r * r);
    // r is rounded but high is not, so the terms of 2^n - 1 + 2^n high cancel exactly.
    float y = (high * scale + (scale - 1.0f)) + (q - low) * scale;
    // The limits come last: nothing waits for the comparisons.
    y = x < -18.0f ? -1.0f : y;
    y = x > 88.0f ? 1.65163626e+38f : y;
    return magnitude(x) < 1.17549435e-38f ? 0.0f : y;
}

DEVICE double portable_expm1(double x)
{
    double high, low, scale;
    portable_reduce(x, &high, &low, &scale);
    double r = high - low;
    double q = portable_series(r) * (r * r);
    double y = (high * scale + (scale - 1.0)) + (q - low) * scale;
    y = x < -38.0 ? -1.0 : y;
    y = x > 709.0 ? 8.218407461554972e+307 : y;
    return magnitude(x) < 2.2250738585072014e-308 ? 0.0 : y;
}

// (e^x - 1) / x, 1 at 0;  x >= -1e30
template <class T> DEVICE T portable_exprel(T x)
{
    x = flush(x);
    T divisor = x == 0 ? (T)1 : x;
    T ratio = portable_expm1(divisor) / divisor;
    return x == 0 ? (T)1 : ratio;
}

DEVICE float portable_log(float x)
{
    // x = 2^n m with m in [sqrt(1/2), sqrt(2)); the shift makes the exponent change at sqrt(1/2).
    uint32 shifted = (uint32)bits_of(x) + (0x3f800000u - 0x3f3504f3u);
    float n = (float)(int)(shifted >> 23) - 127.0f;
    float m = float_of((int)((shifted & 0x007fffffu) + 0x3f3504f3u));
    float d = m - 1.0f;
    float s = d / (d + 2.0f);
    float z = s * s;
    float half_square = 0.5f * d * d;
    float q = z * 0.24279079f;
    q = (q + 0.28498787f) * z;
    q = (q + 0.40000972f) * z;
    float series = (q + 0.66666663f) * z;
    float y = n * 0.693359375f - ((half_square - (s * (half_square + series) + n * -2.12194440e-4f)) - d);
    y = x > 3.40282347e+38f ? x : y;
    y = x < 1.17549435e-38f ? float_of((int)0xff800000u) : y;
    y = x <= -1.17549435e-38f ? float_of(0x7fc00000) : y;
    return x != x ? x : y;
}

DEVICE double portable_log(double x)
{
    // x = 2^n m with m in [sqrt(1/2), sqrt(2)); the shift makes the exponent change at sqrt(1/2).
    uint64 shifted = (uint64)bits_of(x) + (0x3ff0000000000000ull - 0x3fe6a09e00000000ull);
    double n = double_of((int64)((shifted >> 52) | 0x4330000000000000ull)) - 4503599627371519.0;
    double m = double_of((int64)((shifted & 0x000fffffffffffffull) + 0x3fe6a09e00000000ull));
    double d = m - 1.0;
    double s = d / (d + 2.0);
    double z = s * s;
    double half_square = 0.5 * d * d;
    double q = z * 0.14616449685043406;
    q = (q + 0.15331721600556042) * z;
    q = (q + 0.18182889125261723) * z;
    q = (q + 0.2222221113479508) * z;
    q = (q + 0.28571428625975487) * z;
    q = (q + 0.39999999999899505) * z;
    double series = (q + 0.666666666666667) * z;
    double y =
        n * 0.69314718036912382 - ((half_square - (s * (half_square + series) + n * 1.9082149292705877e-10)) - d);
    y = x > 1.7976931348623157e308 ? x : y;
    y = x < 2.2250738585072014e-308 ? double_of((int64)0xfff0000000000000ull) : y;
    y = x <= -2.2250738585072014e-308 ? double_of((int64)0x7ff8000000000000ull) : y;
    return x != x ? x : y;
}

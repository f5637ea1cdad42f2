// Philox4x32-10 and the numbers drawn with it: gpusyn/numerics/philox.py and gpusyn/numerics/rng.py, operation for
// operation. Counter words: element, step or draw (low, high), block. Salmon, Moraes, Dror and Shaw 2011.
#pragma once

DEVICE void philox(uint32 key_lo, uint32 key_hi, uint32 c[4])
{
    for (int round = 0; round < 10; ++round) {
        uint32 hi0 = mul_hi32(0xD2511F53u, c[0]), lo0 = 0xD2511F53u * c[0];
        uint32 hi1 = mul_hi32(0xCD9E8D57u, c[2]), lo1 = 0xCD9E8D57u * c[2];
        c[0] = hi1 ^ c[1] ^ key_lo;
        c[1] = lo1;
        c[2] = hi0 ^ c[3] ^ key_hi;
        c[3] = lo0;
        key_lo += 0x9E3779B9u;
        key_hi += 0xBB67AE85u;
    }
}

// Inside (0, 1): odd multiples of 2^-53, all exact.
DEVICE double uniform53(uint32 hi, uint32 lo)
{
    return ((double)(int)(hi >> 6) * 67108864.0 + (double)(int)(lo >> 6) + 0.5) * 2.220446049250313e-16;
}

DEVICE double uniform32(uint32 w) { return ((double)w + 0.5) * 2.3283064365386963e-10; }

// The smallest k with u < P(count <= k).
DEVICE int poisson_inversion(double u, double mean, double p0)
{
    int k = 0;
    double p = p0, c = p0;
    while (u >= c && k < 128) {
        k += 1;
        p = p * mean / (double)k;
        c = c + p;
    }
    return k;
}

// Poisson count of one source in one step: the sum over equal pieces, each by inversion.
DEVICE int poisson_count(uint32 key_lo, uint32 key_hi, uint32 element, int64 step, double mean_piece, double p0,
                         int pieces, int cap)
{
    int total = 0;
    for (int piece = 0; piece < pieces; piece += 2) {
        uint32 c[4] = {element, (uint32)step, (uint32)((uint64)step >> 32), (uint32)(piece >> 1)};
        philox(key_lo, key_hi, c);
        total += poisson_inversion(uniform53(c[0], c[1]), mean_piece, p0);
        if (piece + 1 < pieces) total += poisson_inversion(uniform53(c[2], c[3]), mean_piece, p0);
    }
    return total < cap ? total : cap;
}

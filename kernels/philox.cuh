// Philox4x32-10: gpusyn/numerics/philox.py, operation for operation. Counter words: element, step or draw (low, high),
// block. Salmon, Moraes, Dror and Shaw 2011.
#pragma once

// Ten rounds on one counter, or on WIDE of them. Each word is the low half of 64 bits; what is above it is arbitrary.
DEVICE void philox(uint32 key_lo, uint32 key_hi, Wide c[4])
{
    for (int round = 0; round < 10; ++round) {
        Wide p0 = product(c[0], 0xD2511F53u), p1 = product(c[2], 0xCD9E8D57u);
        c[0] = p1 >> 32 ^ c[1] ^ (uint64)key_lo;
        c[1] = p1;
        c[2] = p0 >> 32 ^ c[3] ^ (uint64)key_hi;
        c[3] = p0;
        key_lo += 0x9E3779B9u;
        key_hi += 0xBB67AE85u;
    }
}

// Currents that fluctuate: gpusyn/equations/noise.py, operation for operation. What is kept of a neuron is a standard
// normal number x; its current is mean + std x.
#pragma once

// Space of a block for standard normal numbers.
struct Normals {
    uint32 word[CHUNK];
    int tail[CHUNK];
    double z[CHUNK];
};

// Draws `z` for `size` neurons, from neuron `first` of their population on. Each has a word of Philox, of which one
// call serves four neurons; no more than CHUNK words are needed, because chunks begin at multiples of four.
DEVICE void draw_normals(const NoiseCurrent &noise, int64 now, int64 first, int size, Normals &d)
{
    int skipped = (int)(first & 3);
    FOR_WIDE(q, (skipped + size + 3) / 4) {
        Wide c[4] = {wide_from((uint64)(first >> 2) + q), wide((uint32)now), wide((uint64)now >> 32), wide(0)};
        philox((uint32)noise.key_low, (uint32)noise.key_high, c);
        put_words(d.word + 4 * q, c);
    }
    BLOCK_SYNC();
    FOR_THREADS(j, size) {
        double q = uniform32(d.word[skipped + j]) - 0.5;
        d.z[j] = quantile_middle(q);
        d.tail[j] = in_tail(q);
    }
    for_chosen(d.tail, size, [&](int j) {
        double u = uniform32(d.word[skipped + j]);
        d.z[j] = quantile_tail(u - 0.5, u);
    });
}

// Moves x of `size` neurons, or replaces it `anew`. Each has coefficients of its OWN (1), or all have the same (0).
template <int OWN> DEVICE void move_noise(const Coef c, int size, bool anew, const double *z, real *x)
{
    typedef NoiseCoefficients C;
    FOR_THREADS(j, size) {
        Coef own = {c.c + j * OWN, c.rows};
        real fresh = (real)z[j], moved = x[j] + (own[C::fresh] * fresh - own[C::lost] * x[j]);
        x[j] = flush(anew ? fresh : moved);
    }
}

// Adds the currents of `size` neurons.
template <int OWN> DEVICE void add_currents(const Coef c, int size, const real *x, real *current)
{
    typedef NoiseCoefficients C;
    FOR_THREADS(j, size) {
        Coef own = {c.c + j * OWN, c.rows};
        current[j] = flush(current[j] + (own[C::mean] + own[C::std] * x[j]));
    }
}

// Adds the noise of one injection to the currents of the neurons of a chunk that it reaches.
DEVICE void add_noise(const NoiseCurrent &noise, const Chunk &chunk, int64 now, const real *noise_coef, real *x,
                      real *current, Normals &normals)
{
    int64 begin = chunk.first > noise.first ? chunk.first - noise.first : 0;
    int64 last = chunk.first + chunk.size - noise.first, end = last < noise.size ? last : noise.size;
    if (begin >= end || now < noise.start || now >= noise.stop) return;
    int size = (int)(end - begin);
    Coef all = {noise_coef + noise.coef, 1}, each = {noise_coef + noise.coef + begin, noise.size};
    x += noise.noise + begin;
    current += noise.current + begin;
    BLOCK_SYNC();  // other threads wrote these currents, and read the numbers before
    if ((now - noise.start) % noise.every == 0) {
        bool anew = now == noise.start || !noise.lasts;
        draw_normals(noise, now, noise.offset + begin, size, normals);
        if (noise.coef_step)
            move_noise<1>(each, size, anew, normals.z, x);
        else
            move_noise<0>(all, size, anew, normals.z, x);
    }
    if (noise.coef_step)
        add_currents<1>(each, size, x, current);
    else
        add_currents<0>(all, size, x, current);
}

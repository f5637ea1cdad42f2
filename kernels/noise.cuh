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

// Adds the noise of one injection to the currents of the neurons of a chunk that it reaches.
DEVICE void add_noise(const NoiseCurrent &noise, const Chunk &chunk, int64 now, const real *noise_coef, real *x,
                      real *current, Normals &normals)
{
    typedef NoiseCoefficients C;
    int64 end =
        chunk.first + chunk.size < noise.first + noise.size ? chunk.first + chunk.size - noise.first : noise.size;
    int64 begin = chunk.first > noise.first ? chunk.first - noise.first : 0;
    if (begin >= end || now < noise.start || now >= noise.stop) return;
    int size = (int)(end - begin), own = (int)noise.coef_step;
    const real *c = noise_coef + noise.coef + begin * own;
    int64 rows = own ? noise.size : 1;
    x += noise.noise + begin;
    current += noise.current + begin;
    BLOCK_SYNC();  // other threads wrote these currents, and read the numbers before
    if ((now - noise.start) % noise.every == 0) {
        bool anew = now == noise.start || !noise.lasts;
        draw_normals(noise, now, noise.offset + begin, size, normals);
        FOR_THREADS(j, size) {
            Coef k = {c + j * own, rows};
            real z = (real)normals.z[j];
            x[j] = flush(anew ? z : x[j] + (k[C::fresh] * z - k[C::lost] * x[j]));
        }
    }
    FOR_THREADS(j, size) {
        Coef k = {c + j * own, rows};
        current[j] = flush(current[j] + (k[C::mean] + k[C::std] * x[j]));
    }
}

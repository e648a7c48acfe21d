// Dropout's random factors and their product with the activations.
#pragma once
#include "vector.h"

typedef uint64_t v8u __attribute__((ext_vector_type(8)));

// Philox4x32-10 (see CounterRandom) of eight blocks: word n of all of them is c[n], 32 bits in 64.
INLINE void philox8(v8u c[4], uint64_t seed) {
  const v8u low = 0xffffffff;
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  for (int round = 0; round < 10; round++) {
    const v8u p0 = c[0] * 0xD2511F53, p1 = c[2] * 0xCD9E8D57;
    c[0] = (p1 >> 32) ^ c[1] ^ k0;
    c[1] = p1 & low;
    c[2] = (p0 >> 32) ^ c[3] ^ k1;
    c[3] = p0 & low;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
}

static void dropout_factors(kernel_random random, uint32_t first_block, uint32_t threshold, float scale, float *factors,
                            ptrdiff_t count) {
  const v8u lane = {0, 1, 2, 3, 4, 5, 6, 7};
  for (ptrdiff_t i = 0; i < count; i += 32) {
    v8u c[4] = {((uint32_t)(i / 4) + lane) | first_block, random.sample, random.time, random.purpose};
    philox8(c, random.seed);
    for (int block = 0; block < 8; block++)
      for (int word = 0; word < 4; word++)
        factors[i + block * 4 + word] = (uint32_t)c[word][block] < threshold ? 0 : scale;
  }
}

static void multiply_repeated(const float *x, const float *factors, ptrdiff_t period, float *y, ptrdiff_t count) {
  for (ptrdiff_t at = 0; at < count && period % 16 == 0; at += period)
    for (ptrdiff_t i = 0; i < period; i += 16) store16(y + at + i, load16(x + at + i) * load16(factors + i));
  if (period % 16 == 0) return;
  for (ptrdiff_t at = 0; at < count; at += period)
    for (ptrdiff_t i = 0; i < period; i++) y[at + i] = x[at + i] * factors[i];
}

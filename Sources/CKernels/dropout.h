// Dropout's random factors and their product with the activations.
#pragma once
#include "philox.h"

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

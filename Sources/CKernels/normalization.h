// Layer normalization of one sample. Means are summed in double, in sixteen lanes which are folded in one order.
#pragma once
#include "vector.h"

typedef struct {
  float mean, scale;  // scale is 1 / sqrt(variance + epsilon)
} moments;

// The 16 features from `at` of a run less the mean; 0 past the run's length.
INLINE v16 centred(const kernel_normalization *n, const float *x, ptrdiff_t at, float mean) {
  const v16i lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return lane < (int32_t)(n->length - at < 16 ? n->length - at : 16) ? load16(x + at) - splat16(mean) : splat16(0);
}

INLINE moments moments_of(const kernel_normalization *n, const float *x) {
  v8d low = {0}, high = {0};
  for (ptrdiff_t run = 0; run < n->runs; run++)
    for (ptrdiff_t c = 0; c < n->length; c += 16) {
      const v16 v = centred(n, x + run * n->stride, c, 0);
      low += low_half(v);
      high += high_half(v);
    }
  const double count = (double)(n->runs * n->length), mean = sum_of_halves(low, high) / count;
  const float rounded = (float)mean;
  low = high = (v8d){0};
  for (ptrdiff_t run = 0; run < n->runs; run++)
    for (ptrdiff_t c = 0; c < n->length; c += 16) {
      const v16 d = centred(n, x + run * n->stride, c, rounded);
      const v8d a = low_half(d), b = high_half(d);
      low += a * a;
      high += b * b;
    }
  // Around the rounded mean, which is off by less than one unit in its last place.
  const double off = mean - rounded, variance = sum_of_halves(low, high) / count - off * off;
  return (moments){rounded, (float)(1 / __builtin_sqrt((variance > 0 ? variance : 0) + (double)n->epsilon))};
}

static void layer_norm_forward(const kernel_normalization n, const float *x, const float *parameters, float *y) {
  const moments m = moments_of(&n, x);
  for (ptrdiff_t run = 0; run < n.runs; run++)
    for (ptrdiff_t c = 0; c < n.stride; c += 16) {
      const ptrdiff_t at = run * n.stride + c;
      const v16 unit = centred(&n, x + run * n.stride, c, m.mean) * splat16(m.scale);
      store16(y + at, fma16(unit, load16(parameters + 2 * at), load16(parameters + 2 * at + 16)));
    }
}

static void layer_norm_backward(const kernel_normalization n, const float *x, const float *parameters,
                                const float *dy, float *dx) {
  const moments m = moments_of(&n, x);
  v8d low = {0}, high = {0}, low_product = {0}, high_product = {0};
  for (ptrdiff_t run = 0; run < n.runs; run++)
    for (ptrdiff_t c = 0; c < n.stride; c += 16) {
      const ptrdiff_t at = run * n.stride + c;
      const v16 unit = centred(&n, x + run * n.stride, c, m.mean) * splat16(m.scale);
      const v16 g = centred(&n, dy + run * n.stride, c, 0) * load16(parameters + 2 * at);
      low += low_half(g);
      high += high_half(g);
      low_product += low_half(g) * low_half(unit);
      high_product += high_half(g) * high_half(unit);
    }
  const double count = (double)(n.runs * n.length);
  const float mean = (float)(sum_of_halves(low, high) / count);
  const float slope = (float)(sum_of_halves(low_product, high_product) / count);
  for (ptrdiff_t run = 0; run < n.runs; run++)
    for (ptrdiff_t c = 0; c < n.stride; c += 16) {
      const ptrdiff_t at = run * n.stride + c;
      const v16 unit = centred(&n, x + run * n.stride, c, m.mean) * splat16(m.scale);
      const v16 g = centred(&n, dy + run * n.stride, c, 0) * load16(parameters + 2 * at);
      const v16 t = fma16(splat16(-slope), unit, g - splat16(mean)) * splat16(m.scale);
      store16(dx + at, t);
      for (ptrdiff_t i = n.length - c > 0 ? n.length - c : 0; i < 16; i++) dx[at + i] = 0;
    }
}

static void layer_norm_weight_sums(const kernel_normalization n, const float *x, const float *dy, float *sums) {
  const moments m = moments_of(&n, x);
  for (ptrdiff_t run = 0; run < n.runs; run++)
    for (ptrdiff_t c = 0; c < n.stride; c += 16) {
      float *sum = sums + 2 * (run * n.stride + c);
      const v16 unit = centred(&n, x + run * n.stride, c, m.mean) * splat16(m.scale);
      const v16 g = centred(&n, dy + run * n.stride, c, 0);
      store16(sum, fma16(g, unit, load16(sum)));
      store16(sum + 16, load16(sum + 16) + g);
    }
}

// Softmax and cross-entropy. The one sum that runs along the vectors' own index goes through eight fixed lanes and
// one fixed fold, whatever the instruction set.
#pragma once
#include "exponential.h"

// ln x for finite x >= 1, in double: x = 2^k m with m in [sqrt(1/2), sqrt(2)), then 2 atanh((m - 1) / (m + 1)), whose
// series in s^2 <= 0.03 is cut after nine terms.
INLINE double log_positive(double x) {
  uint64_t bits;
  memcpy(&bits, &x, 8);
  int k = (int)(bits >> 52) - 1023;
  bits = (bits & 0xfffffffffffffull) | 0x3ff0000000000000ull;
  double m;
  memcpy(&m, &bits, 8);
  if (m > 0x1.6a09e667f3bcdp0) m *= 0.5, k++;
  const double s = (m - 1) / (m + 1), z = s * s;
  double p = 1.0 / 17;
  for (int n = 15; n >= 1; n -= 2) p = __builtin_fma(p, z, 1.0 / n);
  return __builtin_fma(k, 0x1.62e42fefa39efp-1, 2 * s * p);
}

// Loads eight logits; lanes past the number of classes read as `fill`.
INLINE v8 load_logits(const float *z, ptrdiff_t at, ptrdiff_t classes, float fill) {
  v8 v = load8(z + at);
  const v8i lane = {0, 1, 2, 3, 4, 5, 6, 7};
  return lane < (int32_t)(classes - at < 8 ? classes - at : 8) ? v : splat8(fill);
}

INLINE float softmax_row(const float *z, ptrdiff_t stride, ptrdiff_t classes, int32_t label, float scale, float *dz,
                         uint8_t *hit) {
  v8 largest = load_logits(z, 0, classes, -__builtin_inff());
  for (ptrdiff_t c = 8; c < classes; c += 8) {
    v8 v = load_logits(z, c, classes, -__builtin_inff());
    largest = v > largest ? v : largest;
  }
  float max = largest[0];
  for (int i = 1; i < 8; i++) max = largest[i] > max ? largest[i] : max;

  ptrdiff_t first = 0;
  while (first < classes - 1 && z[first] != max) first++;
  *hit = first == label;

  v8 lanes = splat8(0);
  for (ptrdiff_t c = 0; c < classes; c += 8) {
    v8 e = exp8(load_logits(z, c, classes, max) - max);
    const v8i lane = {0, 1, 2, 3, 4, 5, 6, 7};
    e = lane < (int32_t)(classes - c < 8 ? classes - c : 8) ? e : splat8(0);
    lanes += e;
    if (dz) store8(dz + c, e);
  }
  const float sum = ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
  if (dz) {
    const v8 factor = splat8(scale / sum);
    for (ptrdiff_t c = 0; c < stride; c += 8) store8(dz + c, c < classes ? load8(dz + c) * factor : splat8(0));
    dz[label] -= scale;
  }
  // A NaN or infinite logit must not pass for a finite loss.
  if (!(max - max == 0) || !(sum >= 1)) return __builtin_nanf("");
  return (float)(log_positive(sum) - ((double)z[label] - max));
}

static void softmax_cross_entropy(const kernel_classification b, kernel_range rows) {
  for (ptrdiff_t r = rows.begin; r < rows.end; r++)
    b.losses[r] = softmax_row(b.logits + r * b.stride, b.stride, b.classes, b.labels[r], b.scale,
                              b.dlogits ? b.dlogits + r * b.stride : NULL, b.hits + r);
}

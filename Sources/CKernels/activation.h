// Activations by the kernels' own exponential, so that no library decides a bit.
#pragma once
#include "exponential.h"

// 1 / (1 + e^-x), from e^-|x| so that nothing overflows. A NaN stays one.
INLINE v8 sigmoid8(v8 x) {
  const v8 e = exp8(-__builtin_elementwise_abs(x)), y = (x < 0 ? e : splat8(1)) / (1 + e);
  return x == x ? y : x;
}

// tanh x = (1 - e^-2|x|) / (1 + e^-2|x|) with the sign of x; for small |x| that difference cancels, and x times a
// polynomial in x^2 (the Taylor series to x^9) takes its place.
INLINE v8 tanh8(v8 x) {
  const v8 a = __builtin_elementwise_abs(x), e = exp8(-2 * a), large = (1 - e) / (1 + e), z = x * x;
  v8 p = splat8(62.0f / 2835);
  p = fma8(p, z, splat8(-17.0f / 315));
  p = fma8(p, z, splat8(2.0f / 15));
  p = fma8(p, z, splat8(-1.0f / 3));
  const v8 small = fma8(p * z, a, a), y = a < 0.25f ? small : large;
  return x == x ? (x < 0 ? -y : y) : x;
}

#define BY_EIGHTS(FUNCTION)                                             \
  ptrdiff_t i = 0;                                                      \
  for (; i + 8 <= count; i += 8) store8(y + i, FUNCTION(load8(x + i))); \
  if (i < count) {                                                      \
    v8 last = splat8(0);                                                \
    memcpy(&last, x + i, (size_t)(count - i) * 4);                      \
    last = FUNCTION(last);                                              \
    memcpy(y + i, &last, (size_t)(count - i) * 4);                      \
  }

static void tanh_forward(const float *x, float *y, ptrdiff_t count) { BY_EIGHTS(tanh8) }
static void sigmoid_forward(const float *x, float *y, ptrdiff_t count) { BY_EIGHTS(sigmoid8) }

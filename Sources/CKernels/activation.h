// Activations by the kernels' own exponential, so that the bits do not depend on a library: for each, a function NAME16
// and its derivative in terms of x and y, NAME_derivative16.
#pragma once
#include "exponential.h"

// The kernels NAME_forward and NAME_backward of kernels.def. The last lanes go through the same code as all others.
#define FUNCTION_KERNELS(NAME)                                                                                   \
  static void NAME##_forward(const float *x, float *y, ptrdiff_t count, float a) {                               \
    ptrdiff_t i = 0;                                                                                             \
    for (; i + 16 <= count; i += 16) store16(y + i, NAME##16(load16(x + i), a));                                 \
    if (i < count) store_first(y + i, count - i, NAME##16(load_first(x + i, count - i), a));                     \
  }                                                                                                              \
  static void NAME##_backward(const float *x, const float *y, const float *dy, float *dx, ptrdiff_t count,       \
                              float a) {                                                                         \
    ptrdiff_t i = 0;                                                                                             \
    for (; i + 16 <= count; i += 16)                                                                             \
      store16(dx + i, NAME##_derivative16(load16(x + i), load16(y + i), a) * load16(dy + i));                    \
    const ptrdiff_t rest = count - i;                                                                            \
    if (rest == 0) return;                                                                                       \
    const v16 derivative = NAME##_derivative16(load_first(x + i, rest), load_first(y + i, rest), a);             \
    store_first(dx + i, rest, derivative * load_first(dy + i, rest));                                            \
  }

// Fewer than 16 numbers, and zeros.
INLINE v16 load_first(const float *p, ptrdiff_t count) {
  v16 v = splat16(0);
  memcpy(&v, p, (size_t)count * 4);
  return v;
}
INLINE void store_first(float *p, ptrdiff_t count, v16 v) { memcpy(p, &v, (size_t)count * 4); }

INLINE v16 magnitude16(v16 x) { return __builtin_elementwise_abs(x); }

// 1 / (1 + e^-x), from e^-|x| so that nothing overflows. A NaN stays one.
INLINE v16 sigmoid16(v16 x, float a) {
  (void)a;
  const v16 e = exp16(-magnitude16(x)), y = (x < 0 ? e : splat16(1)) / (1 + e);
  return x == x ? y : x;
}
INLINE v16 sigmoid_derivative16(v16 x, v16 y, float a) {
  (void)x, (void)a;
  return y * (1 - y);
}
FUNCTION_KERNELS(sigmoid)

// tanh x = (1 - e^-2|x|) / (1 + e^-2|x|) with the sign of x; for small |x| that difference cancels, and x times a
// polynomial in x^2 (the Taylor series to x^9) takes its place.
INLINE v16 tanh16(v16 x, float a) {
  (void)a;
  const v16 m = magnitude16(x), e = exp16(-2 * m), large = (1 - e) / (1 + e), z = x * x;
  v16 p = splat16(62.0f / 2835);
  p = fma16(p, z, splat16(-17.0f / 315));
  p = fma16(p, z, splat16(2.0f / 15));
  p = fma16(p, z, splat16(-1.0f / 3));
  const v16 small = fma16(p * z, m, m), y = m < 0.25f ? small : large;
  return x == x ? (x < 0 ? -y : y) : x;
}
INLINE v16 tanh_derivative16(v16 x, v16 y, float a) {
  (void)x, (void)a;
  return 1 - y * y;
}
FUNCTION_KERNELS(tanh)

// The sigmoid linear unit, x / (1 + e^-x).
#pragma once
#include "activation.h"

// Beyond this, e^-|x| is cut off, and silu x differs from 0 or x by less than 10^-35.
#define SILU_END 87.0f

INLINE v16 silu16(v16 x, float a) {
  const v16 y = x * sigmoid16(x, a);
  return x < -SILU_END ? splat16(0) : y;
}

// s (1 + x (1 - s)), s being the sigmoid of x; 1 - s is that of -x, which does not cancel.
INLINE v16 silu_derivative16(v16 x, v16 y, float a) {
  (void)y, (void)a;
  const v16 e = exp16(-magnitude16(x)), scale = 1 / (1 + e);
  const v16 s = (x < 0 ? e : splat16(1)) * scale, rest = (x < 0 ? splat16(1) : e) * scale;
  x = x < -SILU_END ? splat16(-SILU_END) : (x > SILU_END ? splat16(SILU_END) : x);
  return s * fma16(x, rest, splat16(1));
}
FUNCTION_KERNELS(silu)

// The leaky rectifier, whose parameter is its slope below 0: x > 0 ? x : a x. The derivative at 0 is a.
#pragma once
#include "activation.h"

INLINE v16 leakyrelu16(v16 x, float a) { return x > 0 ? x : a * x; }

// A NaN stays one.
INLINE v16 leakyrelu_derivative16(v16 x, v16 y, float a) {
  (void)y;
  return x > 0 ? splat16(1) : (x == x ? splat16(a) : x);
}
FUNCTION_KERNELS(leakyrelu)

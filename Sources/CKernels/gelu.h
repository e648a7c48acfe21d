// The Gaussian error linear unit: x F(x), F being the normal distribution, (1 + erf(x / sqrt 2)) / 2.
#pragma once
#include "activation.h"

// Beyond this, gelu x differs from 0 or x by less than 10^-34.
#define NORMAL_END 12.5f

// F's upper tail at |x|, which is erfc(|x| / sqrt 2) / 2, and e^(-x^2 / 2). The tail is that times t P(t) with
// t = 1 / (1 + 0.26 |x|): the form is Hastings' (Approximations for Digital Computers, 1955; Abramowitz and Stegun
// 26.2.17), the nine coefficients are those of Tests/Golden/normal_tail.py, with a relative error below 1.6e-8. Float's
// rounding makes it 4e-7.
INLINE v16 normal_tail(v16 x, v16 *density) {
  v16 m = magnitude16(x);
  m = m > NORMAL_END ? splat16(NORMAL_END) : m;
  // What rounding the square loses counts in the exponent.
  const v16 square = m * m, lost = fma16(m, m, -square), e = exp16(-0.5f * square);
  *density = fma16(e, -0.5f * lost, e);
  const v16 t = 1 / fma16(splat16(0.26f), m, splat16(1));
  v16 p = splat16(0x1.00d412p-5f);
  p = fma16(p, t, splat16(-0x1.417e2ep-3f));
  p = fma16(p, t, splat16(0x1.0a6772p-2f));
  p = fma16(p, t, splat16(-0x1.49bb86p-3f));
  p = fma16(p, t, splat16(0x1.581716p-3f));
  p = fma16(p, t, splat16(0x1.88d478p-5f));
  p = fma16(p, t, splat16(0x1.a9523ap-4f));
  p = fma16(p, t, splat16(0x1.a57a32p-4f));
  p = fma16(p, t, splat16(0x1.a906c0p-4f));
  return *density * (t * p);
}

INLINE v16 gelu16(v16 x, float a) {
  (void)a;
  v16 density;
  const v16 tail = normal_tail(x, &density), y = x * (x < 0 ? tail : 1 - tail);
  return x < -NORMAL_END ? splat16(0) : y;
}

// F(x) + x e^(-x^2 / 2) / sqrt(2 pi)
INLINE v16 gelu_derivative16(v16 x, v16 y, float a) {
  (void)y, (void)a;
  v16 density;
  const v16 tail = normal_tail(x, &density);
  x = x < -NORMAL_END ? splat16(-NORMAL_END) : (x > NORMAL_END ? splat16(NORMAL_END) : x);
  return fma16(x, density * 0x1.988454p-2f, x < 0 ? tail : 1 - tail);
}
FUNCTION_KERNELS(gelu)

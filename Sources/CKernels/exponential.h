#pragma once
#include "vector.h"

// e^x for x <= 0, to about one unit in the last place: x = n ln 2 + r with ln 2 in two parts (Cody and Waite), then
// the Taylor polynomial of degree 7 on |r| <= ln 2 / 2, whose remainder is below 2^-27.
INLINE v8 exp8(v8 x) {
  x = x < -87.0f ? splat8(-87.0f) : x;
  const float round = 0x1.8p23f;
  v8 n = fma8(x, splat8(0x1.715476p0f), splat8(round)) - round;
  v8 r = fma8(n, splat8(-0x1.62e400p-1f), x);
  r = fma8(n, splat8(-0x1.7f7d1cp-20f), r);
  v8 p = splat8(1.0f / 5040);
  p = fma8(p, r, splat8(1.0f / 720));
  p = fma8(p, r, splat8(1.0f / 120));
  p = fma8(p, r, splat8(1.0f / 24));
  p = fma8(p, r, splat8(1.0f / 6));
  p = fma8(p, r, splat8(0.5f));
  p = fma8(p, r, splat8(1));
  p = fma8(p, r, splat8(1));
  v8i exponent = (__builtin_convertvector(n, v8i) + 127) << 23;
  v8 scale;
  memcpy(&scale, &exponent, sizeof scale);
  return p * scale;
}

#pragma once
#include "vector.h"

// e^x for x <= 0, to about one unit in the last place: x = n ln 2 + r with ln 2 in two parts (Cody and Waite), then
// the Taylor polynomial of degree 7 on |r| <= ln 2 / 2, whose remainder is below 2^-27. For eight lanes and for
// sixteen.
#define EXP(NAME, V, VI)                                            \
  INLINE V NAME(V x) {                                              \
    x = x < -87.0f ? (V)(-87.0f) : x;                               \
    const float round = 0x1.8p23f;                                  \
    V n = FMA(x, (V)(0x1.715476p0f), (V)(round)) - round;           \
    V r = FMA(n, (V)(-0x1.62e400p-1f), x);                          \
    r = FMA(n, (V)(-0x1.7f7d1cp-20f), r);                           \
    V p = (V)(1.0f / 5040);                                         \
    p = FMA(p, r, (V)(1.0f / 720));                                 \
    p = FMA(p, r, (V)(1.0f / 120));                                 \
    p = FMA(p, r, (V)(1.0f / 24));                                  \
    p = FMA(p, r, (V)(1.0f / 6));                                   \
    p = FMA(p, r, (V)(0.5f));                                       \
    p = FMA(p, r, (V)(1));                                          \
    p = FMA(p, r, (V)(1));                                          \
    VI exponent = (__builtin_convertvector(n, VI) + 127) << 23;     \
    V scale;                                                        \
    memcpy(&scale, &exponent, sizeof scale);                        \
    return p * scale;                                               \
  }
#define FMA __builtin_elementwise_fma
EXP(exp8, v8, v8i)
EXP(exp16, v16, v16i)
#undef FMA
#undef EXP

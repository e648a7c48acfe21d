#pragma once

#include "vector.h"

// The nearest multiple of 2^-42, ties to even, for |x| < 2^9: adding 1.5 * 2^52 * 2^-42 leaves no room for lower bits.
INLINE v8d round_to_grid(v8d x) {
  const double magic = 0x1.8p10;
  return (x + magic) - magic;
}

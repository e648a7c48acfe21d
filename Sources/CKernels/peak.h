// The peak speed of this build's fused multiply-adds: all operands stay in registers.
#pragma once
#include "tile.h"

// As many independent chains as a register tile has accumulators: enough to hide the latency, few enough to leave
// registers for the operands.
static double multiply_add_peak(ptrdiff_t rounds, float *result) {
  // Volatile: a compiler that knew the operands would compute some of the chains itself.
  static const volatile float factor = 0.999f, term = 0.001f;
  v16 chains[TILE];
  const v16 a = splat16(factor), b = splat16(term);
  UNROLL(n, TILE) chains[n] = splat16((float)n);
  for (ptrdiff_t round = 0; round < rounds; round++)
    UNROLL(n, TILE) chains[n] = fma16(chains[n], a, b);
  v16 sum = splat16(0);
  UNROLL(n, TILE) sum += chains[n];
  *result = __builtin_reduce_max(sum);
  return 2.0 * 16 * TILE * (double)rounds;
}

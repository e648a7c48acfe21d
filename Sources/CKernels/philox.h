// Counter-based random numbers: see CounterRandom.
#pragma once
#include "vector.h"

typedef uint64_t v8u __attribute__((ext_vector_type(8)));

// Philox4x32-10 of eight blocks: word n of all of them is c[n], 32 bits in 64.
INLINE void philox8(v8u c[4], uint64_t seed) {
  const v8u low = 0xffffffff;
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  for (int round = 0; round < 10; round++) {
    const v8u p0 = c[0] * 0xD2511F53, p1 = c[2] * 0xCD9E8D57;
    c[0] = (p1 >> 32) ^ c[1] ^ k0;
    c[1] = p1 & low;
    c[2] = (p0 >> 32) ^ c[3] ^ k1;
    c[3] = p0 & low;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
}

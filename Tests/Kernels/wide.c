// The register tiles of the AVX-512 build, and its lists by compressing, with the vectors of any CPU: that their shape
// decides no bit can be seen without AVX-512. Takes the place of portable.c.
#include <stdint.h>

typedef int32_t lanes __attribute__((ext_vector_type(16)));

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,prfchw"))), apply_to = function)
#endif
static inline lanes compress(lanes v, uint16_t mask) {
  lanes to = 0;
  for (int lane = 0, count = 0; lane < 16; lane++)
    if (mask >> lane & 1) to[count++] = v[lane];
  return to;
}

#define BUILD portable
#define TILE_ROWS 12
#define TILE_VECTORS 2
#define COMPRESS(v, mask) compress(v, mask)
#include "build.h"
#if defined(__x86_64__)
#pragma clang attribute pop
#endif

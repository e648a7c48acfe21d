// 32 registers of 16 floats: 12 x 2 accumulators.
#if defined(__x86_64__)
#define TARGET "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma,prfchw"
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)
#define BUILD avx512
#define TILE_ROWS 12
#define TILE_VECTORS 2
// Compresses the lanes of 16 integers that a mask selects to the first lanes.
#define COMPRESS(v, mask) (v16i) __builtin_ia32_compresssi512_mask(v, (v16i)(0), mask)
#include "build.h"
#pragma clang attribute pop
#endif

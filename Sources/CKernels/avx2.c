// 16 registers of 8 floats: 6 x 2 accumulators, which are 6 x 1 vectors of 16.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,prfchw"))), apply_to = function)
#define BUILD avx2
#define TILE_ROWS 6
#define TILE_VECTORS 1
#include "build.h"
#pragma clang attribute pop
#endif

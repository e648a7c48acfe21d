// 16 registers of 8 floats.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,prfchw"))), apply_to = function)
#define BUILD avx2
#include "build.h"
#pragma clang attribute pop
#endif

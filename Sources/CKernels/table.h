// The functions that one build of the kernels provides.
#pragma once
#include "CKernels.h"

typedef struct {
  const char *name;
#define KERNEL(RESULT, NAME, PARAMETERS, ARGUMENTS) RESULT(*NAME) PARAMETERS;
#include "kernels.def"
#undef KERNEL
} kernel_table;

extern const kernel_table kernel_table_portable;
#if defined(__x86_64__)
extern const kernel_table kernel_table_avx2;
extern const kernel_table kernel_table_avx512;
#endif

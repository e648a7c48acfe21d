// The hot loops of Lockstep, in C because they need vector types, explicit fused multiply-adds and one build an
// instruction set. Every kernel keeps the numerical contract: the order in which one output element is summed depends
// on the layer only, never on tile, thread, batch or vector width, so that all builds of a kernel give the same bits.
//
// Layouts. Activations are row-major, [rows, stride], strides are multiples of 16 floats, padding columns are zero.
// A dense layer's weights lie in *panels* of 16 outputs: panel p is [inputs + 1, 16], row i holds
// W[i, 16p ..< 16p + 16], the last row holds the bias. Columns past the number of outputs are zero.
#pragma once
#include "CKernelsTypes.h"

// The kernels, kernel_NAME each.
#define KERNEL(RESULT, NAME, PARAMETERS, ARGUMENTS) RESULT kernel_##NAME PARAMETERS;
#include "kernels.def"
#undef KERNEL

// The name of the build in use: "avx512", "avx2" or "portable". Chosen once, by the CPU or by the environment
// variable LOCKSTEP_ISA.
const char *kernel_isa(void);

// Whether this CPU can run the build of that name, and there is one.
bool kernel_has_isa(const char *name);

// Uses another build; false where this CPU cannot run it or there is none of that name. For tests.
bool kernel_select_isa(const char *name);

// Gives freed memory back to the system, which glibc keeps, of each thread apart, when blocks in between are in use.
// Whether there was any; false where the C library does so by itself.
bool kernel_release_memory(void);

// Hints to the core that this is a spin wait.
static inline void kernel_spin_hint(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Prefetches memory that will be read soon.
static inline void kernel_prefetch(const void *bytes, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i += 64) __builtin_prefetch((const char *)bytes + i);
}

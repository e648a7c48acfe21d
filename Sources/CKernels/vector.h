// The vector types of a kernel build. Kernels are written once over 16 floats; the compiler makes one 512-bit, two
// 256-bit or four 128-bit operations of each, all with the same result.
#pragma once
#include <string.h>
#include "CKernels.h"
#include "tuning.h"

#if defined(__FAST_MATH__)
#error "-ffast-math lets the compiler reorder sums and drop NaN: every bit that the kernels promise would be lost."
#endif
#pragma STDC FP_CONTRACT OFF
// Vectors wider than the build's registers only ever pass between functions that are inlined.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float v16 __attribute__((ext_vector_type(16)));
typedef float v16_unaligned __attribute__((ext_vector_type(16), aligned(4)));
typedef int32_t v16i __attribute__((ext_vector_type(16)));
typedef int32_t v16i_unaligned __attribute__((ext_vector_type(16), aligned(4)));
typedef int16_t v16s __attribute__((ext_vector_type(16)));
typedef int16_t v16s_unaligned __attribute__((ext_vector_type(16), aligned(2)));
typedef float v8 __attribute__((ext_vector_type(8)));
typedef float v8_unaligned __attribute__((ext_vector_type(8), aligned(4)));
typedef int32_t v8i __attribute__((ext_vector_type(8)));
typedef double v8d __attribute__((ext_vector_type(8)));
typedef double v8d_unaligned __attribute__((ext_vector_type(8), aligned(8)));
typedef uint8_t v16b_unaligned __attribute__((ext_vector_type(16), aligned(1)));

#define INLINE static inline __attribute__((always_inline))
// Not inlined, so that the caller's values do not take registers from the inner loop.
#define OUTLINED static __attribute__((noinline))
// Loops over 0 ..< n that the compiler must unroll, or must not.
#define UNROLL(i, n) _Pragma("clang loop unroll(full)") for (int i = 0; i < (n); i++)
#define ROLLED(i, n) _Pragma("clang loop unroll(disable)") for (int i = 0; i < (n); i++)
// Keeps an array in memory: the compiler would otherwise try to keep it in registers that it does not have.
#define IN_MEMORY(array) __asm__ volatile("" : : "r"(array) : "memory")

// Prefetches a cache line for writing. Other threads have read what this one writes: getting the line from their caches
// takes some hundred instructions, and stores would wait for them one by one.
INLINE void will_write(const float *p) { __builtin_prefetch(p, 1); }

INLINE v16 load16(const float *p) { return *(const v16_unaligned *)p; }
INLINE void store16(float *p, v16 v) { *(v16_unaligned *)p = v; }
INLINE v8 load8(const float *p) { return *(const v8_unaligned *)p; }
INLINE void store8(float *p, v8 v) { *(v8_unaligned *)p = v; }
INLINE v8d load8d(const double *p) { return *(const v8d_unaligned *)p; }
INLINE void store8d(double *p, v8d v) { *(v8d_unaligned *)p = v; }
INLINE v16 splat16(float x) { return (v16)(x); }
INLINE v8 splat8(float x) { return (v8)(x); }

// Not a maximum instruction: a NaN must stay one, so that it is found.
INLINE v16 rectified(v16 x) { return x < 0 ? splat16(0) : x; }

INLINE v16i bits_of(v16 v) { return (v16i)v; }

// a * b + c, rounded once.
INLINE v16 fma16(v16 a, v16 b, v16 c) { return __builtin_elementwise_fma(a, b, c); }
INLINE v8 fma8(v8 a, v8 b, v8 c) { return __builtin_elementwise_fma(a, b, c); }

// The clang of Swift 6.0 has no such builtin. A square root is rounded correctly either way.
INLINE v16 sqrt16(v16 v) {
#if __has_builtin(__builtin_elementwise_sqrt)
  return __builtin_elementwise_sqrt(v);
#else
  UNROLL(i, 16) v[i] = __builtin_sqrtf(v[i]);
  return v;
#endif
}

INLINE v8d low_half(v16 v) {
  return __builtin_convertvector(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7), v8d);
}
INLINE v8d high_half(v16 v) {
  return __builtin_convertvector(__builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15), v8d);
}

INLINE v16 narrow(v8d low, v8d high) {
  v8 a = __builtin_convertvector(low, v8), b = __builtin_convertvector(high, v8);
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
INLINE v8d low_half_of_integers(v16i v) {
  return __builtin_convertvector(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7), v8d);
}
INLINE v8d high_half_of_integers(v16i v) {
  return __builtin_convertvector(__builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15), v8d);
}

// The lane-wise maximum of `so_far` and the bits of |p[0 ..< n]|: NaN is larger than infinity.
INLINE v16i largest_magnitude(const float *p, ptrdiff_t n, v16i so_far) {
  ptrdiff_t i = 0;
  for (; i + 16 <= n; i += 16) so_far = __builtin_elementwise_max(so_far, bits_of(load16(p + i)) & 0x7fffffff);
  for (; i < n; i++) {
    int32_t bits;
    memcpy(&bits, p + i, 4);
    so_far = __builtin_elementwise_max(so_far, (v16i)(bits & 0x7fffffff));
  }
  return so_far;
}

// Splits n units evenly into parts; the begin of part i.
INLINE ptrdiff_t part(ptrdiff_t n, ptrdiff_t parts, ptrdiff_t i) { return n * i / parts; }

INLINE ptrdiff_t at_most(ptrdiff_t most, ptrdiff_t n) { return n < most ? n : most; }

// The matrix from a row and a column on.
INLINE kernel_matrix matrix_at(kernel_matrix m, ptrdiff_t row, ptrdiff_t column) {
  return (kernel_matrix){m.elements + row * m.stride + column, m.stride};
}
INLINE kernel_mutable_matrix mutable_matrix_at(kernel_mutable_matrix m, ptrdiff_t row, ptrdiff_t column) {
  return (kernel_mutable_matrix){m.elements + row * m.stride + column, m.stride};
}

// Sixteen lanes added in one order, on every instruction set.
INLINE double sum_of_halves(v8d low, v8d high) {
  low += high;
  return ((low[0] + low[4]) + (low[2] + low[6])) + ((low[1] + low[5]) + (low[3] + low[7]));
}

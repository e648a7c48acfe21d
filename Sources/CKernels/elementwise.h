// Loops over independent elements.
#pragma once
#include "vector.h"

// Eight rows of eight become eight columns: 4-byte, 8-byte, then 16-byte interleaving.
INLINE void transpose8(const float *from, ptrdiff_t from_stride, float *to, ptrdiff_t to_stride) {
  v8 a[8], b[8];
  UNROLL(i, 8) a[i] = load8(from + i * from_stride);
  UNROLL(i, 4) {
    b[2 * i] = __builtin_shufflevector(a[2 * i], a[2 * i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    b[2 * i + 1] = __builtin_shufflevector(a[2 * i], a[2 * i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  UNROLL(i, 4) {
    const int at = i / 2 * 4 + i % 2;
    a[i / 2 * 4 + i % 2 * 2] = __builtin_shufflevector(b[at], b[at + 2], 0, 1, 8, 9, 4, 5, 12, 13);
    a[i / 2 * 4 + i % 2 * 2 + 1] = __builtin_shufflevector(b[at], b[at + 2], 2, 3, 10, 11, 6, 7, 14, 15);
  }
  UNROLL(i, 4) {
    store8(to + i * to_stride, __builtin_shufflevector(a[i], a[i + 4], 0, 1, 2, 3, 8, 9, 10, 11));
    store8(to + (i + 4) * to_stride, __builtin_shufflevector(a[i], a[i + 4], 4, 5, 6, 7, 12, 13, 14, 15));
  }
}

static void transpose(const float *from, ptrdiff_t from_stride, float *to, ptrdiff_t to_stride, ptrdiff_t rows,
                      kernel_range columns) {
  for (ptrdiff_t c = columns.begin; c < columns.end; c += 8) {
    const ptrdiff_t end = c + 8 < columns.end ? c + 8 : columns.end;
    for (ptrdiff_t i = c; i < end + 8 && i < columns.end; i++)
      for (ptrdiff_t r = 0; r < rows; r += 16)
        if (i >= c + 8 || c == columns.begin) will_write(to + i * to_stride + r);
    ptrdiff_t r = 0;
    for (; r + 8 <= rows && c + 8 <= end; r += 8)
      transpose8(from + r * from_stride + c, from_stride, to + c * to_stride + r, to_stride);
    for (; r < rows; r++)
      for (ptrdiff_t i = c; i < end; i++) to[i * to_stride + r] = from[r * from_stride + i];
  }
}

static void relu_backward(const float *y, float *dy, kernel_range elements) {
  for (ptrdiff_t i = elements.begin; i < elements.end; i++) dy[i] = y[i] > 0 ? dy[i] : 0;
}

static void add(const float *a, const float *b, float *y, bool relu, kernel_range elements) {
  if (relu) {
    for (ptrdiff_t i = elements.begin; i < elements.end; i++) {
      const float sum = a[i] + b[i];
      y[i] = sum < 0 ? 0 : sum;
    }
  } else {
    for (ptrdiff_t i = elements.begin; i < elements.end; i++) y[i] = a[i] + b[i];
  }
}

static void relu_forward(const float *x, float *y, kernel_range elements) {
  for (ptrdiff_t i = elements.begin; i < elements.end; i++) y[i] = x[i] < 0 ? 0 : x[i];
}

static uint32_t magnitude_bits(const float *x, kernel_range elements) {
  return (uint32_t)__builtin_reduce_max(largest_magnitude(x + elements.begin, elements.end - elements.begin, 0));
}

static void load_uint8(const uint8_t *bytes, float *y, ptrdiff_t count, float scale, float shift) {
  ptrdiff_t i = 0;
  for (; i + 16 <= count; i += 16) {
    will_write(y + i + LOADED_AHEAD);
    v16 x = __builtin_convertvector(*(const v16b_unaligned *)(bytes + i), v16);
    store16(y + i, fma16(x, splat16(scale), splat16(shift)));
  }
  for (; i < count; i++) y[i] = __builtin_fmaf(bytes[i], scale, shift);
}

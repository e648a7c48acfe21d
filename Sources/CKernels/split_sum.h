// The exact sum of small gradients, in single precision and integers.
#pragma once
#include "gradient.h"

// Gradients known to sum to less than 4: the same sums in single precision, at half the cost. Adding 12 rounds g to a
// multiple of 2^-20, the grid of the binade [8, 16); what that leaves of g is exact (Dekker's Fast2Sum) and at most
// 2^-21, where adding 1.5 * 2^-19 rounds it to the grid of 2^-42. In that binade a float's bits count grid units, so
// that their integer sum is exact, and so is the sum of the multiples of 2^-20.
typedef struct {
  v16 high;  // less 1.5 * 2^-19 for each gradient
  v16i low;  // more by its bits for each gradient
} split_sum;

static const float low_start = 0x1.8p-19f;
static const int32_t low_start_bits = 0x36400000;

INLINE void add_split(split_sum *sum, v16 g) {
  const v16 high = (g + splat16(12)) - splat16(12 + low_start);
  sum->high += high;
  sum->low += bits_of(g - high);
}

// Passes on 16 sums of `count` gradients.
INLINE void put_split(kernel_gradient_sink sink, const kernel_update *update, ptrdiff_t at, split_sum sum,
                      int32_t count) {
  const v16 high = sum.high + splat16((float)count * low_start);
  const v16i units = sum.low - (int32_t)((uint32_t)low_start_bits * (uint32_t)count);
  // Eight micro-batches' low parts fit into a float's 24 bits, so that one fused multiply-add rounds the exact sum.
  if (sink.update && count <= 8)
    update16(update, at, fma16(__builtin_convertvector(units, v16), splat16(0x1p-42f), high));
  else
    put_exact(sink, at, low_half(high) + low_half_of_integers(units) * 0x1p-42,
              high_half(high) + high_half_of_integers(units) * 0x1p-42);
}

INLINE split_sum add_splits(split_sum sum, v16 (*g)[TILE], int32_t count, int n) {
  if (count == SPLIT_AT_ONCE)
    UNROLL(k, SPLIT_AT_ONCE) add_split(&sum, g[k][n]);
  else
    for (int k = 0; k < count; k++) add_split(&sum, g[k][n]);
  return sum;
}

// The most gradients whose low parts' bits, below 2^23 grid units each, an integer sums.
enum { MOST_SPLIT = 256 };

// The largest magnitude of the inputs given, and of the bias's, which is 1.
INLINE float largest_input(kernel_matrix x, kernel_range rows, kernel_range inputs) {
  v16i largest = 0x3f800000;
  for (ptrdiff_t r = rows.begin; r < rows.end; r++)
    largest = largest_magnitude(x.elements + r * x.stride + inputs.begin, inputs.end - inputs.begin, largest);
  const int32_t bits = __builtin_reduce_max(largest);
  float x_max;
  memcpy(&x_max, &bits, 4);
  return x_max;
}

// Whether the micro-batches' gradients certainly sum to less than 4: |sum of x dy| <= max|x| sum|dy|, with room for
// rounding: an eighth, which sums of up to 2^21 rows keep within. False where there is a NaN.
static bool weight_gradient_is_small(const kernel_dense_gradient *layer, kernel_micro_batches micro_batches,
                                     kernel_range inputs, kernel_range panels) {
  if (micro_batches.count < 1 || micro_batches.count > MOST_SPLIT) return false;
  const kernel_matrix dy = layer->dy;
  const kernel_range rows = {micro_batches.bounds[0], micro_batches.bounds[micro_batches.count]};
  const float x_max = largest_input(layer->x, rows, inputs);
  // Row by row: other cores have just written dy, and the hardware prefetches contiguous data.
  for (ptrdiff_t first = panels.begin; first < panels.end; first += PANELS_AT_ONCE) {
    const ptrdiff_t count = at_most(PANELS_AT_ONCE, panels.end - first);
    v16 sums[PANELS_AT_ONCE] = {0};
    for (ptrdiff_t r = rows.begin; r < rows.end; r++) {
      const float *row = dy.elements + r * dy.stride + first * 16;
      for (ptrdiff_t p = 0; p < count; p++) {
        __builtin_prefetch(row + BOUND_ROWS_AHEAD * dy.stride + p * 16);
        sums[p] += __builtin_elementwise_abs(load16(row + p * 16));
      }
    }
    for (ptrdiff_t p = 0; p < count; p++)
      if (!__builtin_reduce_and(sums[p] * splat16(x_max) < splat16(3.5f))) return false;
  }
  return true;
}

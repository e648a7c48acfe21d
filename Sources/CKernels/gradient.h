// Shared by the weight gradients of dense layers and convolutions: 16 finished sums go to the optimizer or into a
// buffer.
#pragma once
#include "exact_rounding.h"
#include "tile.h"
#include "update.h"

INLINE void put_exact(kernel_gradient_sink sink, ptrdiff_t at, v8d low, v8d high) {
  if (sink.update) {
    update16(sink.update, at, narrow(low, high));
  } else {
    store8d(sink.exact + at, low);
    store8d(sink.exact + at + 8, high);
  }
}

INLINE void put_fast(kernel_gradient_sink sink, const kernel_update *update, ptrdiff_t at, v16 sum) {
  if (sink.update) update16(update, at, sum);
  else store16(sink.fast + at, sum);
}

// A copy of the sink's update that no store can change.
INLINE kernel_update update_of(kernel_gradient_sink sink) { return sink.update ? *sink.update : (kernel_update){0}; }

// Whether a gradient of 0 changes nothing.
INLINE bool skips_zero(kernel_gradient_sink sink) { return sink.update && ignores_zero(sink.update); }

// Micro-batches' gradients, each rounded to the grid; NaN and values over the limit are reported.
typedef struct {
  v8d low, high;
} exact_sum;

INLINE void add_checked(exact_sum *sum, v16 g, v16 limit, v16i *bad) {
  *bad |= ~(__builtin_elementwise_abs(g) <= limit);
  sum->low += round_to_grid(low_half(g));
  sum->high += round_to_grid(high_half(g));
}

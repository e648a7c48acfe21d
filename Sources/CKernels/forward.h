// The forward tile of dense layers and convolutions: Y = activation(bias + X W).
#pragma once
#include "tile.h"
#include "zeros.h"

// Which of a row's inputs a tile sums over: all, contiguous; all, at a convolution's offsets; or those of a list.
typedef enum { EVERY_INPUT, AT_OFFSETS, LISTED_INPUTS } input_choice;

typedef struct {
  kernel_matrix x;           // from the tile's first row on
  const ptrdiff_t *offsets;  // of AT_OFFSETS
  const input_list *listed;  // of LISTED_INPUTS
  const float *weights;      // of the tile's first panel
  ptrdiff_t inputs;
  const float *ahead;  // weights to prefetch meanwhile
  kernel_mutable_matrix y;
  bool relu;
} forward_work;

// Where a tile's prefetches start: each of the first few tiles prefetches its part of the V panels after w's, which
// other cores may have updated; later tiles prefetch what is already cached.
INLINE const float *weights_ahead(const float *w, ptrdiff_t inputs, ptrdiff_t V, ptrdiff_t t, bool is_last) {
  const bool prefetches = !is_last && t < TILES_THAT_PREFETCH * V;
  return prefetches ? w + (V * (inputs + 1) + t * (inputs / INPUTS_A_LINE)) * 16 : w;
}

// Prefetches the next tile's rows, a line an input, and weights.
INLINE void prefetch_ahead(const int R, const int V, const input_choice choice, const forward_work t, ptrdiff_t k) {
  const float *next = t.x.elements + R * t.x.stride;
  if (choice == EVERY_INPUT && V > 1) {
    __builtin_prefetch(next + (k & 15) * t.x.stride + (k & ~15));
    __builtin_prefetch(t.ahead + k / INPUTS_A_LINE * 16, 0, 2);
  }
  if (choice == LISTED_INPUTS) {
    __builtin_prefetch(next + (k & 3) * t.x.stride + (k >> 2) * 16);
    __builtin_prefetch(t.ahead + k / LISTED_INPUTS_A_LINE * 16, 0, 2);
  }
}

INLINE void forward_tile(const int R, const int V, const input_choice choice, const forward_work t) {
  const ptrdiff_t panel = (t.inputs + 1) * 16, count = choice == LISTED_INPUTS ? t.listed->count : t.inputs;
  const tile_strides next = {t.y.stride, 16};
  v16 acc[TILE];
  UNROLL(r, R)
    UNROLL(v, V) will_write(t.y.elements + r * next.row + v * 16);
  begin_outputs(R, V, t.weights + t.inputs * 16, panel, acc);
  for (ptrdiff_t k = 0; k < count; k++) {
    const ptrdiff_t i = choice == LISTED_INPUTS ? t.listed->inputs[k] : k;
    v16 w[TILE];
    prefetch_ahead(R, V, choice, t, k);
    UNROLL(v, V) w[v] = load16(t.weights + v * panel + i * 16);
    multiply_add(R, V, t.x.elements + (choice == AT_OFFSETS ? t.offsets[i] : i), t.x.stride, w, acc);
  }
  store_outputs(R, V, acc, t.y.elements, next, t.relu);
}

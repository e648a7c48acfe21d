// What the weight gradients of dense layers and convolutions have in common.
#pragma once
#include "tile.h"
#include "update.h"

// Hands 16 exact sums on.
INLINE void put_exact(kernel_gradient_sink sink, ptrdiff_t at, v8d low, v8d high) {
  if (sink.update) {
    update16(sink.update, at, narrow(low, high));
  } else {
    store8d(sink.exact + at, low);
    store8d(sink.exact + at + 8, high);
  }
}

// One row's part of the outer products: acc += x dy, for R inputs at `offsets` from x (side by side where null). For the
// bias x is 1.
INLINE void outer_product(const bool bias, const int R, const int V, const float *x, const ptrdiff_t *offsets,
                          const float *dy, v16 acc[TILE_ROWS][TILE_VECTORS]) {
  v16 d[TILE_VECTORS];
  UNROLL for (int v = 0; v < V; v++) d[v] = load16(dy + v * 16);
  UNROLL for (int i = 0; i < R; i++) {
    v16 xi = splat16(bias ? 1 : x[offsets ? offsets[i] : i]);
    UNROLL for (int v = 0; v < V; v++) acc[i][v] = fma16(xi, d[v], acc[i][v]);
  }
}

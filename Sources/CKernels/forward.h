// The forward tile of dense layers and convolutions: Y = activation(bias + X W).
#pragma once
#include "tile.h"

// Row r's input i is x[r * x_stride + i], or x[r * x_stride + offsets[i]] where a convolution gives offsets. Where the
// other inputs are 0 in all of the tile's rows, `nonzero` lists those that are not (see zeros.h).
INLINE void forward_chains(const int R, const int V, const float *x, ptrdiff_t x_stride, const ptrdiff_t *offsets,
                           const uint16_t *nonzero, ptrdiff_t count, const float *w, ptrdiff_t inputs, float *y,
                           ptrdiff_t y_stride, bool relu) {
  const ptrdiff_t panel = (inputs + 1) * 16;
  v16 acc[TILE];
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++) will_write(y + r * y_stride + v * 16);
  // Adding 0 turns a bias of -0 into 0, so that a chain of zeros ends alike whether they are summed or skipped.
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++)
      acc[r * V + v] = load16(w + v * panel + inputs * 16) + splat16(0);
  for (ptrdiff_t k = 0; k < count; k++) {
    const ptrdiff_t i = nonzero ? nonzero[k] : k;
    v16 wi[SPARSE_VECTORS > TILE_VECTORS ? SPARSE_VECTORS : TILE_VECTORS];
    const float *xi = x + (offsets ? offsets[i] : i);
    if (V > 1 && !nonzero && !offsets) __builtin_prefetch(x + (R + (k & 15)) * x_stride + (k & ~15));
    if (nonzero) __builtin_prefetch(x + (R + (k & 3)) * x_stride + (k >> 2) * 16);
    UNROLL for (int v = 0; v < V; v++) wi[v] = load16(w + v * panel + i * 16);
    UNROLL for (int r = 0; r < R; r++) {
      v16 xr = splat16(xi[r * x_stride]);
      UNROLL for (int v = 0; v < V; v++) acc[r * V + v] = fma16(xr, wi[v], acc[r * V + v]);
    }
  }
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++) {
    v16 out = acc[r * V + v];
    // Not a maximum instruction: a NaN must stay one, so that it is found.
    if (relu) out = out < 0 ? splat16(0) : out;
    store16(y + r * y_stride + v * 16, out);
  }
}

INLINE void forward_tile(const int R, const int V, const float *x, ptrdiff_t x_stride, const ptrdiff_t *offsets,
                         const float *w, ptrdiff_t inputs, float *y, ptrdiff_t y_stride, bool relu) {
  forward_chains(R, V, x, x_stride, offsets, NULL, inputs, w, inputs, y, y_stride, relu);
}

// The forward tile of dense layers and convolutions: Y = activation(bias + X W).
#pragma once
#include "tile.h"

// Row r's input i is x[r * x_stride + i], or x[r * x_stride + offsets[i]] where a convolution gives offsets.
// Where not, the next tile's rows are asked for meanwhile, and weights from `ahead` on.
INLINE void forward_tile(const int R, const int V, const float *x, ptrdiff_t x_stride, const ptrdiff_t *offsets,
                         const float *w, ptrdiff_t inputs, const float *ahead, float *y, ptrdiff_t y_stride,
                         bool relu) {
  const ptrdiff_t panel = (inputs + 1) * 16;
  v16 acc[TILE];
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++) will_write(y + r * y_stride + v * 16);
  // Adding 0 turns a bias of -0 into 0, so that a chain of zeros ends alike whether they are summed or skipped.
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++)
      acc[r * V + v] = load16(w + v * panel + inputs * 16) + splat16(0);
  for (ptrdiff_t i = 0; i < inputs; i++) {
    v16 wi[TILE_VECTORS];
    const float *xi = x + (offsets ? offsets[i] : i);
    if (V > 1 && !offsets) {
      __builtin_prefetch(x + (R + (i & 15)) * x_stride + (i & ~15));
      __builtin_prefetch(ahead + (i >> 2) * 16, 0, 2);
    }
    UNROLL for (int v = 0; v < V; v++) wi[v] = load16(w + v * panel + i * 16);
    UNROLL for (int r = 0; r < R; r++) {
      v16 xr = splat16(xi[r * x_stride]);
      UNROLL for (int v = 0; v < V; v++) acc[r * V + v] = fma16(xr, wi[v], acc[r * V + v]);
    }
  }
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++) {
    const v16 out = acc[r * V + v];
    store16(y + r * y_stride + v * 16, relu ? rectified(out) : out);
  }
}

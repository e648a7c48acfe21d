// A tile of a dense layer's weight gradient, summed over rows.
#pragma once
#include "gradient.h"
#include "zeros.h"

// acc += x[r, i] dy[r, o] for one row. For the bias x is 1.
INLINE void add_row(const bool bias, const int R, const int V, const float *x, const float *dy, v16 acc[TILE]) {
  v16 d[TILE];
  UNROLL for (int v = 0; v < V; v++) d[v] = load16(dy + v * 16);
  UNROLL for (int i = 0; i < R; i++) {
    const v16 xi = splat16(bias ? 1 : x[i]);
    UNROLL for (int v = 0; v < V; v++) acc[i * V + v] = fma16(xi, d[v], acc[i * V + v]);
  }
}

// Goes on with the sums g over rows begin ..< end, or over those of a list from its begin to its end, r ascending.
INLINE void sum_rows(const int R, const int V, const bool bias, const bool goes_on, const float *x, ptrdiff_t x_stride,
                     const float *dy, ptrdiff_t dy_stride, const uint16_t *list, ptrdiff_t begin, ptrdiff_t end,
                     v16 *g) {
  v16 acc[TILE];
  UNROLL for (int n = 0; n < R * V; n++) acc[n] = splat16(0);
  if (goes_on) UNROLL for (int n = 0; n < R * V; n++) acc[n] = g[n];
  for (ptrdiff_t k = begin; k < end; k++) {
    const ptrdiff_t r = list ? list[k] : k;
    add_row(bias, R, V, x + r * x_stride, dy + r * dy_stride, acc);
  }
  UNROLL for (int n = 0; n < R * V; n++) g[n] = acc[n];
}

INLINE void put_fast(kernel_gradient_sink sink, const kernel_update *update, ptrdiff_t at, v16 sum) {
  if (sink.update) update16(update, at, sum);
  else store16(sink.fast + at, sum);
}

// Dense layer, forward, where most inputs are zero: each tile of rows sums over the inputs that are not zero in all of its
// rows (zeros.h).
#pragma once
#include "tile.h"
#include "zeros.h"

// How many row tiles' lists of inputs are kept at once.
enum { LISTS_AT_ONCE = 32 };

typedef struct {
  uint16_t inputs[MOST_INPUTS + 16];
  ptrdiff_t count;
} nonzero_inputs;

// Meanwhile asks for the next tile's rows, and for a line of weights from `ahead` for every other input of the list.
INLINE void sparse_forward_tile(const int R, const int V, const float *x, ptrdiff_t x_stride,
                                const nonzero_inputs *nonzero, const float *w, ptrdiff_t inputs, const float *ahead,
                                float *y, ptrdiff_t y_stride, bool relu) {
  const ptrdiff_t panel = (inputs + 1) * 16;
  v16 acc[TILE];
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++) will_write(y + r * y_stride + v * 16);
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++)
      acc[r * V + v] = load16(w + v * panel + inputs * 16) + splat16(0);
  for (ptrdiff_t k = 0; k < nonzero->count; k++) {
    const ptrdiff_t i = nonzero->inputs[k];
    v16 wi[SPARSE_VECTORS];
    __builtin_prefetch(x + (R + (k & 3)) * x_stride + (k >> 2) * 16);
    __builtin_prefetch(ahead + (k >> 1) * 16, 0, 2);
    UNROLL for (int v = 0; v < V; v++) wi[v] = load16(w + v * panel + i * 16);
    UNROLL for (int r = 0; r < R; r++) {
      const v16 xr = splat16(x[r * x_stride + i]);
      UNROLL for (int v = 0; v < V; v++) acc[r * V + v] = fma16(xr, wi[v], acc[r * V + v]);
    }
  }
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++) {
    const v16 out = acc[r * V + v];
    store16(y + r * y_stride + v * 16, relu ? rectified(out) : out);
  }
}

static void sparse_forward(const float *x, ptrdiff_t x_stride, const float *weights, ptrdiff_t inputs, float *y,
                           ptrdiff_t y_stride, bool relu, kernel_range rows, kernel_range panels) {
  nonzero_inputs nonzero[LISTS_AT_ONCE];
  for (ptrdiff_t first = rows.begin; first < rows.end; first += LISTS_AT_ONCE * SPARSE_ROWS) {
    for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
      V = sparse_vectors_at(p, panels.end);
      const float *w = weights + p * (inputs + 1) * 16;
      for (ptrdiff_t t = 0, r = first; t < LISTS_AT_ONCE && r < rows.end; t++, r += SPARSE_ROWS) {
        const ptrdiff_t R = at_most(SPARSE_ROWS, rows.end - r);
        const float *at = x + r * x_stride;
        const float *ahead = weights_ahead(w, inputs, V, t, p + V >= panels.end);
        if (p == panels.begin) nonzero[t].count = list_nonzero_inputs(at, x_stride, R, inputs, nonzero[t].inputs);
        WITH_SPARSE_TILE(sparse_forward_tile, R, V, at, x_stride, &nonzero[t], w, inputs, ahead,
                         y + r * y_stride + p * 16, y_stride, relu);
      }
    }
  }
}

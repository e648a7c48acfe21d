// A tile of a dense layer's weight gradient, summed over rows.
#pragma once
#include "gradient.h"
#include "zeros.h"

// A tile's sources and destination: x and dY from its first input and output on, the number of its first parameter, and
// floats from one panel of parameters to the next.
typedef struct {
  kernel_matrix x, dy;
  kernel_gradient_sink sink;
  ptrdiff_t at, panel;
} gradient_tile;

INLINE gradient_tile gradient_tile_at(const kernel_dense_gradient *layer, ptrdiff_t input, ptrdiff_t panel) {
  const ptrdiff_t next = (layer->inputs + 1) * 16;
  return (gradient_tile){
      .x = matrix_at(layer->x, 0, input),
      .dy = matrix_at(layer->dy, 0, panel * 16),
      .sink = layer->sink,
      .at = panel * next + input * 16,
      .panel = next,
  };
}

// The destination of row n of a tile's sums, by vectors.
INLINE ptrdiff_t parameter_of(const gradient_tile *tile, ptrdiff_t V, ptrdiff_t n) {
  return tile->at + n % V * tile->panel + n / V * 16;
}

// Rows begin ..< end, or those of a list from its begin to its end, ascending.
typedef struct {
  const uint16_t *list;
  ptrdiff_t begin, end;
} row_run;

// Sums x[r, i] dy[r, o] over rows, starting from g or 0. For the bias x is 1.
INLINE void sum_rows(const int R, const int V, const bool bias, const bool goes_on, const gradient_tile tile,
                     const row_run rows, v16 *g) {
  static const float one = 1;
  v16 acc[TILE];
  clear_tile(R * V, acc);
  if (goes_on)
    UNROLL(n, R * V) acc[n] = g[n];
  for (ptrdiff_t k = rows.begin; k < rows.end; k++) {
    const ptrdiff_t r = rows.list ? rows.list[k] : k;
    v16 d[TILE];
    UNROLL(v, V) d[v] = load16(tile.dy.elements + r * tile.dy.stride + v * 16);
    multiply_add(R, V, bias ? &one : tile.x.elements + r * tile.x.stride, 1, d, acc);
  }
  UNROLL(n, R * V) g[n] = acc[n];
}

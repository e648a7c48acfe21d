// Dense layer, input gradient: dX^T = W dY^T, in vectors of 16 rows.
#pragma once
#include "elementwise.h"
#include "tile.h"

// Floats of 16 rows of dY^T and of dX^T.
INLINE ptrdiff_t dy_panel_of(const kernel_dense_backward *layer) { return (layer->outputs + 15) / 16 * 256; }
INLINE ptrdiff_t dx_panel_of(const kernel_dense_backward *layer) { return layer->inputs * 16; }

// R inputs and V vectors of rows. Meanwhile prefetches the lines of dX that will be written.
INLINE void input_gradient_tile(const int R, const int V, const kernel_dense_backward l, ptrdiff_t input,
                                ptrdiff_t vector) {
  const ptrdiff_t dy_panel = dy_panel_of(&l), dx_panel = dx_panel_of(&l), w_panel = (l.inputs + 1) * 16;
  const ptrdiff_t lines = (V * 256 + l.outputs - 1) / l.outputs;
  const float *destination = l.dx.elements + vector * 16 * l.dx.stride + input;
  v16 acc[TILE];
  clear_tile(R * V, acc);
  for (ptrdiff_t panel = 0; panel * 16 < l.outputs; panel++) {
    const float *w = l.weights + panel * w_panel + input * 16;
    const float *dy = l.dy_t + vector * dy_panel + panel * 256;
    const ptrdiff_t width = at_most(16, l.outputs - panel * 16);
    for (ptrdiff_t r = panel * lines; r < (panel + 1) * lines && r < V * 16; r++)
      will_write(destination + r * l.dx.stride);
    if ((panel + PANELS_AHEAD) * 16 < l.outputs)
      UNROLL(r, R) __builtin_prefetch(w + PANELS_AHEAD * w_panel + r * 16);
    for (ptrdiff_t o = 0; o < width; o++) {
      v16 d[TILE_VECTORS];
      UNROLL(v, V) d[v] = load16(dy + v * dy_panel + o * 16);
      UNROLL(v, V) __builtin_prefetch(dy + v * dy_panel + (o + OUTPUTS_AHEAD) * 16);
      multiply_add(R, V, w + o, 16, d, acc);
    }
  }
  store_tile(R, V, acc, l.dx_t + vector * dx_panel + input * 16, (tile_strides){16, dx_panel});
}

static void dense_input_gradient(const kernel_dense_backward layer, kernel_range inputs) {
  const ptrdiff_t count = inputs.end - inputs.begin, tiles = tiles_of(count), vectors = (layer.rows + 15) / 16;
  for (ptrdiff_t t = 0; t < tiles; t++) {
    const ptrdiff_t i = inputs.begin + part(count, tiles, t);
    const ptrdiff_t R = inputs.begin + part(count, tiles, t + 1) - i;
    for (ptrdiff_t v = 0, V; v < vectors; v += V) {
      V = vectors_at(v, vectors);
      WITH_TILE(input_gradient_tile, R, V, layer, i, v);
    }
  }
  const kernel_mutable_matrix dx = layer.dx;
  for (ptrdiff_t v = 0; v < vectors; v++)
    transpose(layer.dx_t + v * dx_panel_of(&layer) + inputs.begin * 16, 16,
              dx.elements + v * 16 * dx.stride + inputs.begin, dx.stride, count,
              (kernel_range){0, at_most(16, layer.rows - v * 16)});
}

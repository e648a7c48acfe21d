// Dense layer: rows are samples, a row's inputs are contiguous.
#include "dense_sparse.h"
#include "elementwise.h"
#include "forward.h"

static void dense_forward(const float *x, ptrdiff_t x_stride, const float *weights, ptrdiff_t inputs, float *y,
                          ptrdiff_t y_stride, bool relu, kernel_range rows, kernel_range panels) {
  // Making the lists costs about what one panel does.
  if (inputs <= MOST_INPUTS && panels.end - panels.begin >= 4 && is_sparse(x, x_stride, rows, (kernel_range){0, inputs}))
    return sparse_forward(x, x_stride, weights, inputs, y, y_stride, relu, rows, panels);
  const ptrdiff_t count = rows.end - rows.begin, tiles = tiles_of(count);
  for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
    V = vectors_at(p, panels.end);
    const float *w = weights + p * (inputs + 1) * 16;
    for (ptrdiff_t t = 0; t < tiles; t++) {
      const ptrdiff_t r = rows.begin + part(count, tiles, t);
      const ptrdiff_t R = rows.begin + part(count, tiles, t + 1) - r;
      const float *ahead = weights_ahead(w, inputs, V, t, p + V >= panels.end);
      WITH_TILE(forward_tile, R, V, x + r * x_stride, x_stride, NULL, w, inputs, ahead, y + r * y_stride + p * 16,
                y_stride, relu);
    }
  }
}

// --- Input gradient: dX^T = W dY^T, vectors of 16 rows ---

// Meanwhile asks for the lines of dx that V vectors of rows will go to.
INLINE void input_gradient_tile(const int R, const int V, const float *dy_t, const float *weights,
                                ptrdiff_t inputs_total, ptrdiff_t outputs, ptrdiff_t input, float *dx_t,
                                const float *dx, ptrdiff_t dx_stride) {
  const ptrdiff_t dy_panel = (outputs + 15) / 16 * 256, dx_panel = inputs_total * 16;
  const ptrdiff_t asks = (V * 256 + outputs - 1) / outputs;
  v16 acc[TILE_ROWS][TILE_VECTORS];
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++) acc[r][v] = splat16(0);
  for (ptrdiff_t panel = 0; panel * 16 < outputs; panel++) {
    const float *w = weights + (panel * (inputs_total + 1) + input) * 16;
    const float *dy = dy_t + panel * 256;
    const ptrdiff_t width = outputs - panel * 16 < 16 ? outputs - panel * 16 : 16;
    for (ptrdiff_t r = panel * asks; r < (panel + 1) * asks && r < V * 16; r++) will_write(dx + r * dx_stride + input);
    // The panels are far apart, so that the core does not foresee the next one's rows.
    if ((panel + 2) * 16 < outputs)
      UNROLL for (int r = 0; r < R; r++) __builtin_prefetch(w + 2 * (inputs_total + 1) * 16 + r * 16);
    for (ptrdiff_t o = 0; o < width; o++) {
      v16 d[TILE_VECTORS];
      UNROLL for (int v = 0; v < V; v++) d[v] = load16(dy + v * dy_panel + o * 16);
      UNROLL for (int v = 0; v < V; v++) __builtin_prefetch(dy + v * dy_panel + (o + 32) * 16);
      UNROLL for (int r = 0; r < R; r++) {
        v16 wi = splat16(w[r * 16 + o]);
        UNROLL for (int v = 0; v < V; v++) acc[r][v] = fma16(wi, d[v], acc[r][v]);
      }
    }
  }
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++)
      store16(dx_t + v * dx_panel + (input + r) * 16, acc[r][v]);
}

static void dense_input_gradient(const float *dy_t, const float *weights, ptrdiff_t inputs_total,
                                 ptrdiff_t outputs, float *dx_t, float *dx, ptrdiff_t dx_stride, ptrdiff_t rows,
                                 kernel_range inputs) {
  const ptrdiff_t count = inputs.end - inputs.begin, tiles = tiles_of(count), vectors = (rows + 15) / 16;
  const ptrdiff_t dy_panel = (outputs + 15) / 16 * 256, dx_panel = inputs_total * 16;
  for (ptrdiff_t t = 0; t < tiles; t++) {
    const ptrdiff_t i = inputs.begin + part(count, tiles, t);
    const ptrdiff_t R = inputs.begin + part(count, tiles, t + 1) - i;
    for (ptrdiff_t v = 0, V; v < vectors; v += V) {
      V = vectors_at(v, vectors);
      WITH_TILE(input_gradient_tile, R, V, dy_t + v * dy_panel, weights, inputs_total, outputs, i,
                dx_t + v * dx_panel, dx + v * 16 * dx_stride, dx_stride);
    }
  }
  for (ptrdiff_t v = 0; v < vectors; v++)
    transpose(dx_t + v * dx_panel + inputs.begin * 16, 16, dx + v * 16 * dx_stride + inputs.begin, dx_stride, count,
              (kernel_range){0, at_most(16, rows - v * 16)});
}

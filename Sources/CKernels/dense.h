// Dense layer: rows are samples, a row's inputs are contiguous.
#include "forward.h"
#include "zeros.h"

// How many row tiles' lists of inputs are kept at once.
enum { TILES_AT_ONCE = 16 };

// Inputs that are mostly zero: each tile of rows sums over the inputs that are not zero in all of them.
static void sparse_forward(const float *x, ptrdiff_t x_stride, const float *weights, ptrdiff_t inputs, float *y,
                           ptrdiff_t y_stride, bool relu, kernel_range rows, kernel_range panels) {
  uint16_t nonzero[TILES_AT_ONCE][MOST_INPUTS + 16];
  ptrdiff_t count[TILES_AT_ONCE];
  for (ptrdiff_t first = rows.begin; first < rows.end; first += TILES_AT_ONCE * SPARSE_ROWS) {
    for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
      V = sparse_vectors_at(p, panels.end);
      const float *w = weights + p * (inputs + 1) * 16;
      for (ptrdiff_t t = 0, r = first; t < TILES_AT_ONCE && r < rows.end; t++, r += SPARSE_ROWS) {
        const ptrdiff_t R = at_most(SPARSE_ROWS, rows.end - r);
        if (p == panels.begin) count[t] = list_nonzero_inputs(x + r * x_stride, x_stride, R, inputs, nonzero[t]);
        WITH_SPARSE_TILE(forward_chains, R, V, x + r * x_stride, x_stride, NULL, nonzero[t], count[t], w, inputs,
                         y + r * y_stride + p * 16, y_stride, relu);
      }
    }
  }
}

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
      WITH_TILE(forward_tile, R, V, x + r * x_stride, x_stride, NULL, w, inputs, y + r * y_stride + p * 16, y_stride,
                relu);
    }
  }
}

// --- Input gradient: dX^T = W dY^T, vectors of 16 rows ---

INLINE void input_gradient_tile(const int R, const int V, const float *dy_t, const float *weights,
                                ptrdiff_t inputs_total, ptrdiff_t outputs, ptrdiff_t input, float *dx_t) {
  const ptrdiff_t dy_panel = (outputs + 15) / 16 * 256, dx_panel = inputs_total * 16;
  v16 acc[TILE_ROWS][TILE_VECTORS];
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++) acc[r][v] = splat16(0);
  for (ptrdiff_t panel = 0; panel * 16 < outputs; panel++) {
    const float *w = weights + (panel * (inputs_total + 1) + input) * 16;
    const float *dy = dy_t + panel * 256;
    const ptrdiff_t width = outputs - panel * 16 < 16 ? outputs - panel * 16 : 16;
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
                                 ptrdiff_t outputs, float *dx_t, ptrdiff_t rows, kernel_range inputs) {
  const ptrdiff_t count = inputs.end - inputs.begin, tiles = tiles_of(count), vectors = (rows + 15) / 16;
  const ptrdiff_t dy_panel = (outputs + 15) / 16 * 256;
  for (ptrdiff_t t = 0; t < tiles; t++) {
    const ptrdiff_t i = inputs.begin + part(count, tiles, t);
    const ptrdiff_t R = inputs.begin + part(count, tiles, t + 1) - i;
    for (ptrdiff_t v = 0, V; v < vectors; v += V) {
      V = vectors_at(v, vectors);
      WITH_TILE(input_gradient_tile, R, V, dy_t + v * dy_panel, weights, inputs_total, outputs, i,
                dx_t + v * inputs_total * 16);
    }
  }
}

// Convolution, input gradient: every dY pixel goes to the size x size dX pixels that its patch was read from.
//
// A dX pixel's chain runs over the taps from last to first (the order of a convolution with the turned filter), and for
// each tap over the outputs. It waits in memory between taps, as dX itself: no term is computed that the border would make
// zero, whatever size, step and padding are.
#pragma once
#include "tile.h"

// One tap's part of R pixels side by side in each of H rows, for V panels of inputs: dX += W dY, outputs ascending.
INLINE void input_tile(const int R, const int H, const int V, const kernel_input_patches *g, const float *w,
                       ptrdiff_t panel, const float *dy, float *dx) {
  const ptrdiff_t dx_row = g->step * g->dx_row_stride, dx_pixel = g->step * g->dx_pixel_stride;
  v16 acc[TILE_VECTORS][TILE_ROWS][TILE_VECTORS];
  UNROLL for (int h = 0; h < H; h++) UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++)
      acc[h][r][v] = load16(dx + h * dx_row + r * dx_pixel + v * 16);
  for (ptrdiff_t o = 0; o < g->outputs; o++) {
    v16 wo[TILE_VECTORS];
    UNROLL for (int v = 0; v < V; v++) wo[v] = load16(w + v * panel + o * 16);
    UNROLL for (int h = 0; h < H; h++) UNROLL for (int r = 0; r < R; r++) {
      const v16 d = splat16(dy[h * g->dy_row_stride + r * g->dy_pixel_stride + o]);
      UNROLL for (int v = 0; v < V; v++) acc[h][r][v] = fma16(d, wo[v], acc[h][r][v]);
    }
  }
  UNROLL for (int h = 0; h < H; h++) UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++)
      store16(dx + h * dx_row + r * dx_pixel + v * 16, acc[h][r][v]);
}
// Two panels of one row, or two rows of one panel, are enough chains to hide the latency of a fused multiply-add.
INLINE void panels_tile(const int R, const int V, const kernel_input_patches *g, const float *w, ptrdiff_t panel,
                        const float *dy, float *dx) {
  input_tile(R, 1, V, g, w, panel, dy, dx);
}
INLINE void rows_tile(const int R, const int H, const kernel_input_patches *g, const float *w, const float *dy,
                      float *dx) {
  input_tile(R, H, 1, g, w, 0, dy, dx);
}

// The dY rows (or columns) from which tap k reaches dX rows begin ..< end.
INLINE kernel_range reaching(const kernel_input_patches *g, ptrdiff_t k, ptrdiff_t begin, ptrdiff_t end,
                             ptrdiff_t dy_count) {
  const ptrdiff_t shift = g->padding - k, from = begin + shift, to = end + shift;
  kernel_range range = {from <= 0 ? 0 : (from + g->step - 1) / g->step, to <= 0 ? 0 : (to + g->step - 1) / g->step};
  if (range.end > dy_count) range.end = dy_count;
  return range;
}

// One tap's part of dX rows `band`, for V panels.
static void add_tap(const kernel_input_patches *g, ptrdiff_t ky, ptrdiff_t kx, kernel_range band, ptrdiff_t V,
                    const float *w, ptrdiff_t panel, const float *dy, float *dx) {
  const kernel_range rows = reaching(g, ky, band.begin, band.end, g->dy_height);
  const kernel_range columns = reaching(g, kx, 0, g->dx_width, g->dy_width);
  const ptrdiff_t count = columns.end - columns.begin, tiles = tiles_of(count);
  for (ptrdiff_t r = rows.begin, H; r < rows.end; r += H) {
    H = V == 1 ? vectors_at(r, rows.end) : 1;
    for (ptrdiff_t t = 0; t < tiles; t++) {
      const ptrdiff_t q = columns.begin + part(count, tiles, t), R = columns.begin + part(count, tiles, t + 1) - q;
      const float *from = dy + r * g->dy_row_stride + q * g->dy_pixel_stride;
      float *to = dx + (r * g->step + ky - g->padding) * g->dx_row_stride +
                  (q * g->step + kx - g->padding) * g->dx_pixel_stride;
      if (V > 1) {
        WITH_TILE(panels_tile, R, V, g, w, panel, from, to);
      } else {
        WITH_TILE(rows_tile, R, H, g, w, from, to);
      }
    }
  }
}

static void convolution_input_gradient(const kernel_input_patches *g, const float *dy, ptrdiff_t dy_stride,
                                       const float *weights, float *dx, ptrdiff_t dx_stride, kernel_range samples) {
  const ptrdiff_t tap = g->outputs * 16, taps = g->size * g->size, panels = g->dx_pixel_stride / 16;
  // Rows of dX that stay in the first-level cache while all taps pass over them.
  const ptrdiff_t fitting = 4096 / g->dx_row_stride, band_rows = fitting > 2 ? fitting : 2;
  for (ptrdiff_t s = samples.begin; s < samples.end; s++)
    for (ptrdiff_t y = 0; y < g->dx_height; y += band_rows) {
      const kernel_range band = {y, y + band_rows < g->dx_height ? y + band_rows : g->dx_height};
      float *to = dx + s * dx_stride;
      memset(to + y * g->dx_row_stride, 0, (size_t)((band.end - y) * g->dx_row_stride) * sizeof *to);
      for (ptrdiff_t p = 0, V; p < panels; p += V) {
        V = vectors_at(p, panels);
        for (ptrdiff_t k = taps - 1; k >= 0; k--)
          add_tap(g, k / g->size, k % g->size, band, V, weights + (p * taps + k) * tap, taps * tap,
                  dy + s * dy_stride, to + p * 16);
      }
    }
}

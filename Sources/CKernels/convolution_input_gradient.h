// Convolution, input gradient: every dY pixel contributes to the size x size dX pixels of its patch.
//
// A dX pixel's chain runs over the taps from last to first (the order of a convolution with the flipped filter), and
// for each tap over the outputs. Between taps the sums are stored in dX itself. No term outside of the border is
// computed, whatever size, stride and padding are.
#pragma once
#include "convolution_input_sparse.h"
#include "tile.h"

// One tap's weights, `panel` floats from one panel of inputs to the next, with source and destination.
typedef struct {
  const kernel_input_patches *patches;
  const float *weights;
  ptrdiff_t panel;
  const float *dy;
  float *dx;
} input_tap;

// The tap's part of R pixels side by side in each of H rows, for V panels of inputs: dX += W dY, outputs ascending.
INLINE void input_tile(const int R, const int H, const int V, const input_tap t) {
  const kernel_input_patches g = *t.patches;
  const ptrdiff_t dx_row = g.stride * g.dx_row_stride;
  const tile_strides next = {g.stride * g.dx_pixel_stride, 16};
  v16 acc[TILE];
  UNROLL(h, H) load_tile(R, V, t.dx + h * dx_row, next, acc + h * R * V);
  for (ptrdiff_t o = 0; o < g.outputs; o++) {
    v16 w[TILE_VECTORS];
    UNROLL(v, V) w[v] = load16(t.weights + v * t.panel + o * 16);
    UNROLL(h, H) multiply_add(R, V, t.dy + h * g.dy_row_stride + o, g.dy_pixel_stride, w, acc + h * R * V);
  }
  UNROLL(h, H) store_tile(R, V, acc + h * R * V, t.dx + h * dx_row, next);
}
// Two panels of one row, or two rows of one panel, are enough chains to hide the latency of a fused multiply-add.
INLINE void panels_tile(const int R, const int V, const input_tap t) { input_tile(R, 1, V, t); }
INLINE void rows_tile(const int R, const int H, const input_tap t) { input_tile(R, H, 1, t); }

// The dY rows (or columns) from which tap k reaches dX rows begin ..< end.
INLINE kernel_range reaching(const kernel_input_patches *g, ptrdiff_t k, kernel_range dx, ptrdiff_t dy_count) {
  const ptrdiff_t shift = g->padding - k, stride = g->stride;
  kernel_range dy = {dx.begin + shift > 0 ? dx.begin + shift : 0, dx.end + shift > 0 ? dx.end + shift : 0};
  // A division takes longer than a tile's row.
  if (stride > 1) dy = (kernel_range){(dy.begin + stride - 1) / stride, (dy.end + stride - 1) / stride};
  if (dy.end > dy_count) dy.end = dy_count;
  return dy;
}

// The tap's part of the dY rows and columns from which it reaches dX, `shift` floats further on, for V panels.
static void add_tap(const input_tap tap, kernel_range rows, kernel_range columns, ptrdiff_t shift, ptrdiff_t V) {
  const kernel_input_patches *g = tap.patches;
  const ptrdiff_t count = columns.end - columns.begin, tiles = tiles_of(count);
  for (ptrdiff_t t = 0; t < tiles; t++) {
    const ptrdiff_t q = columns.begin + part(count, tiles, t), R = columns.begin + part(count, tiles, t + 1) - q;
    for (ptrdiff_t r = rows.begin, H; r < rows.end; r += H) {
      H = V == 1 ? vectors_at(r, rows.end) : 1;
      input_tap at = tap;
      at.dy += r * g->dy_row_stride + q * g->dy_pixel_stride;
      at.dx += g->stride * (r * g->dx_row_stride + q * g->dx_pixel_stride) + shift;
      if (V > 1) {
        WITH_TILE(panels_tile, R, V, at);
      } else {
        WITH_TILE(rows_tile, R, H, at);
      }
    }
  }
}

// All taps' contributions to dX rows `band`, for V panels.
static void add_taps(const kernel_input_patches *g, kernel_range band, ptrdiff_t V, const float *weights,
                     const float *dy, float *dx) {
  const ptrdiff_t tap = g->outputs * 16, panel = g->size * g->size * tap;
  for (ptrdiff_t ky = g->size - 1; ky >= 0; ky--) {
    const kernel_range rows = reaching(g, ky, band, g->dy_height);
    for (ptrdiff_t kx = g->size - 1; kx >= 0; kx--) {
      const kernel_range columns = reaching(g, kx, (kernel_range){0, g->dx_width}, g->dy_width);
      const ptrdiff_t shift = (ky - g->padding) * g->dx_row_stride + (kx - g->padding) * g->dx_pixel_stride;
      add_tap((input_tap){g, weights + (ky * g->size + kx) * tap, panel, dy, dx}, rows, columns, shift, V);
    }
  }
}

// One sample's dX from all of its dY.
static void full_input_gradient(const kernel_input_patches *g, const float *dy, const float *weights, float *dx) {
  const ptrdiff_t panel = g->size * g->size * g->outputs * 16, panels = g->dx_pixel_stride / 16;
  // Rows of dX that stay in the first-level cache while all taps pass over them.
  const ptrdiff_t fitting = BAND_FLOATS / g->dx_row_stride, band_rows = fitting > 2 ? fitting : 2;
  for (ptrdiff_t y = 0; y < g->dx_height; y += band_rows) {
    const kernel_range band = {y, y + band_rows < g->dx_height ? y + band_rows : g->dx_height};
    memset(dx + y * g->dx_row_stride, 0, (size_t)((band.end - y) * g->dx_row_stride) * sizeof *dx);
    for (ptrdiff_t p = 0, V; p < panels; p += V) {
      V = vectors_at(p, panels);
      add_taps(g, band, V, weights + p * panel, dy, dx + p * 16);
    }
  }
}

static void convolution_input_gradient(const kernel_input_patches *g, kernel_matrix dy, const float *weights,
                                       kernel_mutable_matrix dx, kernel_range samples) {
  for (ptrdiff_t s = samples.begin; s < samples.end; s++) {
    const float *from = dy.elements + s * dy.stride;
    float *to = dx.elements + s * dx.stride;
    if (input_gradient_is_sparse(*g, from)) sparse_input_gradient(*g, from, weights, to);
    else full_input_gradient(g, from, weights, to);
  }
}

// Convolution, input gradient, for a dY that is mostly zero: if a max pooling follows, at least all but one pixel of
// each window are zero.
//
// Going through the pixels of dY in order, and the outputs of each, gives every dX the same chain as going through all
// taps from last to first. Zeros are skipped, which changes no bit while the weights are finite (zeros.h).
#pragma once
#include "tile.h"
#include "zeros.h"

// The geometry is passed by value, so that the compiler knows that no store changes it.

// dX += W dY of the outputs in `bits` for rows x columns taps side by side, one panel of inputs.
INLINE void scatter_taps(const int rows, const int columns, const kernel_input_patches g, uint64_t bits, const float *w,
                         const float *dy, float *dx) {
  const ptrdiff_t tap = g.outputs * 16;
  const tile_strides next = {g.dx_row_stride, g.dx_pixel_stride};
  v16 acc[TILE + 1], taps[TILE + 1];
  load_tile(rows, columns, dx, next, acc);
  for (; bits != 0; bits &= bits - 1) {
    const ptrdiff_t o = __builtin_ctzll(bits);
    UNROLL(k, rows * columns) taps[k] = load16(w + o * 16 + k * tap);
    multiply_add(1, rows * columns, dy + o, 0, taps, acc);
  }
  store_tile(rows, columns, acc, dx, next);
}

// The same for a whole patch of a common size, as many rows at once as registers allow.
INLINE void scatter_patch(const int size, const kernel_input_patches g, uint64_t bits, const float *w, const float *dy,
                          float *dx) {
  const int rows = rows_at_once(size);
  UNROLL(n, size / rows) {
    const int y = n * rows;
    scatter_taps(rows, size, g, bits, w + y * size * g.outputs * 16, dy, dx + y * g.dx_row_stride);
  }
  UNROLL(n, size % rows) {
    const int y = size / rows * rows + n;
    scatter_taps(1, size, g, bits, w + y * size * g.outputs * 16, dy, dx + y * g.dx_row_stride);
  }
}

// The taps for which a patch that begins at `first` stays within `count` rows or columns.
INLINE kernel_range taps_within(ptrdiff_t first, ptrdiff_t size, ptrdiff_t count) {
  return (kernel_range){first < 0 ? -first : 0, count - first < size ? count - first : size};
}

// Adds the contribution of one pixel of dY, by the outputs in `bits`, to the patch of dX that begins at (y, x).
INLINE void scatter_pixel(const kernel_input_patches g, ptrdiff_t y, ptrdiff_t x, uint64_t bits, const float *weights,
                          const float *dy, float *dx) {
  const kernel_range rows = taps_within(y, g.size, g.dx_height), columns = taps_within(x, g.size, g.dx_width);
  const bool whole = rows.end - rows.begin == g.size && columns.end - columns.begin == g.size;
  const ptrdiff_t tap = g.outputs * 16, panel = g.size * g.size * tap, panels = g.dx_pixel_stride / 16;
  for (ptrdiff_t p = 0; p < panels; p++) {
    const float *w = weights + p * panel;
    float *to = dx + y * g.dx_row_stride + x * g.dx_pixel_stride + p * 16;
    if (whole && g.size == 3) scatter_patch(3, g, bits, w, dy, to);
    else if (whole && g.size == 5) scatter_patch(5, g, bits, w, dy, to);
    else
      for (ptrdiff_t ky = rows.begin; ky < rows.end; ky++)
        for (ptrdiff_t kx = columns.begin; kx < columns.end; kx++)
          scatter_taps(1, 1, g, bits, w + (ky * g.size + kx) * tap, dy,
                       to + ky * g.dx_row_stride + kx * g.dx_pixel_stride);
  }
}

static void sparse_input_gradient(const kernel_input_patches g, const float *dy, const float *weights, float *dx) {
  memset(dx, 0, (size_t)(g.dx_height * g.dx_row_stride) * sizeof *dx);
  for (ptrdiff_t r = 0; r < g.dy_height; r++)
    for (ptrdiff_t q = 0; q < g.dy_width; q++)
      for (ptrdiff_t first = 0; first < g.outputs; first += 64) {
        const float *d = dy + r * g.dy_row_stride + q * g.dy_pixel_stride + first;
        const uint64_t bits = nonzero_elements(d, g.outputs - first);
        if (bits == 0) continue;
        scatter_pixel(g, r * g.stride - g.padding, q * g.stride - g.padding, bits, weights + first * 16, d, dx);
      }
}

// Whether skipping zeros costs less than adding everything.
INLINE bool input_gradient_is_sparse(const kernel_input_patches g, const float *dy) {
  ptrdiff_t nonzero = 0;
  for (ptrdiff_t r = 0; r < g.dy_height; r++)
    nonzero += count_nonzero(dy + r * g.dy_row_stride, g.dy_width * g.dy_pixel_stride);
  return g.weights_are_finite && nonzero * SPARSE_COST < g.dy_height * g.dy_width * g.outputs;
}

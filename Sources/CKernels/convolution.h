// Convolution, forward: rows are output pixels, a row's inputs are its patch, read in place.
#pragma once
#include "convolution_pixels.h"
#include "forward.h"

// The patches of pixels side by side, in planes and side by side too.
typedef struct {
  const float *x;
  const ptrdiff_t *offsets;
  const float *weights;
  ptrdiff_t taps;
  kernel_mutable_matrix y;
  bool relu;
} planes_work;

// One panel of R pixels. What a pixel reads by one tap, the pixel before it reads by the next tap, so it is loaded once
// for both. V is 1.
INLINE void planes_tile(const int R, const int V, const int size, const planes_work t) {
  v16 acc[TILE_ROWS];
  const tile_strides next = {t.y.stride, 16};
  UNROLL(r, R) will_write(t.y.elements + r * next.row);
  begin_outputs(R, V, t.weights + t.taps * 16, 0, acc);
  for (ptrdiff_t k = 0; k < t.taps; k += size) {
    const float *row = t.x + t.offsets[k], *w = t.weights + k * 16;
    // Two inputs at a time: if registers cannot hold a row's weights as well, reloading them for the next two is faster
    // than the moves that a compiler would generate.
    UNROLL(pair, (R + size) / 2) {
      if (FEW_REGISTERS) IN_MEMORY(w);
      UNROLL(kx, size) {
        const v16 weights = load16(w + kx * 16);
        UNROLL(n, 2) {
          const int i = 2 * pair + n;
          if (i - kx >= 0 && i - kx < R) multiply_add(1, 1, row + i, 0, &weights, acc + (i - kx));
        }
      }
    }
  }
  store_outputs(R, V, acc, t.y.elements, next, t.relu);
}

// A row of output pixels, `columns` of them from the first on, for V panels from p on.
OUTLINED void row_forward(const kernel_convolution *layer, const float *x, float *y, ptrdiff_t p, ptrdiff_t V,
                          bool single) {
  const kernel_patches patches = layer->patches;
  const float *w = layer->weights + p * (patches.taps + 1) * 16;
  for (ptrdiff_t t = 0, tiles = tiles_of(patches.width); t < tiles; t++) {
    const ptrdiff_t c = part(patches.width, tiles, t), R = part(patches.width, tiles, t + 1) - c;
    const kernel_mutable_matrix to = {y + c * patches.channels + p * 16, patches.channels};
    const kernel_matrix from = {x + c * patches.pixel_stride, patches.pixel_stride};
    const planes_work planes = {from.elements, patches.offsets, w, patches.taps, to, layer->relu};
    const forward_work work = {from, patches.offsets, NULL, w, patches.taps, NULL, to, layer->relu};
    if (single && patches.size == 5) WITH_TILE(planes_tile, R, 1, 5, planes)
    else if (single && patches.size == 3) WITH_TILE(planes_tile, R, 1, 3, planes)
    else WITH_TILE(forward_tile, R, V, AT_OFFSETS, work)
  }
}

static void convolution_forward(const kernel_convolution layer, kernel_range samples, kernel_range panels) {
  const kernel_patches patches = layer.patches;
  if (pixels_are_better(&patches)) return pixels_forward(&layer, samples, panels);
  const bool single = panels.end - panels.begin == 1 && patches.pixel_stride == 1;
  for (ptrdiff_t s = samples.begin; s < samples.end; s++)
    for (ptrdiff_t row = 0; row < patches.height; row++)
      for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
        V = vectors_at(p, panels.end);
        const float *x = layer.x.elements + s * layer.x.stride + row * patches.row_stride;
        row_forward(&layer, x, layer.y.elements + s * layer.y.stride + row * patches.width * patches.channels, p, V,
                    single);
      }
}

// Convolution: rows are output pixels, a row's inputs are its patch, read in place.
#include "convolution_pixels.h"
#include "forward.h"

// One panel of R pixels side by side, their patches in planes and side by side too: what a pixel reads by one tap, the one
// before it reads by the next, so that it is fetched once for both. V is 1.
INLINE void planes_tile(const int R, const int V, const int size, const float *x, const ptrdiff_t *offsets,
                        const float *w, ptrdiff_t taps, float *y, ptrdiff_t y_stride, bool relu) {
  v16 acc[TILE_ROWS], wk[5];
  UNROLL for (int r = 0; r < R; r++) will_write(y + r * y_stride);
  UNROLL for (int r = 0; r < R; r++) acc[r] = load16(w + taps * 16) + splat16(0);
  for (ptrdiff_t k = 0; k < taps; k += size) {
    const float *row = x + offsets[k];
    UNROLL for (int kx = 0; kx < size; kx++) wk[kx] = load16(w + (k + kx) * 16);
    UNROLL for (int i = 0; i < R + size - 1; i++) {
      const v16 xi = splat16(row[i]);
      UNROLL for (int kx = 0; kx < size; kx++)
        if (i - kx >= 0 && i - kx < R) acc[i - kx] = fma16(xi, wk[kx], acc[i - kx]);
    }
  }
  UNROLL for (int r = 0; r < R; r++) store16(y + r * y_stride, relu ? rectified(acc[r]) : acc[r]);
}

static void convolution_forward(const kernel_patches *patches, const float *x, ptrdiff_t x_stride,
                                const float *weights, ptrdiff_t taps, float *y, ptrdiff_t y_stride, bool relu,
                                kernel_range samples, kernel_range panels) {
  if (pixels_are_better(patches, taps))
    return pixels_forward(patches, x, x_stride, weights, taps, y, y_stride, relu, samples, panels);
  const ptrdiff_t width = patches->width, tiles = tiles_of(width);
  const bool single = panels.end - panels.begin == 1 && patches->pixel_stride == 1;
  for (ptrdiff_t s = samples.begin; s < samples.end; s++)
    for (ptrdiff_t row = 0; row < patches->height; row++)
      for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
        V = vectors_at(p, panels.end);
        const float *w = weights + p * (taps + 1) * 16;
        for (ptrdiff_t t = 0; t < tiles; t++) {
          const ptrdiff_t c = part(width, tiles, t), R = part(width, tiles, t + 1) - c;
          const float *xp = x + s * x_stride + row * patches->row_stride + c * patches->pixel_stride;
          float *yp = y + s * y_stride + (row * width + c) * patches->channels + p * 16;
          if (single && patches->size == 5)
            WITH_TILE(planes_tile, R, 1, 5, xp, patches->offsets, w, taps, yp, patches->channels, relu)
          else if (single && patches->size == 3)
            WITH_TILE(planes_tile, R, 1, 3, xp, patches->offsets, w, taps, yp, patches->channels, relu)
          else
            WITH_TILE(forward_tile, R, V, xp, patches->pixel_stride, patches->offsets, w, taps, NULL, yp,
                      patches->channels, relu)
        }
      }
}

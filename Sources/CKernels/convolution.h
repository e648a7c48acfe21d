// Convolution: rows are output pixels, a row's inputs are its patch, read in place.
#include "forward.h"

static void convolution_forward(const kernel_patches *patches, const float *x, ptrdiff_t x_stride,
                                const float *weights, ptrdiff_t taps, float *y, ptrdiff_t y_stride, bool relu,
                                kernel_range samples, kernel_range panels) {
  const ptrdiff_t width = patches->width, tiles = tiles_of(width);
  for (ptrdiff_t s = samples.begin; s < samples.end; s++)
    for (ptrdiff_t row = 0; row < patches->height; row++)
      for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
        V = vectors_at(p, panels.end);
        const float *w = weights + p * (taps + 1) * 16;
        for (ptrdiff_t t = 0; t < tiles; t++) {
          const ptrdiff_t c = part(width, tiles, t), R = part(width, tiles, t + 1) - c;
          const float *xp = x + s * x_stride + row * patches->row_stride + c * patches->pixel_stride;
          float *yp = y + s * y_stride + (row * width + c) * patches->channels + p * 16;
          WITH_TILE(forward_tile, R, V, xp, patches->pixel_stride, patches->offsets, w, taps, yp, patches->channels,
                    relu);
        }
      }
}

// Max pooling. Interleaved channels are processed 16 at a time as one vector, planes one by one.
#pragma once
#include "vector.h"

// The geometry is passed by value, so that the compiler knows that no store changes it.

// The largest of a window for 16 channels, or a NaN where there is one.
INLINE v16 largest_of_window(const kernel_pooling p, const float *window, bool relu) {
  v16 largest = splat16(relu ? 0 : -__builtin_inff());
  for (ptrdiff_t ky = 0; ky < p.height; ky++)
    for (ptrdiff_t kx = 0; kx < p.width; kx++) {
      const v16 v = load16(window + ky * p.x_row_stride + kx * p.x_pixel_stride);
      largest = v <= largest ? largest : (largest == largest ? v : largest);
    }
  return largest;
}

// Gives g to the first element of the window that equals the maximum, as PyTorch does, and nothing to the others.
INLINE void give_to_largest(const kernel_pooling p, const float *x, v16 largest, v16 g, float *dx) {
  for (ptrdiff_t ky = 0; ky < p.height; ky++)
    for (ptrdiff_t kx = 0; kx < p.width; kx++) {
      const ptrdiff_t at = ky * p.x_row_stride + kx * p.x_pixel_stride;
      const v16i here = load16(x + at) == largest;
      const v16 given = here ? g : splat16(0);
      store16(dx + at, p.overlaps ? load16(dx + at) + given : given);
      g = here ? splat16(0) : g;
    }
}

INLINE void interleaved_forward(const kernel_pooling p, const float *x, float *y, bool relu) {
  for (ptrdiff_t oy = 0; oy < p.out_height; oy++)
    for (ptrdiff_t ox = 0; ox < p.out_width; ox++)
      for (ptrdiff_t c = 0; c < p.channels; c += 16) {
        const float *window = x + oy * p.stride * p.x_row_stride + ox * p.stride * p.x_pixel_stride + c;
        store16(y + oy * p.y_row_stride + ox * p.y_pixel_stride + c, largest_of_window(p, window, relu));
      }
}

INLINE void interleaved_backward(const kernel_pooling p, const float *x, const float *y, const float *dy, float *dx,
                                 bool relu) {
  for (ptrdiff_t oy = 0; oy < p.out_height; oy++)
    for (ptrdiff_t ox = 0; ox < p.out_width; ox++)
      for (ptrdiff_t c = 0; c < p.channels; c += 16) {
        const ptrdiff_t window = oy * p.stride * p.x_row_stride + ox * p.stride * p.x_pixel_stride + c;
        const ptrdiff_t out = oy * p.y_row_stride + ox * p.y_pixel_stride + c;
        const v16 largest = load16(y + out), g = load16(dy + out);
        give_to_largest(p, x + window, largest, relu ? (largest > 0 ? g : splat16(0)) : g, dx + window);
      }
}

static void planes_forward(const kernel_pooling p, const float *x, float *y, bool relu) {
  for (ptrdiff_t c = 0; c < p.channels; c++)
    for (ptrdiff_t oy = 0; oy < p.out_height; oy++)
      for (ptrdiff_t ox = 0; ox < p.out_width; ox++) {
        const float *window =
            x + c * p.x_channel_stride + oy * p.stride * p.x_row_stride + ox * p.stride * p.x_pixel_stride;
        float largest = relu ? 0 : -__builtin_inff();
        for (ptrdiff_t ky = 0; ky < p.height; ky++)
          for (ptrdiff_t kx = 0; kx < p.width; kx++) {
            const float v = window[ky * p.x_row_stride + kx * p.x_pixel_stride];
            largest = v <= largest ? largest : (largest == largest ? v : largest);
          }
        y[c * p.y_channel_stride + oy * p.y_row_stride + ox * p.y_pixel_stride] = largest;
      }
}

static void planes_backward(const kernel_pooling p, const float *x, const float *y, const float *dy, float *dx,
                            bool relu) {
  for (ptrdiff_t c = 0; c < p.channels; c++)
    for (ptrdiff_t oy = 0; oy < p.out_height; oy++)
      for (ptrdiff_t ox = 0; ox < p.out_width; ox++) {
        const ptrdiff_t window =
            c * p.x_channel_stride + oy * p.stride * p.x_row_stride + ox * p.stride * p.x_pixel_stride;
        const ptrdiff_t out = c * p.y_channel_stride + oy * p.y_row_stride + ox * p.y_pixel_stride;
        float g = relu && !(y[out] > 0) ? 0 : dy[out];
        for (ptrdiff_t ky = 0; ky < p.height; ky++)
          for (ptrdiff_t kx = 0; kx < p.width; kx++) {
            const ptrdiff_t at = window + ky * p.x_row_stride + kx * p.x_pixel_stride;
            const bool here = x[at] == y[out];
            dx[at] = (p.overlaps ? dx[at] : 0) + (here ? g : 0);
            g = here ? 0 : g;
          }
      }
}

INLINE bool is_interleaved(const kernel_pooling p) { return p.x_channel_stride == 1 && p.y_channel_stride == 1; }
// The most common windows, as constants.
INLINE bool is_halving(const kernel_pooling p) { return p.height == 2 && p.width == 2 && p.stride == 2 && !p.overlaps; }
INLINE kernel_pooling halving(kernel_pooling p) {
  p.height = p.width = p.stride = 2;
  p.overlaps = false;
  return p;
}

static void max_pool_forward(kernel_pooling p, const float *x, float *y, bool relu) {
  if (!is_interleaved(p)) planes_forward(p, x, y, relu);
  else if (is_halving(p)) interleaved_forward(halving(p), x, y, relu);
  else interleaved_forward(p, x, y, relu);
}

static void max_pool_backward(kernel_pooling p, const float *x, const float *y, const float *dy, float *dx, bool relu) {
  if (!is_interleaved(p)) planes_backward(p, x, y, dy, dx, relu);
  else if (is_halving(p)) interleaved_backward(halving(p), x, y, dy, dx, relu);
  else interleaved_backward(p, x, y, dy, dx, relu);
}

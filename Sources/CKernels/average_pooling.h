// Average pooling. Interleaved channels are processed 16 at a time as one vector, planes one by one.
#pragma once
#include "pooling.h"

INLINE v16 sum_of_window(const kernel_pooling p, const float *window) {
  v16 sum = splat16(0);
  for (ptrdiff_t ky = 0; ky < p.height; ky++)
    for (ptrdiff_t kx = 0; kx < p.width; kx++) sum += load16(window + ky * p.x_row_stride + kx * p.x_pixel_stride);
  return sum;
}

INLINE float sum_of_plane_window(const kernel_pooling p, const float *window) {
  float sum = 0;
  for (ptrdiff_t ky = 0; ky < p.height; ky++)
    for (ptrdiff_t kx = 0; kx < p.width; kx++) sum += window[ky * p.x_row_stride + kx * p.x_pixel_stride];
  return sum;
}

INLINE void average_forward(const kernel_pooling p, const float *x, float *y, bool interleaved) {
  const float elements = (float)(p.height * p.width);
  for (ptrdiff_t oy = 0; oy < p.out_height; oy++)
    for (ptrdiff_t ox = 0; ox < p.out_width; ox++) {
      const float *window = x + oy * p.stride * p.x_row_stride + ox * p.stride * p.x_pixel_stride;
      float *out = y + oy * p.y_row_stride + ox * p.y_pixel_stride;
      if (interleaved)
        for (ptrdiff_t c = 0; c < p.channels; c += 16) store16(out + c, sum_of_window(p, window + c) / elements);
      else
        for (ptrdiff_t c = 0; c < p.channels; c++)
          out[c * p.y_channel_stride] = sum_of_plane_window(p, window + c * p.x_channel_stride) / elements;
    }
}

INLINE void average_backward(const kernel_pooling p, const float *dy, float *dx, bool interleaved) {
  const float elements = (float)(p.height * p.width);
  for (ptrdiff_t oy = 0; oy < p.out_height; oy++)
    for (ptrdiff_t ox = 0; ox < p.out_width; ox++)
      for (ptrdiff_t c = 0; c < p.channels; c += interleaved ? 16 : 1) {
        const float *out = dy + oy * p.y_row_stride + ox * p.y_pixel_stride + c * p.y_channel_stride;
        float *window = dx + oy * p.stride * p.x_row_stride + ox * p.stride * p.x_pixel_stride + c * p.x_channel_stride;
        const v16 each = (interleaved ? load16(out) : splat16(*out)) / elements;
        for (ptrdiff_t ky = 0; ky < p.height; ky++)
          for (ptrdiff_t kx = 0; kx < p.width; kx++) {
            float *at = window + ky * p.x_row_stride + kx * p.x_pixel_stride;
            if (interleaved) store16(at, p.overlaps ? load16(at) + each : each);
            else *at = p.overlaps ? *at + each[0] : each[0];
          }
      }
}

static void average_pool_forward(kernel_pooling p, const float *x, float *y) {
  if (!is_interleaved(p)) average_forward(p, x, y, false);
  else if (is_halving(p)) average_forward(halving(p), x, y, true);
  else average_forward(p, x, y, true);
}

static void average_pool_backward(kernel_pooling p, const float *dy, float *dx) {
  if (!is_interleaved(p)) average_backward(p, dy, dx, false);
  else if (is_halving(p)) average_backward(halving(p), dy, dx, true);
  else average_backward(p, dy, dx, true);
}

// Max pooling. Where channels are adjacent in memory 16 of them are one vector; a plane of its own goes one by one.
#include "vector.h"

// The largest of a window for 16 channels, or a NaN where there is one.
INLINE v16 largest_of_window(const kernel_pooling *p, const float *window, bool relu) {
  v16 largest = splat16(relu ? 0 : -__builtin_inff());
  for (ptrdiff_t ky = 0; ky < p->size; ky++)
    for (ptrdiff_t kx = 0; kx < p->size; kx++) {
      const v16 v = load16(window + ky * p->x_row_stride + kx * p->x_pixel_stride);
      largest = v <= largest ? largest : (largest == largest ? v : largest);
    }
  return largest;
}

static void max_pool_forward(kernel_pooling p, const float *x, float *y, bool relu) {
  const bool adjacent = p.x_channel_stride == 1 && p.y_channel_stride == 1;
  for (ptrdiff_t oy = 0; oy < p.out_height; oy++)
    for (ptrdiff_t ox = 0; ox < p.out_width; ox++) {
      const float *window = x + oy * p.step * p.x_row_stride + ox * p.step * p.x_pixel_stride;
      float *out = y + oy * p.y_row_stride + ox * p.y_pixel_stride;
      for (ptrdiff_t c = 0; adjacent && c < p.channels; c += 16)
        store16(out + c, largest_of_window(&p, window + c, relu));
      for (ptrdiff_t c = 0; !adjacent && c < p.channels; c++) {
        float largest = relu ? 0 : -__builtin_inff();
        for (ptrdiff_t ky = 0; ky < p.size; ky++)
          for (ptrdiff_t kx = 0; kx < p.size; kx++) {
            const float v = window[ky * p.x_row_stride + kx * p.x_pixel_stride + c * p.x_channel_stride];
            largest = v <= largest ? largest : (largest == largest ? v : largest);
          }
        out[c * p.y_channel_stride] = largest;
      }
    }
}

// Gives g to the first element of the window that equals the maximum, as PyTorch does.
INLINE void give_to_largest(const kernel_pooling *p, const float *x, v16 largest, v16 g, float *dx) {
  v16i taken = 0;
  for (ptrdiff_t ky = 0; ky < p->size; ky++)
    for (ptrdiff_t kx = 0; kx < p->size; kx++) {
      const ptrdiff_t at = ky * p->x_row_stride + kx * p->x_pixel_stride;
      const v16i here = (load16(x + at) == largest) & ~taken;
      store16(dx + at, load16(dx + at) + (here ? g : splat16(0)));
      taken |= here;
    }
}

static void max_pool_backward(kernel_pooling p, const float *x, const float *y, const float *dy, float *dx, bool relu) {
  const bool adjacent = p.x_channel_stride == 1 && p.y_channel_stride == 1;
  for (ptrdiff_t oy = 0; oy < p.out_height; oy++)
    for (ptrdiff_t ox = 0; ox < p.out_width; ox++) {
      const ptrdiff_t window = oy * p.step * p.x_row_stride + ox * p.step * p.x_pixel_stride;
      const ptrdiff_t out = oy * p.y_row_stride + ox * p.y_pixel_stride;
      for (ptrdiff_t c = 0; adjacent && c < p.channels; c += 16) {
        const v16 largest = load16(y + out + c), g = load16(dy + out + c);
        give_to_largest(&p, x + window + c, largest, relu ? (largest > 0 ? g : splat16(0)) : g, dx + window + c);
      }
      for (ptrdiff_t c = 0; !adjacent && c < p.channels; c++) {
        const float largest = y[out + c * p.y_channel_stride];
        const float g = relu && !(largest > 0) ? 0 : dy[out + c * p.y_channel_stride];
        bool taken = false;
        for (ptrdiff_t ky = 0; ky < p.size; ky++)
          for (ptrdiff_t kx = 0; kx < p.size; kx++) {
            const ptrdiff_t at = window + ky * p.x_row_stride + kx * p.x_pixel_stride + c * p.x_channel_stride;
            const bool here = !taken && x[at] == largest;
            dx[at] += here ? g : 0;
            taken |= here;
          }
      }
    }
}

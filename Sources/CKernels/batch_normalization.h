// Batch normalization of one micro-batch: each channel over the pixels of all its samples, which are added in one
// order, in double. Of 16 channels at a time.
#pragma once
#include "vector.h"

INLINE v8d load_moments(const double *moments, ptrdiff_t panel, ptrdiff_t at) {
  return load8d(moments + 32 * panel + at);
}

// 1 / sqrt(variance + epsilon) of 8 channels. A square root is rounded correctly with or without the builtin, which the
// clang of Swift 6.0 does not have.
INLINE v8d inverse_deviation(v8d variance, double epsilon) {
  v8d v = variance + epsilon;
#if __has_builtin(__builtin_elementwise_sqrt)
  return 1 / __builtin_elementwise_sqrt(v);
#else
  UNROLL(i, 8) v[i] = 1 / __builtin_sqrt(v[i]);
  return v;
#endif
}

INLINE v16 mean_of(const double *moments, ptrdiff_t panel) {
  return narrow(load_moments(moments, panel, 0), load_moments(moments, panel, 8));
}

INLINE v16 scale_of(const double *moments, ptrdiff_t panel, double epsilon) {
  return narrow(inverse_deviation(load_moments(moments, panel, 16), epsilon),
                inverse_deviation(load_moments(moments, panel, 24), epsilon));
}

// What multiplies the deviation from the mean: the channels' weights are beside their biases.
INLINE v16 slope_of(const kernel_batch_norm *b, ptrdiff_t panel) {
  return scale_of(b->moments, panel, b->epsilon) * load16(b->parameters + 32 * panel);
}

static void batch_norm_moments(const kernel_batch_norm b, double *moments, kernel_range rows, kernel_range panels) {
  const double count = (double)((rows.end - rows.begin) * b.pixels);
  for (ptrdiff_t panel = panels.begin; panel < panels.end; panel++) {
    v8d low_sum = {0}, high_sum = {0}, low_square = {0}, high_square = {0};
    for (ptrdiff_t row = rows.begin; row < rows.end; row++) {
      const float *x = b.x.elements + row * b.x.stride + 16 * panel;
      for (ptrdiff_t pixel = 0; pixel < b.pixels; pixel++, x += b.pixel_stride) {
        const v16 v = load16(x);
        const v8d low = low_half(v), high = high_half(v);
        low_sum += low;
        high_sum += high;
        // The square of a float is exact in double, so that this is rounded once with or without a fused operation.
        low_square += low * low;
        high_square += high * high;
      }
    }
    const v8d low_mean = low_sum / count, high_mean = high_sum / count;
    const v8d low = low_square / count - low_mean * low_mean, high = high_square / count - high_mean * high_mean;
    double *to = moments + 32 * panel;
    store8d(to, low_mean);
    store8d(to + 8, high_mean);
    store8d(to + 16, low < 0 ? (v8d){0} : low);
    store8d(to + 24, high < 0 ? (v8d){0} : high);
  }
}

static void batch_norm_forward(const kernel_batch_norm b, kernel_mutable_matrix y, kernel_range rows,
                               kernel_range panels) {
  for (ptrdiff_t panel = panels.begin; panel < panels.end; panel++) {
    const v16 mean = mean_of(b.moments, panel), slope = slope_of(&b, panel);
    const v16 bias = load16(b.parameters + 32 * panel + 16);
    for (ptrdiff_t row = rows.begin; row < rows.end; row++) {
      const float *x = b.x.elements + row * b.x.stride + 16 * panel;
      float *to = y.elements + row * y.stride + 16 * panel;
      for (ptrdiff_t pixel = 0; pixel < b.pixels; pixel++, x += b.pixel_stride, to += b.pixel_stride) {
        const v16 v = fma16(load16(x) - mean, slope, bias);
        store16(to, b.relu ? rectified(v) : v);
      }
    }
  }
}

// The gradient of the output at an element, back through the ReLU where there is one.
INLINE v16 output_gradient(const kernel_batch_norm *b, kernel_matrix y, kernel_matrix dy, ptrdiff_t row, ptrdiff_t at) {
  const v16 g = load16(dy.elements + row * dy.stride + at);
  return b->relu ? (load16(y.elements + row * y.stride + at) > 0 ? g : splat16(0)) : g;
}

static void batch_norm_gradient_sums(const kernel_batch_norm b, kernel_matrix y, kernel_matrix dy, double *sums,
                                     kernel_range rows, kernel_range panels) {
  for (ptrdiff_t panel = panels.begin; panel < panels.end; panel++) {
    const v16 mean = mean_of(b.moments, panel);
    v8d low_sum = {0}, high_sum = {0}, low_product = {0}, high_product = {0};
    for (ptrdiff_t row = rows.begin; row < rows.end; row++)
      for (ptrdiff_t pixel = 0; pixel < b.pixels; pixel++) {
        const ptrdiff_t at = pixel * b.pixel_stride + 16 * panel;
        const v16 g = output_gradient(&b, y, dy, row, at);
        const v16 d = load16(b.x.elements + row * b.x.stride + at) - mean;
        const v8d low = low_half(g), high = high_half(g);
        low_sum += low;
        high_sum += high;
        low_product += low * low_half(d);
        high_product += high * high_half(d);
      }
    const v8d low = inverse_deviation(load_moments(b.moments, panel, 16), b.epsilon);
    const v8d high = inverse_deviation(load_moments(b.moments, panel, 24), b.epsilon);
    double *to = sums + 32 * panel;
    store8d(to, low_product * low);
    store8d(to + 8, high_product * high);
    store8d(to + 16, low_sum);
    store8d(to + 24, high_sum);
  }
}

static void batch_norm_input_gradient(const kernel_batch_norm b, kernel_matrix y, kernel_matrix dy, const double *sums,
                                      kernel_mutable_matrix dx, kernel_range rows, kernel_range panels) {
  const double count = (double)((rows.end - rows.begin) * b.pixels);
  for (ptrdiff_t panel = panels.begin; panel < panels.end; panel++) {
    const v16 mean = mean_of(b.moments, panel), slope = slope_of(&b, panel);
    const double *of = sums + 32 * panel;
    const v8d low = load8d(of) / count * inverse_deviation(load_moments(b.moments, panel, 16), b.epsilon);
    const v8d high = load8d(of + 8) / count * inverse_deviation(load_moments(b.moments, panel, 24), b.epsilon);
    const v16 product = narrow(low, high), sum = narrow(load8d(of + 16) / count, load8d(of + 24) / count);
    for (ptrdiff_t row = rows.begin; row < rows.end; row++)
      for (ptrdiff_t pixel = 0; pixel < b.pixels; pixel++) {
        const ptrdiff_t at = pixel * b.pixel_stride + 16 * panel;
        const v16 g = output_gradient(&b, y, dy, row, at) - sum;
        const v16 d = load16(b.x.elements + row * b.x.stride + at) - mean;
        store16(dx.elements + row * dx.stride + at, fma16(-product, d, g) * slope);
      }
  }
}

static void channel_gradient(const kernel_batch_norm b, kernel_matrix dy, const float *slopes, kernel_mutable_matrix dx,
                             kernel_range rows, kernel_range panels) {
  for (ptrdiff_t row = rows.begin; row < rows.end; row++)
    for (ptrdiff_t pixel = 0; pixel < b.pixels; pixel++)
      for (ptrdiff_t panel = panels.begin; panel < panels.end; panel++) {
        const ptrdiff_t at = pixel * b.pixel_stride + 16 * panel;
        const float *of = slopes + 64 * panel;
        const v16 d = load16(b.x.elements + row * b.x.stride + at) - load16(of + 48);
        const v16 rest = fma16(d, load16(of + 16), load16(of + 32));
        const v16 g = load16(dy.elements + row * dy.stride + at);
        store16(dx.elements + row * dx.stride + at, fma16(g, load16(of), rest));
      }
}

static void scale_channels(const kernel_batch_norm b, kernel_mutable_matrix y, kernel_range rows, kernel_range panels) {
  for (ptrdiff_t row = rows.begin; row < rows.end; row++)
    for (ptrdiff_t pixel = 0; pixel < b.pixels; pixel++)
      for (ptrdiff_t panel = panels.begin; panel < panels.end; panel++) {
        const ptrdiff_t at = pixel * b.pixel_stride + 16 * panel;
        const float *of = b.parameters + 32 * panel;
        const v16 v = fma16(load16(b.x.elements + row * b.x.stride + at), load16(of), load16(of + 16));
        store16(y.elements + row * y.stride + at, b.relu ? rectified(v) : v);
      }
}

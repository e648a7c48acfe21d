// Cases of layer and batch normalization: vectors, planes, and interleaved channels with padding between them.
#include "CKernels.h"
#include "support.h"

static void layer_norm_case(kind kind, ptrdiff_t runs, ptrdiff_t length) {
  hash h = begin_case();
  const ptrdiff_t stride = padded16(length), count = runs * stride;
  const kernel_normalization features = {runs, length, stride, 1e-5f};
  float *x = matrix(kind, 61, runs, length, stride), *dy = matrix(PLAIN, 62, runs, length, stride);
  float *parameters = memory(2 * count * 4);
  for (ptrdiff_t i = 0; i < 2 * count; i++) {
    const ptrdiff_t position = i / 32 * 16 + i % 16;
    parameters[i] = position % stride < length ? (float)(i % 7) - 2.5f : 0;
  }
  float *y = outputs(count), *dx = outputs(count), *sums = outputs(2 * count);
  for (ptrdiff_t i = 0; i < 2 * count; i++) sums[i] = 0;
  kernel_layer_norm_forward(features, x, parameters, y);
  kernel_layer_norm_backward(features, x, parameters, dy, dx);
  kernel_layer_norm_weight_sums(features, x, dy, sums);
  kernel_layer_norm_weight_sums(features, dy, x, sums);
  add_floats(&h, y, count);
  add_floats(&h, dx, count);
  add_floats(&h, sums, 2 * count);
  end_case(h, "layer_norm %s %tdx%td", kind_names[kind], runs, length);
}

static void batch_norm_case(kind kind, ptrdiff_t rows, ptrdiff_t pixels, ptrdiff_t channels, bool relu) {
  hash h = begin_case();
  const ptrdiff_t width = padded16(channels), stride = pixels * width + 16, count = rows * stride;
  float *x = inputs(kind, 63, count), *dy = inputs(PLAIN, 64, count), *parameters = inputs(PLAIN, 65, 2 * width);
  float *y = outputs(count), *dx = outputs(count), *scaled = outputs(count);
  double *moments = outputs_in_double(2 * width), *sums = outputs_in_double(2 * width);
  const kernel_batch_norm batch = {{x, stride}, pixels, width, moments, parameters, 1e-5, relu};
  const kernel_range all = {0, rows}, panels = {0, width / 16};
  kernel_batch_norm_moments(batch, moments, all, panels);
  kernel_batch_norm_forward(batch, (kernel_mutable_matrix){y, stride}, all, panels);
  const kernel_matrix ys = {y, stride}, dys = {dy, stride};
  kernel_batch_norm_gradient_sums(batch, ys, dys, sums, all, panels);
  kernel_batch_norm_input_gradient(batch, ys, dys, sums, (kernel_mutable_matrix){dx, stride}, all, panels);
  kernel_scale_channels(batch, (kernel_mutable_matrix){scaled, stride}, all, panels);
  float *slopes = inputs(PLAIN, 66, 4 * width), *slope = outputs(count);
  kernel_channel_gradient(batch, dys, slopes, (kernel_mutable_matrix){slope, stride}, all, panels);
  add_doubles(&h, moments, 2 * width);
  add_doubles(&h, sums, 2 * width);
  add_floats(&h, y, count);
  add_floats(&h, dx, count);
  add_floats(&h, scaled, count);
  add_floats(&h, slope, count);
  end_case(h, "batch_norm %s %tdx%tdx%td %d", kind_names[kind], rows, pixels, channels, relu);
}

void normalization_cases(void) {
  for (kind kind = PLAIN; kind <= BROKEN; kind++) {
    for (ptrdiff_t channels = 1; channels < 70; channels += 17) batch_norm_case(kind, 5, 1, channels, channels & 1);
    batch_norm_case(kind, 1, 1, 16, false);
    batch_norm_case(kind, 3, 12, 5, true);
    batch_norm_case(kind, 4, 9, 33, false);
    for (ptrdiff_t length = 1; length < 70; length += 17) layer_norm_case(kind, 1, length);
    layer_norm_case(kind, 6, 5);
    layer_norm_case(kind, 4, 32);
    layer_norm_case(kind, 3, 33);
    layer_norm_case(kind, 2, 400);
  }
}

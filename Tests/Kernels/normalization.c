// Cases of layer normalization: vectors, planes, and interleaved channels with padding between them.
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

void normalization_cases(void) {
  for (kind kind = PLAIN; kind <= BROKEN; kind++) {
    for (ptrdiff_t length = 1; length < 70; length += 17) layer_norm_case(kind, 1, length);
    layer_norm_case(kind, 6, 5);
    layer_norm_case(kind, 4, 32);
    layer_norm_case(kind, 3, 33);
    layer_norm_case(kind, 2, 400);
  }
}

// Cases of convolutions: forward and input gradient.
#include "convolution.h"

convolution convolution_of(shape s) {
  convolution c = {.shape = s, .taps = s.channels * s.size * s.size};
  const ptrdiff_t height = s.height + 2 * s.padding, width = s.width + 2 * s.padding;
  const ptrdiff_t pixel = s.interleaved ? padded16(s.channels) : 1, channel = s.interleaved ? 1 : height * width;
  ptrdiff_t *offsets = memory(c.taps * (ptrdiff_t)sizeof *offsets);
  for (ptrdiff_t k = 0; k < c.taps; k++) {
    const ptrdiff_t tap = k % (s.size * s.size);
    offsets[k] = k / (s.size * s.size) * channel + (tap / s.size * width + tap % s.size) * pixel;
  }
  c.patches = (kernel_patches){
      .offsets = offsets,
      .size = s.size,
      .taps = c.taps,
      .outputs = s.outputs,
      .adjacent = s.interleaved ? s.channels : 1,
      .row_stride = s.stride * width * pixel,
      .pixel_stride = s.stride * pixel,
      .height = (height - s.size) / s.stride + 1,
      .width = (width - s.size) / s.stride + 1,
      .channels = padded16(s.outputs),
  };
  c.x_stride = padded16(height * width * (s.interleaved ? pixel : s.channels));
  c.y_stride = c.patches.height * c.patches.width * c.patches.channels;
  return c;
}

float *images(const convolution *c, kind kind, ptrdiff_t samples) {
  float *x = inputs(kind, 11, samples * c->x_stride);
  const ptrdiff_t pixel = padded16(c->shape.channels);
  if (c->shape.interleaved)
    for (ptrdiff_t i = 0; i < samples * c->x_stride; i++)
      if (i % pixel >= c->shape.channels) x[i] = 0;
  return x;
}

float *output_gradients(const convolution *c, kind kind, ptrdiff_t samples) {
  float *dy = inputs(kind, 12, samples * c->y_stride);
  for (ptrdiff_t i = 0; i < samples * c->y_stride; i++)
    dy[i] = i % c->patches.channels < c->shape.outputs ? dy[i] * 0x1p-5f : 0;
  return dy;
}

void print_case(hash h, const char *name, kind a, kind b, shape s, const char *more) {
  end_case(h, "%s %s*%s %tdx%tdx%td size %td step %td padding %td to %td%s%s", name, kind_names[a], kind_names[b],
           s.channels, s.height, s.width, s.size, s.stride, s.padding, s.outputs, s.interleaved ? " interleaved" : "",
           more);
}

static void forward_case(shape s, kind of_x, kind of_w, bool relu, bool in_parts) {
  hash h = begin_case();
  const convolution c = convolution_of(s);
  const ptrdiff_t samples = 3, panels = c.patches.channels / 16;
  const float *x = images(&c, of_x, samples), *w = panels_of(of_w, 13, c.taps, s.outputs);
  float *y = outputs(samples * c.y_stride);
  const kernel_convolution layer = {c.patches, {x, c.x_stride}, w, {y, c.y_stride}, relu};
  const kernel_range all = {0, panels};
  if (in_parts) kernel_convolution_forward(layer, (kernel_range){0, 1}, all);
  for (ptrdiff_t p = 0; in_parts && p < panels; p++)
    kernel_convolution_forward(layer, (kernel_range){1, samples}, (kernel_range){p, p + 1});
  if (!in_parts) kernel_convolution_forward(layer, (kernel_range){0, samples}, all);
  add_floats(&h, y, samples * c.y_stride);
  print_case(h, "convolution_forward", of_x, of_w, s, in_parts ? " parts" : "");
}

static void input_gradient_case(shape s, kind of_dy, kind of_w) {
  hash h = begin_case();
  const convolution c = convolution_of(s);
  const ptrdiff_t pixel = padded16(s.channels), samples = 2, count = pixel * s.size * s.size * s.outputs;
  float *w = inputs(of_w, 14, count);
  for (ptrdiff_t i = 0; i < count; i++)
    if (i / (16 * s.size * s.size * s.outputs) * 16 + i % 16 >= s.channels) w[i] = 0;
  const kernel_input_patches patches = {
      .size = s.size,
      .stride = s.stride,
      .padding = s.padding,
      .outputs = s.outputs,
      .dy_height = c.patches.height,
      .dy_width = c.patches.width,
      .dy_row_stride = c.patches.width * c.patches.channels,
      .dy_pixel_stride = c.patches.channels,
      .dx_height = s.height,
      .dx_width = s.width,
      .dx_row_stride = s.width * pixel,
      .dx_pixel_stride = pixel,
      .weights_are_finite = kernel_magnitude_bits(w, (kernel_range){0, count}) < 0x7f800000,
  };
  const ptrdiff_t dx_stride = s.height * s.width * pixel;
  float *dx = outputs(samples * dx_stride);
  const kernel_matrix dy = {output_gradients(&c, of_dy, samples), c.y_stride};
  const kernel_mutable_matrix to = {dx, dx_stride};
  kernel_convolution_input_gradient(&patches, dy, w, to, (kernel_range){0, 1});
  kernel_convolution_input_gradient(&patches, dy, w, to, (kernel_range){1, samples});
  add_floats(&h, dx, samples * dx_stride);
  print_case(h, "convolution_input_gradient", of_dy, of_w, s, "");
}

void convolution_cases(void) {
  static const shape shapes[] = {
      {1, 28, 28, 5, 1, 0, 10, false}, {1, 12, 11, 5, 1, 2, 16, false}, {1, 17, 19, 3, 1, 1, 32, false},
      {3, 12, 10, 3, 1, 0, 20, false}, {1, 13, 9, 3, 2, 1, 7, false},   {10, 12, 12, 5, 1, 0, 20, true},
      {16, 8, 9, 3, 1, 1, 32, true},   {33, 7, 6, 3, 1, 1, 50, true},   {20, 9, 9, 4, 2, 1, 12, true},
      {8, 6, 6, 1, 1, 0, 5, true},     {3, 11, 12, 5, 2, 2, 70, true},  {1, 5, 5, 5, 1, 0, 3, true},
      {12, 40, 36, 3, 1, 1, 4, true},  {16, 10, 8, 1, 1, 0, 48, true},  {1, 16, 16, 7, 1, 3, 4, false},
  };
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    const shape s = shapes[i];
    for (kind of_x = PLAIN; of_x <= BROKEN; of_x++) forward_case(s, of_x, PLAIN, of_x % 2, of_x % 3 == 1);
    forward_case(s, WIDE, WIDE, true, true);
    forward_case(s, PLAIN, INFINITE, false, false);
    for (kind of_dy = PLAIN; s.interleaved && of_dy <= BROKEN; of_dy++) input_gradient_case(s, of_dy, PLAIN);
    for (kind of_w = TINY; s.interleaved && of_w <= BROKEN; of_w++) input_gradient_case(s, SPARSE, of_w);
    convolution_weight_cases(s);
    if (i % 3 == 0) convolution_grid_cases(s);
  }
}

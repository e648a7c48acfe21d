// Cases of convolutions: forward, input gradient, weight sums and weight gradient.
#include <stdio.h>
#include <string.h>
#include "CKernels.h"
#include "optimizers.h"
#include "support.h"

typedef struct {
  ptrdiff_t channels, height, width, size, step, padding, outputs;
  bool interleaved;
} shape;

// An input with its border, and what kernels are told of it.
typedef struct {
  shape shape;
  kernel_patches patches;
  ptrdiff_t taps, x_stride, y_stride;
} convolution;

static convolution convolution_of(shape s) {
  convolution c = {.shape = s, .taps = s.channels * s.size * s.size};
  const ptrdiff_t height = s.height + 2 * s.padding, width = s.width + 2 * s.padding;
  const ptrdiff_t pixel = s.interleaved ? padded16(s.channels) : 1, channel = s.interleaved ? 1 : height * width;
  ptrdiff_t *offsets = memory(c.taps * (ptrdiff_t)sizeof *offsets);
  for (ptrdiff_t k = 0; k < c.taps; k++) {
    const ptrdiff_t tap = k % (s.size * s.size);
    offsets[k] = k / (s.size * s.size) * channel + (tap / s.size * width + tap % s.size) * pixel;
  }
  c.patches = (kernel_patches){
      .offsets = offsets, .size = s.size, .outputs = s.outputs, .adjacent = s.interleaved ? s.channels : 1,
      .row_stride = s.step * width * pixel, .pixel_stride = s.step * pixel,
      .height = (height - s.size) / s.step + 1, .width = (width - s.size) / s.step + 1,
      .channels = padded16(s.outputs),
  };
  c.x_stride = padded16(height * width * (s.interleaved ? pixel : s.channels));
  c.y_stride = c.patches.height * c.patches.width * c.patches.channels;
  return c;
}

static float *images(const convolution *c, kind kind, ptrdiff_t samples) {
  float *x = inputs(kind, 11, samples * c->x_stride);
  const ptrdiff_t pixel = padded16(c->shape.channels);
  if (c->shape.interleaved)
    for (ptrdiff_t i = 0; i < samples * c->x_stride; i++)
      if (i % pixel >= c->shape.channels) x[i] = 0;
  return x;
}

static float *output_gradients(const convolution *c, kind kind, ptrdiff_t samples) {
  float *dy = inputs(kind, 12, samples * c->y_stride);
  for (ptrdiff_t i = 0; i < samples * c->y_stride; i++)
    dy[i] = i % c->patches.channels < c->shape.outputs ? dy[i] * 0x1p-5f : 0;
  return dy;
}

static void print_case(hash h, const char *name, kind a, kind b, shape s, const char *more) {
  end_case(h, "%s %s*%s %tdx%tdx%td size %td step %td padding %td to %td%s%s", name, kind_names[a], kind_names[b],
           s.channels, s.height, s.width, s.size, s.step, s.padding, s.outputs, s.interleaved ? " interleaved" : "", more);
}

static void forward(const convolution *c, const float *x, const float *w, float *y, bool relu, kernel_range samples,
                    kernel_range panels) {
  kernel_convolution_forward(&c->patches, x, c->x_stride, w, c->taps, y, c->y_stride, relu, samples, panels);
}

static void forward_case(shape s, kind of_x, kind of_w, bool relu, bool in_parts) {
  hash h = begin_case();
  const convolution c = convolution_of(s);
  const ptrdiff_t samples = 3, panels = c.patches.channels / 16, cut = in_parts ? 1 : 0;
  const float *x = images(&c, of_x, samples), *w = panels_of(of_w, 13, c.taps, s.outputs);
  float *y = outputs(samples * c.y_stride);
  if (in_parts) forward(&c, x, w, y, relu, (kernel_range){0, 1}, (kernel_range){0, panels});
  for (ptrdiff_t p = 0; in_parts && p < panels; p++)
    forward(&c, x, w, y, relu, (kernel_range){1, samples}, (kernel_range){p, p + 1});
  if (!in_parts) forward(&c, x, w, y, relu, (kernel_range){cut, samples}, (kernel_range){0, panels});
  add_floats(&h, y, samples * c.y_stride);
  print_case(h, "convolution_forward", of_x, of_w, s, in_parts ? " parts" : "");
}

static void input_gradient(const kernel_input_patches *patches, const convolution *c, const float *dy, const float *w,
                           float *dx, ptrdiff_t dx_stride, kernel_range samples) {
  kernel_convolution_input_gradient(patches, dy, c->y_stride, w, dx, dx_stride, samples);
}

static void input_gradient_case(shape s, kind of_dy, kind of_w) {
  hash h = begin_case();
  const convolution c = convolution_of(s);
  const ptrdiff_t pixel = padded16(s.channels), samples = 2, count = pixel * s.size * s.size * s.outputs;
  float *w = inputs(of_w, 14, count);
  for (ptrdiff_t i = 0; i < count; i++)
    if (i / (16 * s.size * s.size * s.outputs) * 16 + i % 16 >= s.channels) w[i] = 0;
  const kernel_input_patches patches = {
      .size = s.size, .step = s.step, .padding = s.padding, .outputs = s.outputs,
      .dy_height = c.patches.height, .dy_width = c.patches.width,
      .dy_row_stride = c.patches.width * c.patches.channels, .dy_pixel_stride = c.patches.channels,
      .dx_height = s.height, .dx_width = s.width, .dx_row_stride = s.width * pixel, .dx_pixel_stride = pixel,
      .weights_are_finite = kernel_magnitude_bits(w, (kernel_range){0, count}) < 0x7f800000,
  };
  const ptrdiff_t dx_stride = s.height * s.width * pixel;
  float *dx = outputs(samples * dx_stride);
  input_gradient(&patches, &c, output_gradients(&c, of_dy, samples), w, dx, dx_stride, (kernel_range){0, 1});
  input_gradient(&patches, &c, output_gradients(&c, of_dy, samples), w, dx, dx_stride, (kernel_range){1, samples});
  add_floats(&h, dx, samples * dx_stride);
  print_case(h, "convolution_input_gradient", of_dy, of_w, s, "");
}

typedef struct {
  bool fresh, last;
  kernel_range positions, part;
  float *sums, *by_input;
} sums_target;

static void weight_sums(const convolution *c, const float *x, const float *dy, kernel_range samples, sums_target to) {
  kernel_convolution_weight_sums(&c->patches, x, c->x_stride, dy, c->y_stride, c->taps, samples, to.fresh, to.last,
                                 to.positions, to.part, to.sums, to.by_input);
}

static bool weight_gradient(const convolution *c, const float *sums, ptrdiff_t next, int32_t micro_batches,
                            kernel_gradient_sink sink, kernel_range positions, kernel_range range) {
  return kernel_convolution_weight_gradient(&c->patches, c->taps, sums, next, micro_batches, 512, sink, positions, range);
}

static void weight_gradient_fast(const convolution *c, const float *sums, kernel_gradient_sink sink, kernel_range positions,
                                 kernel_range range) {
  kernel_convolution_weight_gradient_fast(&c->patches, c->taps, sums, sink, positions, range);
}

// Positions in two rounds, as where there is little room; each round's in two parts; three micro-batches of two samples or
// one, the first in two calls.
static void weight_case(shape s, kind of_x, kind of_dy, int optimizer, bool fast, bool has_memory) {
  hash h = begin_case();
  const convolution c = convolution_of(s);
  const ptrdiff_t samples = 5, adjacent = c.patches.adjacent, positions = c.taps / adjacent + 1;
  const ptrdiff_t panels = c.patches.channels / 16, parameters = panels * (c.taps + 1) * 16, chains = fast ? 1 : 3;
  const float *x = images(&c, of_x, samples), *dy = output_gradients(&c, of_dy, samples);
  const kernel_update update = optimizer < 0 ? (kernel_update){0} : optimizer_case(optimizer, parameters);
  double *exact = outputs_in_double(parameters);
  float *sum = outputs(parameters);
  const kernel_gradient_sink sink = optimizer >= 0 ? (kernel_gradient_sink){.update = &update}
                                    : fast         ? (kernel_gradient_sink){.fast = sum}
                                                   : (kernel_gradient_sink){.exact = exact};
  const ptrdiff_t by_input = 16 + s.outputs * positions * padded16(adjacent);
  for (ptrdiff_t round = 0; round < 2; round++) {
    const kernel_range all = {round == 0 ? 0 : positions / 3, round == 0 ? positions / 3 : positions};
    if (all.begin == all.end) continue;
    const ptrdiff_t bias = all.end == positions, count = panels * ((all.end - all.begin - bias) * adjacent + bias) * 16;
    float *sums = outputs(chains * count);
    for (ptrdiff_t m = 0; m < chains; m++)
      for (ptrdiff_t p = 0; p < 2; p++) {
        const ptrdiff_t cut = all.begin + (all.end - all.begin) / 4;
        const kernel_range part = {p == 0 ? all.begin : cut, p == 0 ? cut : all.end};
        if (part.begin == part.end) continue;
        sums_target to = {true, false, all, part, sums + m * count, has_memory ? outputs(by_input) : NULL};
        const kernel_range rows = fast ? (kernel_range){0, samples} : (kernel_range){m * 2, m == 2 ? 5 : m * 2 + 2};
        if (rows.end - rows.begin > 1) {
          weight_sums(&c, x, dy, (kernel_range){rows.begin, rows.begin + 1}, to);
          to.fresh = false;
        }
        to.last = true;
        weight_sums(&c, x, dy, (kernel_range){rows.begin + !to.fresh, rows.end}, to);
      }
    add_floats(&h, sums, chains * count);
    const kernel_range whole = {0, count / 16};
    if (fast) weight_gradient_fast(&c, sums, sink, all, whole);
    else add_integer(&h, weight_gradient(&c, sums, count, (int32_t)chains, sink, all, whole));
  }
  if (optimizer >= 0) add_update(&h, &update, parameters);
  else if (fast) add_floats(&h, sum, parameters);
  else add_doubles(&h, exact, parameters);
  char more[64];
  snprintf(more, sizeof more, "%s%s%s", fast ? " fast" : "", has_memory ? " by input" : "", optimizer_name(optimizer));
  print_case(h, "convolution_weight_gradient", of_x, of_dy, s, more);
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
    for (int memory = 0; memory < 2; memory++) {
      for (kind of_x = PLAIN; of_x <= BROKEN; of_x++) weight_case(s, of_x, SPARSE, -1, false, memory);
      for (kind of_dy = PLAIN; of_dy <= BROKEN; of_dy++) weight_case(s, PLAIN, of_dy, -1, of_dy % 2, memory);
      for (int optimizer = 0; optimizer < OPTIMIZERS; optimizer++)
        weight_case(s, PLAIN, SPARSE, optimizer, optimizer % 2, memory);
    }
  }
}

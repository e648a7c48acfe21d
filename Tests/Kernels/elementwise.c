// Cases of the kernels in which every element stands for itself, of dropout, the loss, and the measure of speed.
#include <string.h>
#include "CKernels.h"
#include "support.h"

static void activation_case(kind kind, ptrdiff_t count) {
  hash h = begin_case();
  float *x = inputs(kind, 31, count), *y = outputs(count), *tanh = outputs(count), *sigmoid = outputs(count);
  // Past where e^-x underflows, too.
  for (ptrdiff_t i = 0; i < count; i += 2) x[i] *= 130;
  float *dy = inputs(PLAIN, 32, count);
  const kernel_range all = {count / 5, count};
  kernel_relu_forward(x, y, all);
  kernel_relu_backward(y, dy, all);
  kernel_tanh_forward(x, tanh, count, 0);
  kernel_sigmoid_forward(x, sigmoid, count, 0);
  add_floats(&h, y, count);
  add_floats(&h, dy, count);
  add_floats(&h, tanh, count);
  add_floats(&h, sigmoid, count);
  const uint32_t magnitude = kernel_magnitude_bits(x, all);
  add_integer(&h, magnitude > 0x7f800000 ? 0x7fc00000 : magnitude);
  end_case(h, "activations %s %td", kind_names[kind], count);
}

typedef void forward_kernel(const float *, float *, ptrdiff_t, float);
typedef void backward_kernel(const float *, const float *, const float *, float *, ptrdiff_t, float);

// One function, forward and backward. Counts other than multiples of 16 end within a vector.
static void function_cases(const char *name, forward_kernel *forward, backward_kernel *backward) {
  for (kind kind = PLAIN; kind <= BROKEN; kind++)
    for (ptrdiff_t count = 1; count < 300; count += 37) {
      hash h = begin_case();
      const float *x = inputs(kind, 31, count), *dy = inputs(PLAIN, 32, count);
      float *y = outputs(count), *dx = outputs(count);
      forward(x, y, count, 0.25f);
      backward(x, y, dy, dx, count, 0.25f);
      add_floats(&h, y, count);
      add_floats(&h, dx, count);
      end_case(h, "%s %s %td", name, kind_names[kind], count);
    }
}

static void transpose_case(ptrdiff_t rows, ptrdiff_t columns, kernel_range part) {
  hash h = begin_case();
  const ptrdiff_t from_stride = padded16(columns), to_stride = padded16(rows) + 16;
  float *to = outputs(columns * to_stride);
  kernel_transpose(inputs(BROKEN, 33, rows * from_stride), from_stride, to, to_stride, rows, part);
  add_floats(&h, to, columns * to_stride);
  end_case(h, "transpose %tdx%td %td to %td", rows, columns, part.begin, part.end);
}

static void load_case(ptrdiff_t count) {
  hash h = begin_case();
  uint8_t *bytes = memory(count);
  for (ptrdiff_t i = 0; i < count; i++) bytes[i] = (uint8_t)random_bits(34, (uint64_t)i);
  float *y = outputs(count);
  kernel_load_uint8(bytes, y, count, 1.0f / 255 / 0.3081f, -0.4242f);
  add_floats(&h, y, count);
  end_case(h, "load_uint8 %td", count);
}

static void dropout_case(uint32_t first_block, uint32_t threshold, ptrdiff_t count) {
  hash h = begin_case();
  float *factors = outputs((count + 31) / 32 * 32);
  const kernel_random random = {.seed = 0x123456789abcdef0, .sample = 59999, .time = 3, .purpose = 4};
  kernel_dropout_factors(random, first_block, threshold, 1.25f, factors, count);
  add_floats(&h, factors, count);
  end_case(h, "dropout_factors %08x %08x %td", first_block, threshold, count);
}

static void multiply_case(kind kind, ptrdiff_t period, ptrdiff_t times) {
  hash h = begin_case();
  float *y = outputs(period * times);
  kernel_multiply_repeated(inputs(kind, 35, period * times), inputs(PLAIN, 36, period), period, y, period * times);
  add_floats(&h, y, period * times);
  end_case(h, "multiply_repeated %s %tdx%td", kind_names[kind], period, times);
}

static void loss_case(kind kind, ptrdiff_t classes, float smoothing, bool is_weighted, bool is_mixed) {
  hash h = begin_case();
  const ptrdiff_t rows = 24, stride = padded16(classes);
  float *logits = matrix(kind, 37, rows, classes, stride), *dlogits = outputs(rows * stride);
  // Rows that are sure of their class, of another, and of two.
  for (ptrdiff_t r = 0; r < 6; r++) logits[r * stride + r % classes] = logits[r * stride + (r * 7) % classes] = 200;
  float *losses = outputs(rows);
  uint8_t *hits = memory(rows);
  int32_t labels[24];
  int32_t others[24];
  float parts[24];
  for (ptrdiff_t r = 0; r < rows; r++) {
    labels[r] = (int32_t)(r % classes);
    others[r] = (int32_t)(r * r % classes);
    parts[r] = (float)(r % 6) / 10;
  }
  float *weights = is_weighted ? matrix(PLAIN, 38, 1, classes, stride) : NULL, sum = 0;
  for (ptrdiff_t c = 0; weights && c < classes; c++) sum += weights[c] = weights[c] < 0 ? -weights[c] : weights[c];
  kernel_classification batch = {logits,    stride,  classes, labels,  is_mixed ? others : NULL,
                                 is_mixed ? parts : NULL, 1.0f / 24, smoothing,
                                 weights, sum,     dlogits, losses, hits};
  kernel_softmax_cross_entropy(batch, (kernel_range){0, 17});
  batch.dlogits = NULL;
  kernel_softmax_cross_entropy(batch, (kernel_range){17, rows});
  add_floats(&h, dlogits, rows * stride);
  add_floats(&h, losses, rows);
  for (ptrdiff_t r = 0; r < rows; r++) add_integer(&h, hits[r]);
  const char *name = is_mixed        ? (is_weighted ? "mixed_weighted_cross_entropy" : "mixed_cross_entropy")
                     : is_weighted   ? "weighted_cross_entropy"
                     : smoothing > 0 ? "smoothed_cross_entropy"
                                     : "softmax_cross_entropy";
  end_case(h, "%s %s %td", name, kind_names[kind], classes);
}

// What it returns depends on the build's number of chains; what they sum to does not need to be anything but a number.
static void peak_case(void) {
  hash h = begin_case();
  float result = 0;
  const double once = kernel_multiply_add_peak(1, &result), more = kernel_multiply_add_peak(1000, &result);
  add_integer(&h, once >= 32 && more == 1000 * once && result - result == 0);
  end_case(h, "multiply_add_peak");
}

void elementwise_cases(void) {
#define KERNEL(RESULT, NAME, PARAMETERS, ARGUMENTS)
#define FUNCTION(NAME) function_cases(#NAME, kernel_##NAME##_forward, kernel_##NAME##_backward);
#include "kernels.def"
#undef KERNEL

  for (kind kind = PLAIN; kind <= BROKEN; kind++) {
    for (ptrdiff_t count = 1; count < 140; count += 23) activation_case(kind, count);
    for (ptrdiff_t classes = 1; classes <= 40; classes += classes < 18 ? 3 : 11) {
      loss_case(kind, classes, 0, false, false);
      loss_case(kind, classes, 0.1f, false, false);
      loss_case(kind, classes, 0, true, false);
      loss_case(kind, classes, 0.1f, true, false);
      loss_case(kind, classes, 0, false, true);
      loss_case(kind, classes, 0.1f, true, true);
    }
    multiply_case(kind, 32, 3);
    multiply_case(kind, 21, 2);
    multiply_case(kind, 1, 40);
  }
  for (ptrdiff_t n = 1; n < 50; n += 7) transpose_case(n, 53 - n, (kernel_range){n / 9 * 8, 53 - n});
  transpose_case(16, 784, (kernel_range){0, 784});
  for (ptrdiff_t count = 1; count < 100; count += 15) load_case(count);
  for (ptrdiff_t count = 1; count < 300; count += 62) dropout_case((uint32_t)count << 22, 0x33333333, count);
  dropout_case(0, 0, 64);
  dropout_case(1 << 22, 0xffffffff, 64);
  peak_case();
}

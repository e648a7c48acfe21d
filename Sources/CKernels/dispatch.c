// Picks the build of the kernels for this CPU, once, and passes every call on to it.
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "table.h"

static _Atomic(const kernel_table *) chosen;

static const kernel_table *table_named(const char *name) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
  if (avx512 && (!name || !strcmp(name, "avx512"))) return &kernel_table_avx512;
  if (avx2 && (!name || !strcmp(name, "avx2"))) return &kernel_table_avx2;
#endif
  return !name || !strcmp(name, "portable") ? &kernel_table_portable : NULL;
}

static const kernel_table *table(void) {
  const kernel_table *t = atomic_load_explicit(&chosen, memory_order_acquire);
  if (t) return t;
  t = table_named(getenv("LOCKSTEP_ISA"));
  if (!t) t = table_named(NULL);
  atomic_store_explicit(&chosen, t, memory_order_release);
  return t;
}

const char *kernel_isa(void) { return table()->name; }

bool kernel_select_isa(const char *name) {
  const kernel_table *t = table_named(name);
  if (t) atomic_store_explicit(&chosen, t, memory_order_release);
  return t != NULL;
}

void kernel_dense_forward(const float *x, ptrdiff_t x_stride, const float *weights, ptrdiff_t inputs, float *y,
                          ptrdiff_t y_stride, bool relu, kernel_range rows, kernel_range panels) {
  table()->dense_forward(x, x_stride, weights, inputs, y, y_stride, relu, rows, panels);
}

void kernel_dense_input_gradient(const float *dy_t, const float *weights, ptrdiff_t inputs_total,
                                 ptrdiff_t outputs, float *dx_t, float *dx, ptrdiff_t dx_stride, ptrdiff_t rows,
                                 kernel_range inputs) {
  table()->dense_input_gradient(dy_t, weights, inputs_total, outputs, dx_t, dx, dx_stride, rows, inputs);
}

bool kernel_dense_weight_gradient(const float *x, ptrdiff_t x_stride, const float *dy, ptrdiff_t dy_stride,
                                  ptrdiff_t inputs, kernel_micro_batches micro_batches, float limit,
                                  kernel_gradient_sink sink, kernel_range inputs_and_bias, kernel_range panels) {
  return table()->dense_weight_gradient(x, x_stride, dy, dy_stride, inputs, micro_batches, limit, sink,
                                        inputs_and_bias, panels);
}

void kernel_dense_weight_gradient_fast(const float *x, ptrdiff_t x_stride, const float *dy, ptrdiff_t dy_stride,
                                       ptrdiff_t inputs, ptrdiff_t rows, kernel_gradient_sink sink,
                                       kernel_range inputs_and_bias, kernel_range panels) {
  table()->dense_weight_gradient_fast(x, x_stride, dy, dy_stride, inputs, rows, sink, inputs_and_bias, panels);
}

void kernel_convolution_forward(const kernel_patches *patches, const float *x, ptrdiff_t x_stride,
                                const float *weights, ptrdiff_t taps, float *y, ptrdiff_t y_stride, bool relu,
                                kernel_range samples, kernel_range panels) {
  table()->convolution_forward(patches, x, x_stride, weights, taps, y, y_stride, relu, samples, panels);
}

void kernel_convolution_input_gradient(const kernel_input_patches *patches, const float *dy, ptrdiff_t dy_stride,
                                       const float *weights, float *dx, ptrdiff_t dx_stride, kernel_range samples) {
  table()->convolution_input_gradient(patches, dy, dy_stride, weights, dx, dx_stride, samples);
}

void kernel_convolution_weight_sums(const kernel_patches *patches, const float *x, ptrdiff_t x_stride, const float *dy,
                                    ptrdiff_t dy_stride, ptrdiff_t taps, kernel_range samples, bool fresh, bool last,
                                    kernel_range positions, kernel_range part, float *sums, float *by_input) {
  table()->convolution_weight_sums(patches, x, x_stride, dy, dy_stride, taps, samples, fresh, last, positions, part,
                                   sums, by_input);
}

bool kernel_convolution_weight_gradient(const kernel_patches *patches, ptrdiff_t taps, const float *sums,
                                        ptrdiff_t micro_batch_stride, int32_t micro_batches, float limit,
                                        kernel_gradient_sink sink, kernel_range positions, kernel_range range) {
  return table()->convolution_weight_gradient(patches, taps, sums, micro_batch_stride, micro_batches, limit, sink,
                                              positions, range);
}

void kernel_convolution_weight_gradient_fast(const kernel_patches *patches, ptrdiff_t taps, const float *sums,
                                             kernel_gradient_sink sink, kernel_range positions, kernel_range range) {
  table()->convolution_weight_gradient_fast(patches, taps, sums, sink, positions, range);
}

void kernel_max_pool_forward(kernel_pooling pooling, const float *x, float *y, bool relu) {
  table()->max_pool_forward(pooling, x, y, relu);
}

void kernel_max_pool_backward(kernel_pooling pooling, const float *x, const float *y, const float *dy, float *dx,
                              bool relu) {
  table()->max_pool_backward(pooling, x, y, dy, dx, relu);
}

void kernel_dropout_factors(kernel_random random, uint32_t first_block, uint32_t threshold, float scale,
                            float *factors, ptrdiff_t count) {
  table()->dropout_factors(random, first_block, threshold, scale, factors, count);
}

void kernel_multiply_repeated(const float *x, const float *factors, ptrdiff_t period, float *y, ptrdiff_t count) {
  table()->multiply_repeated(x, factors, period, y, count);
}

void kernel_tanh_forward(const float *x, float *y, ptrdiff_t count) { table()->tanh_forward(x, y, count); }
void kernel_sigmoid_forward(const float *x, float *y, ptrdiff_t count) { table()->sigmoid_forward(x, y, count); }

void kernel_transpose(const float *from, ptrdiff_t from_stride, float *to, ptrdiff_t to_stride, ptrdiff_t rows,
                      kernel_range columns) {
  table()->transpose(from, from_stride, to, to_stride, rows, columns);
}

void kernel_relu_backward(const float *y, float *dy, kernel_range elements) { table()->relu_backward(y, dy, elements); }

void kernel_relu_forward(const float *x, float *y, kernel_range elements) { table()->relu_forward(x, y, elements); }

uint32_t kernel_magnitude_bits(const float *x, kernel_range elements) { return table()->magnitude_bits(x, elements); }

void kernel_load_uint8(const uint8_t *bytes, float *y, ptrdiff_t count, float scale, float shift) {
  table()->load_uint8(bytes, y, count, scale, shift);
}

void kernel_softmax_cross_entropy(const float *logits, ptrdiff_t stride, ptrdiff_t classes, const int32_t *labels,
                                  float scale, float *dlogits, float *losses, uint8_t *hits, kernel_range rows) {
  table()->softmax_cross_entropy(logits, stride, classes, labels, scale, dlogits, losses, hits, rows);
}

void kernel_apply_update(const kernel_update *update, const double *exact, const float *fast, kernel_range elements) {
  table()->apply_update(update, exact, fast, elements);
}

void kernel_apply_summed_update(const kernel_update *update, const double *const *exact, const float *const *fast,
                                int32_t count, kernel_range elements) {
  table()->apply_summed_update(update, exact, fast, count, elements);
}

void kernel_sum_exact(const double *const *gradients, int32_t count, double *to, kernel_range elements) {
  table()->sum_exact(gradients, count, to, elements);
}

void kernel_sum_fast(const float *const *gradients, int32_t count, float *to, kernel_range elements) {
  table()->sum_fast(gradients, count, to, elements);
}

double kernel_multiply_add_peak(ptrdiff_t rounds, float *result) { return table()->multiply_add_peak(rounds, result); }

// The functions that one build of the kernels provides.
#pragma once
#include "CKernels.h"

typedef struct {
  const char *name;
  __typeof__(kernel_dense_forward) *dense_forward;
  __typeof__(kernel_dense_input_gradient) *dense_input_gradient;
  __typeof__(kernel_dense_weight_gradient) *dense_weight_gradient;
  __typeof__(kernel_dense_weight_gradient_fast) *dense_weight_gradient_fast;
  __typeof__(kernel_convolution_forward) *convolution_forward;
  __typeof__(kernel_convolution_input_gradient) *convolution_input_gradient;
  __typeof__(kernel_convolution_weight_sums) *convolution_weight_sums;
  __typeof__(kernel_convolution_weight_gradient) *convolution_weight_gradient;
  __typeof__(kernel_convolution_weight_gradient_fast) *convolution_weight_gradient_fast;
  __typeof__(kernel_max_pool_forward) *max_pool_forward;
  __typeof__(kernel_max_pool_backward) *max_pool_backward;
  __typeof__(kernel_dropout_factors) *dropout_factors;
  __typeof__(kernel_multiply_repeated) *multiply_repeated;
  __typeof__(kernel_tanh_forward) *tanh_forward;
  __typeof__(kernel_sigmoid_forward) *sigmoid_forward;
  __typeof__(kernel_transpose) *transpose;
  __typeof__(kernel_relu_backward) *relu_backward;
  __typeof__(kernel_relu_forward) *relu_forward;
  __typeof__(kernel_magnitude_bits) *magnitude_bits;
  __typeof__(kernel_load_uint8) *load_uint8;
  __typeof__(kernel_softmax_cross_entropy) *softmax_cross_entropy;
  __typeof__(kernel_apply_update) *apply_update;
  __typeof__(kernel_apply_summed_update) *apply_summed_update;
  __typeof__(kernel_sum_exact) *sum_exact;
  __typeof__(kernel_sum_fast) *sum_fast;
  __typeof__(kernel_multiply_add_peak) *multiply_add_peak;
} kernel_table;

extern const kernel_table kernel_table_portable;
#if defined(__x86_64__)
extern const kernel_table kernel_table_avx2;
extern const kernel_table kernel_table_avx512;
#endif

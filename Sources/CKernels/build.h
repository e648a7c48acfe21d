// One build of all kernels: the file that includes this has set the target, BUILD (its name), TILE_ROWS and
// TILE_VECTORS (the register tile; TILE_ROWS is 6 or 12).
#include "activation.h"
#include "convolution.h"
#include "convolution_gradient.h"
#include "convolution_input_gradient.h"
#include "dense.h"
#include "dense_gradient.h"
#include "dropout.h"
#include "elementwise.h"
#include "loss.h"
#include "peak.h"
#include "pooling.h"
#include "table.h"

#define JOIN(a, b) a##b
#define TABLE(build) JOIN(kernel_table_, build)
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const kernel_table TABLE(BUILD) = {
    .name = TEXT(BUILD),
    .dense_forward = dense_forward,
    .dense_input_gradient = dense_input_gradient,
    .dense_weight_gradient = dense_weight_gradient,
    .dense_weight_gradient_fast = dense_weight_gradient_fast,
    .convolution_forward = convolution_forward,
    .convolution_input_gradient = convolution_input_gradient,
    .convolution_weight_sums = convolution_weight_sums,
    .convolution_weight_gradient = convolution_weight_gradient,
    .convolution_weight_gradient_fast = convolution_weight_gradient_fast,
    .max_pool_forward = max_pool_forward,
    .max_pool_backward = max_pool_backward,
    .dropout_factors = dropout_factors,
    .multiply_repeated = multiply_repeated,
    .tanh_forward = tanh_forward,
    .sigmoid_forward = sigmoid_forward,
    .transpose = transpose,
    .relu_backward = relu_backward,
    .relu_forward = relu_forward,
    .magnitude_bits = magnitude_bits,
    .load_uint8 = load_uint8,
    .softmax_cross_entropy = softmax_cross_entropy,
    .apply_update = apply_update,
    .apply_summed_update = apply_summed_update,
    .sum_exact = sum_exact,
    .sum_fast = sum_fast,
    .multiply_add_peak = multiply_add_peak,
};

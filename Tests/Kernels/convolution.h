// What the cases of convolutions have in common.
#pragma once
#include "CKernels.h"
#include "support.h"

typedef struct {
  ptrdiff_t channels, height, width, size, stride, padding, outputs;
  bool interleaved;
} shape;

// An input with its border, and what kernels are told of it.
typedef struct {
  shape shape;
  kernel_patches patches;
  ptrdiff_t taps, x_stride, y_stride;
} convolution;

convolution convolution_of(shape s);
// [samples, x_stride] and [samples, y_stride]; channels that are not there are 0.
float *images(const convolution *c, kind kind, ptrdiff_t samples);
float *output_gradients(const convolution *c, kind kind, ptrdiff_t samples);
void print_case(hash h, const char *name, kind a, kind b, shape s, const char *more);

// Sums of a convolution's weight gradient, and the gradient, for one shape.
void convolution_weight_cases(shape s);
void convolution_grid_cases(shape s);

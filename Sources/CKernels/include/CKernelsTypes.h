// Arguments of kernels: matrices, ranges, geometry. CKernels.h describes the layouts.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "CKernelsGradients.h"

enum {
  // The number of outputs in a panel of weights, and the unit of every stride.
  KERNEL_PANEL_WIDTH = 16,
  // The most stack that kernels need, in bytes: they keep lists of non-zero inputs there.
  KERNEL_STACK_BYTES = 1 << 20,
};

// A half-open range of row, panel, input or element numbers: one thread's part of a kernel's work.
typedef struct {
  ptrdiff_t begin, end;
} kernel_range;

// Rows of numbers, row r from elements + r * stride on.
typedef struct {
  const float *elements;
  ptrdiff_t stride;
} kernel_matrix;
typedef struct {
  float *elements;
  ptrdiff_t stride;
} kernel_mutable_matrix;

// --- Dense ----------------------------------------------------------------------------------------------------

// A dense layer's forward pass, X [rows, inputs] to Y [rows, outputs].
typedef struct {
  kernel_matrix x;
  const float *weights;  // panels of [inputs + 1, 16]
  ptrdiff_t inputs;
  kernel_mutable_matrix y;
  bool relu;  // whether ReLU is applied to Y
} kernel_dense;

// Its input gradient. The sums run in panels of 16 rows, which threads write without sharing a cache line: dY^T is
// [rows / 16, outputs, 16] with rows and outputs rounded up to multiples of 16, the scratch dX^T is [rows / 16, inputs,
// 16]; the padding of rows is ignored.
typedef struct {
  const float *dy_t, *weights;
  ptrdiff_t inputs, outputs, rows;
  float *dx_t;
  kernel_mutable_matrix dx;
} kernel_dense_backward;

// Its weight gradient.
typedef struct {
  kernel_matrix x, dy;
  ptrdiff_t inputs;
  kernel_gradient_sink sink;
} kernel_dense_gradient;

// --- Convolution ----------------------------------------------------------------------------------------------

// How a convolution reads its input and writes its output. An output pixel's row of inputs is its patch: tap k of the
// pixel in row r and column c is x[r * row_stride + c * pixel_stride + offsets[k]]. Outputs are [height, width,
// channels], `channels` being a multiple of 16. Taps go channel by channel, and at each position by position of the
// patch; `adjacent` is the number of input channels if those are interleaved, else 1: taps k and k + taps / adjacent
// are then next to each other. A patch is size x size; `taps` are its inputs in all channels, `outputs` the channels
// without padding.
typedef struct {
  const ptrdiff_t *offsets;
  ptrdiff_t size, taps, outputs, adjacent;
  ptrdiff_t row_stride, pixel_stride;
  ptrdiff_t height, width, channels;
} kernel_patches;

// A convolution's forward pass. Weights lie in panels like a dense layer's, with taps for inputs; a row is a sample.
typedef struct {
  kernel_patches patches;
  kernel_matrix x;
  const float *weights;
  kernel_mutable_matrix y;
  bool relu;
} kernel_convolution;

// The geometry of a convolution for its input gradient: dY pixel (r, q) reads dX pixels (r stride + ky - padding, q
// stride + kx - padding). Both images are [height, width, channels]; dX's pixels are a multiple of 16 apart.
typedef struct {
  ptrdiff_t size, stride, padding, outputs;
  ptrdiff_t dy_height, dy_width, dy_row_stride, dy_pixel_stride;
  ptrdiff_t dx_height, dx_width, dx_row_stride, dx_pixel_stride;
  // Whether all weights are finite: only then may zeros of dY be skipped.
  bool weights_are_finite;
} kernel_input_patches;

// A micro-batch's part of the weights' gradient, [channels / 16, sums, 16]: sums[k] += the sum over samples and their
// output pixels, in order, of the patch's tap k times dY. Sums go position by position of the patch, of which there are
// taps / adjacent, at each its adjacent channels; the bias is one position more.
typedef struct {
  kernel_patches patches;
  kernel_matrix x, dy;
  kernel_range positions;  // those that `sums` holds
  kernel_range part;       // those of them to add to
  bool fresh;              // whether the sums begin with 0
  bool last;               // whether they are then complete
  float *sums;
  // Memory for the sums of the kernel that skips zeros of dY, until they are complete: 16 floats, and [outputs, part,
  // adjacent rounded up to 16]; null for none.
  float *by_input;
} kernel_convolution_sums;

// The sums of `count` micro-batches, `stride` floats apart. `numbers` are those of the micro-batches, which are not
// empty, from the first on; only grids need them.
typedef struct {
  ptrdiff_t stride;
  int32_t count;
  const int32_t *numbers;
} kernel_chains;

// Passes complete sums to the gradient's sink.
typedef struct {
  kernel_patches patches;
  const float *sums;
  kernel_range positions;  // those that `sums` holds
  kernel_gradient_sink sink;
} kernel_convolution_gradient;

// --- Others ---------------------------------------------------------------------------------------------------

// Windows of height x width, `stride` apart, without padding; the strides of one sample.
typedef struct {
  ptrdiff_t channels, height, width, stride, out_height, out_width;
  ptrdiff_t x_channel_stride, x_pixel_stride, x_row_stride;
  ptrdiff_t y_channel_stride, y_pixel_stride, y_row_stride;
  // Whether windows overlap.
  bool overlaps;
} kernel_pooling;

// A sample's features: `runs` of `length`, their beginnings `stride` apart, a multiple of 16.
typedef struct {
  ptrdiff_t runs, length, stride;
  float epsilon;
} kernel_normalization;

// Channels that are normalized over all pixels of some samples. Channels lie side by side, in panels of 16.
typedef struct {
  kernel_matrix x;
  ptrdiff_t pixels, pixel_stride;  // of a sample; floats from one to the next
  // Of 16 channels in turn, where a function does not write them: their means, then their variances.
  const double *moments;
  const float *parameters;  // of 16 channels in turn: their weights, then their biases
  double epsilon;
  bool relu;  // whether a ReLU follows
} kernel_batch_norm;

// Rows of logits and their labels, and the results.
typedef struct {
  const float *logits;
  ptrdiff_t stride, classes;
  const int32_t *labels;
  // Where samples are mixed: each row's second label, and its part of the target, which the first lacks. May be null.
  const int32_t *others;
  const float *parts;
  float scale;     // of the gradient: 1 / samples of the global batch, or 1 / the sum of their weights
  float smoothing; // the part of a label that all classes share evenly
  const float *weights;  // of the classes, [stride], 0 past them; may be null
  float weight_sum;      // of all classes
  float *dlogits;  // [rows, stride]; may be null
  float *losses;   // each row's
  uint8_t *hits;   // 1 where the first largest logit is the label's
} kernel_classification;

// The hot loops of Lockstep, in C because they need vector types, explicit fused multiply-adds and one build an
// instruction set. Every kernel keeps the numerical contract (DESIGN.md, section 1): the order in which one output
// element is summed depends on the layer only, never on tile, thread, batch or vector width, so that all builds of
// a kernel give the same bits.
//
// Layouts. Activations are row-major, [rows, stride], strides are multiples of 16 floats, padding columns are zero.
// A dense layer's weights lie in *panels* of 16 outputs: panel p is [inputs + 1, 16], row i holds
// W[i, 16p ..< 16p + 16], the last row holds the bias. Columns past the number of outputs are zero.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The number of outputs in a panel of weights, and the unit of every stride.
enum { KERNEL_PANEL_WIDTH = 16 };

// Half open range of row, panel, input or element numbers: what one thread does of a kernel's work.
typedef struct {
  ptrdiff_t begin, end;
} kernel_range;

// --- Dispatch -------------------------------------------------------------------------------------------------

// The name of the build in use: "avx512", "avx2" or "portable". Chosen once, by the CPU or by the environment
// variable LOCKSTEP_ISA.
const char *kernel_isa(void);

// Uses another build; false where this CPU cannot run it or there is none of that name. For tests.
bool kernel_select_isa(const char *name);

// Tells the core that this is a spin wait.
static inline void kernel_spin_hint(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Asks for memory that is read soon.
static inline void kernel_prefetch(const void *bytes, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i += 64) __builtin_prefetch((const char *)bytes + i);
}

// --- Dense ----------------------------------------------------------------------------------------------------

// Y[r, o] = activation(bias[o] + sum over i of X[r, i] W[i, o]), i ascending, for the rows and panels given.
void kernel_dense_forward(const float *x, ptrdiff_t x_stride, const float *weights, ptrdiff_t inputs, float *y,
                          ptrdiff_t y_stride, bool relu, kernel_range rows, kernel_range panels);

// dX[r, i] = sum over o of dY[r, o] W[i, o], o ascending, for the inputs given and all rows.
// The sums run in panels of 16 rows, which threads write without sharing a cache line: dY^T is [rows / 16, outputs, 16]
// with rows and outputs rounded up to multiples of 16, the scratch dX^T is [rows / 16, inputs, 16]; what stands in the place
// of rows that are not there is ignored.
void kernel_dense_input_gradient(const float *dy_t, const float *weights, ptrdiff_t inputs_total,
                                 ptrdiff_t outputs, float *dx_t, float *dx, ptrdiff_t dx_stride, ptrdiff_t rows,
                                 kernel_range inputs);

// How micro-batches lie in the rows of this rank: micro-batch m is rows bounds[m] ..< bounds[m + 1].
typedef struct {
  const int32_t *bounds;
  int32_t count;
} kernel_micro_batches;

// One step of an optimizer for a range of parameters, each element for itself.
typedef enum { KERNEL_SGD, KERNEL_ADAM } kernel_optimizer;
typedef struct {
  kernel_optimizer kind;
  float learning_rate, weight_decay;
  // SGD, as torch.optim.SGD without dampening. `first` may be null where momentum is 0.
  //   g += weight_decay w;  first = momentum first + g;  w -= learning_rate (nesterov ? g + momentum first : first)
  float momentum;
  bool nesterov;
  // Adam (Kingma and Ba 2015), as torch.optim.Adam; AdamW (Loshchilov and Hutter 2019) where decay is decoupled.
  //   decoupled ? w *= 1 - learning_rate weight_decay : g += weight_decay w
  //   first += (1 - beta1) (g - first);  second = beta2 second + (1 - beta2) g^2
  //   w -= learning_rate / correction1 * first / (sqrt(second) / correction2 + epsilon)
  // with correction1 = 1 - beta1^t and correction2 = sqrt(1 - beta2^t) after t steps. What is left of 1 is given, since in
  // float 1 - 0.999 is wrong in its fifth digit.
  float beta2, one_minus_beta1, one_minus_beta2, epsilon, correction1, correction2;
  bool decoupled;
  float *weights, *first, *second;
} kernel_update;

// Where a finished gradient goes: into one of the two buffers, laid out like the weights, to be summed over ranks; or,
// where there is only one rank, into the update at once, while it is still in registers.
typedef struct {
  double *exact;
  float *fast;
  const kernel_update *update;
} kernel_gradient_sink;

// dW[i, o] = sum over micro-batches of grid(sum over r of X[r, i] dY[r, o]), r ascending within the micro-batch,
// and the bias's gradient likewise with X = 1; grid() rounds to the nearest multiple of 2^-42. Every sum of such
// multiples is exact, so their order does not matter. The sink is `exact` or `update`.
// Returns false where a micro-batch's gradient is NaN or over `limit` in magnitude.
bool kernel_dense_weight_gradient(const float *x, ptrdiff_t x_stride, const float *dy, ptrdiff_t dy_stride,
                                  ptrdiff_t inputs, kernel_micro_batches micro_batches, float limit,
                                  kernel_gradient_sink sink, kernel_range inputs_and_bias, kernel_range panels);

// The same in Float, one chain over all rows, for `--reduction fast`. The sink is `fast` or `update`.
void kernel_dense_weight_gradient_fast(const float *x, ptrdiff_t x_stride, const float *dy, ptrdiff_t dy_stride,
                                       ptrdiff_t inputs, ptrdiff_t rows, kernel_gradient_sink sink,
                                       kernel_range inputs_and_bias, kernel_range panels);

// --- Convolution ----------------------------------------------------------------------------------------------

// How a convolution reads its input and writes its output. An output pixel's row of inputs is its patch: tap k of the
// pixel in row r and column c is x[r * row_stride + c * pixel_stride + offsets[k]]. Outputs are [height, width,
// channels], `channels` being a multiple of 16. Taps go channel by channel, and at each position by position of the patch;
// `adjacent` is the number of input channels where those lie side by side, else 1: taps k and k + taps / adjacent are then
// next to each other. A patch is size x size; `outputs` are the channels without padding.
typedef struct {
  const ptrdiff_t *offsets;
  ptrdiff_t size, outputs, adjacent;
  ptrdiff_t row_stride, pixel_stride;
  ptrdiff_t height, width, channels;
} kernel_patches;

// Y[s, pixel, o] = activation(bias[o] + sum over taps k of patch[k] W[k, o]), k ascending. Weights lie in panels like a
// dense layer's, with taps for inputs.
void kernel_convolution_forward(const kernel_patches *patches, const float *x, ptrdiff_t x_stride,
                                const float *weights, ptrdiff_t taps, float *y, ptrdiff_t y_stride, bool relu,
                                kernel_range samples, kernel_range panels);

// What the input gradient must know of a convolution: dY pixel (r, q) reads dX pixels (r step + ky - padding, q step + kx -
// padding). Both images are [height, width, channels]; dX's pixels are a multiple of 16 apart.
typedef struct {
  ptrdiff_t size, step, padding, outputs;
  ptrdiff_t dy_height, dy_width, dy_row_stride, dy_pixel_stride;
  ptrdiff_t dx_height, dx_width, dx_row_stride, dx_pixel_stride;
  // Whether no weight is infinite or NaN: only then may a dY that is zero be left out.
  bool weights_are_finite;
} kernel_input_patches;

// dX[s, y, x, c] = sum over ky, kx and o of W[ky, kx, o, c] dY[s, r, q, o] where dY pixel (r, q) reads (y, x) by tap (ky,
// kx): ky and kx descending, o ascending. Weights lie in panels of 16 inputs, [size, size, outputs, 16].
void kernel_convolution_input_gradient(const kernel_input_patches *patches, const float *dy, ptrdiff_t dy_stride,
                                       const float *weights, float *dx, ptrdiff_t dx_stride, kernel_range samples);

// A micro-batch's part of the weights' gradient, [channels / 16, sums, 16]: sums[k] += the sum over samples and their output
// pixels, in order, of the patch's tap k times dY. Sums go position by position of the patch, of which there are taps /
// adjacent, at each its adjacent channels; the bias is one position more. `positions` says which of them `sums` holds, `part`
// to which of those is added, from zero where `fresh`; where `last`, the sums are complete. `by_input` is memory for sums that
// go another way where most of dY is zero, until they are complete: 16 floats, and [outputs, positions, adjacent rounded up
// to 16]; null where there is none.
void kernel_convolution_weight_sums(const kernel_patches *patches, const float *x, ptrdiff_t x_stride, const float *dy,
                                    ptrdiff_t dy_stride, ptrdiff_t taps, kernel_range samples, bool fresh, bool last,
                                    kernel_range positions, kernel_range part, float *sums, float *by_input);

// dW from the sums of all micro-batches, as kernel_dense_weight_gradient, for a range of panels * sums.
bool kernel_convolution_weight_gradient(const kernel_patches *patches, ptrdiff_t taps, const float *sums,
                                        ptrdiff_t micro_batch_stride, int32_t micro_batches, float limit,
                                        kernel_gradient_sink sink, kernel_range positions, kernel_range range);
// The same from the sums over all rows, as kernel_dense_weight_gradient_fast.
void kernel_convolution_weight_gradient_fast(const kernel_patches *patches, ptrdiff_t taps, const float *sums,
                                             kernel_gradient_sink sink, kernel_range positions, kernel_range range);

// --- Max pooling ----------------------------------------------------------------------------------------------

// Windows of size x size, `step` apart, without padding; the strides of one sample.
typedef struct {
  ptrdiff_t channels, size, step, out_height, out_width;
  ptrdiff_t x_channel_stride, x_pixel_stride, x_row_stride;
  ptrdiff_t y_channel_stride, y_pixel_stride, y_row_stride;
  // Whether windows have elements in common.
  bool overlaps;
} kernel_pooling;

// One sample: y = the largest of each window, and with `relu` of that and 0.
void kernel_max_pool_forward(kernel_pooling pooling, const float *x, float *y, bool relu);
// One sample: dx = dy at the first largest of each window and 0 at its others; where windows overlap, dx is added to. What
// is in no window stays as it is.
void kernel_max_pool_backward(kernel_pooling pooling, const float *x, const float *y, const float *dy, float *dx,
                              bool relu);

// --- Dropout --------------------------------------------------------------------------------------------------

// A stream of random numbers: see CounterRandom.
typedef struct {
  uint64_t seed;
  uint32_t sample, time, purpose;
} kernel_random;

// factors[u] = element u of the stream's blocks from first_block on < threshold ? 0 : scale. There must be room for the
// count rounded up to 32, and first_block must be a multiple of the number of blocks, rounded up to a power of two.
void kernel_dropout_factors(kernel_random random, uint32_t first_block, uint32_t threshold, float scale,
                            float *factors, ptrdiff_t count);

// y[i] = x[i] factors[i mod period]; the count is a multiple of the period.
void kernel_multiply_repeated(const float *x, const float *factors, ptrdiff_t period, float *y, ptrdiff_t count);

// --- Elementwise ----------------------------------------------------------------------------------------------

// to[c, r] = from[r, c] for the columns given.
void kernel_transpose(const float *from, ptrdiff_t from_stride, float *to, ptrdiff_t to_stride, ptrdiff_t rows,
                      kernel_range columns);

// dy[i] = y[i] > 0 ? dy[i] : 0
void kernel_relu_backward(const float *y, float *dy, kernel_range elements);

// y[i] = max(x[i], 0)
void kernel_relu_forward(const float *x, float *y, kernel_range elements);

// The largest magnitude as the bits of a float: larger than infinity's where there is a NaN.
uint32_t kernel_magnitude_bits(const float *x, kernel_range elements);

// y[i] = tanh x[i], y[i] = 1 / (1 + e^-x[i]), by the kernels' own exponential.
void kernel_tanh_forward(const float *x, float *y, ptrdiff_t count);
void kernel_sigmoid_forward(const float *x, float *y, ptrdiff_t count);

// y[i] = fma(bytes[i], scale, shift)
void kernel_load_uint8(const uint8_t *bytes, float *y, ptrdiff_t count, float scale, float shift);

// --- Loss -----------------------------------------------------------------------------------------------------

// Softmax and cross-entropy of each row (Goodfellow, Bengio, Courville: Deep Learning, 6.2.2.3):
// loss = log(sum over c of exp(z_c - max)) - (z_label - max); dlogits_c = (softmax_c - [c = label]) * scale.
// `losses` receives each row's loss, `hits` 1 where the first largest logit is the label's. dlogits may be null.
void kernel_softmax_cross_entropy(const float *logits, ptrdiff_t stride, ptrdiff_t classes, const int32_t *labels,
                                  float scale, float *dlogits, float *losses, uint8_t *hits, kernel_range rows);

// --- Update ---------------------------------------------------------------------------------------------------

// Applies the update to a range of parameters, a multiple of 16, with the gradient `exact`, rounded once to Float, or
// `fast`.
void kernel_apply_update(const kernel_update *update, const double *exact, const float *fast, kernel_range elements);

// The same with the sum of `count` gradients, each in `exact` or each in `fast`, summed in this order.
void kernel_apply_summed_update(const kernel_update *update, const double *const *exact, const float *const *fast,
                                int32_t count, kernel_range elements);

// to[i] = the sum of the gradients' element i, summed in this order; in double or in Float.
void kernel_sum_exact(const double *const *gradients, int32_t count, double *to, kernel_range elements);
void kernel_sum_fast(const float *const *gradients, int32_t count, float *to, kernel_range elements);

// --- Measuring ------------------------------------------------------------------------------------------------

// Does `rounds` rounds of independent fused multiply-adds in registers, writes what they sum to, so that they must be
// done, and returns how many floating-point operations they were (two each).
double kernel_multiply_add_peak(ptrdiff_t rounds, float *result);

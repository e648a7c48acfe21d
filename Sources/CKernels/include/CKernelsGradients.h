// Arguments of kernels: optimizers, and where gradients go.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One step of an optimizer for a range of parameters, each element for itself.
typedef enum { KERNEL_SGD, KERNEL_ADAM, KERNEL_RMSPROP, KERNEL_LARS } kernel_optimizer;

// How LARS takes the gradient of a tensor: (g + decay w) trust.
typedef struct {
  float decay, trust;
} kernel_tensor_rate;

typedef struct {
  kernel_optimizer kind;
  float learning_rate, weight_decay;
  // Where the gradient's norm is too large: it is times `clip` before all else.
  bool clips;
  float clip;
  // SGD, as torch.optim.SGD without dampening. `first` may be null where momentum is 0.
  //   g += weight_decay w;  first = momentum first + g;  w -= learning_rate (nesterov ? g + momentum first : first)
  float momentum;
  bool nesterov;
  // Adam (Kingma and Ba 2015), as torch.optim.Adam; AdamW (Loshchilov and Hutter 2019) where decay is decoupled.
  //   decoupled ? w *= 1 - learning_rate weight_decay : g += weight_decay w
  //   first += (1 - beta1) (g - first);  second = beta2 second + (1 - beta2) g^2
  //   w -= learning_rate / correction1 * first / (sqrt(second) / correction2 + epsilon)
  // with correction1 = 1 - beta1^t and correction2 = sqrt(1 - beta2^t) after t steps. 1 - beta is passed, because in
  // float 1 - 0.999 is wrong in its fifth digit.
  //
  // RMSprop (Tieleman and Hinton 2012), as torch.optim.RMSprop. `first` may be null where momentum is 0.
  //   g += weight_decay w;  second = beta2 second + (1 - beta2) g^2;  g /= sqrt(second) + epsilon
  //   first = momentum first + g;  w -= learning_rate first
  //
  // LARS (You et al. 2017): SGD whose g and decay are by rates[tensors[n]] in the 16 elements from 16 n on.
  const kernel_tensor_rate *rates;
  const uint32_t *tensors;
  float beta2, one_minus_beta1, one_minus_beta2, epsilon, correction1, correction2;
  bool decoupled;
  float *weights, *first, *second;
} kernel_update;

// The micro-batches in the rows of this rank: micro-batch m is rows bounds[m] ..< bounds[m + 1].
typedef struct {
  const int32_t *bounds;
  int32_t count;
} kernel_micro_batches;

// Where a finished gradient goes: into one of the buffers, laid out like the weights, to be summed over ranks; or, with
// a single rank, into the update at once, while it is still in registers.
typedef struct {
  double *exact;
  float *fast;
  void *integers;  // int32_t or int16_t, as the grid says
  const kernel_update *update;
} kernel_gradient_sink;

// A stream of random numbers: see CounterRandom.
typedef struct {
  uint64_t seed;
  uint32_t sample, time, purpose;
} kernel_random;

// The integer grids of a layer's gradients: for its weights [0] and its bias [1], the multiples of a power of two. A
// micro-batch's gradient becomes the nearest multiple (32 bits), or the one below or above at random, so that it is
// right on average (16 bits).
typedef struct {
  float unit[2], per_unit[2];  // and its inverse
  float most;                  // the largest multiple: what is beyond is cut off. At most 2^22.
  int32_t bits;                // 32 or 16
  kernel_random random;        // `sample` is the number of the first micro-batch
  uint32_t first_block;        // the layer's first element in the flat buffer / 8
} kernel_grid;

// What was found: the bits of the largest magnitude before it was cut off, infinity's or larger where one is not
// finite, and how many were cut off.
typedef struct {
  uint32_t largest[2];
  int64_t clamped;
} kernel_grid_result;

// Several buffers of integers: multiples of units[tensors[n]] in the 16 elements from 16 n on.
typedef struct {
  const void *const *integers;
  int32_t count, bits;
  const float *units;
  const uint32_t *tensors;
} kernel_grid_gradients;

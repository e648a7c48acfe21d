// The sum of gradients on an integer grid: multiples of a power of two, which add up exactly in any order.
#pragma once
#include "philox.h"
#include "update.h"

// Gradients of weights or of biases, and what is found while they are rounded.
typedef struct {
  const kernel_grid *grid;
  int tensor;             // 0: weights, 1: bias
  v16i most_bits;         // of the largest magnitude that is not cut off
  v16i largest, clamped;  // a magnitude's bits; minus how many
} grid_work;

INLINE grid_work begin_grid(const kernel_grid *grid, int tensor) {
  const float most = grid->most * grid->unit[tensor];
  return (grid_work){grid, tensor, bits_of(splat16(most)), 0, 0};
}

INLINE int64_t clamped_of(const grid_work *work) {
  int64_t count = 0;
  for (int lane = 0; lane < 16; lane++) count -= work->clamped[lane];
  return count;
}

INLINE kernel_grid_result grid_result(const grid_work *weights, const grid_work *bias) {
  return (kernel_grid_result){
      {(uint32_t)__builtin_reduce_max(weights->largest), (uint32_t)__builtin_reduce_max(bias->largest)},
      clamped_of(weights) + clamped_of(bias),
  };
}

// Notes the largest of `count` micro-batches' gradients, n vectors each, `stride` apart. Returns whether one is beyond
// the grid, or NaN.
INLINE bool note_largest(grid_work *work, const v16 *g, ptrdiff_t stride, int32_t count, ptrdiff_t n) {
  v16i largest = 0;
  for (int32_t k = 0; k < count; k++)
    for (ptrdiff_t i = 0; i < n; i++)
      largest = __builtin_elementwise_max(largest, bits_of(g[k * stride + i]) & 0x7fffffff);
  work->largest = __builtin_elementwise_max(work->largest, largest);
  return __builtin_reduce_max(largest) > work->most_bits[0];
}

// Cut off at the grid's ends, in units. NaN, which ends the run, becomes 0: converting it to an integer is undefined.
INLINE v16 in_units(grid_work *work, v16 g) {
  const v16 most = splat16(work->grid->most), x = g * splat16(work->grid->per_unit[work->tensor]);
  const v16 inside = x > most ? most : x < -most ? -most : x == x ? x : splat16(0);
  work->clamped += inside != x;
  return inside;
}

// For |x| up to 2^22, adding 1.5 * 2^23 rounds x to the nearest whole number, ties to even, which is then in the low
// bits of the sum, above those of 1.5 * 2^23.
static const float to_whole = 0x1.8p23f;
static const int32_t to_whole_bits = 0x4b400000;

// sum += the nearest whole numbers of up to SPLIT_AT_ONCE micro-batches' gradients, g[k * stride].
INLINE v16i add_nearest(v16i sum, grid_work *work, bool clamps, const v16 *g, ptrdiff_t stride, int32_t count) {
  const v16 per_unit = splat16(work->grid->per_unit[work->tensor]);
  for (int32_t k = 0; k < count; k++) {
    const v16 x = g[k * stride];
    sum += bits_of(clamps ? in_units(work, x) + splat16(to_whole) : fma16(x, per_unit, splat16(to_whole)));
  }
  return sum - (int32_t)((uint32_t)to_whole_bits * (uint32_t)count);
}

// 16 random bits for each of the 16 elements from `at` on in up to four micro-batches: of blocks b and b + 1, 128 bits
// each, where the flat buffer's element 8 b is the first of the 16. Two blocks of four micro-batches each are eight,
// which Philox does at once.
INLINE void random_for(const kernel_grid *grid, ptrdiff_t at, const int32_t *numbers, int32_t count, v16i *bits) {
  const uint32_t block = grid->first_block + (uint32_t)(at / 8), sample = grid->random.sample;
  v8u micro_batches = 0;
  for (int32_t k = 0; k < count; k++) micro_batches[2 * k] = micro_batches[2 * k + 1] = sample + (uint32_t)numbers[k];
  v8u c[4] = {block + (v8u){0, 1, 0, 1, 0, 1, 0, 1}, micro_batches, grid->random.time, grid->random.purpose};
  philox8(c, grid->random.seed);
  // Of the words of 32 bits, elements 0 to 7 take the lower halves and 8 to 15 the upper ones.
  const v16i ab = (v16i)(c[0] | c[1] << 32), cd = (v16i)(c[2] | c[3] << 32);
  const v16i shift = {0, 0, 0, 0, 0, 0, 0, 0, 16, 16, 16, 16, 16, 16, 16, 16};
#define WORDS(k)                                                                                                  \
  __builtin_shufflevector(ab, cd, 4 * k, 4 * k + 1, 4 * k + 2, 4 * k + 3, 16 + 4 * k, 17 + 4 * k, 18 + 4 * k,      \
                          19 + 4 * k, 4 * k, 4 * k + 1, 4 * k + 2, 4 * k + 3, 16 + 4 * k, 17 + 4 * k, 18 + 4 * k, \
                          19 + 4 * k)
  const v16i words[] = {WORDS(0), WORDS(1), WORDS(2), WORDS(3)};
#undef WORDS
  for (int k = 0; k < 4; k++) bits[k] = words[k] >> shift & 0xffff;
}

// sum += whole numbers below or above the gradients at random: above with the probability of the part below.
INLINE v16i add_random(v16i sum, grid_work *work, const v16 *g, ptrdiff_t stride, const int32_t *numbers, int32_t count,
                       ptrdiff_t at) {
  v16i random[4];
  random_for(work->grid, at, numbers, count, random);
  for (int32_t k = 0; k < count; k++) {
    const v16 x = in_units(work, g[k * stride]);
    // Towards zero; what is left is exact.
    const v16i whole = __builtin_convertvector(x, v16i);
    const v16 rest = x - __builtin_convertvector(whole, v16);
    // The middle of one of 2^16 parts of 0 to 1.
    const v16 chance = fma16(__builtin_convertvector(random[k], v16), splat16(0x1p-16f), splat16(0x1p-17f));
    sum += whole + (rest > chance ? (v16i)1 : -rest > chance ? (v16i)-1 : (v16i)0);
  }
  return sum;
}

// sum += up to SPLIT_AT_ONCE gradients of the 16 elements from `at` on, of the micro-batches of these numbers.
INLINE v16i add_to_grid(v16i sum, grid_work *work, bool clamps, const v16 *g, ptrdiff_t stride, const int32_t *numbers,
                        int32_t count, ptrdiff_t at) {
  return work->grid->bits == 16 ? add_random(sum, work, g, stride, numbers, count, at)
                                : add_nearest(sum, work, clamps, g, stride, count);
}

INLINE void put_grid(kernel_gradient_sink sink, const kernel_update *update, const grid_work *work, ptrdiff_t at,
                     v16i sum) {
  if (sink.update) update16(update, at, __builtin_convertvector(sum, v16) * splat16(work->grid->unit[work->tensor]));
  else if (sink.integers) store_integers(sink.integers, work->grid->bits, at, sum);
}

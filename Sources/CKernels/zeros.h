// Inputs that are zero. A chain of fused multiply-adds may leave them out: fma(0, w, sum) is sum for every finite w, so
// that this changes no bit. (A sum can only be -0, to which adding 0 would give 0, where products were too small for a float;
// the grid of the exact sum has one 0.) Most of an image's pixels are 0 (four fifths in MNIST) as long as they are not normalised.
//
// A tile must leave out the same inputs for all of its rows, or rows for all of its inputs: what is listed here is what
// is not zero in every one of them.
#pragma once
#include "vector.h"

// The most inputs and rows that a dense layer looks at; larger ones are summed in full.
enum { MOST_INPUTS = 2048, MOST_ROWS = 8192, MOST_MICRO_BATCHES = 256, MOST_WORDS = MOST_ROWS / 32 + MOST_MICRO_BATCHES };

// All bits but the sign: zero for 0 and -0 only.
INLINE v16i nonzero_bits(const float *x) { return bits_of(load16(x)) << 1; }

// A convolution's gradients add what is not zero one by one where this many times their number is less than all: one by
// one, each takes about twice the time.
enum { SPARSE_COST = 2 };

// Which of the first 64, or `count` where those are fewer, are not zero, as bits.
INLINE uint64_t nonzero_lanes(const float *x, ptrdiff_t count) {
  typedef bool v16bool __attribute__((ext_vector_type(16)));
  uint64_t bits = 0;
  for (ptrdiff_t i = 0; i < 64 && i < count; i += 16) {
    const v16bool lanes = __builtin_convertvector(nonzero_bits(x + i) != 0, v16bool);
    uint16_t word;
    memcpy(&word, &lanes, sizeof word);
    bits |= (uint64_t)word << i;
  }
  return count < 64 ? bits & ((1ull << count) - 1) : bits;
}

// How many are not zero of a multiple of 16.
INLINE ptrdiff_t count_nonzero(const float *x, ptrdiff_t count) {
  v16i nonzero = 0;
  for (ptrdiff_t i = 0; i < count; i += 16) nonzero -= nonzero_bits(x + i) != 0;
  return __builtin_reduce_add(nonzero);
}

// Lists the inputs that are not zero in all rows, ascending, and returns how many they are. The list has room for 16
// more.
INLINE ptrdiff_t list_nonzero_inputs(const float *x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t inputs,
                                     uint16_t *list) {
  ptrdiff_t count = 0;
  for (ptrdiff_t i = 0; i < inputs; i += 16) {
    v16i any = 0;
    for (ptrdiff_t r = 0; r < rows; r++) any |= nonzero_bits(x + r * x_stride + i);
    for (int lane = 0; lane < 16; lane++) {
      list[count] = (uint16_t)(i + lane);
      count += any[lane] != 0;
    }
  }
  return count;
}

// For four groups of four inputs each, the rows in which not all four are zero, in words of up to 32 rows of one
// micro-batch: bit i of bits[g][w] is row begin[w] + i. Micro-batch m's words are bounds[m] ..< bounds[m + 1].
typedef struct {
  uint32_t bits[4][MOST_WORDS];
  int32_t begin[MOST_WORDS];
  int32_t bounds[MOST_MICRO_BATCHES + 1];
} nonzero_rows;

// Each lane joins its group of four's.
INLINE v16i join_fours(v16i v) {
  v |= __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
  return v | __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
}

static void find_nonzero_rows(const float *x, ptrdiff_t x_stride, kernel_micro_batches micro_batches,
                              nonzero_rows *found) {
  int32_t word = 0;
  for (int m = 0; m < micro_batches.count; m++) {
    const int32_t end = micro_batches.bounds[m + 1];
    found->bounds[m] = word;
    for (int32_t begin = micro_batches.bounds[m]; begin < end; begin += 32, word++) {
      const int32_t rows = end - begin < 32 ? end - begin : 32;
      v16i bits = 0;
      for (int32_t r = 0; r < rows; r++)
        bits |= (nonzero_bits(x + (begin + r) * x_stride) != 0) & (int32_t)(1u << r);
      bits = join_fours(bits);
      UNROLL for (int g = 0; g < 4; g++) found->bits[g][word] = (uint32_t)bits[4 * g];
      found->begin[word] = begin;
    }
  }
  found->bounds[micro_batches.count] = word;
}

// Whether a group of inputs is zero in all rows of the words.
INLINE bool all_zero(const nonzero_rows *found, int group, kernel_range words) {
  uint32_t any = 0;
  for (ptrdiff_t w = words.begin; w < words.end; w++) any |= found->bits[group][w];
  return any == 0;
}

// Whether it pays to look for zeros: in a sample of the rows, most groups of four inputs are zero.
static bool is_sparse(const float *x, ptrdiff_t x_stride, kernel_range rows, kernel_range inputs) {
  if (inputs.begin % 16 != 0) return false;
  const ptrdiff_t step = (rows.end - rows.begin) / 8 + 1;
  v16i nonzero = 0;
  ptrdiff_t vectors = 0;
  for (ptrdiff_t r = rows.begin; r < rows.end; r += step)
    for (ptrdiff_t i = inputs.begin; i < inputs.end; i += 16, vectors++)
      nonzero -= join_fours(nonzero_bits(x + r * x_stride + i) != 0);
  return __builtin_reduce_add(nonzero) < 16 * vectors / 2;
}

// The same for the rows of micro-batches, where `find_nonzero_rows` has room for them.
static bool rows_are_sparse(const float *x, ptrdiff_t x_stride, kernel_micro_batches micro_batches,
                            kernel_range inputs) {
  const kernel_range rows = {micro_batches.bounds[0], micro_batches.bounds[micro_batches.count]};
  return rows.end <= MOST_ROWS && micro_batches.count <= MOST_MICRO_BATCHES && is_sparse(x, x_stride, rows, inputs);
}

// Skipping inputs that are zero, which a chain of fused multiply-adds may do: fma(0, w, sum) is sum for every finite w,
// so that this changes no bit. (A sum can only be -0, to which adding 0 would give 0, where products were too small for
// a float; the grid of the exact sum has one 0.) Most of an image's pixels are 0 (four fifths in MNIST) as long as they
// are not normalised.
//
// A tile must skip the same inputs for all of its rows, or the same rows for all of its inputs: the lists here hold
// those that are not zero in all of them.
#pragma once
#include "vector.h"

// The most blocks of rows, over all micro-batches, that a list can hold.
enum { MOST_BLOCKS = MOST_ROWS / ROWS_AT_ONCE + MOST_MICRO_BATCHES };

// All bits but the sign: zero for 0 and -0 only.
INLINE v16i nonzero_bits(const float *x) { return bits_of(load16(x)) << 1; }

// A bit for each lane that is not 0.
INLINE uint16_t nonzero_lanes(v16i v) {
  typedef bool v16bool __attribute__((ext_vector_type(16)));
  const v16bool lanes = __builtin_convertvector(v != 0, v16bool);
  uint16_t word;
  memcpy(&word, &lanes, sizeof word);
  return word;
}

// Which of the first 64, or `count` where those are fewer, are not zero, as bits.
INLINE uint64_t nonzero_elements(const float *x, ptrdiff_t count) {
  uint64_t bits = 0;
  for (ptrdiff_t i = 0; i < 64 && i < count; i += 16) bits |= (uint64_t)nonzero_lanes(nonzero_bits(x + i)) << i;
  return count < 64 ? bits & ((1ull << count) - 1) : bits;
}

// How many are not zero of a multiple of 16.
INLINE ptrdiff_t count_nonzero(const float *x, ptrdiff_t count) {
  v16i nonzero = 0;
  for (ptrdiff_t i = 0; i < count; i += 16) nonzero -= nonzero_bits(x + i) != 0;
  return __builtin_reduce_add(nonzero);
}

// Appends the numbers of the lanes that are set, counted from `first`; returns how many. Writes up to 16.
INLINE ptrdiff_t append_lanes(uint16_t word, int32_t first, uint16_t *list) {
#ifdef COMPRESS
  typedef uint16_t v16u __attribute__((ext_vector_type(16), aligned(2)));
  const v16i numbers = (v16i){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} + first;
  *(v16u *)list = __builtin_convertvector(COMPRESS(numbers, word), v16u);
  return __builtin_popcount(word);
#else
  ptrdiff_t count = 0;
  UNROLL(lane, 16) {
    list[count] = (uint16_t)(first + lane);
    count += word >> lane & 1;
  }
  return count;
#endif
}

// Numbers of inputs, ascending, with room for 16 more.
typedef struct {
  uint16_t inputs[MOST_INPUTS + 16];
  ptrdiff_t count;
} input_list;

// Lists the inputs that are not zero in all rows.
INLINE void list_nonzero_inputs(kernel_matrix x, ptrdiff_t rows, ptrdiff_t inputs, input_list *list) {
  ptrdiff_t count = 0;
  for (ptrdiff_t i = 0; i < inputs; i += 16) {
    v16i any = 0;
    for (ptrdiff_t r = 0; r < rows; r++) any |= nonzero_bits(x.elements + r * x.stride + i);
    count += append_lanes(nonzero_lanes(any), (int32_t)i, list->inputs + count);
  }
  list->count = count;
}

// How many blocks of up to ROWS_AT_ONCE rows a micro-batch is: at least one, so that up to so many rows micro-batch m
// is block m.
INLINE int row_blocks(ptrdiff_t rows) { return rows > 0 ? (int)((rows + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE) : 1; }

// For tiles of four inputs each, the rows in which not all four are zero, ascending. Those of tile t in block b, all
// micro-batches' blocks in one sequence, are rows[bounds[t][b] ..< bounds[t][b + 1]].
typedef struct {
  uint16_t rows[4 * (MOST_ROWS + 16)];  // room for 16 more of each tile's
  int32_t bounds[TILES_AT_ONCE][MOST_BLOCKS + 1];
} row_lists;

// ORs each lane with its group of four.
INLINE v16i join_fours(v16i v) {
  v |= __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
  return v | __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
}

// The most inputs that a list can hold: a multiple of 16.
INLINE ptrdiff_t most_inputs_listed(kernel_micro_batches micro_batches) {
  const ptrdiff_t rows = micro_batches.bounds[micro_batches.count] - micro_batches.bounds[0] + 16;
  return rows <= (MOST_ROWS + 16) / (TILES_AT_ONCE / 4) ? TILES_AT_ONCE * 4 : 16;
}

static void list_nonzero_rows(kernel_matrix x, kernel_micro_batches micro_batches, kernel_range inputs,
                              row_lists *lists) {
  const ptrdiff_t most = micro_batches.bounds[micro_batches.count] - micro_batches.bounds[0] + 16;
  for (ptrdiff_t i = inputs.begin, t = 0; i < inputs.end; i += 16, t += 4) {
    ptrdiff_t counts[4];
    UNROLL(g, 4) counts[g] = (t + g) * most;
    int block = 0;
    for (int m = 0; m < micro_batches.count; m++) {
      const ptrdiff_t first = micro_batches.bounds[m], rows = micro_batches.bounds[m + 1] - first;
      const int blocks = row_blocks(rows);
      for (int b = 0; b < blocks; b++, block++) {
        UNROLL(g, 4) lists->bounds[t + g][block] = (int32_t)counts[g];
        const ptrdiff_t end = first + part(rows, blocks, b + 1);
        for (ptrdiff_t begin = first + part(rows, blocks, b); begin < end; begin += 16) {
          v16i bits = 0;
          for (ptrdiff_t r = 0; r < 16 && begin + r < end; r++)
            bits |= (nonzero_bits(x.elements + (begin + r) * x.stride + i) != 0) & (int32_t)(1 << r);
          bits = join_fours(bits);
          UNROLL(g, 4) counts[g] += append_lanes((uint16_t)bits[4 * g], (int32_t)begin, lists->rows + counts[g]);
        }
      }
    }
    UNROLL(g, 4) lists->bounds[t + g][block] = (int32_t)counts[g];
  }
}

// Whether listing pays: in a sample of the rows, most groups of four inputs are zero.
static bool is_sparse(kernel_matrix x, kernel_range rows, kernel_range inputs) {
  if (inputs.begin % 16 != 0) return false;
  const ptrdiff_t step = (rows.end - rows.begin) / SAMPLED_ROWS + 1;
  v16i nonzero = 0;
  ptrdiff_t vectors = 0;
  for (ptrdiff_t r = rows.begin; r < rows.end; r += step)
    for (ptrdiff_t i = inputs.begin; i < inputs.end; i += 16, vectors++)
      nonzero -= join_fours(nonzero_bits(x.elements + r * x.stride + i) != 0);
  return __builtin_reduce_add(nonzero) < 16 * vectors / 2;
}

// The same for the rows of micro-batches, if lists can hold them.
static bool rows_are_sparse(kernel_matrix x, kernel_micro_batches micro_batches, kernel_range inputs) {
  const kernel_range rows = {micro_batches.bounds[0], micro_batches.bounds[micro_batches.count]};
  return rows.end <= MOST_ROWS && micro_batches.count <= MOST_MICRO_BATCHES && is_sparse(x, rows, inputs);
}

// Dense layer, weight gradient: tiles that sum few rows at once and pass on their gradient while it is in registers.
#pragma once
#include "grid_sum.h"
#include "split_sum.h"
#include "sum_rows.h"

// The rows of tile `number` of the lists, or the micro-batches' where there are none, each as one block: rows bounds[m]
// ..< bounds[m + 1] of micro-batch m.
INLINE const int32_t *bounds_of(const row_lists *lists, ptrdiff_t number, kernel_micro_batches micro_batches) {
  return lists ? lists->bounds[number] : micro_batches.bounds;
}
INLINE row_run run_of(const row_lists *lists, const int32_t *bounds) {
  return (row_run){lists ? lists->rows : NULL, bounds[0], bounds[1]};
}

// Any gradient: sums in double, and each micro-batch's magnitude is checked.
INLINE void checked_tile(const int R, const int V, const bool bias, const gradient_tile tile,
                         kernel_micro_batches micro_batches, v16 limit, v16i *bad) {
  exact_sum sums[TILE];
  UNROLL(n, R * V) sums[n] = (exact_sum){0, 0};
  for (int m = 0; m < micro_batches.count; m++) {
    v16 g[TILE];
    sum_rows(R, V, bias, false, tile, run_of(NULL, micro_batches.bounds + m), g);
    UNROLL(n, R * V) add_checked(&sums[n], g[n], limit, bad);
  }
  ROLLED(n, R * V) put_exact(tile.sink, parameter_of(&tile, V, n), sums[n].low, sums[n].high);
}

// How the gradients of a tile's micro-batches are summed.
typedef enum {
  SPLIT,  // known to be small: in single precision and integers
  FAST,   // one micro-batch in Float
  GRID,   // on the grid of `work`
} sum_kind;

// The gradients of some micro-batches of a tile, waiting to be summed, with their numbers.
typedef struct {
  v16 g[SPLIT_AT_ONCE][TILE];
  int32_t numbers[SPLIT_AT_ONCE], count;
} waiting_gradients;

// Adds the waiting gradients of vector n, whose parameters begin at `at`.
INLINE split_sum add_waiting(const sum_kind kind, grid_work *work, bool clamps, split_sum sum,
                             waiting_gradients *waiting, ptrdiff_t n, ptrdiff_t at) {
  if (kind == SPLIT) return add_splits(sum, waiting->g, waiting->count, (int)n);
  sum.low = add_to_grid(sum.low, work, clamps, &waiting->g[0][n], TILE, waiting->numbers, waiting->count, at);
  return sum;
}

INLINE void put_sum(const sum_kind kind, const grid_work *work, kernel_gradient_sink sink, const kernel_update *update,
                    ptrdiff_t at, split_sum sum, int32_t count) {
  if (kind == SPLIT) put_split(sink, update, at, sum, count);
  else put_grid(sink, update, work, at, sum.low);
}

INLINE bool must_clamp(const sum_kind kind, grid_work *work, const waiting_gradients *waiting, ptrdiff_t n) {
  return kind == GRID && note_largest(work, waiting->g[0], TILE, waiting->count, n);
}

// Gradients that are known to be small, or on a grid.
INLINE void small_tile(const int R, const int V, const bool bias, const sum_kind kind, grid_work *work,
                       const gradient_tile tile, const row_lists *lists, ptrdiff_t number,
                       kernel_micro_batches micro_batches) {
  waiting_gradients waiting = {.count = 0};
  split_sum sums[TILE];
  IN_MEMORY(waiting.g);
  const int32_t *bounds = bounds_of(lists, number, micro_batches);
  if (lists && skips_zero(tile.sink) && bounds[0] == bounds[micro_batches.count]) return;
  if (tile.sink.update) will_write_tile(tile.sink.update->weights + tile.at, tile.panel, R, V);
  int32_t summed = 0;
  for (int m = 0; m < micro_batches.count; m++) {
    if (bounds[m] == bounds[m + 1]) continue;
    if (waiting.count == SPLIT_AT_ONCE) {
      const bool clamps = must_clamp(kind, work, &waiting, R * V);
      ROLLED(n, R * V)
        sums[n] = add_waiting(kind, work, clamps, summed ? sums[n] : (split_sum){0}, &waiting, n,
                              parameter_of(&tile, V, n));
      summed += waiting.count;
      waiting.count = 0;
    }
    waiting.numbers[waiting.count] = m;
    sum_rows(R, V, bias, false, tile, run_of(lists, bounds + m), waiting.g[waiting.count++]);
  }
  const kernel_update update = update_of(tile.sink);
  const bool clamps = must_clamp(kind, work, &waiting, R * V);
  ROLLED(n, R * V) {
    const ptrdiff_t at = parameter_of(&tile, V, n);
    const split_sum sum =
        add_waiting(kind, work, clamps, summed ? sums[n] : (split_sum){0}, &waiting, n, at);
    put_sum(kind, work, tile.sink, &update, at, sum, summed + waiting.count);
  }
}

// One chain over all rows, of which `all` is the one micro-batch.
INLINE void fast_tile(const int R, const int V, const bool bias, const gradient_tile tile, const row_lists *lists,
                      ptrdiff_t number, kernel_micro_batches all) {
  const row_run rows = run_of(lists, bounds_of(lists, number, all));
  if (rows.begin == rows.end && skips_zero(tile.sink)) return;
  v16 acc[TILE];
  if (tile.sink.update) will_write_tile(tile.sink.update->weights + tile.at, tile.panel, R, V);
  sum_rows(R, V, bias, false, tile, rows, acc);
  UNROLL(n, R * V) put_fast(tile.sink, tile.sink.update, parameter_of(&tile, V, n), acc[n]);
}

INLINE void unchecked_tile(const int R, const int V, const sum_kind kind, grid_work *work, const gradient_tile tile,
                           const row_lists *lists, ptrdiff_t number, kernel_micro_batches micro_batches) {
  if (kind == FAST) fast_tile(R, V, false, tile, lists, number, micro_batches);
  else small_tile(R, V, false, kind, work, tile, lists, number, micro_batches);
}

// Dense layer, weight gradient: tiles that sum few rows at once and pass on their gradient while it is in registers.
#pragma once
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

// Gradients that are small: sums in single precision and integers.
INLINE void small_tile(const int R, const int V, const gradient_tile tile, const row_lists *lists, ptrdiff_t number,
                       kernel_micro_batches micro_batches) {
  v16 g[SPLIT_AT_ONCE][TILE];
  split_sum sums[TILE];
  IN_MEMORY(g);
  const int32_t *bounds = bounds_of(lists, number, micro_batches);
  if (lists && skips_zero(tile.sink) && bounds[0] == bounds[micro_batches.count]) return;
  if (tile.sink.update) will_write_tile(tile.sink.update->weights + tile.at, tile.panel, R, V);
  int32_t summed = 0, waiting = 0;
  for (int m = 0; m < micro_batches.count; m++) {
    if (bounds[m] == bounds[m + 1]) continue;
    if (waiting == SPLIT_AT_ONCE) {
      ROLLED(n, R * V) sums[n] = add_splits(summed ? sums[n] : (split_sum){0}, g, waiting, n);
      summed += waiting;
      waiting = 0;
    }
    sum_rows(R, V, false, false, tile, run_of(lists, bounds + m), g[waiting++]);
  }
  const kernel_update update = update_of(tile.sink);
  ROLLED(n, R * V) {
    const split_sum sum = add_splits(summed ? sums[n] : (split_sum){0}, g, waiting, n);
    put_split(tile.sink, &update, parameter_of(&tile, V, n), sum, summed + waiting);
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

INLINE void unchecked_tile(const int R, const int V, const bool fast, const gradient_tile tile, const row_lists *lists,
                           ptrdiff_t number, kernel_micro_batches micro_batches) {
  if (fast) fast_tile(R, V, false, tile, lists, number, micro_batches);
  else small_tile(R, V, tile, lists, number, micro_batches);
}

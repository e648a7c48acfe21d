// Dense layer, weight gradient over many rows: block by block of them, several tiles of inputs at once.
#pragma once
#include "dense_gradient_tiles.h"

// A tile whose sums are kept in memory while other tiles use the same block of rows.
typedef struct {
  waiting_gradients waiting;
  split_sum sums[TILE];
  int32_t summed;
} waiting_tile;

INLINE void sum_waiting(const sum_kind kind, grid_work *work, waiting_tile *sums, ptrdiff_t count, ptrdiff_t V,
                        const gradient_tile *tile) {
  const bool clamps = must_clamp(kind, work, &sums->waiting, count);
  for (int n = 0; n < count; n++)
    sums->sums[n] = add_waiting(kind, work, clamps, sums->summed ? sums->sums[n] : (split_sum){0}, &sums->waiting, n,
                                parameter_of(tile, V, n));
  sums->summed += sums->waiting.count;
  sums->waiting.count = 0;
}

INLINE void finish_tile(const sum_kind kind, grid_work *work, waiting_tile *sums, ptrdiff_t count, ptrdiff_t V,
                        const gradient_tile *to) {
  const kernel_update update = update_of(to->sink);
  waiting_gradients *waiting = &sums->waiting;
  if (waiting->count + sums->summed == 0) {
    if (to->sink.update && ignores_zero(&update)) return;
    memset(waiting->g[0], 0, sizeof waiting->g[0]);
    waiting->numbers[0] = 0;
    waiting->count = 1;
  }
  const bool clamps = must_clamp(kind, work, waiting, count);
  for (ptrdiff_t n = 0; n < count; n++) {
    const ptrdiff_t at = parameter_of(to, V, n);
    if (kind == FAST) {
      put_fast(to->sink, &update, at, waiting->g[0][n]);
    } else {
      const split_sum sum = sums->summed ? sums->sums[n] : (split_sum){0};
      put_sum(kind, work, to->sink, &update, at, add_waiting(kind, work, clamps, sum, waiting, n, at),
              sums->summed + waiting->count);
    }
  }
}

// Tiles of a layer's inputs that pass over the rows together, for some panels: tile t is inputs begins[t] ..<
// begins[t + 1], and its rows are those of tile t of the lists, where there are any.
typedef struct {
  kernel_dense_gradient layer;
  kernel_micro_batches micro_batches;
  const row_lists *lists;
  const ptrdiff_t *begins;  // count + 1, up to TILES_AT_ONCE + 1
  ptrdiff_t count;
} tile_group;

INLINE ptrdiff_t inputs_of(const tile_group group, ptrdiff_t t) { return group.begins[t + 1] - group.begins[t]; }
INLINE gradient_tile group_tile(const tile_group group, ptrdiff_t t, ptrdiff_t p) {
  return gradient_tile_at(&group.layer, group.begins[t], p);
}

// Block `number` of a micro-batch's rows; `first` is the lists' number of its block 0.
typedef struct {
  kernel_range rows;
  int micro_batch, first, number;
} row_block;

// Adds a block to the sums of tile t of the group.
INLINE void add_block(const sum_kind kind, grid_work *work, const tile_group group, const gradient_tile tile,
                      ptrdiff_t t, const row_block block, ptrdiff_t V, waiting_tile *sums) {
  const ptrdiff_t R = inputs_of(group, t), begin = block.rows.begin, count = block.rows.end - begin;
  const int blocks = row_blocks(count), b = block.number;
  const int32_t *bounds = group.lists ? group.lists->bounds[t] + block.first : NULL;
  if (group.lists ? bounds[0] == bounds[blocks] : count == 0) return;
  waiting_gradients *waiting = &sums->waiting;
  if (b == 0 && waiting->count == SPLIT_AT_ONCE) sum_waiting(kind, work, sums, R * V, V, &tile);
  v16 *g = waiting->g[waiting->count];
  waiting->numbers[waiting->count] = block.micro_batch;
  if (group.lists) {
    const row_run run = {group.lists->rows, bounds[b], bounds[b + 1]};
    WITH_SPARSE_TILE(sum_rows, R, V, false, b > 0, tile, run, g)
  } else {
    const row_run run = {NULL, begin + part(count, blocks, b), begin + part(count, blocks, b + 1)};
    WITH_TILE(sum_rows, R, V, false, b > 0, tile, run, g)
  }
  waiting->count += b + 1 == blocks;
}

// The gradients of the group's tiles for V panels from p on, block by block of the rows.
INLINE void sum_tiles(const sum_kind kind, grid_work *work, const tile_group group, ptrdiff_t p, ptrdiff_t V) {
  const kernel_micro_batches micro_batches = group.micro_batches;
  waiting_tile sums[TILES_AT_ONCE];
  for (ptrdiff_t t = 0; t < group.count; t++) {
    const gradient_tile tile = group_tile(group, t, p);
    sums[t].waiting.count = sums[t].summed = 0;
    if (tile.sink.update) will_write_tile(tile.sink.update->weights + tile.at, tile.panel, inputs_of(group, t), V);
  }
  row_block block = {.first = 0};
  for (int m = 0; m < micro_batches.count; m++) {
    block.micro_batch = m;
    block.rows = (kernel_range){micro_batches.bounds[m], micro_batches.bounds[m + 1]};
    const int blocks = row_blocks(block.rows.end - block.rows.begin);
    for (block.number = 0; block.number < blocks; block.number++)
      for (ptrdiff_t t = 0; t < group.count; t++)
        add_block(kind, work, group, group_tile(group, t, p), t, block, V, &sums[t]);
    block.first += blocks;
  }
  for (ptrdiff_t t = 0; t < group.count; t++) {
    const gradient_tile tile = group_tile(group, t, p);
    finish_tile(kind, work, &sums[t], inputs_of(group, t) * V, V, &tile);
  }
}

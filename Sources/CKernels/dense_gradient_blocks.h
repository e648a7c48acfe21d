// Dense layer, weight gradient over many rows: block by block of them, several tiles of inputs at once.
#pragma once
#include "split_sum.h"
#include "sum_rows.h"

// A tile whose sums wait in memory while others go over the same block of rows.
typedef struct {
  v16 waiting[SPLIT_AT_ONCE][TILE];
  split_sum sums[TILE];
  int32_t waits, summed;
} waiting_tile;

INLINE void split_waiting(waiting_tile *tile, ptrdiff_t count) {
  for (int n = 0; n < count; n++)
    tile->sums[n] = add_splits(tile->summed ? tile->sums[n] : (split_sum){0}, tile->waiting, tile->waits, n);
  tile->summed += tile->waits;
  tile->waits = 0;
}

INLINE void finish_tile(const bool fast, waiting_tile *tile, ptrdiff_t R, ptrdiff_t V, kernel_gradient_sink sink,
                        ptrdiff_t at, ptrdiff_t panel) {
  const kernel_update update = sink.update ? *sink.update : (kernel_update){0};
  if (tile->waits + tile->summed == 0) {
    if (sink.update && ignores_zero(&update)) return;
    memset(tile->waiting[0], 0, sizeof tile->waiting[0]);
    tile->waits = 1;
  }
  for (ptrdiff_t i = 0, n = 0; i < R; i++)
    for (ptrdiff_t v = 0; v < V; v++, n++) {
      const ptrdiff_t to = at + v * panel + i * 16;
      if (fast) {
        put_fast(sink, &update, to, tile->waiting[0][n]);
      } else {
        const split_sum sum = tile->summed ? tile->sums[n] : (split_sum){0};
        put_split(sink, &update, to, add_splits(sum, tile->waiting, tile->waits, (int)n), tile->summed + tile->waits);
      }
    }
}

// Tiles first ..< end of the inputs' `tiles`, for V panels from dy's first, block by block of the rows. The lists' tiles are
// of SPARSE_ROWS inputs each.
INLINE void sum_tiles(const bool fast, const float *x, ptrdiff_t x_stride, const float *dy, ptrdiff_t dy_stride,
                      kernel_micro_batches micro_batches, const row_lists *lists, kernel_range inputs,
                      ptrdiff_t tiles, ptrdiff_t first, ptrdiff_t end, ptrdiff_t V, kernel_gradient_sink sink,
                      ptrdiff_t at, ptrdiff_t panel) {
  waiting_tile sums[TILES_AT_ONCE];
  ptrdiff_t begins[TILES_AT_ONCE + 1];
  for (ptrdiff_t t = first; t <= end; t++)
    begins[t - first] = lists ? at_most(inputs.begin + t * SPARSE_ROWS, inputs.end)
                              : inputs.begin + part(inputs.end - inputs.begin, tiles, t);
  for (ptrdiff_t t = 0; t < end - first; t++) {
    sums[t].waits = sums[t].summed = 0;
    if (sink.update)
      will_write_tile(sink.update->weights + at + begins[t] * 16, panel, begins[t + 1] - begins[t], V);
  }
  for (int m = 0, block = 0; m < micro_batches.count; m++) {
    const ptrdiff_t begin = micro_batches.bounds[m], rows = micro_batches.bounds[m + 1] - begin;
    const int blocks = row_blocks(rows);
    for (int b = 0; b < blocks; b++)
      for (ptrdiff_t t = 0; t < end - first; t++) {
        const ptrdiff_t i = begins[t], R = begins[t + 1] - i;
        const int32_t *bounds = lists ? lists->bounds[first + t] + block : NULL;
        if (lists ? bounds[0] == bounds[blocks] : rows == 0) continue;
        if (b == 0 && sums[t].waits == SPLIT_AT_ONCE) split_waiting(&sums[t], R * V);
        v16 *g = sums[t].waiting[sums[t].waits];
        if (lists)
          WITH_SPARSE_TILE(sum_rows, R, V, false, b > 0, x + i, x_stride, dy, dy_stride, lists->rows, bounds[b],
                           bounds[b + 1], g)
        else
          WITH_TILE(sum_rows, R, V, false, b > 0, x + i, x_stride, dy, dy_stride, NULL, begin + part(rows, blocks, b),
                    begin + part(rows, blocks, b + 1), g)
        sums[t].waits += b + 1 == blocks;
      }
    block += blocks;
  }
  for (ptrdiff_t t = 0; t < end - first; t++)
    finish_tile(fast, &sums[t], begins[t + 1] - begins[t], V, sink, at + begins[t] * 16, panel);
}

// Dense layer, weight gradient: dW = X^T dY, each micro-batch rounded to the grid of 2^-42.
#include "dense_gradient_blocks.h"
#include "split_sum.h"
#include "sum_rows.h"

// Any gradient: sums in double, and each micro-batch's magnitude is checked.
INLINE void weight_gradient_checked_tile(const int R, const int V, const bool bias, const float *x,
                                         ptrdiff_t x_stride, const float *dy,
                                         ptrdiff_t dy_stride, kernel_micro_batches micro_batches, v16 limit, v16i *bad,
                                         kernel_gradient_sink sink, ptrdiff_t at, ptrdiff_t panel) {
  v8d sum[TILE_ROWS][TILE_VECTORS][2];
  UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V; v++) sum[i][v][0] = sum[i][v][1] = 0;
  for (int m = 0; m < micro_batches.count; m++) {
    v16 acc[TILE];
    sum_rows(R, V, bias, false, x, x_stride, dy, dy_stride, NULL, micro_batches.bounds[m], micro_batches.bounds[m + 1],
             acc);
    UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V; v++) {
      const v16 g = acc[i * V + v];
      *bad |= ~(__builtin_elementwise_abs(g) <= limit);
      sum[i][v][0] += round_to_grid(low_half(g));
      sum[i][v][1] += round_to_grid(high_half(g));
    }
  }
  ROLLED for (int i = 0; i < R; i++) ROLLED for (int v = 0; v < V; v++)
      put_exact(sink, at + v * panel + i * 16, sum[i][v][0], sum[i][v][1]);
}

// One tile's sums over few rows: each micro-batch is one block.
INLINE void weight_gradient_tile(const int R, const int V, const float *x, ptrdiff_t x_stride, const float *dy,
                                 ptrdiff_t dy_stride, const row_lists *lists, ptrdiff_t number,
                                 kernel_micro_batches micro_batches, kernel_gradient_sink sink, ptrdiff_t at,
                                 ptrdiff_t panel) {
  v16 g[SPLIT_AT_ONCE][TILE];
  split_sum sums[TILE];
  IN_MEMORY(g);
  const int32_t *bounds = lists ? lists->bounds[number] : micro_batches.bounds;
  if (lists && sink.update && ignores_zero(sink.update) && bounds[0] == bounds[micro_batches.count]) return;
  if (sink.update) will_write_tile(sink.update->weights + at, panel, R, V);
  int32_t summed = 0, waiting = 0;
  for (int m = 0; m < micro_batches.count; m++) {
    if (bounds[m] == bounds[m + 1]) continue;
    if (waiting == SPLIT_AT_ONCE) {
      ROLLED for (int n = 0; n < R * V; n++)
        sums[n] = add_splits(summed ? sums[n] : (split_sum){0}, g, waiting, n);
      summed += waiting;
      waiting = 0;
    }
    sum_rows(R, V, false, false, x, x_stride, dy, dy_stride, lists ? lists->rows : NULL, bounds[m], bounds[m + 1],
             g[waiting++]);
  }
  // A copy that no store can change.
  const kernel_update update = sink.update ? *sink.update : (kernel_update){0};
  ROLLED for (int n = 0; n < R * V; n++) {
    const split_sum sum = add_splits(summed ? sums[n] : (split_sum){0}, g, waiting, n);
    put_split(sink, &update, at + n % V * panel + n / V * 16, sum, summed + waiting);
  }
}

INLINE void weight_gradient_fast_tile(const int R, const int V, const bool bias, const float *x, ptrdiff_t x_stride,
                                      const float *dy, ptrdiff_t dy_stride, const row_lists *lists, ptrdiff_t number,
                                      ptrdiff_t rows, kernel_gradient_sink sink, ptrdiff_t at, ptrdiff_t panel) {
  const ptrdiff_t begin = lists ? lists->bounds[number][0] : 0, end = lists ? lists->bounds[number][1] : rows;
  if (begin == end && sink.update && ignores_zero(sink.update)) return;
  v16 acc[TILE];
  if (sink.update) will_write_tile(sink.update->weights + at, panel, R, V);
  sum_rows(R, V, bias, false, x, x_stride, dy, dy_stride, lists ? lists->rows : NULL, begin, end, acc);
  UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V; v++)
      put_fast(sink, sink.update, at + v * panel + i * 16, acc[i * V + v]);
}

// Few rows of dy stay in the first-level cache by themselves.
INLINE bool stays_in_cache(kernel_micro_batches micro_batches) {
  return micro_batches.bounds[micro_batches.count] - micro_batches.bounds[0] <= ROWS_AT_ONCE;
}

INLINE void full_weight_gradient(const bool fast, const float *x, ptrdiff_t x_stride, const float *dy,
                                 ptrdiff_t dy_stride, ptrdiff_t inputs_total, kernel_micro_batches micro_batches,
                                 kernel_gradient_sink sink, kernel_range inputs, kernel_range panels) {
  const ptrdiff_t count = inputs.end - inputs.begin, tiles = tiles_of(count), panel = (inputs_total + 1) * 16;
  if (stays_in_cache(micro_batches)) {
    for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
      V = vectors_at(p, panels.end);
      for (ptrdiff_t t = 0; t < tiles; t++) {
        const ptrdiff_t i = inputs.begin + part(count, tiles, t), R = inputs.begin + part(count, tiles, t + 1) - i;
        if (fast)
          WITH_TILE(weight_gradient_fast_tile, R, V, false, x + i, x_stride, dy + p * 16, dy_stride, NULL, 0,
                    micro_batches.bounds[1], sink, p * panel + i * 16, panel)
        else
          WITH_TILE(weight_gradient_tile, R, V, x + i, x_stride, dy + p * 16, dy_stride, NULL, 0, micro_batches, sink,
                    p * panel + i * 16, panel)
      }
    }
  } else {
    for (ptrdiff_t t = 0; t < tiles; t += TILES_AT_ONCE)
      for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
        V = vectors_at(p, panels.end);
        sum_tiles(fast, x, x_stride, dy + p * 16, dy_stride, micro_batches, NULL, inputs, tiles, t,
                  at_most(t + TILES_AT_ONCE, tiles), V, sink, p * panel, panel);
      }
  }
}

// Inputs that are mostly zero: the tiles' sums go over the rows where their inputs are not.
INLINE void sparse_weight_gradient(const bool fast, const float *x, ptrdiff_t x_stride, const float *dy,
                                   ptrdiff_t dy_stride, ptrdiff_t inputs_total, kernel_micro_batches micro_batches,
                                   kernel_gradient_sink sink, kernel_range inputs, kernel_range panels) {
  const ptrdiff_t panel = (inputs_total + 1) * 16, step = most_inputs_listed(micro_batches);
  row_lists lists;
  for (ptrdiff_t begin = inputs.begin; begin < inputs.end; begin += step) {
    const kernel_range some = {begin, at_most(begin + step, inputs.end)};
    const ptrdiff_t tiles = (some.end - begin + SPARSE_ROWS - 1) / SPARSE_ROWS;
    list_nonzero_rows(x, x_stride, micro_batches, some, &lists);
    for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
      V = sparse_vectors_at(p, panels.end);
      if (!stays_in_cache(micro_batches)) {
        sum_tiles(fast, x, x_stride, dy + p * 16, dy_stride, micro_batches, &lists, some, tiles, 0, tiles, V, sink,
                  p * panel, panel);
        continue;
      }
      for (ptrdiff_t t = 0; t < tiles; t++) {
        const ptrdiff_t i = begin + t * SPARSE_ROWS, R = at_most(SPARSE_ROWS, some.end - i);
        if (fast)
          WITH_SPARSE_TILE(weight_gradient_fast_tile, R, V, false, x + i, x_stride, dy + p * 16, dy_stride, &lists, t,
                           0, sink, p * panel + i * 16, panel)
        else
          WITH_SPARSE_TILE(weight_gradient_tile, R, V, x + i, x_stride, dy + p * 16, dy_stride, &lists, t,
                           micro_batches, sink, p * panel + i * 16, panel)
      }
    }
  }
}

INLINE void bounded_weight_gradient(const bool fast, const float *x, ptrdiff_t x_stride, const float *dy,
                                    ptrdiff_t dy_stride, ptrdiff_t inputs_total, kernel_micro_batches micro_batches,
                                    kernel_gradient_sink sink, kernel_range inputs, kernel_range panels) {
  if (rows_are_sparse(x, x_stride, micro_batches, inputs))
    sparse_weight_gradient(fast, x, x_stride, dy, dy_stride, inputs_total, micro_batches, sink, inputs, panels);
  else full_weight_gradient(fast, x, x_stride, dy, dy_stride, inputs_total, micro_batches, sink, inputs, panels);
}

static bool dense_weight_gradient(const float *x, ptrdiff_t x_stride, const float *dy, ptrdiff_t dy_stride,
                                  ptrdiff_t inputs, kernel_micro_batches micro_batches, float limit,
                                  kernel_gradient_sink sink, kernel_range inputs_and_bias, kernel_range panels) {
  const kernel_range range = {inputs_and_bias.begin, at_most(inputs, inputs_and_bias.end)};
  const ptrdiff_t count = range.end - range.begin, tiles = tiles_of(count), panel = (inputs + 1) * 16;
  const bool small = limit >= 4 && weight_gradient_is_small(x, x_stride, dy, dy_stride, micro_batches, range, panels);
  if (small) bounded_weight_gradient(false, x, x_stride, dy, dy_stride, inputs, micro_batches, sink, range, panels);
  v16i bad = 0;
  for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
    V = vectors_at(p, panels.end);
    for (ptrdiff_t t = 0; t < tiles && !small; t++) {
      const ptrdiff_t i = range.begin + part(count, tiles, t), R = range.begin + part(count, tiles, t + 1) - i;
      WITH_TILE(weight_gradient_checked_tile, R, V, false, x + i, x_stride, dy + p * 16, dy_stride, micro_batches,
                splat16(limit), &bad, sink, p * panel + i * 16, panel);
    }
    if (inputs_and_bias.end > inputs)
      WITH_VECTORS(weight_gradient_checked_tile, 1, V, true, NULL, 0, dy + p * 16, dy_stride, micro_batches,
                   splat16(limit), &bad, sink, p * panel + inputs * 16, panel);
  }
  return __builtin_reduce_or(bad) == 0;
}

static void dense_weight_gradient_fast(const float *x, ptrdiff_t x_stride, const float *dy, ptrdiff_t dy_stride,
                                       ptrdiff_t inputs, ptrdiff_t rows, kernel_gradient_sink sink,
                                       kernel_range inputs_and_bias, kernel_range panels) {
  const kernel_range range = {inputs_and_bias.begin, at_most(inputs, inputs_and_bias.end)};
  const kernel_micro_batches all = {(int32_t[]){0, (int32_t)rows}, 1};
  const ptrdiff_t panel = (inputs + 1) * 16;
  bounded_weight_gradient(true, x, x_stride, dy, dy_stride, inputs, all, sink, range, panels);
  for (ptrdiff_t p = panels.begin, V; p < panels.end && inputs_and_bias.end > inputs; p += V) {
    V = vectors_at(p, panels.end);
    WITH_VECTORS(weight_gradient_fast_tile, 1, V, true, NULL, 0, dy + p * 16, dy_stride, NULL, 0, rows, sink,
                 p * panel + inputs * 16, panel);
  }
}

// Dense layer, weight gradient: dW = X^T dY, each micro-batch rounded to the grid of 2^-42.
#pragma once
#include "dense_gradient_blocks.h"

// If there are few rows, dy stays in the first-level cache anyway.
INLINE bool stays_in_cache(kernel_micro_batches micro_batches) {
  return micro_batches.bounds[micro_batches.count] - micro_batches.bounds[0] <= ROWS_AT_ONCE;
}

INLINE void full_weight_gradient(const sum_kind kind, grid_work *work, const kernel_dense_gradient layer,
                                 kernel_micro_batches micro_batches, kernel_range inputs, kernel_range panels) {
  const ptrdiff_t count = inputs.end - inputs.begin, tiles = tiles_of(count);
  if (stays_in_cache(micro_batches)) {
    for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
      V = vectors_at(p, panels.end);
      for (ptrdiff_t t = 0; t < tiles; t++) {
        const ptrdiff_t i = inputs.begin + part(count, tiles, t), R = inputs.begin + part(count, tiles, t + 1) - i;
        const gradient_tile tile = gradient_tile_at(&layer, i, p);
        WITH_TILE(unchecked_tile, R, V, kind, work, tile, NULL, 0, micro_batches)
      }
    }
    return;
  }
  for (ptrdiff_t first = 0; first < tiles; first += TILES_AT_ONCE) {
    ptrdiff_t begins[TILES_AT_ONCE + 1];
    const tile_group group = {layer, micro_batches, NULL, begins, at_most(TILES_AT_ONCE, tiles - first)};
    for (ptrdiff_t t = 0; t <= group.count; t++) begins[t] = inputs.begin + part(count, tiles, first + t);
    for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
      V = vectors_at(p, panels.end);
      sum_tiles(kind, work, group, p, V);
    }
  }
}

// If inputs are mostly zero, tiles sum only over the rows where their inputs are not.
INLINE void sparse_weight_gradient(const sum_kind kind, grid_work *work, const kernel_dense_gradient layer,
                                   kernel_micro_batches micro_batches, kernel_range inputs, kernel_range panels) {
  const ptrdiff_t step = most_inputs_listed(micro_batches);
  row_lists lists;
  for (ptrdiff_t begin = inputs.begin; begin < inputs.end; begin += step) {
    const kernel_range some = {begin, at_most(begin + step, inputs.end)};
    ptrdiff_t begins[TILES_AT_ONCE + 1];
    const ptrdiff_t tiles = (some.end - begin + SPARSE_ROWS - 1) / SPARSE_ROWS;
    const tile_group group = {layer, micro_batches, &lists, begins, tiles};
    for (ptrdiff_t t = 0; t <= tiles; t++) begins[t] = at_most(begin + t * SPARSE_ROWS, some.end);
    list_nonzero_rows(layer.x, micro_batches, some, &lists);
    for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
      V = sparse_vectors_at(p, panels.end);
      if (!stays_in_cache(micro_batches)) {
        sum_tiles(kind, work, group, p, V);
        continue;
      }
      for (ptrdiff_t t = 0; t < tiles; t++) {
        const ptrdiff_t i = begin + t * SPARSE_ROWS, R = at_most(SPARSE_ROWS, some.end - i);
        const gradient_tile tile = gradient_tile_at(&layer, i, p);
        WITH_SPARSE_TILE(unchecked_tile, R, V, kind, work, tile, &lists, t, micro_batches)
      }
    }
  }
}

INLINE void unchecked_weight_gradient(const sum_kind kind, grid_work *work, const kernel_dense_gradient layer,
                                      kernel_micro_batches micro_batches, kernel_range inputs, kernel_range panels) {
  if (rows_are_sparse(layer.x, micro_batches, inputs))
    sparse_weight_gradient(kind, work, layer, micro_batches, inputs, panels);
  else full_weight_gradient(kind, work, layer, micro_batches, inputs, panels);
}

static bool dense_weight_gradient(const kernel_dense_gradient layer, kernel_micro_batches micro_batches, float limit,
                                  kernel_range inputs_and_bias, kernel_range panels) {
  const kernel_range inputs = {inputs_and_bias.begin, at_most(layer.inputs, inputs_and_bias.end)};
  const ptrdiff_t count = inputs.end - inputs.begin, tiles = tiles_of(count);
  const bool small = limit >= 4 && weight_gradient_is_small(&layer, micro_batches, inputs, panels);
  if (small) unchecked_weight_gradient(SPLIT, NULL, layer, micro_batches, inputs, panels);
  v16i bad = 0;
  for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
    V = vectors_at(p, panels.end);
    for (ptrdiff_t t = 0; t < tiles && !small; t++) {
      const ptrdiff_t i = inputs.begin + part(count, tiles, t), R = inputs.begin + part(count, tiles, t + 1) - i;
      const gradient_tile tile = gradient_tile_at(&layer, i, p);
      WITH_TILE(checked_tile, R, V, false, tile, micro_batches, splat16(limit), &bad);
    }
    if (inputs_and_bias.end <= layer.inputs) continue;
    const gradient_tile bias = gradient_tile_at(&layer, layer.inputs, p);
    WITH_VECTORS(checked_tile, 1, V, true, bias, micro_batches, splat16(limit), &bad);
  }
  return __builtin_reduce_or(bad) == 0;
}

static void dense_weight_gradient_fast(const kernel_dense_gradient layer, ptrdiff_t rows, kernel_range inputs_and_bias,
                                       kernel_range panels) {
  const kernel_range inputs = {inputs_and_bias.begin, at_most(layer.inputs, inputs_and_bias.end)};
  const kernel_micro_batches all = {(int32_t[]){0, (int32_t)rows}, 1};
  unchecked_weight_gradient(FAST, NULL, layer, all, inputs, panels);
  for (ptrdiff_t p = panels.begin, V; p < panels.end && inputs_and_bias.end > layer.inputs; p += V) {
    V = vectors_at(p, panels.end);
    const gradient_tile bias = gradient_tile_at(&layer, layer.inputs, p);
    WITH_VECTORS(fast_tile, 1, V, true, bias, NULL, 0, all);
  }
}

static kernel_grid_result dense_weight_gradient_grid(const kernel_dense_gradient layer,
                                                     kernel_micro_batches micro_batches, const kernel_grid *grid,
                                                     kernel_range inputs_and_bias, kernel_range panels) {
  const kernel_range inputs = {inputs_and_bias.begin, at_most(layer.inputs, inputs_and_bias.end)};
  grid_work weights = begin_grid(grid, 0), bias = begin_grid(grid, 1);
  unchecked_weight_gradient(GRID, &weights, layer, micro_batches, inputs, panels);
  // The bias adds up all of dY: where a NaN was skipped with a zero of x, it is found here.
  for (ptrdiff_t p = panels.begin, V; p < panels.end && inputs_and_bias.end > layer.inputs; p += V) {
    V = vectors_at(p, panels.end);
    const gradient_tile tile = gradient_tile_at(&layer, layer.inputs, p);
    WITH_VECTORS(small_tile, 1, V, true, GRID, &bias, tile, NULL, 0, micro_batches);
  }
  return grid_result(&weights, &bias);
}

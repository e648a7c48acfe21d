// Dense layer, forward: rows are samples, a row's inputs are contiguous.
#pragma once
#include "forward.h"

// A layer from row r and panel p on.
INLINE forward_work work_at(const kernel_dense *layer, ptrdiff_t r, ptrdiff_t p) {
  return (forward_work){
      .x = matrix_at(layer->x, r, 0),
      .weights = layer->weights + p * (layer->inputs + 1) * 16,
      .inputs = layer->inputs,
      .y = mutable_matrix_at(layer->y, r, p * 16),
      .relu = layer->relu,
  };
}

OUTLINED void full_forward(const kernel_dense layer, kernel_range rows, kernel_range panels) {
  const ptrdiff_t count = rows.end - rows.begin, tiles = tiles_of(count);
  for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
    V = vectors_at(p, panels.end);
    for (ptrdiff_t t = 0; t < tiles; t++) {
      const ptrdiff_t r = rows.begin + part(count, tiles, t);
      const ptrdiff_t R = rows.begin + part(count, tiles, t + 1) - r;
      forward_work work = work_at(&layer, r, p);
      work.ahead = weights_ahead(work.weights, layer.inputs, V, t, p + V >= panels.end);
      WITH_TILE(forward_tile, R, V, EVERY_INPUT, work);
    }
  }
}

// Where most inputs are zero: each tile of rows sums over the inputs that are not zero in all of its rows (zeros.h).
OUTLINED void sparse_forward(const kernel_dense layer, kernel_range rows, kernel_range panels) {
  input_list listed[LISTS_AT_ONCE];
  for (ptrdiff_t first = rows.begin; first < rows.end; first += LISTS_AT_ONCE * SPARSE_ROWS) {
    for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
      V = sparse_vectors_at(p, panels.end);
      for (ptrdiff_t t = 0, r = first; t < LISTS_AT_ONCE && r < rows.end; t++, r += SPARSE_ROWS) {
        const ptrdiff_t R = at_most(SPARSE_ROWS, rows.end - r);
        forward_work work = work_at(&layer, r, p);
        work.ahead = weights_ahead(work.weights, layer.inputs, V, t, p + V >= panels.end);
        work.listed = &listed[t];
        if (p == panels.begin) list_nonzero_inputs(work.x, R, layer.inputs, &listed[t]);
        WITH_SPARSE_TILE(forward_tile, R, V, LISTED_INPUTS, work);
      }
    }
  }
}

static void dense_forward(const kernel_dense layer, kernel_range rows, kernel_range panels) {
  const bool lists = layer.inputs <= MOST_INPUTS && panels.end - panels.begin >= LIST_FROM_PANELS;
  if (lists && is_sparse(layer.x, rows, (kernel_range){0, layer.inputs})) sparse_forward(layer, rows, panels);
  else full_forward(layer, rows, panels);
}

// What the cases of weight gradients have in common.
#pragma once
#include "CKernels.h"
#include "support.h"

// How rows are cut into micro-batches: bounds of each, ended by -1.
typedef struct {
  const char *name;
  int32_t bounds[16];
} cut;

enum { CUTS = 8 };
extern const cut cuts[CUTS];
kernel_micro_batches micro_batches_of(const cut *cut);

// A dense layer's input and output gradient, of so many rows.
kernel_dense_gradient dense_layer(kind of_x, kind of_dy, ptrdiff_t inputs, ptrdiff_t outputs, ptrdiff_t rows,
                                  kernel_gradient_sink sink);

// Grids for so many micro-batches that gradients around 0.1 just fit; 2^shift times as wide.
kernel_grid grid_case(int32_t bits, int32_t micro_batches, int shift);
// What was found. Returns whether all gradients are finite: where they are not, which of them are seen depends on the
// zeros that a kernel leaves out, and neither the largest nor the sums are part of the contract.
bool add_findings(hash *hash, kernel_grid_result result);

// Every constant that decides the speed of the kernels. None decides a bit: "the most" are limits beyond which another
// method computes the same bits. Each has its unit and the reason for its value. Kernels were timed in whole trainings
// (scripts/bench) and alone (lockstep doctor --kernels) on four cores of an Intel Xeon of 2023 with AVX-512;
// docs/performance.md says what bounds them. If the only reason given is room or a unit's width, no timing of
// neighbouring values is on record: try them.
#pragma once

// The register tile: rows of TILE_VECTORS vectors of 16 floats, accumulators of a fused multiply-add. Its latency of 4
// cycles on 2 units requires at least 8 independent chains; the registers that are left hold operands. 6 x 1 vectors of
// 16 are 12 of 16 registers of 8 floats (AVX2), and 24 of 32 registers of 4 (Arm).
#ifndef TILE_ROWS
#define TILE_ROWS 6
#define TILE_VECTORS 1
#endif

enum {
  // Accumulators of a tile, in vectors.
  TILE = TILE_ROWS * TILE_VECTORS,
  // Whether a tile of one panel leaves no room for five more vectors. A 5 x 5 convolution of planes that reloads them
  // for every two inputs takes 0.81 of the time of one that spills them to the stack (AVX2, Zen 3).
  FEW_REGISTERS = TILE_ROWS < 12,

  // The tile where most inputs are zero: rows and vectors. Fewer rows, so that more inputs are zero in all of them;
  // lists of rows are for four inputs too, because two shuffles combine the bits of four lanes.
  SPARSE_ROWS = 4,
  SPARSE_VECTORS = TILE / SPARSE_ROWS < 4 ? 1 : 4,
};

// --- Dense layers ---

enum {
  // The least panels of a forward pass for which zeros are listed: making the lists costs about as much as one panel.
  LIST_FROM_PANELS = 4,
  // Row tiles whose lists of inputs are kept at once: of 2048 inputs, 132 KB of stack.
  LISTS_AT_ONCE = 32,
  // The most inputs, rows and micro-batches that are listed, which decide the lists' size on the stack.
  MOST_INPUTS = 2048,
  MOST_ROWS = 8192,
  MOST_MICRO_BATCHES = 256,
  // Rows that are sampled to decide whether listing zeros pays.
  SAMPLED_ROWS = 8,

  // The rows of dY that stay in the first-level cache while tiles of inputs pass over them: 128 rows of two vectors are
  // 16 KB. Without this, at batch 512 each tile read all rows from the second-level cache again.
  ROWS_AT_ONCE = 128,
  // The tiles that use them before the next block of rows; their sums are kept on the stack, 9 KB each.
  TILES_AT_ONCE = 16,
  // Micro-batches whose gradients are rounded together: the five operations of one depend on each other, those of four
  // fill both units.
  SPLIT_AT_ONCE = 4,
  // Panels whose sums of |dY| are kept while rows pass, in vectors on the stack.
  PANELS_AT_ONCE = 32,
};

// --- Convolutions ---

enum {
  // How much longer a product takes if added individually, because it is not zero, than as part of a full tile.
  SPARSE_COST = 2,
  // Output pixels whose zeros are listed at once; the list takes 6 KB of stack.
  PIXELS_AT_ONCE = 1024,
  // Floats of dX that stay in the first-level cache while all taps pass over them: 16 KB.
  BAND_FLOATS = 4096,

  // Forward by vectors of pixels. The most floats of a sample and of its copies: 64 KB each on the stack.
  MOST_COPIED = 1 << 14,
  // Vectors of pixels that are transposed together.
  GROUP_VECTORS = 4,
  // The cost of transposing 16 pixels of a panel, in multiply-adds of vectors.
  TRANSPOSE_COST = 200,
  // It is used if it takes less than this percentage of the other method's multiply-adds.
  PIXELS_PAY_BELOW = 90,
};

// --- Prefetching ---

// A cache line that another thread or rank has written takes some hundred instructions to arrive: prefetch distances
// are about that many instructions. Their effect shows only with four threads or four ranks.
enum {
  // The input gradient's rows of dY^T, and its panels of weights, which are too far apart for the hardware prefetcher.
  OUTPUTS_AHEAD = 32,
  PANELS_AHEAD = 2,
  // A forward tile prefetches a line of weights every INPUTS_A_LINE inputs, in the first so many tiles a vector:
  // together, all lines of the next panels.
  INPUTS_A_LINE = 4,
  LISTED_INPUTS_A_LINE = 2,
  TILES_THAT_PREFETCH = 4,
  // Rows of dY in the bound of a gradient; floats of converted bytes.
  BOUND_ROWS_AHEAD = 2,
  LOADED_AHEAD = 256,
};

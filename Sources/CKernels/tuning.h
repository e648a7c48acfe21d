// Every constant that decides how fast the kernels are; none decides a bit, but for those of the form "the most": what
// is larger goes another way to the same bits. Each stands with its unit and with what it was chosen by. Kernels were
// timed in whole trainings (scripts/bench) and alone (lockstep doctor --kernels) on four cores of an Intel Xeon of 2023
// with AVX-512; docs/performance.md tells what bounds them. Where no reason is given but room or a unit's width, no
// timing of neighbouring values is on record: try them.
#pragma once

// The register tile: rows of TILE_VECTORS vectors of 16 floats, accumulators of a fused multiply-add. Its latency of 4
// cycles on 2 units asks for at least 8 independent chains; what the accumulators leave of the registers holds
// operands. 6 x 1 vectors of 16 are 12 of 16 registers of 8 floats (AVX2), and 24 of 32 registers of 4 (Arm).
#ifndef TILE_ROWS
#define TILE_ROWS 6
#define TILE_VECTORS 1
#endif

enum {
  // Accumulators of a tile, in vectors.
  TILE = TILE_ROWS * TILE_VECTORS,
  // Whether a tile of one panel leaves no room for five more vectors. A 5 x 5 convolution of planes that reads them
  // again for every two inputs takes 0.81 of the time of one that keeps them, on the stack (AVX2, Zen 3).
  FEW_REGISTERS = TILE_ROWS < 12,

  // The tile where most inputs are zero: rows and vectors. Fewer rows, so that more inputs are zero in all of them;
  // lists of rows are by four inputs too, because four lanes' bits join in two shuffles.
  SPARSE_ROWS = 4,
  SPARSE_VECTORS = TILE / SPARSE_ROWS < 4 ? 1 : 4,
};

// --- Dense layers ---

enum {
  // Panels of a forward pass from which on zeros are looked for: making the lists costs about what one panel does.
  LIST_FROM_PANELS = 4,
  // Row tiles whose lists of inputs are kept at once: of 2048 inputs, 132 KB of stack.
  LISTS_AT_ONCE = 32,
  // The most inputs, rows and micro-batches that are listed; the lists' room on the stack.
  MOST_INPUTS = 2048,
  MOST_ROWS = 8192,
  MOST_MICRO_BATCHES = 256,
  // Rows in which zeros are counted, to see whether it pays to list them.
  SAMPLED_ROWS = 8,

  // The rows of dY that stay in the first-level cache while tiles of inputs pass over them: 128 rows of two vectors are
  // 16 KB. At batch 512 each tile read all rows from the second-level cache again.
  ROWS_AT_ONCE = 128,
  // The tiles that do so before the next rows' turn; their sums wait on the stack, 9 KB each.
  TILES_AT_ONCE = 16,
  // Micro-batches whose gradients wait until they are rounded together: one's five operations follow from each other,
  // those of four fill both units.
  SPLIT_AT_ONCE = 4,
  // Panels whose sums of |dY| are kept while rows pass, in vectors on the stack.
  PANELS_AT_ONCE = 32,
};

// --- Convolutions ---

enum {
  // How many times as long a product takes that is added by itself, because it is not zero, as one of a full tile.
  SPARSE_COST = 2,
  // Output pixels whose zeros are looked for at once; the list's room on the stack, 6 KB.
  PIXELS_AT_ONCE = 1024,
  // Floats of dX that stay in the first-level cache while all taps pass over them: 16 KB.
  BAND_FLOATS = 4096,

  // Forward by vectors of pixels. The most floats of a sample and of its copies: 64 KB each on the stack.
  MOST_COPIED = 1 << 14,
  // Vectors of pixels that are transposed together.
  GROUP_VECTORS = 4,
  // What transposing 16 pixels of a panel costs, in multiply-adds of vectors.
  TRANSPOSE_COST = 200,
  // The part of the other way's multiply-adds, in percent, below which it pays.
  PIXELS_PAY_BELOW = 90,
};

// --- What is asked for ahead ---

// Threads and ranks take lines from each other's caches, some hundred instructions a line: distances of about that many
// instructions. What they are worth shows with four threads or four ranks only.
enum {
  // The input gradient's rows of dY^T, and its panels of weights, which are too far apart for the core to foresee.
  OUTPUTS_AHEAD = 32,
  PANELS_AHEAD = 2,
  // A forward tile asks for a line of weights every so many inputs, by so many tiles a vector: all lines of the next
  // panels.
  INPUTS_A_LINE = 4,
  LISTED_INPUTS_A_LINE = 2,
  TILES_THAT_ASK = 4,
  // Rows of dY in the bound of a gradient; floats of converted bytes.
  BOUND_ROWS_AHEAD = 2,
  LOADED_AHEAD = 256,
};

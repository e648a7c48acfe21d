// Register tiles: up to TILE_ROWS rows by TILE_VECTORS vectors of 16 accumulators. Rows are cut evenly into tiles, so that
// none is left with too few independent chains to hide the latency of a fused multiply-add.
#pragma once
#include "vector.h"

// Asks for the lines of a tile's R x 16 V weights, which lie in panels.
INLINE void will_write_tile(const float *weights, ptrdiff_t panel, ptrdiff_t R, ptrdiff_t V) {
  for (ptrdiff_t n = 0; n < R * V; n++) will_write(weights + n % V * panel + n / V * 16);
}

// Not a maximum instruction: a NaN must stay one, so that it is found.
INLINE v16 rectified(v16 x) { return x < 0 ? splat16(0) : x; }

// What a forward tile asks for while it sums, a line for every fourth input: tile t of the first 4 V its part of the V panels
// after w's, which others may have updated, and all further ones what is at hand.
INLINE const float *weights_ahead(const float *w, ptrdiff_t inputs, ptrdiff_t V, ptrdiff_t t, bool is_last) {
  return is_last || t >= 4 * V ? w : w + (V * (inputs + 1) + t * (inputs / 4)) * 16;
}

// Calls TILE(rows, vectors) with both as constants, so that the accumulators live in registers.
#define WITH_VECTORS(TILE, R, V, ...)                            \
  do {                                                           \
    if (V == 1) TILE(R, 1, __VA_ARGS__);                         \
    else if (TILE_VECTORS > 1) TILE(R, TILE_VECTORS, __VA_ARGS__); \
  } while (0)
#define WITH_TILE(TILE, R, V, ...)                                  \
  switch (R) {                                                      \
    case 1: WITH_VECTORS(TILE, 1, V, __VA_ARGS__); break;           \
    case 2: WITH_VECTORS(TILE, 2, V, __VA_ARGS__); break;           \
    case 3: WITH_VECTORS(TILE, 3, V, __VA_ARGS__); break;           \
    case 4: WITH_VECTORS(TILE, 4, V, __VA_ARGS__); break;           \
    case 5: WITH_VECTORS(TILE, 5, V, __VA_ARGS__); break;           \
    case 6: WITH_VECTORS(TILE, 6, V, __VA_ARGS__); break;           \
    default:                                                        \
      if (TILE_ROWS > 6) switch (R) {                               \
          case 7: WITH_VECTORS(TILE, 7, V, __VA_ARGS__); break;     \
          case 8: WITH_VECTORS(TILE, 8, V, __VA_ARGS__); break;     \
          case 9: WITH_VECTORS(TILE, 9, V, __VA_ARGS__); break;     \
          case 10: WITH_VECTORS(TILE, 10, V, __VA_ARGS__); break;   \
          case 11: WITH_VECTORS(TILE, 11, V, __VA_ARGS__); break;   \
          case 12: WITH_VECTORS(TILE, 12, V, __VA_ARGS__); break;   \
        }                                                           \
  }

INLINE ptrdiff_t tiles_of(ptrdiff_t n) { return (n + TILE_ROWS - 1) / TILE_ROWS; }
INLINE ptrdiff_t vectors_at(ptrdiff_t at, ptrdiff_t end) { return end - at >= TILE_VECTORS ? TILE_VECTORS : 1; }
INLINE ptrdiff_t at_most(ptrdiff_t most, ptrdiff_t n) { return n < most ? n : most; }

// The tile where most inputs are zero (zeros.h): fewer rows, so that more inputs are zero in all of them.
enum {
  TILE = TILE_ROWS * TILE_VECTORS,
  SPARSE_ROWS = 4,
  SPARSE_VECTORS = TILE / SPARSE_ROWS < 4 ? 1 : 4,
};
#define WITH_SPARSE_VECTORS(TILE, R, V, ...)                             \
  do {                                                                   \
    if (V == 1) TILE(R, 1, __VA_ARGS__);                                 \
    else if (SPARSE_VECTORS > 1) TILE(R, SPARSE_VECTORS, __VA_ARGS__);   \
  } while (0)
#define WITH_SPARSE_TILE(TILE, R, V, ...)                                \
  switch (R) {                                                           \
    case 1: WITH_SPARSE_VECTORS(TILE, 1, V, __VA_ARGS__); break;         \
    case 2: WITH_SPARSE_VECTORS(TILE, 2, V, __VA_ARGS__); break;         \
    case 3: WITH_SPARSE_VECTORS(TILE, 3, V, __VA_ARGS__); break;         \
    case 4: WITH_SPARSE_VECTORS(TILE, 4, V, __VA_ARGS__); break;         \
  }

// The rows of a patch of which TILE + 1 accumulators hold the whole: nothing but an input has to be in a register besides.
INLINE int rows_at_once(const int size) { return size * size <= TILE + 1 ? size : size <= TILE + 1 ? (TILE + 1) / size : 1; }

INLINE ptrdiff_t sparse_vectors_at(ptrdiff_t at, ptrdiff_t end) {
  return end - at >= SPARSE_VECTORS ? SPARSE_VECTORS : 1;
}

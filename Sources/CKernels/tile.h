// Register tiles: up to TILE_ROWS rows by TILE_VECTORS vectors of 16 accumulators. Rows are divided evenly into tiles,
// so that each has enough independent chains to hide the latency of a fused multiply-add.
#pragma once
#include "vector.h"

// The one multiply-add of all tiles: acc[r, v] += a[r] b[v], with a's rows `stride` apart.
INLINE void multiply_add(const int R, const int V, const float *a, ptrdiff_t stride, const v16 *b, v16 *acc) {
  UNROLL(r, R) {
    const v16 ar = splat16(a[r * stride]);
    UNROLL(v, V) acc[r * V + v] = fma16(ar, b[v], acc[r * V + v]);
  }
}

// The layout of a tile's vectors: floats from one row to the next, and from one vector to the next.
typedef struct {
  ptrdiff_t row, vector;
} tile_strides;

INLINE void load_tile(const int R, const int V, const float *from, tile_strides next, v16 *acc) {
  UNROLL(r, R)
    UNROLL(v, V) acc[r * V + v] = load16(from + r * next.row + v * next.vector);
}

INLINE void store_tile(const int R, const int V, const v16 *acc, float *to, tile_strides next) {
  UNROLL(r, R)
    UNROLL(v, V) store16(to + r * next.row + v * next.vector, acc[r * V + v]);
}

INLINE void clear_tile(const int n, v16 *acc) {
  UNROLL(i, n) acc[i] = splat16(0);
}

// The same for outputs, which go through the activation.
INLINE void store_outputs(const int R, const int V, v16 *acc, float *y, tile_strides next, bool relu) {
  UNROLL(n, R * V) acc[n] = relu ? rectified(acc[n]) : acc[n];
  store_tile(R, V, acc, y, next);
}

// The chains of outputs begin with the bias. Adding 0 turns a bias of -0 into 0, so that zeros give the same result
// whether they are summed or skipped.
INLINE void begin_outputs(const int R, const int V, const float *bias, ptrdiff_t panel, v16 *acc) {
  UNROLL(r, R)
    UNROLL(v, V) acc[r * V + v] = load16(bias + v * panel) + splat16(0);
}

// Prefetches a tile's R x 16 V weights, which are in panels.
INLINE void will_write_tile(const float *weights, ptrdiff_t panel, ptrdiff_t R, ptrdiff_t V) {
  for (ptrdiff_t n = 0; n < R * V; n++) will_write(weights + n % V * panel + n / V * 16);
}

// Calls TILE(rows, vectors) with both as constants, so that the accumulators live in registers.
#define WITH_VECTORS(TILE, R, V, ...)                              \
  do {                                                             \
    if (V == 1) TILE(R, 1, __VA_ARGS__);                           \
    else if (TILE_VECTORS > 1) TILE(R, TILE_VECTORS, __VA_ARGS__); \
  } while (0)
#define WITH_TILE(TILE, R, V, ...)                                \
  switch (R) {                                                    \
    case 1: WITH_VECTORS(TILE, 1, V, __VA_ARGS__); break;         \
    case 2: WITH_VECTORS(TILE, 2, V, __VA_ARGS__); break;         \
    case 3: WITH_VECTORS(TILE, 3, V, __VA_ARGS__); break;         \
    case 4: WITH_VECTORS(TILE, 4, V, __VA_ARGS__); break;         \
    case 5: WITH_VECTORS(TILE, 5, V, __VA_ARGS__); break;         \
    case 6: WITH_VECTORS(TILE, 6, V, __VA_ARGS__); break;         \
    default:                                                      \
      if (TILE_ROWS > 6) switch (R) {                             \
          case 7: WITH_VECTORS(TILE, 7, V, __VA_ARGS__); break;   \
          case 8: WITH_VECTORS(TILE, 8, V, __VA_ARGS__); break;   \
          case 9: WITH_VECTORS(TILE, 9, V, __VA_ARGS__); break;   \
          case 10: WITH_VECTORS(TILE, 10, V, __VA_ARGS__); break; \
          case 11: WITH_VECTORS(TILE, 11, V, __VA_ARGS__); break; \
          case 12: WITH_VECTORS(TILE, 12, V, __VA_ARGS__); break; \
        }                                                         \
  }

INLINE ptrdiff_t tiles_of(ptrdiff_t n) { return (n + TILE_ROWS - 1) / TILE_ROWS; }
INLINE ptrdiff_t vectors_at(ptrdiff_t at, ptrdiff_t end) { return end - at >= TILE_VECTORS ? TILE_VECTORS : 1; }

// The tile where most inputs are zero (zeros.h).
#define WITH_SPARSE_VECTORS(TILE, R, V, ...)                           \
  do {                                                                 \
    if (V == 1) TILE(R, 1, __VA_ARGS__);                               \
    else if (SPARSE_VECTORS > 1) TILE(R, SPARSE_VECTORS, __VA_ARGS__); \
  } while (0)
#define WITH_SPARSE_TILE(TILE, R, V, ...)                        \
  switch (R) {                                                   \
    case 1: WITH_SPARSE_VECTORS(TILE, 1, V, __VA_ARGS__); break; \
    case 2: WITH_SPARSE_VECTORS(TILE, 2, V, __VA_ARGS__); break; \
    case 3: WITH_SPARSE_VECTORS(TILE, 3, V, __VA_ARGS__); break; \
    case 4: WITH_SPARSE_VECTORS(TILE, 4, V, __VA_ARGS__); break; \
  }

INLINE ptrdiff_t sparse_vectors_at(ptrdiff_t at, ptrdiff_t end) {
  return end - at >= SPARSE_VECTORS ? SPARSE_VECTORS : 1;
}

// Rows of a patch that TILE + 1 accumulators can hold: only one input needs another register.
INLINE int rows_at_once(const int size) {
  return size * size <= TILE + 1 ? size : size <= TILE + 1 ? (TILE + 1) / size : 1;
}

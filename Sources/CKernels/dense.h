// Dense layer. A register tile is up to TILE_ROWS rows by TILE_VECTORS vectors of 16; rows are cut evenly into tiles,
// so that none is left with too few independent chains to hide the latency of a fused multiply-add.
#include "update.h"

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

// --- Forward: Y = activation(bias + X W) ---

INLINE void forward_tile(const int R, const int V, const float *x, ptrdiff_t x_stride, const float *w,
                         ptrdiff_t inputs, float *y, ptrdiff_t y_stride, bool relu) {
  const ptrdiff_t panel = (inputs + 1) * 16;
  v16 acc[TILE_ROWS][TILE_VECTORS];
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++)
      acc[r][v] = load16(w + v * panel + inputs * 16);
  for (ptrdiff_t i = 0; i < inputs; i++) {
    v16 wi[TILE_VECTORS];
    UNROLL for (int v = 0; v < V; v++) wi[v] = load16(w + v * panel + i * 16);
    UNROLL for (int r = 0; r < R; r++) {
      v16 xi = splat16(x[r * x_stride + i]);
      UNROLL for (int v = 0; v < V; v++) acc[r][v] = fma16(xi, wi[v], acc[r][v]);
    }
  }
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++) {
    v16 out = acc[r][v];
    // Not a maximum instruction: a NaN must stay one, so that it is found.
    if (relu) out = out < 0 ? splat16(0) : out;
    store16(y + r * y_stride + v * 16, out);
  }
}

static void dense_forward(const float *x, ptrdiff_t x_stride, const float *weights, ptrdiff_t inputs, float *y,
                          ptrdiff_t y_stride, bool relu, kernel_range rows, kernel_range panels) {
  const ptrdiff_t count = rows.end - rows.begin, tiles = tiles_of(count);
  for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
    V = vectors_at(p, panels.end);
    const float *w = weights + p * (inputs + 1) * 16;
    for (ptrdiff_t t = 0; t < tiles; t++) {
      const ptrdiff_t r = rows.begin + part(count, tiles, t);
      const ptrdiff_t R = rows.begin + part(count, tiles, t + 1) - r;
      WITH_TILE(forward_tile, R, V, x + r * x_stride, x_stride, w, inputs, y + r * y_stride + p * 16, y_stride, relu);
    }
  }
}

// --- Input gradient: dX^T = W dY^T, vectors of 16 rows ---

INLINE void input_gradient_tile(const int R, const int V, const float *dy_t, const float *weights,
                                ptrdiff_t inputs_total, ptrdiff_t outputs, ptrdiff_t input, float *dx_t,
                                ptrdiff_t t_stride) {
  v16 acc[TILE_ROWS][TILE_VECTORS];
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++) acc[r][v] = splat16(0);
  for (ptrdiff_t panel = 0; panel * 16 < outputs; panel++) {
    const float *w = weights + (panel * (inputs_total + 1) + input) * 16;
    const float *dy = dy_t + panel * 16 * t_stride;
    const ptrdiff_t width = outputs - panel * 16 < 16 ? outputs - panel * 16 : 16;
    for (ptrdiff_t o = 0; o < width; o++) {
      v16 d[TILE_VECTORS];
      UNROLL for (int v = 0; v < V; v++) d[v] = load16(dy + o * t_stride + v * 16);
      UNROLL for (int r = 0; r < R; r++) {
        v16 wi = splat16(w[r * 16 + o]);
        UNROLL for (int v = 0; v < V; v++) acc[r][v] = fma16(wi, d[v], acc[r][v]);
      }
    }
  }
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++)
      store16(dx_t + (input + r) * t_stride + v * 16, acc[r][v]);
}

static void dense_input_gradient(const float *dy_t, const float *weights, ptrdiff_t inputs_total,
                                 ptrdiff_t outputs, float *dx_t, ptrdiff_t t_stride, ptrdiff_t rows,
                                 kernel_range inputs) {
  const ptrdiff_t count = inputs.end - inputs.begin, tiles = tiles_of(count), vectors = (rows + 15) / 16;
  for (ptrdiff_t t = 0; t < tiles; t++) {
    const ptrdiff_t i = inputs.begin + part(count, tiles, t);
    const ptrdiff_t R = inputs.begin + part(count, tiles, t + 1) - i;
    for (ptrdiff_t v = 0, V; v < vectors; v += V) {
      V = vectors_at(v, vectors);
      WITH_TILE(input_gradient_tile, R, V, dy_t + v * 16, weights, inputs_total, outputs, i, dx_t + v * 16, t_stride);
    }
  }
}

// --- Weight gradient: dW = X^T dY, each micro-batch rounded to the grid ---

// Hands 16 exact sums on.
INLINE void put_exact(kernel_gradient_sink sink, ptrdiff_t at, v8d low, v8d high) {
  if (sink.update) {
    update16(sink.update, at, narrow(low, high));
  } else {
    store8d(sink.exact + at, low);
    store8d(sink.exact + at + 8, high);
  }
}

// acc = sum of x[r, i] dy[r, o] over the rows, r ascending; for the bias x is 1.
INLINE void outer_products(const bool bias, const int R, const int V, const float *x, ptrdiff_t x_stride, const float *dy,
                           ptrdiff_t dy_stride, ptrdiff_t begin, ptrdiff_t end, v16 acc[TILE_ROWS][TILE_VECTORS]) {
  UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V; v++) acc[i][v] = splat16(0);
  for (ptrdiff_t r = begin; r < end; r++) {
    v16 d[TILE_VECTORS];
    UNROLL for (int v = 0; v < V; v++) d[v] = load16(dy + r * dy_stride + v * 16);
    UNROLL for (int i = 0; i < R; i++) {
      v16 xi = splat16(bias ? 1 : x[r * x_stride + i]);
      UNROLL for (int v = 0; v < V; v++) acc[i][v] = fma16(xi, d[v], acc[i][v]);
    }
  }
}

// Any gradient: sums in double, and each micro-batch's magnitude is checked.
INLINE void weight_gradient_checked_tile(const int R, const int V, const bool bias, const float *x, ptrdiff_t x_stride,
                                         const float *dy, ptrdiff_t dy_stride, kernel_micro_batches micro_batches,
                                         v16 limit, v16i *bad, kernel_gradient_sink sink, ptrdiff_t at,
                                         ptrdiff_t panel) {
  v8d sum[TILE_ROWS][TILE_VECTORS][2];
  UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V; v++) sum[i][v][0] = sum[i][v][1] = 0;
  for (int m = 0; m < micro_batches.count; m++) {
    v16 acc[TILE_ROWS][TILE_VECTORS];
    outer_products(bias, R, V, x, x_stride, dy, dy_stride, micro_batches.bounds[m], micro_batches.bounds[m + 1], acc);
    UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V; v++) {
      *bad |= ~(__builtin_elementwise_abs(acc[i][v]) <= limit);
      sum[i][v][0] += round_to_grid(low_half(acc[i][v]));
      sum[i][v][1] += round_to_grid(high_half(acc[i][v]));
    }
  }
  ROLLED for (int i = 0; i < R; i++) ROLLED for (int v = 0; v < V; v++)
      put_exact(sink, at + v * panel + i * 16, sum[i][v][0], sum[i][v][1]);
}

// Gradients known to sum to less than 4: the same sums in single precision, at half the cost. `high` starts at 12, in
// the binade [8, 16) whose grid is 2^-20, so adding g to it rounds g to a multiple of 2^-20; what that left out of g is
// exact (Dekker's Fast2Sum) and at most 2^-21, where adding 1.5 * 2^-19 rounds it to the grid of 2^-42. In that binade
// a float's bits count grid units, so that their integer sum is exact.
INLINE void weight_gradient_tile(const int R, const int V, const float *x, ptrdiff_t x_stride, const float *dy,
                                 ptrdiff_t dy_stride, kernel_micro_batches micro_batches, kernel_gradient_sink sink,
                                 ptrdiff_t at, ptrdiff_t panel) {
  const float start = 12, magic = 0x1.8p-19f;
  const uint32_t magic_bits = 0x36400000;
  v16 high[TILE_ROWS * TILE_VECTORS];
  v16i low[TILE_ROWS * TILE_VECTORS];
  IN_MEMORY(high);
  IN_MEMORY(low);
  ROLLED for (int n = 0; n < R * V; n++) high[n] = start, low[n] = 0;
  for (int m = 0; m < micro_batches.count; m++) {
    v16 acc[TILE_ROWS][TILE_VECTORS];
    outer_products(false, R, V, x, x_stride, dy, dy_stride, micro_batches.bounds[m], micro_batches.bounds[m + 1], acc);
    UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V; v++) {
      v16 before = high[i * V + v], after = before + acc[i][v], rest = acc[i][v] - (after - before);
      high[i * V + v] = after;
      low[i * V + v] += bits_of(rest + magic);
    }
    IN_MEMORY(high);
    IN_MEMORY(low);
  }
  // Eight micro-batches' low parts fit into a float's 24 bits, so that one fused multiply-add rounds the exact sum.
  const bool narrow_is_exact = sink.update && micro_batches.count <= 8;
  const v16i magic_sum = (int32_t)(magic_bits * (uint32_t)micro_batches.count);
  ROLLED for (int i = 0; i < R; i++) ROLLED for (int v = 0; v < V; v++) {
    const v16 h = high[i * V + v] - start;
    const v16i units = low[i * V + v] - magic_sum;
    const ptrdiff_t to = at + v * panel + i * 16;
    if (narrow_is_exact)
      update16(sink.update, to, fma16(__builtin_convertvector(units, v16), splat16(0x1p-42f), h));
    else
      put_exact(sink, to, low_half(h) + low_half_of_integers(units) * 0x1p-42,
                high_half(h) + high_half_of_integers(units) * 0x1p-42);
  }
}

// Whether the micro-batches' gradients are sure to sum to less than 4: |sum of x dy| <= rows max|x| max|dy|, with room
// for the rounding of a chain. False where there is a NaN.
static bool weight_gradient_is_small(const float *x, ptrdiff_t x_stride, const float *dy, ptrdiff_t dy_stride,
                                     kernel_micro_batches micro_batches, kernel_range inputs, kernel_range panels) {
  if (micro_batches.count < 1 || micro_batches.count > 256) return false;
  const ptrdiff_t begin = micro_batches.bounds[0], end = micro_batches.bounds[micro_batches.count];
  v16i x_largest = 0x3f800000, dy_largest = 0;  // the bias's x is 1
  for (ptrdiff_t r = begin; r < end; r++) {
    x_largest = largest_magnitude(x + r * x_stride + inputs.begin, inputs.end - inputs.begin, x_largest);
    dy_largest = largest_magnitude(dy + r * dy_stride + panels.begin * 16, (panels.end - panels.begin) * 16, dy_largest);
  }
  const int32_t x_bits = __builtin_reduce_max(x_largest), dy_bits = __builtin_reduce_max(dy_largest);
  float x_max, dy_max;
  memcpy(&x_max, &x_bits, 4);
  memcpy(&dy_max, &dy_bits, 4);
  return (double)(end - begin) * x_max * dy_max < 3.9;
}

static bool dense_weight_gradient(const float *x, ptrdiff_t x_stride, const float *dy, ptrdiff_t dy_stride,
                                  ptrdiff_t inputs, kernel_micro_batches micro_batches, float limit,
                                  kernel_gradient_sink sink, kernel_range inputs_and_bias, kernel_range panels) {
  const ptrdiff_t begin = inputs_and_bias.begin, end = inputs_and_bias.end < inputs ? inputs_and_bias.end : inputs;
  const ptrdiff_t count = end - begin, tiles = tiles_of(count), panel = (inputs + 1) * 16;
  const bool small = limit >= 4 && weight_gradient_is_small(x, x_stride, dy, dy_stride, micro_batches,
                                                            (kernel_range){begin, end}, panels);
  v16i bad = 0;
  for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
    V = vectors_at(p, panels.end);
    for (ptrdiff_t t = 0; t < tiles; t++) {
      const ptrdiff_t i = begin + part(count, tiles, t), R = begin + part(count, tiles, t + 1) - i;
      if (small)
        WITH_TILE(weight_gradient_tile, R, V, x + i, x_stride, dy + p * 16, dy_stride, micro_batches, sink,
                  p * panel + i * 16, panel)
      else
        WITH_TILE(weight_gradient_checked_tile, R, V, false, x + i, x_stride, dy + p * 16, dy_stride, micro_batches,
                  splat16(limit), &bad, sink, p * panel + i * 16, panel)
    }
    if (inputs_and_bias.end > inputs)
      WITH_VECTORS(weight_gradient_checked_tile, 1, V, true, NULL, 0, dy + p * 16, dy_stride, micro_batches,
                   splat16(limit), &bad, sink, p * panel + inputs * 16, panel);
  }
  return __builtin_reduce_or(bad) == 0;
}

INLINE void weight_gradient_fast_tile(const int R, const int V, const bool bias, const float *x, ptrdiff_t x_stride,
                                      const float *dy, ptrdiff_t dy_stride, ptrdiff_t rows, kernel_gradient_sink sink,
                                      ptrdiff_t at, ptrdiff_t panel) {
  v16 acc[TILE_ROWS][TILE_VECTORS];
  outer_products(bias, R, V, x, x_stride, dy, dy_stride, 0, rows, acc);
  UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V; v++) {
    if (sink.update) update16(sink.update, at + v * panel + i * 16, acc[i][v]);
    else store16(sink.fast + at + v * panel + i * 16, acc[i][v]);
  }
}

static void dense_weight_gradient_fast(const float *x, ptrdiff_t x_stride, const float *dy, ptrdiff_t dy_stride,
                                       ptrdiff_t inputs, ptrdiff_t rows, kernel_gradient_sink sink,
                                       kernel_range inputs_and_bias, kernel_range panels) {
  const ptrdiff_t begin = inputs_and_bias.begin, end = inputs_and_bias.end < inputs ? inputs_and_bias.end : inputs;
  const ptrdiff_t count = end - begin, tiles = tiles_of(count), panel = (inputs + 1) * 16;
  for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
    V = vectors_at(p, panels.end);
    for (ptrdiff_t t = 0; t < tiles; t++) {
      const ptrdiff_t i = begin + part(count, tiles, t), R = begin + part(count, tiles, t + 1) - i;
      WITH_TILE(weight_gradient_fast_tile, R, V, false, x + i, x_stride, dy + p * 16, dy_stride, rows, sink,
                p * panel + i * 16, panel);
    }
    if (inputs_and_bias.end > inputs)
      WITH_VECTORS(weight_gradient_fast_tile, 1, V, true, NULL, 0, dy + p * 16, dy_stride, rows, sink,
                   p * panel + inputs * 16, panel);
  }
}

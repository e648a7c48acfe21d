// Dense layer, weight gradient: dW = X^T dY, each micro-batch rounded to the grid of 2^-42.
#include "gradient.h"
#include "zeros.h"

// acc += x[r, i] dy[r, o] for one row. For the bias x is 1.
INLINE void add_row(const bool bias, const int R, const int V, const float *x, const float *dy, v16 acc[TILE]) {
  v16 d[TILE];
  UNROLL for (int v = 0; v < V; v++) d[v] = load16(dy + v * 16);
  UNROLL for (int i = 0; i < R; i++) {
    const v16 xi = splat16(bias ? 1 : x[i]);
    UNROLL for (int v = 0; v < V; v++) acc[i * V + v] = fma16(xi, d[v], acc[i * V + v]);
  }
}

// acc = the sum over rows begin ..< end, r ascending.
INLINE void sum_rows(const bool bias, const int R, const int V, const float *x, ptrdiff_t x_stride, const float *dy,
                     ptrdiff_t dy_stride, ptrdiff_t begin, ptrdiff_t end, v16 acc[TILE]) {
  UNROLL for (int n = 0; n < R * V; n++) acc[n] = splat16(0);
  for (ptrdiff_t r = begin; r < end; r++) {
    add_row(bias, R, V, x + r * x_stride, dy + r * dy_stride, acc);
  }
}

// The same over the rows of words begin ..< end in which a group of inputs is not zero.
INLINE void sum_nonzero_rows(const int R, const int V, const float *x, ptrdiff_t x_stride, const float *dy,
                             ptrdiff_t dy_stride, const nonzero_rows *found, int group, ptrdiff_t begin, ptrdiff_t end,
                             v16 acc[TILE]) {
  UNROLL for (int n = 0; n < R * V; n++) acc[n] = splat16(0);
  for (ptrdiff_t w = begin; w < end; w++)
    for (uint32_t bits = found->bits[group][w]; bits; bits &= bits - 1) {
      const ptrdiff_t r = found->begin[w] + __builtin_ctz(bits);
      add_row(false, R, V, x + r * x_stride, dy + r * dy_stride, acc);
    }
}

// Any gradient: sums in double, and each micro-batch's magnitude is checked.
INLINE void weight_gradient_checked_tile(const int R, const int V, const bool bias, const float *x,
                                         ptrdiff_t x_stride, const float *dy,
                                         ptrdiff_t dy_stride, kernel_micro_batches micro_batches, v16 limit, v16i *bad,
                                         kernel_gradient_sink sink, ptrdiff_t at, ptrdiff_t panel) {
  v8d sum[TILE_ROWS][TILE_VECTORS][2];
  UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V; v++) sum[i][v][0] = sum[i][v][1] = 0;
  for (int m = 0; m < micro_batches.count; m++) {
    v16 acc[TILE];
    sum_rows(bias, R, V, x, x_stride, dy, dy_stride, micro_batches.bounds[m], micro_batches.bounds[m + 1], acc);
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

// Gradients known to sum to less than 4: the same sums in single precision, at half the cost. Adding 12 rounds g to a
// multiple of 2^-20, the grid of the binade [8, 16); what that leaves of g is exact (Dekker's Fast2Sum) and at most
// 2^-21, where adding 1.5 * 2^-19 rounds it to the grid of 2^-42. In that binade a float's bits count grid units, so that
// their integer sum is exact, and so is the sum of the multiples of 2^-20.
typedef struct {
  v16 high;  // less 1.5 * 2^-19 for each gradient
  v16i low;  // more by its bits for each gradient
} split_sum;

static const float low_start = 0x1.8p-19f;
static const int32_t low_start_bits = 0x36400000;

INLINE void add_split(split_sum *sum, v16 g) {
  const v16 high = (g + splat16(12)) - splat16(12 + low_start);
  sum->high += high;
  sum->low += bits_of(g - high);
}

// Micro-batches whose gradients wait in memory until they are split together.
enum { SPLIT_AT_ONCE = 4 };

INLINE split_sum add_splits(split_sum sum, v16 (*g)[TILE], int32_t count, int n) {
  if (count == SPLIT_AT_ONCE) UNROLL for (int k = 0; k < SPLIT_AT_ONCE; k++) add_split(&sum, g[k][n]);
  else for (int k = 0; k < count; k++) add_split(&sum, g[k][n]);
  return sum;
}

// Hands 16 sums of `count` gradients on.
INLINE void put_split(kernel_gradient_sink sink, const kernel_update *update, ptrdiff_t at, split_sum sum,
                      int32_t count) {
  const v16 high = sum.high + splat16((float)count * low_start);
  const v16i units = sum.low - (int32_t)((uint32_t)low_start_bits * (uint32_t)count);
  // Eight micro-batches' low parts fit into a float's 24 bits, so that one fused multiply-add rounds the exact sum.
  if (sink.update && count <= 8)
    update16(update, at, fma16(__builtin_convertvector(units, v16), splat16(0x1p-42f), high));
  else
    put_exact(sink, at, low_half(high) + low_half_of_integers(units) * 0x1p-42,
              high_half(high) + high_half_of_integers(units) * 0x1p-42);
}

INLINE void weight_gradient_tile(const int R, const int V, const float *x, ptrdiff_t x_stride,
                                 const float *dy, ptrdiff_t dy_stride, const nonzero_rows *found, int group,
                                 kernel_micro_batches micro_batches, kernel_gradient_sink sink, ptrdiff_t at,
                                 ptrdiff_t panel) {
  v16 g[SPLIT_AT_ONCE][TILE];
  split_sum sums[TILE];
  IN_MEMORY(g);
  const int32_t *bounds = found ? found->bounds : micro_batches.bounds;
  if (found && sink.update && ignores_zero(sink.update) &&
      all_zero(found, group, (kernel_range){0, bounds[micro_batches.count]}))
    return;
  if (sink.update)
    for (int n = 0; n < R * V; n++) will_write(sink.update->weights + at + n % V * panel + n / V * 16);
  int32_t summed = 0, waiting = 0;
  for (int m = 0; m < micro_batches.count; m++) {
    if (found ? all_zero(found, group, (kernel_range){bounds[m], bounds[m + 1]}) : bounds[m] == bounds[m + 1]) continue;
    if (waiting == SPLIT_AT_ONCE) {
      ROLLED for (int n = 0; n < R * V; n++)
        sums[n] = add_splits(summed ? sums[n] : (split_sum){0}, g, waiting, n);
      summed += waiting;
      waiting = 0;
    }
    v16 acc[TILE];
    if (found) sum_nonzero_rows(R, V, x, x_stride, dy, dy_stride, found, group, bounds[m], bounds[m + 1], acc);
    else sum_rows(false, R, V, x, x_stride, dy, dy_stride, bounds[m], bounds[m + 1], acc);
    UNROLL for (int n = 0; n < R * V; n++) g[waiting][n] = acc[n];
    waiting++;
  }
  // A copy that no store can change.
  const kernel_update update = sink.update ? *sink.update : (kernel_update){0};
  ROLLED for (int n = 0; n < R * V; n++) {
    const split_sum sum = add_splits(summed ? sums[n] : (split_sum){0}, g, waiting, n);
    put_split(sink, &update, at + n % V * panel + n / V * 16, sum, summed + waiting);
  }
}

// Whether the micro-batches' gradients are sure to sum to less than 4: |sum of x dy| <= max|x| sum|dy|, with room for
// rounding: an eighth, which sums of up to 2^21 rows keep within. False where there is a NaN.
static bool weight_gradient_is_small(const float *x, ptrdiff_t x_stride, const float *dy, ptrdiff_t dy_stride,
                                     kernel_micro_batches micro_batches, kernel_range inputs, kernel_range panels) {
  if (micro_batches.count < 1 || micro_batches.count > 256) return false;
  const ptrdiff_t begin = micro_batches.bounds[0], end = micro_batches.bounds[micro_batches.count];
  v16i largest = 0x3f800000;  // the bias's x is 1
  for (ptrdiff_t r = begin; r < end; r++)
    largest = largest_magnitude(x + r * x_stride + inputs.begin, inputs.end - inputs.begin, largest);
  const int32_t bits = __builtin_reduce_max(largest);
  float x_max;
  memcpy(&x_max, &bits, 4);
  for (ptrdiff_t p = panels.begin; p < panels.end; p++) {
    v16 sum = splat16(0);
    for (ptrdiff_t r = begin; r < end; r++) sum += __builtin_elementwise_abs(load16(dy + r * dy_stride + p * 16));
    if (!__builtin_reduce_and(sum * splat16(x_max) < splat16(3.5f))) return false;
  }
  return true;
}

INLINE void weight_gradient_fast_tile(const int R, const int V, const bool bias, const float *x,
                                      ptrdiff_t x_stride, const float *dy, ptrdiff_t dy_stride,
                                      const nonzero_rows *found, int group, ptrdiff_t rows, kernel_gradient_sink sink,
                                      ptrdiff_t at, ptrdiff_t panel) {
  if (found && sink.update && ignores_zero(sink.update) && all_zero(found, group, (kernel_range){0, found->bounds[1]}))
    return;
  v16 acc[TILE];
  if (sink.update)
    UNROLL for (int n = 0; n < R * V; n++) will_write(sink.update->weights + at + n % V * panel + n / V * 16);
  if (found) sum_nonzero_rows(R, V, x, x_stride, dy, dy_stride, found, group, 0, found->bounds[1], acc);
  else sum_rows(bias, R, V, x, x_stride, dy, dy_stride, 0, rows, acc);
  UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V; v++) {
    const ptrdiff_t to = at + v * panel + i * 16;
    if (sink.update) update16(sink.update, to, acc[i * V + v]);
    else store16(sink.fast + to, acc[i * V + v]);
  }
}

// Inputs that are mostly zero: the tiles' sums go over the rows where their inputs are not.
INLINE void sparse_weight_gradient(const bool fast, const float *x, ptrdiff_t x_stride, const float *dy,
                                   ptrdiff_t dy_stride, ptrdiff_t inputs_total, kernel_micro_batches micro_batches,
                                   kernel_gradient_sink sink, kernel_range inputs, kernel_range panels) {
  const ptrdiff_t panel = (inputs_total + 1) * 16;
  nonzero_rows found;
  for (ptrdiff_t block = inputs.begin; block < inputs.end; block += 16) {
    find_nonzero_rows(x + block, x_stride, micro_batches, &found);
    for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
      V = sparse_vectors_at(p, panels.end);
      for (int g = 0; g < 4 && block + g * SPARSE_ROWS < inputs.end; g++) {
        const ptrdiff_t i = block + g * SPARSE_ROWS, at = p * panel + i * 16;
        const ptrdiff_t R = at_most(SPARSE_ROWS, inputs.end - i);
        if (fast)
          WITH_SPARSE_TILE(weight_gradient_fast_tile, R, V, false, x + i, x_stride, dy + p * 16, dy_stride,
                           &found, g, 0, sink, at, panel)
        else
          WITH_SPARSE_TILE(weight_gradient_tile, R, V, x + i, x_stride, dy + p * 16, dy_stride, &found, g,
                           micro_batches, sink, at, panel)
      }
    }
  }
}

static bool dense_weight_gradient(const float *x, ptrdiff_t x_stride, const float *dy, ptrdiff_t dy_stride,
                                  ptrdiff_t inputs, kernel_micro_batches micro_batches, float limit,
                                  kernel_gradient_sink sink, kernel_range inputs_and_bias, kernel_range panels) {
  const ptrdiff_t begin = inputs_and_bias.begin, end = inputs_and_bias.end < inputs ? inputs_and_bias.end : inputs;
  const ptrdiff_t count = end - begin, tiles = tiles_of(count), panel = (inputs + 1) * 16;
  const kernel_range range = {begin, end};
  const bool small = limit >= 4 && weight_gradient_is_small(x, x_stride, dy, dy_stride, micro_batches, range, panels);
  const bool sparse = small && rows_are_sparse(x, x_stride, micro_batches, range);
  if (sparse) sparse_weight_gradient(false, x, x_stride, dy, dy_stride, inputs, micro_batches, sink, range, panels);
  v16i bad = 0;
  for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
    V = vectors_at(p, panels.end);
    for (ptrdiff_t t = 0; t < tiles && !sparse; t++) {
      const ptrdiff_t i = begin + part(count, tiles, t), R = begin + part(count, tiles, t + 1) - i;
      if (small)
        WITH_TILE(weight_gradient_tile, R, V, x + i, x_stride, dy + p * 16, dy_stride, NULL, 0, micro_batches, sink,
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

static void dense_weight_gradient_fast(const float *x, ptrdiff_t x_stride, const float *dy, ptrdiff_t dy_stride,
                                       ptrdiff_t inputs, ptrdiff_t rows, kernel_gradient_sink sink,
                                       kernel_range inputs_and_bias, kernel_range panels) {
  const ptrdiff_t begin = inputs_and_bias.begin, end = inputs_and_bias.end < inputs ? inputs_and_bias.end : inputs;
  const ptrdiff_t count = end - begin, tiles = tiles_of(count), panel = (inputs + 1) * 16;
  const kernel_range range = {begin, end};
  const kernel_micro_batches all = {(int32_t[]){0, (int32_t)rows}, 1};
  const bool sparse = rows_are_sparse(x, x_stride, all, range);
  if (sparse) sparse_weight_gradient(true, x, x_stride, dy, dy_stride, inputs, all, sink, range, panels);
  for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
    V = vectors_at(p, panels.end);
    for (ptrdiff_t t = 0; t < tiles && !sparse; t++) {
      const ptrdiff_t i = begin + part(count, tiles, t), R = begin + part(count, tiles, t + 1) - i;
      WITH_TILE(weight_gradient_fast_tile, R, V, false, x + i, x_stride, dy + p * 16, dy_stride, NULL, 0, rows, sink,
                p * panel + i * 16, panel);
    }
    if (inputs_and_bias.end > inputs)
      WITH_VECTORS(weight_gradient_fast_tile, 1, V, true, NULL, 0, dy + p * 16, dy_stride, NULL, 0, rows, sink,
                   p * panel + inputs * 16, panel);
  }
}

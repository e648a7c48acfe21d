// Convolution, weight gradient: the sums of x dy over all output pixels, and their way to the optimizer.
//
// Samples are the outer loop, so that one sample's input and gradient stay in the cache while all tiles pass over them.
// Between samples a tile's accumulators wait in memory, which interrupts no chain and costs little beside the pixels.
#include "convolution_weight_sparse.h"
#include "gradient.h"

// What a tile's rows are: taps whose inputs lie side by side (channels), taps anywhere, or besides those the bias, whose
// input is 1, as the last row.
typedef enum { SIDE_BY_SIDE, ANYWHERE, LAST_IS_BIAS } tile_rows;

// acc += the pixels' outer products of one sample, for R rows and V panels. Row i's input is x[offsets[i]], or x[i] side
// by side; its sums are sums[i], and `next` is from one panel's sums to the next's.
INLINE void sample_tile(const int R, const int V, const tile_rows rows, const kernel_patches *patches, const float *x,
                        const ptrdiff_t *tap_offsets, const float *dy, v16 *sums, ptrdiff_t next) {
  const kernel_patches p = *patches;
  ptrdiff_t offsets[TILE_ROWS];
  v16 acc[TILE_ROWS][TILE_VECTORS];
  UNROLL for (int i = 0; i < R; i++) {
    offsets[i] = rows == SIDE_BY_SIDE ? i : rows == LAST_IS_BIAS && i == R - 1 ? 0 : tap_offsets[i];
    UNROLL for (int v = 0; v < V; v++) acc[i][v] = sums[v * next + i];
  }
  for (ptrdiff_t row = 0; row < p.height; row++)
    for (ptrdiff_t pixel = 0; pixel < p.width; pixel++) {
      const float *xp = x + row * p.row_stride + pixel * p.pixel_stride;
      const float *d = dy + (row * p.width + pixel) * p.channels;
      v16 dv[TILE_VECTORS];
      UNROLL for (int v = 0; v < V; v++) dv[v] = load16(d + v * 16);
      UNROLL for (int i = 0; i < R; i++) {
        const v16 xi = splat16(rows == LAST_IS_BIAS && i == R - 1 ? 1 : xp[offsets[i]]);
        UNROLL for (int v = 0; v < V; v++) acc[i][v] = fma16(xi, dv[v], acc[i][v]);
      }
    }
  UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V; v++) sums[v * next + i] = acc[i][v];
}

// The order of a panel's sums: position by position of the patch, at each its `adjacent` channels, and at last the bias.
// Positions begin ..< end, of which the last may be the bias.
typedef struct {
  ptrdiff_t positions, adjacent;
  kernel_range range;
  ptrdiff_t count;
} sum_order;

INLINE sum_order order_of(const kernel_patches *patches, ptrdiff_t taps, kernel_range positions_and_bias) {
  sum_order order = {taps / patches->adjacent, patches->adjacent, positions_and_bias, 0};
  const bool bias = order.range.end > order.positions;
  order.count = (order.range.end - order.range.begin - bias) * order.adjacent + bias;
  return order;
}

// One sample's part of the sums of V panels, `next` from one panel's to the next's.
static void add_sample(const kernel_patches *patches, const sum_order *order, ptrdiff_t V, const float *x,
                       const float *dy, v16 *sums, ptrdiff_t next) {
  const ptrdiff_t adjacent = order->adjacent, count = order->count;
  const bool bias = order->range.end > order->positions;
  const ptrdiff_t *offsets = patches->offsets + order->range.begin;
  // Where channels are planes all rows are alike; else each position has tiles of its own, and the bias too.
  const ptrdiff_t groups = adjacent == 1 ? 1 : (count - bias) / adjacent, rows = adjacent == 1 ? count : adjacent;
  for (ptrdiff_t g = 0; g < groups; g++)
    for (ptrdiff_t t = 0, tiles = tiles_of(rows); t < tiles; t++) {
      const ptrdiff_t i = part(rows, tiles, t), R = part(rows, tiles, t + 1) - i;
      v16 *to = sums + g * adjacent + i;
      if (adjacent > 1) {
        WITH_TILE(sample_tile, R, V, SIDE_BY_SIDE, patches, x + offsets[g] + i, NULL, dy, to, next);
      } else if (bias && t == tiles - 1) {
        WITH_TILE(sample_tile, R, V, LAST_IS_BIAS, patches, x, offsets + i, dy, to, next);
      } else {
        WITH_TILE(sample_tile, R, V, ANYWHERE, patches, x, offsets + i, dy, to, next);
      }
    }
  if (bias && adjacent > 1)
    WITH_VECTORS(sample_tile, 1, V, LAST_IS_BIAS, patches, x, NULL, dy, sums + count - 1, next);
}

static void convolution_weight_sums(const kernel_patches *patches, const float *x, ptrdiff_t x_stride, const float *dy,
                                    ptrdiff_t dy_stride, ptrdiff_t taps, kernel_range samples, bool fresh, bool last,
                                    kernel_range positions_and_bias, kernel_range part, float *sums, float *by_input) {
  const sum_order all = order_of(patches, taps, positions_and_bias);
  sum_order order = order_of(patches, taps, part);
  const ptrdiff_t panels = patches->channels / 16;
  v16 *to = (v16 *)sums + (part.begin - positions_and_bias.begin) * order.adjacent;
  if (fresh)
    for (ptrdiff_t p = 0; p < panels; p++) memset(to + p * all.count, 0, (size_t)order.count * sizeof *to);
  // The first sample decides for all of them.
  if (by_input && fresh) *by_input = weight_gradient_is_sparse(patches, dy + samples.begin * dy_stride);
  if (by_input && *by_input != 0) {
    const kernel_range positions = {part.begin, part.end < order.positions ? part.end : order.positions};
    add_sparse_samples(patches, positions, x, x_stride, dy, dy_stride, samples, fresh, by_input + 16);
    if (last) turn_sums(patches, positions, by_input + 16, (float *)to, all.count * 16);
    // What is left is the bias.
    to += (positions.end - positions.begin) * order.adjacent;
    order = order_of(patches, taps, (kernel_range){positions.end, part.end});
  }
  for (ptrdiff_t s = samples.begin; s < samples.end; s++)
    for (ptrdiff_t p = 0, V; p < panels; p += V) {
      V = vectors_at(p, panels);
      add_sample(patches, &order, V, x + s * x_stride, dy + s * dy_stride + p * 16, to + p * all.count, all.count);
    }
}

// Where the gradient of sum n of [panels, order->count] belongs in panels of [taps and bias, 16].
INLINE ptrdiff_t place_of(const sum_order *order, ptrdiff_t n) {
  const ptrdiff_t panel = n / order->count, i = n % order->count;
  const ptrdiff_t position = order->range.begin + i / order->adjacent, channel = i % order->adjacent;
  return (panel * (order->positions * order->adjacent + 1) + channel * order->positions +
          (position < order->positions ? position : order->positions * order->adjacent)) * 16;
}

static bool convolution_weight_gradient(const kernel_patches *patches, ptrdiff_t taps, const float *sums,
                                        ptrdiff_t micro_batch_stride, int32_t micro_batches, float limit,
                                        kernel_gradient_sink sink, kernel_range positions_and_bias, kernel_range range) {
  const sum_order order = order_of(patches, taps, positions_and_bias);
  v16i bad = 0;
  for (ptrdiff_t n = range.begin; n < range.end; n++) {
    v8d low = 0, high = 0;
    for (int m = 0; m < micro_batches; m++) {
      const v16 sum = load16(sums + m * micro_batch_stride + n * 16);
      bad |= ~(__builtin_elementwise_abs(sum) <= splat16(limit));
      low += round_to_grid(low_half(sum));
      high += round_to_grid(high_half(sum));
    }
    put_exact(sink, place_of(&order, n), low, high);
  }
  return __builtin_reduce_or(bad) == 0;
}

static void convolution_weight_gradient_fast(const kernel_patches *patches, ptrdiff_t taps, const float *sums,
                                             kernel_gradient_sink sink, kernel_range positions_and_bias,
                                             kernel_range range) {
  const sum_order order = order_of(patches, taps, positions_and_bias);
  for (ptrdiff_t n = range.begin; n < range.end; n++) {
    const ptrdiff_t at = place_of(&order, n);
    const v16 sum = load16(sums + n * 16);
    if (sink.update) update16(sink.update, at, sum);
    else store16(sink.fast + at, sum);
  }
}

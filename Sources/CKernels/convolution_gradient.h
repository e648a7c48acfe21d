// Convolution, weight gradient: the sums of x dy over all output pixels, passed to the optimizer.
//
// Samples are the outer loop, so that one sample's input and gradient stay in the cache while all tiles pass over them.
// Between samples a tile's accumulators are in memory, which interrupts no chain and costs little compared with the
// pixels.
#include "convolution_weight_sparse.h"
#include "gradient.h"
#include "grid_sum.h"

// The kinds of a tile's rows: taps with contiguous inputs (channels), taps at offsets, or those and the bias, whose
// input is 1, as the last row.
typedef enum { SIDE_BY_SIDE, ANYWHERE, LAST_IS_BIAS } tile_rows;

// One sample's x and dY, and a tile's sums: row i's input is x[offsets[i]], or x[i] side by side; its sums are sums[i],
// and `next` is from one panel's sums to the next's.
typedef struct {
  const kernel_patches *patches;
  const float *x, *dy;
  const ptrdiff_t *offsets;
  v16 *sums;
  ptrdiff_t next;
} sample_work;

// sums += the pixels' outer products, for R rows and V panels.
INLINE void sample_tile(const int R, const int V, const tile_rows rows, const sample_work t) {
  const kernel_patches p = *t.patches;
  const tile_strides next = {16, t.next * 16};
  const int inputs = rows == LAST_IS_BIAS ? R - 1 : R;
  ptrdiff_t offsets[TILE_ROWS];
  v16 acc[TILE];
  UNROLL(i, inputs) offsets[i] = rows == SIDE_BY_SIDE ? i : t.offsets[i];
  load_tile(R, V, (const float *)t.sums, next, acc);
  for (ptrdiff_t row = 0; row < p.height; row++)
    for (ptrdiff_t pixel = 0; pixel < p.width; pixel++) {
      const float *xp = t.x + row * p.row_stride + pixel * p.pixel_stride;
      const float *d = t.dy + (row * p.width + pixel) * p.channels;
      v16 dv[TILE_VECTORS];
      float x[TILE_ROWS];
      UNROLL(v, V) dv[v] = load16(d + v * 16);
      UNROLL(i, R) x[i] = i < inputs ? xp[offsets[i]] : 1;
      multiply_add(R, V, x, 1, dv, acc);
    }
  store_tile(R, V, acc, (float *)t.sums, next);
}

// The order of a panel's sums: position by position of the patch, at each its `adjacent` channels, and at last the
// bias. Positions begin ..< end, of which the last may be the bias.
typedef struct {
  ptrdiff_t positions, adjacent;
  kernel_range range;
  ptrdiff_t count;
} sum_order;

INLINE sum_order order_of(const kernel_patches *patches, kernel_range positions_and_bias) {
  sum_order order = {patches->taps / patches->adjacent, patches->adjacent, positions_and_bias, 0};
  const bool bias = order.range.end > order.positions;
  order.count = (order.range.end - order.range.begin - bias) * order.adjacent + bias;
  return order;
}

// One sample's part of the sums of V panels.
static void add_sample(const sum_order *order, ptrdiff_t V, const sample_work sample) {
  const ptrdiff_t adjacent = order->adjacent, count = order->count;
  const bool bias = order->range.end > order->positions;
  const ptrdiff_t *offsets = sample.patches->offsets + order->range.begin;
  // With planes all rows are alike; else each position has tiles of its own, and so has the bias.
  const ptrdiff_t groups = adjacent == 1 ? 1 : (count - bias) / adjacent, rows = adjacent == 1 ? count : adjacent;
  for (ptrdiff_t g = 0; g < groups; g++)
    for (ptrdiff_t t = 0, tiles = tiles_of(rows); t < tiles; t++) {
      const ptrdiff_t i = part(rows, tiles, t), R = part(rows, tiles, t + 1) - i;
      sample_work work = sample;
      work.sums += g * adjacent + i;
      work.offsets = offsets + i;
      if (adjacent > 1) {
        work.x += offsets[g] + i;
        WITH_TILE(sample_tile, R, V, SIDE_BY_SIDE, work);
      } else if (bias && t == tiles - 1) {
        WITH_TILE(sample_tile, R, V, LAST_IS_BIAS, work);
      } else {
        WITH_TILE(sample_tile, R, V, ANYWHERE, work);
      }
    }
  if (!bias || adjacent == 1) return;
  sample_work last = sample;
  last.sums += count - 1;
  WITH_VECTORS(sample_tile, 1, V, LAST_IS_BIAS, last);
}

static void convolution_weight_sums(const kernel_convolution_sums target, kernel_range samples) {
  const kernel_patches *patches = &target.patches;
  const sum_order all = order_of(patches, target.positions);
  sum_order order = order_of(patches, target.part);
  const ptrdiff_t panels = patches->channels / 16;
  v16 *to = (v16 *)target.sums + (target.part.begin - target.positions.begin) * order.adjacent;
  if (target.fresh)
    for (ptrdiff_t p = 0; p < panels; p++) memset(to + p * all.count, 0, (size_t)order.count * sizeof *to);
  const kernel_matrix x = target.x, dy = target.dy;
  // The first sample decides for all of them.
  if (target.by_input && target.fresh)
    *target.by_input = weight_gradient_is_sparse(patches, dy.elements + samples.begin * dy.stride);
  if (target.by_input && *target.by_input != 0) {
    const kernel_range positions = {target.part.begin, at_most(order.positions, target.part.end)};
    add_sparse_samples(&target, positions, samples);
    if (target.last) transpose_sums(patches, positions, target.by_input + 16, (float *)to, all.count * 16);
    // What is left is the bias.
    to += (positions.end - positions.begin) * order.adjacent;
    order = order_of(patches, (kernel_range){positions.end, target.part.end});
  }
  for (ptrdiff_t s = samples.begin; s < samples.end; s++)
    for (ptrdiff_t p = 0, V; p < panels; p += V) {
      V = vectors_at(p, panels);
      const sample_work sample = {.patches = patches,
                                  .x = x.elements + s * x.stride,
                                  .dy = dy.elements + s * dy.stride + p * 16,
                                  .sums = to + p * all.count,
                                  .next = all.count};
      add_sample(&order, V, sample);
    }
}

// The destination of sum n of [panels, order->count] in panels of [taps and bias, 16].
INLINE ptrdiff_t place_of(const sum_order *order, ptrdiff_t n) {
  const ptrdiff_t panel = n / order->count, i = n % order->count;
  const ptrdiff_t position = order->range.begin + i / order->adjacent, channel = i % order->adjacent;
  return (panel * (order->positions * order->adjacent + 1) + channel * order->positions +
          (position < order->positions ? position : order->positions * order->adjacent)) *
         16;
}

static bool convolution_weight_gradient(const kernel_convolution_gradient gradient, kernel_chains chains, float limit,
                                        kernel_range range) {
  const sum_order order = order_of(&gradient.patches, gradient.positions);
  v16i bad = 0;
  for (ptrdiff_t n = range.begin; n < range.end; n++) {
    exact_sum sum = {0, 0};
    for (int m = 0; m < chains.count; m++)
      add_checked(&sum, load16(gradient.sums + m * chains.stride + n * 16), splat16(limit), &bad);
    put_exact(gradient.sink, place_of(&order, n), sum.low, sum.high);
  }
  return __builtin_reduce_or(bad) == 0;
}

static void convolution_weight_gradient_fast(const kernel_convolution_gradient gradient, kernel_range range) {
  const sum_order order = order_of(&gradient.patches, gradient.positions);
  const kernel_gradient_sink sink = gradient.sink;
  for (ptrdiff_t n = range.begin; n < range.end; n++)
    put_fast(sink, sink.update, place_of(&order, n), load16(gradient.sums + n * 16));
}

static kernel_grid_result convolution_weight_gradient_grid(const kernel_convolution_gradient gradient,
                                                           kernel_chains chains, const kernel_grid *grid,
                                                           kernel_range range) {
  const sum_order order = order_of(&gradient.patches, gradient.positions);
  const kernel_update update = update_of(gradient.sink);
  grid_work works[] = {begin_grid(grid, 0), begin_grid(grid, 1)};
  for (ptrdiff_t n = range.begin; n < range.end; n++) {
    const bool is_bias = order.range.begin + n % order.count / order.adjacent == order.positions;
    const ptrdiff_t at = place_of(&order, n);
    v16i sum = 0;
    for (int32_t m = 0; m < chains.count; m += SPLIT_AT_ONCE) {
      const int32_t count = (int32_t)at_most(SPLIT_AT_ONCE, chains.count - m);
      v16 g[SPLIT_AT_ONCE];
      for (int32_t k = 0; k < count; k++) g[k] = load16(gradient.sums + (m + k) * chains.stride + n * 16);
      const bool clamps = note_largest(&works[is_bias], g, 1, count, 1);
      sum = add_to_grid(sum, &works[is_bias], clamps, g, 1, chains.numbers + m, count, at);
    }
    put_grid(gradient.sink, &update, &works[is_bias], at, sum);
  }
  return grid_result(&works[0], &works[1]);
}

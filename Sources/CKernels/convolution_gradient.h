// Convolution, weight gradient: the sum of x dy over all output pixels, each micro-batch rounded to the grid of 2^-42.
//
// Samples are the outer loop, so that one sample's input and gradient stay in the cache while all tiles pass over them.
// Between samples a tile's accumulators wait in memory, which interrupts no chain and costs little beside the pixels.
#include <stdlib.h>
#include "gradient.h"

// acc += the pixels' outer products of one sample, for R taps and V panels; `next` is from one panel's accumulators to
// the next's. For the bias x is 1.
INLINE void sample_tile(const int R, const int V, const bool bias, const kernel_patches *patches, ptrdiff_t tap,
                        const float *x, const float *dy, v16 *sums, ptrdiff_t next) {
  ptrdiff_t offsets[TILE_ROWS];
  v16 acc[TILE_ROWS][TILE_VECTORS];
  UNROLL for (int i = 0; i < R; i++) {
    offsets[i] = bias ? 0 : patches->offsets[tap + i];
    UNROLL for (int v = 0; v < V; v++) acc[i][v] = sums[v * next + i];
  }
  for (ptrdiff_t row = 0; row < patches->height; row++)
    for (ptrdiff_t p = 0; p < patches->width; p++)
      outer_product(bias, R, V, x + row * patches->row_stride + p * patches->pixel_stride, offsets,
                    dy + (row * patches->width + p) * patches->channels, acc);
  UNROLL for (int i = 0; i < R; i++) UNROLL for (int v = 0; v < V; v++) sums[v * next + i] = acc[i][v];
}

// All tiles' sums over samples begin ..< end, from zero; sums are [panels, taps and bias].
static void sum_samples(const kernel_patches *patches, const float *x, ptrdiff_t x_stride, const float *dy,
                        ptrdiff_t dy_stride, ptrdiff_t taps, ptrdiff_t begin, ptrdiff_t end,
                        kernel_range taps_and_bias, kernel_range panels, v16 *sums) {
  const ptrdiff_t rows = taps_and_bias.end - taps_and_bias.begin;
  const ptrdiff_t last = taps_and_bias.end < taps ? taps_and_bias.end : taps;
  const ptrdiff_t count = last - taps_and_bias.begin, tiles = tiles_of(count);
  memset(sums, 0, (size_t)(rows * (panels.end - panels.begin)) * sizeof *sums);
  for (ptrdiff_t s = begin; s < end; s++)
    for (ptrdiff_t p = panels.begin, V; p < panels.end; p += V) {
      V = vectors_at(p, panels.end);
      const float *xs = x + s * x_stride, *ds = dy + s * dy_stride + p * 16;
      v16 *to = sums + (p - panels.begin) * rows;
      for (ptrdiff_t t = 0; t < tiles; t++) {
        const ptrdiff_t i = part(count, tiles, t), R = part(count, tiles, t + 1) - i;
        WITH_TILE(sample_tile, R, V, false, patches, taps_and_bias.begin + i, xs, ds, to + i, rows);
      }
      if (taps_and_bias.end > taps) WITH_VECTORS(sample_tile, 1, V, true, patches, 0, xs, ds, to + count, rows);
    }
}

// Where the gradient of vector n of [panels, taps and bias] belongs.
INLINE ptrdiff_t place_of(ptrdiff_t n, ptrdiff_t taps, kernel_range taps_and_bias, kernel_range panels) {
  const ptrdiff_t rows = taps_and_bias.end - taps_and_bias.begin;
  return ((panels.begin + n / rows) * (taps + 1) + taps_and_bias.begin + n % rows) * 16;
}

static bool convolution_weight_gradient(const kernel_patches *patches, const float *x, ptrdiff_t x_stride,
                                        const float *dy, ptrdiff_t dy_stride, ptrdiff_t taps,
                                        kernel_micro_batches micro_batches, float limit, kernel_gradient_sink sink,
                                        kernel_range taps_and_bias, kernel_range panels) {
  const ptrdiff_t count = (taps_and_bias.end - taps_and_bias.begin) * (panels.end - panels.begin);
  v16 *sums = aligned_alloc(64, (size_t)(count + 1) * 3 * sizeof *sums);
  if (!sums) return false;
  v8d *exact = (v8d *)(sums + count);
  memset(exact, 0, (size_t)count * 2 * sizeof *exact);
  v16i bad = 0;
  for (int m = 0; m < micro_batches.count; m++) {
    sum_samples(patches, x, x_stride, dy, dy_stride, taps, micro_batches.bounds[m], micro_batches.bounds[m + 1],
                taps_and_bias, panels, sums);
    for (ptrdiff_t n = 0; n < count; n++) {
      bad |= ~(__builtin_elementwise_abs(sums[n]) <= splat16(limit));
      exact[2 * n] += round_to_grid(low_half(sums[n]));
      exact[2 * n + 1] += round_to_grid(high_half(sums[n]));
    }
  }
  for (ptrdiff_t n = 0; n < count; n++)
    put_exact(sink, place_of(n, taps, taps_and_bias, panels), exact[2 * n], exact[2 * n + 1]);
  free(sums);
  return __builtin_reduce_or(bad) == 0;
}

static void convolution_weight_gradient_fast(const kernel_patches *patches, const float *x, ptrdiff_t x_stride,
                                             const float *dy, ptrdiff_t dy_stride, ptrdiff_t taps, ptrdiff_t samples,
                                             kernel_gradient_sink sink, kernel_range taps_and_bias,
                                             kernel_range panels) {
  const ptrdiff_t count = (taps_and_bias.end - taps_and_bias.begin) * (panels.end - panels.begin);
  v16 *sums = aligned_alloc(64, (size_t)(count + 1) * sizeof *sums);
  if (!sums) abort();
  sum_samples(patches, x, x_stride, dy, dy_stride, taps, 0, samples, taps_and_bias, panels, sums);
  for (ptrdiff_t n = 0; n < count; n++) {
    const ptrdiff_t at = place_of(n, taps, taps_and_bias, panels);
    if (sink.update) update16(sink.update, at, sums[n]);
    else store16(sink.fast + at, sums[n]);
  }
  free(sums);
}

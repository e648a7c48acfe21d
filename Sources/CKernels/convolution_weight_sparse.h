// Convolution, weight gradient, where most of dY is zero: behind a max pooling at least all but one of each window.
//
// What is not zero in one output's dY lies at other pixels than what is not zero in the next one's, so that no vector of
// outputs can leave out much. Here vectors run over input channels: one output's sums for a whole patch are in registers
// while the pixels pass where its dY is not zero, in order. To leave out the others changes no bit while x is finite
// (zeros.h).
#pragma once
#include "elementwise.h"
#include "tile.h"
#include "zeros.h"

// The most output pixels whose zeros are looked for at once.
enum { PIXELS_AT_ONCE = 1024, PIXEL_WORDS = PIXELS_AT_ONCE / 64 };

// Where the patches of output pixels begin ..< end lie in x, and for each of 16 outputs where dY is not zero: bit i of
// word w stands for pixel begin + 64 w + i.
typedef struct {
  kernel_range pixels;
  ptrdiff_t words;
  int32_t x[PIXELS_AT_ONCE];
  uint64_t bits[16][PIXEL_WORDS];
} nonzero_pixels;

static void place_pixels(const kernel_patches *p, kernel_range pixels, nonzero_pixels *found) {
  found->pixels = pixels;
  found->words = (pixels.end - pixels.begin + 63) / 64;
  ptrdiff_t row = pixels.begin / p->width, column = pixels.begin % p->width;
  for (ptrdiff_t i = 0; i < pixels.end - pixels.begin; i++) {
    found->x[i] = (int32_t)(row * p->row_stride + column * p->pixel_stride);
    if (++column == p->width) column = 0, row++;
  }
}

// The same with all pixels where x is not finite: 0 times that is not 0.
static void find_nonzero_pixels(const float *dy, ptrdiff_t channels, bool all, nonzero_pixels *found) {
  const int32_t every = all ? -1 : 0;
  for (ptrdiff_t w = 0; w < found->words; w++) {
    v16i half[2] = {0, 0};
    for (ptrdiff_t h = 0; h < 2; h++) {
      const ptrdiff_t first = found->pixels.begin + w * 64 + h * 32, rest = found->pixels.end - first;
      for (ptrdiff_t i = 0; i < 32 && i < rest; i++)
        half[h] |= (every | (nonzero_bits(dy + (first + i) * channels) != 0)) & (int32_t)(1u << i);
    }
    UNROLL for (int o = 0; o < 16; o++) found->bits[o][w] = (uint32_t)half[0][o] | (uint64_t)(uint32_t)half[1][o] << 32;
  }
}

// The positions of a patch: columns lie a pixel's stride apart, rows any other.
typedef struct {
  ptrdiff_t row, column;
} patch_steps;

// sums[k] += x dy for rows x columns positions side by side and 16 input channels, over the pixels found for an output.
INLINE void add_positions(const int rows, const int columns, const patch_steps step, const nonzero_pixels *found,
                          const uint64_t *bits, const float *x, const float *dy, ptrdiff_t channels, float *sums,
                          ptrdiff_t next) {
  v16 acc[TILE + 1];
  UNROLL for (int k = 0; k < rows * columns; k++) acc[k] = load16(sums + k * next);
  for (ptrdiff_t w = 0; w < found->words; w++) {
    const int32_t *places = found->x + w * 64;
    const float *d = dy + (found->pixels.begin + w * 64) * channels;
    for (uint64_t rest = bits[w]; rest != 0; rest &= rest - 1) {
      const ptrdiff_t i = __builtin_ctzll(rest);
      const float *xp = x + places[i];
      const v16 di = splat16(d[i * channels]);
      UNROLL for (int ky = 0; ky < rows; ky++) UNROLL for (int kx = 0; kx < columns; kx++)
          acc[ky * columns + kx] = fma16(di, load16(xp + ky * step.row + kx * step.column), acc[ky * columns + kx]);
    }
  }
  UNROLL for (int k = 0; k < rows * columns; k++) store16(sums + k * next, acc[k]);
}

// The same for a whole patch of a usual size: as many rows at once as there are registers for.
INLINE void add_patch(const int size, const patch_steps step, const nonzero_pixels *found, const uint64_t *bits,
                      const float *x, const float *dy, ptrdiff_t channels, float *sums, ptrdiff_t next) {
  const int rows = rows_at_once(size);
  UNROLL for (int y = 0; y + rows <= size; y += rows)
      add_positions(rows, size, step, found, bits, x + y * step.row, dy, channels, sums + y * size * next, next);
  UNROLL for (int y = size / rows * rows; y < size; y++)
      add_positions(1, size, step, found, bits, x + y * step.row, dy, channels, sums + y * size * next, next);
}

// One output's sums [positions, input channels], a multiple of 16 channels, over the pixels found for it.
INLINE void add_output(const kernel_patches *patches, kernel_range positions, const nonzero_pixels *found,
                       const uint64_t *bits, const float *x, const float *dy, ptrdiff_t padded, float *sums) {
  const ptrdiff_t size = patches->size, count = positions.end - positions.begin, *offsets = patches->offsets;
  const bool whole = count == size * size;
  for (ptrdiff_t c = 0; c < padded; c += 16) {
    if (whole && size == 3)
      add_patch(3, (patch_steps){offsets[3], offsets[1]}, found, bits, x + c, dy, patches->channels, sums + c, padded);
    else if (whole && size == 5)
      add_patch(5, (patch_steps){offsets[5], offsets[1]}, found, bits, x + c, dy, patches->channels, sums + c, padded);
    else
      for (ptrdiff_t k = 0; k < count; k++)
        add_positions(1, 1, (patch_steps){0, 0}, found, bits, x + offsets[positions.begin + k] + c, dy,
                      patches->channels, sums + k * padded + c, padded);
  }
}

// Adds one sample to sums [outputs, positions, input channels].
static void add_sparse_sample(const kernel_patches *patches, kernel_range positions, const float *x, bool all,
                              const float *dy, nonzero_pixels *found, float *sums) {
  const ptrdiff_t padded = (patches->adjacent + 15) / 16 * 16, pixels = patches->height * patches->width;
  for (ptrdiff_t begin = 0; begin < pixels; begin += PIXELS_AT_ONCE) {
    const kernel_range part = {begin, begin + at_most(PIXELS_AT_ONCE, pixels - begin)};
    // They stay where they are for all samples, where they are all found at once.
    if (pixels > PIXELS_AT_ONCE || found->pixels.end == 0) place_pixels(patches, part, found);
    for (ptrdiff_t first = 0; first < patches->outputs; first += 16) {
      find_nonzero_pixels(dy + first, patches->channels, all, found);
      for (ptrdiff_t o = first; o < patches->outputs && o < first + 16; o++)
        add_output(patches, positions, found, found->bits[o - first], x, dy + o, padded,
                   sums + o * (positions.end - positions.begin) * padded);
    }
  }
}

static void add_sparse_samples(const kernel_patches *patches, kernel_range positions, const float *x,
                               ptrdiff_t x_stride, const float *dy, ptrdiff_t dy_stride, kernel_range samples,
                               bool fresh, float *sums) {
  const ptrdiff_t padded = (patches->adjacent + 15) / 16 * 16, count = positions.end - positions.begin;
  if (fresh) memset(sums, 0, (size_t)(patches->outputs * count * padded) * sizeof *sums);
  nonzero_pixels found;
  found.pixels.end = 0;
  for (ptrdiff_t s = samples.begin; s < samples.end; s++) {
    const float *xs = x + s * x_stride;
    const bool finite = __builtin_reduce_max(largest_magnitude(xs, x_stride, 0)) < 0x7f800000;
    add_sparse_sample(patches, positions, xs, !finite, dy + s * dy_stride, &found, sums);
  }
}

// From sums [outputs, positions, input channels] to panels of [positions, channels, 16], one panel `next` floats after the
// other.
static void turn_sums(const kernel_patches *patches, kernel_range positions, const float *from, float *to,
                      ptrdiff_t next) {
  const ptrdiff_t padded = (patches->adjacent + 15) / 16 * 16, count = positions.end - positions.begin;
  for (ptrdiff_t first = 0; first < patches->outputs; first += 16)
    for (ptrdiff_t k = 0; k < count; k++)
      transpose(from + (first * count + k) * padded, count * padded, to + first / 16 * next + k * patches->adjacent * 16,
                16, at_most(16, patches->outputs - first), (kernel_range){0, patches->adjacent});
}

// Whether adding what is not zero costs less than adding all.
static bool weight_gradient_is_sparse(const kernel_patches *patches, const float *dy) {
  const ptrdiff_t all = patches->height * patches->width * patches->channels, padded = (patches->adjacent + 15) / 16 * 16;
  return count_nonzero(dy, all) * SPARSE_COST * padded < all * patches->adjacent;
}

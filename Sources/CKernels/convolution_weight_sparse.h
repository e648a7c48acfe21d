// Convolution, weight gradient, for a dY that is mostly zero: if a max pooling follows, at least all but one pixel of
// each window are zero.
//
// The pixels with non-zero dY differ between outputs, so a vector of outputs can skip little. Here vectors run over
// input channels: one output's sums for a whole patch stay in registers while it goes through the pixels where its dY
// is not zero, in order. Skipping the others changes no bit while x is finite (zeros.h).
#pragma once
#include "elementwise.h"
#include "tile.h"
#include "zeros.h"

enum { PIXEL_WORDS = PIXELS_AT_ONCE / 64 };

// The positions of the patches of output pixels begin ..< end in x, and for each of 16 outputs where dY is not zero:
// bit i of word w stands for pixel begin + 64 w + i.
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
    UNROLL(o, 16) found->bits[o][w] = (uint32_t)half[0][o] | (uint64_t)(uint32_t)half[1][o] << 32;
  }
}

// One output's sums over the pixels found for it: `bits` says where its dY is not zero. Sums are `next` floats apart,
// positions of a patch as x's strides say: columns lie a pixel's stride apart, rows any other.
typedef struct {
  const nonzero_pixels *found;
  const uint64_t *bits;
  const float *x;
  tile_strides steps;
  kernel_matrix dy;  // the output's; a row a pixel
  float *sums;
  ptrdiff_t next;
} output_sums;

INLINE output_sums sums_at(output_sums t, ptrdiff_t x, ptrdiff_t position) {
  t.x += x;
  t.sums += position * t.next;
  return t;
}

// sums[k] += x dy for rows x columns positions side by side and 16 input channels.
INLINE void add_positions(const int rows, const int columns, const output_sums t) {
  const tile_strides sums = {columns * t.next, t.next};
  v16 acc[TILE + 1], patch[TILE + 1];
  load_tile(rows, columns, t.sums, sums, acc);
  for (ptrdiff_t w = 0; w < t.found->words; w++) {
    const int32_t *places = t.found->x + w * 64;
    const float *d = t.dy.elements + (t.found->pixels.begin + w * 64) * t.dy.stride;
    for (uint64_t rest = t.bits[w]; rest != 0; rest &= rest - 1) {
      const ptrdiff_t i = __builtin_ctzll(rest);
      load_tile(rows, columns, t.x + places[i], t.steps, patch);
      multiply_add(1, rows * columns, d + i * t.dy.stride, 0, patch, acc);
    }
  }
  store_tile(rows, columns, acc, t.sums, sums);
}

// The same for a whole patch of a common size, as many rows at once as registers allow.
INLINE void add_patch(const int size, const output_sums t) {
  const int rows = rows_at_once(size);
  UNROLL(n, size / rows) {
    add_positions(rows, size, sums_at(t, n * rows * t.steps.row, n * rows * size));
  }
  UNROLL(n, size % rows) {
    const int y = size / rows * rows + n;
    add_positions(1, size, sums_at(t, y * t.steps.row, y * size));
  }
}

// One output's sums [positions, input channels], a multiple of 16 channels; t is the first position's first channels'.
INLINE void add_output(const kernel_patches *patches, kernel_range positions, const output_sums t) {
  const ptrdiff_t size = patches->size, count = positions.end - positions.begin, *offsets = patches->offsets;
  const bool whole = count == size * size;
  for (ptrdiff_t c = 0; c < t.next; c += 16) {
    output_sums channels = t;
    channels.x += c;
    channels.sums += c;
    if (whole && (size == 3 || size == 5)) channels.steps = (tile_strides){offsets[size], offsets[1]};
    if (whole && size == 3) add_patch(3, channels);
    else if (whole && size == 5) add_patch(5, channels);
    else
      for (ptrdiff_t k = 0; k < count; k++) add_positions(1, 1, sums_at(channels, offsets[positions.begin + k], k));
  }
}

// Input channels of the sums, padded to vectors.
INLINE ptrdiff_t padded_inputs(const kernel_patches *patches) { return (patches->adjacent + 15) / 16 * 16; }

// Adds one sample to sums [outputs, positions, input channels].
static void add_sparse_sample(const kernel_patches *patches, kernel_range positions, const float *x, bool all,
                              const float *dy, nonzero_pixels *found, float *sums) {
  const ptrdiff_t padded = padded_inputs(patches), pixels = patches->height * patches->width;
  for (ptrdiff_t begin = 0; begin < pixels; begin += PIXELS_AT_ONCE) {
    const kernel_range part = {begin, begin + at_most(PIXELS_AT_ONCE, pixels - begin)};
    // They are the same for all samples if they are all found at once.
    if (pixels > PIXELS_AT_ONCE || found->pixels.end == 0) place_pixels(patches, part, found);
    for (ptrdiff_t first = 0; first < patches->outputs; first += 16) {
      find_nonzero_pixels(dy + first, patches->channels, all, found);
      for (ptrdiff_t o = first; o < patches->outputs && o < first + 16; o++) {
        const output_sums output = {
            found,  found->bits[o - first],      x,
            {0, 0}, {dy + o, patches->channels}, sums + o * (positions.end - positions.begin) * padded,
            padded};
        add_output(patches, positions, output);
      }
    }
  }
}

// Adds samples to the sums in the memory of `target`.
static void add_sparse_samples(const kernel_convolution_sums *target, kernel_range positions, kernel_range samples) {
  const kernel_patches *patches = &target->patches;
  const ptrdiff_t count = positions.end - positions.begin;
  float *sums = target->by_input + 16;
  if (target->fresh) memset(sums, 0, (size_t)(patches->outputs * count * padded_inputs(patches)) * sizeof *sums);
  nonzero_pixels found;
  found.pixels.end = 0;
  for (ptrdiff_t s = samples.begin; s < samples.end; s++) {
    const float *x = target->x.elements + s * target->x.stride;
    const bool finite = __builtin_reduce_max(largest_magnitude(x, target->x.stride, 0)) < 0x7f800000;
    add_sparse_sample(patches, positions, x, !finite, target->dy.elements + s * target->dy.stride, &found, sums);
  }
}

// From sums [outputs, positions, input channels] to panels of [positions, channels, 16], one panel `next` floats after
// the other.
static void transpose_sums(const kernel_patches *patches, kernel_range positions, const float *from, float *to,
                           ptrdiff_t next) {
  const ptrdiff_t padded = padded_inputs(patches), count = positions.end - positions.begin;
  for (ptrdiff_t first = 0; first < patches->outputs; first += 16)
    for (ptrdiff_t k = 0; k < count; k++)
      transpose(from + (first * count + k) * padded, count * padded,
                to + first / 16 * next + k * patches->adjacent * 16, 16, at_most(16, patches->outputs - first),
                (kernel_range){0, patches->adjacent});
}

// Whether skipping zeros costs less than adding everything.
static bool weight_gradient_is_sparse(const kernel_patches *patches, const float *dy) {
  const ptrdiff_t all = patches->height * patches->width * patches->channels;
  return count_nonzero(dy, all) * SPARSE_COST * padded_inputs(patches) < all * patches->adjacent;
}

// Convolution forward with vectors of output pixels: for numbers of outputs that do not fill panels well. 20 outputs
// take two panels of 16 lanes, but 64 pixels exactly four vectors.
//
// For each column of the filter there is a copy of the input whose rows are as wide as the output's: in it, the values
// that a tap reads for consecutive pixels, across rows too, are contiguous.
#pragma once
#include "elementwise.h"
#include "tile.h"

enum { GROUP = GROUP_VECTORS * 16 };

// The copies, [channels, size columns, rows + size - 1, width].
typedef struct {
  ptrdiff_t channels, size, width, pixels, plane;
} pixel_copies;

INLINE pixel_copies copies_of(const kernel_patches *p) {
  const ptrdiff_t channels = p->taps / (p->size * p->size);
  return (pixel_copies){channels, p->size, p->width, p->height * p->width, (p->height + p->size - 1) * p->width};
}

// Y = activation(bias + W X) for R outputs and V vectors of pixels.
INLINE void pixels_tile(const int R, const int V, const pixel_copies c, const float *copies, const float *w, float *y,
                        bool relu) {
  v16 acc[TILE];
  const ptrdiff_t bias = c.channels * c.size * c.size * 16;
  UNROLL(r, R)
    UNROLL(v, V) acc[r * V + v] = splat16(w[bias + r]) + splat16(0);
  for (ptrdiff_t channel = 0; channel < c.channels; channel++, copies += c.size * c.plane)
    for (ptrdiff_t ky = 0; ky < c.size; ky++)
      for (ptrdiff_t kx = 0; kx < c.size; kx++, w += 16) {
        v16 x[TILE];
        UNROLL(v, V) x[v] = load16(copies + kx * c.plane + ky * c.width + v * 16);
        multiply_add(R, V, w, 1, x, acc);
      }
  store_outputs(R, V, acc, y, (tile_strides){GROUP, 16}, relu);
}

// The outputs of a panel, [outputs, GROUP], for a group of pixels.
OUTLINED void group_forward(const pixel_copies c, const float *copies, ptrdiff_t vectors, const float *w,
                            ptrdiff_t outputs, float *y, bool relu) {
  if (outputs <= SPARSE_ROWS) {
    for (ptrdiff_t v = 0, V; v < vectors; v += V) {
      V = sparse_vectors_at(v, vectors);
      WITH_SPARSE_TILE(pixels_tile, outputs, V, c, copies + v * 16, w, y + v * 16, relu);
    }
    return;
  }
  for (ptrdiff_t t = 0, tiles = tiles_of(outputs); t < tiles; t++)
    for (ptrdiff_t v = 0, V; v < vectors; v += V) {
      V = vectors_at(v, vectors);
      const ptrdiff_t o = part(outputs, tiles, t), R = part(outputs, tiles, t + 1) - o;
      WITH_TILE(pixels_tile, R, V, c, copies + v * 16, w + o, y + o * GROUP + v * 16, relu);
    }
}

INLINE void copy_rows(const float *from, ptrdiff_t next, ptrdiff_t rows, const ptrdiff_t width, float *to) {
  for (ptrdiff_t y = 0; y < rows; y++, from += next, to += width) {
    ptrdiff_t i = 0;
    for (; i + 8 <= width; i += 8) store8(to + i, load8(from + i));
    for (; i < width; i++) to[i] = from[i];
  }
}

// Copies one sample, whose channels are planes or interleaved.
static void copy_columns(const kernel_patches *p, const pixel_copies c, const float *x, float *planes, float *copies) {
  const ptrdiff_t rows = p->height + c.size - 1, next = c.width + c.size - 1, area = rows * next;
  if (p->adjacent > 1) transpose(x, p->pixel_stride, planes, area, area, (kernel_range){0, p->pixel_stride});
  for (ptrdiff_t channel = 0; channel < c.channels; channel++) {
    const float *from = p->adjacent > 1 ? planes + channel * area : x + p->offsets[channel * c.size * c.size];
    for (ptrdiff_t kx = 0; kx < c.size; kx++, copies += c.plane)
      if (c.width == 8) copy_rows(from + kx, next, rows, 8, copies);
      else copy_rows(from + kx, next, rows, c.width, copies);
  }
}

// Whether this method applies, which needs contiguous patches and a small sample, and is faster.
static bool pixels_are_better(const kernel_patches *p) {
  const pixel_copies c = copies_of(p);
  const ptrdiff_t panels = p->channels / 16, width = c.width + c.size - 1;
  const bool dense = p->adjacent == c.channels || p->pixel_stride == 1;
  const bool adjoins = c.size == 1 || (p->offsets[1] == p->pixel_stride && p->offsets[c.size] == p->row_stride);
  const bool fits = c.channels * c.size * c.plane <= MOST_COPIED &&
                    (p->height + c.size - 1) * width * (p->adjacent > 1 ? p->pixel_stride : 1) <= MOST_COPIED;
  const ptrdiff_t vectors = (c.pixels + 15) / 16 * (p->taps * p->outputs + TRANSPOSE_COST * panels);
  return dense && adjoins && p->row_stride == width * p->pixel_stride && fits &&
         vectors < c.pixels * p->taps * panels * PIXELS_PAY_BELOW / 100;
}

// One panel of one sample, from its copies, through outputs [16, GROUP].
static void panel_forward(const kernel_convolution *layer, const pixel_copies c, const float *copies, ptrdiff_t p,
                          float *outputs, float *y) {
  const kernel_patches *patches = &layer->patches;
  const ptrdiff_t count = at_most(16, patches->outputs - p * 16);
  memset(outputs + count * GROUP, 0, (size_t)((16 - count) * GROUP) * sizeof *outputs);
  for (ptrdiff_t pixel = 0; pixel < c.pixels; pixel += GROUP) {
    const ptrdiff_t pixels = at_most(GROUP, c.pixels - pixel);
    const float *w = layer->weights + p * (patches->taps + 1) * 16;
    group_forward(c, copies + pixel, (pixels + 15) / 16, w, count, outputs, layer->relu);
    transpose(outputs, GROUP, y + pixel * patches->channels + p * 16, patches->channels, 16, (kernel_range){0, pixels});
  }
}

static void pixels_forward(const kernel_convolution *layer, kernel_range samples, kernel_range panels) {
  const pixel_copies c = copies_of(&layer->patches);
  float planes[MOST_COPIED], copies[MOST_COPIED + GROUP], outputs[16 * GROUP] = {0};
  // The last vector reads past the copies.
  memset(copies + c.channels * c.size * c.plane, 0, GROUP * sizeof *copies);
  for (ptrdiff_t s = samples.begin; s < samples.end; s++) {
    copy_columns(&layer->patches, c, layer->x.elements + s * layer->x.stride, planes, copies);
    for (ptrdiff_t p = panels.begin; p < panels.end; p++)
      panel_forward(layer, c, copies, p, outputs, layer->y.elements + s * layer->y.stride);
  }
}

// Cases of gradients on integer grids: a dense layer's, written, applied or only looked at; and sums of whole ones.
#include <math.h>
#include "gradients.h"
#include "optimizers.h"

enum { LOOKED_AT = -2, WRITTEN = -1 };

typedef struct {
  kind of_x, of_dy;
  ptrdiff_t inputs, outputs;
  int32_t bits;
  int optimizer;  // or one of the above
} gradient_case;

kernel_grid grid_case(int32_t bits, int32_t micro_batches, int shift) {
  const int32_t fits = (bits == 16 ? INT16_MAX : INT32_MAX) / micro_batches, most = fits < 1 << 22 ? fits : 1 << 22;
  kernel_grid grid = {.most = (float)most, .bits = bits, .first_block = 6};
  for (int tensor = 0; tensor < 2; tensor++) {
    grid.unit[tensor] = ldexpf(1, shift - 3 - ilogbf(grid.most) + 2 * tensor);
    grid.per_unit[tensor] = 1 / grid.unit[tensor];
  }
  grid.random = (kernel_random){.seed = 0x0123456789abcdef, .sample = 11, .time = 1000, .purpose = 7};
  return grid;
}

bool add_findings(hash *hash, kernel_grid_result result) {
  const bool is_finite = result.largest[0] < 0x7f800000 && result.largest[1] < 0x7f800000;
  add_integer(hash, is_finite);
  if (!is_finite) return false;
  for (int tensor = 0; tensor < 2; tensor++) add_integer(hash, result.largest[tensor]);
  add_integer(hash, (uint64_t)result.clamped);
  return true;
}

static void dense_case(gradient_case k, const char *name, kernel_micro_batches micro_batches, int shift,
                       bool in_parts) {
  hash h = begin_case();
  const ptrdiff_t panels = padded16(k.outputs) / 16, parameters = panels * (k.inputs + 1) * 16;
  void *integers = outputs(parameters * k.bits / 32);
  const kernel_update update = k.optimizer < 0 ? (kernel_update){0} : optimizer_case(k.optimizer, parameters);
  kernel_gradient_sink sink = {.integers = k.optimizer == WRITTEN ? integers : NULL};
  if (k.optimizer >= 0) sink = (kernel_gradient_sink){.update = &update};
  const kernel_dense_gradient layer =
      dense_layer(k.of_x, k.of_dy, k.inputs, k.outputs, micro_batches.bounds[micro_batches.count], sink);
  const kernel_grid grid = grid_case(k.bits, micro_batches.count, shift);
  // Not all parts begin where kernels look for zeros.
  const ptrdiff_t input = in_parts ? k.inputs / 2 / 16 * 16 + (k.inputs % 5 == 0) : 0,
                  panel = in_parts ? panels / 2 : 0;
  const kernel_range rows[] = {{0, input}, {input, k.inputs + 1}}, columns[] = {{0, panel}, {panel, panels}};
  kernel_grid_result all = {{0, 0}, 0};
  for (int part = 0; part < 4; part++) {
    const kernel_range r = rows[part / 2], c = columns[part % 2];
    if (r.begin == r.end || c.begin == c.end) continue;
    const kernel_grid_result one = kernel_dense_weight_gradient_grid(layer, micro_batches, &grid, r, c);
    for (int tensor = 0; tensor < 2; tensor++)
      if (one.largest[tensor] > all.largest[tensor]) all.largest[tensor] = one.largest[tensor];
    all.clamped += one.clamped;
  }
  if (add_findings(&h, all)) {
    if (k.optimizer < 0) add_words(&h, integers, parameters * k.bits / 32);
    else add_update(&h, &update, parameters);
  }
  end_case(h, "dense_weight_gradient_grid%d %s*%s %s %tdx%td shift %d%s%s", k.bits, kind_names[k.of_x],
           kind_names[k.of_dy], name, k.inputs, k.outputs, shift, optimizer_name(k.optimizer),
           in_parts ? " parts" : "");
}

static void dense_cases_of(ptrdiff_t inputs, ptrdiff_t outputs, int32_t bits, int number) {
  for (int c = 0; c < CUTS; c++)
    for (int kinds = 0; kinds < 5; kinds++) {
      const kind of_x = (kind[]){PLAIN, SPARSE, SPARSE, WIDE, ZERO}[kinds];
      const kind of_dy = (kind[]){PLAIN, PLAIN, WIDE, SPARSE, PLAIN}[kinds];
      gradient_case k = {of_x, of_dy, inputs, outputs, bits, WRITTEN};
      dense_case(k, cuts[c].name, micro_batches_of(&cuts[c]), -3 + 3 * ((c + kinds) % 3), kinds % 2);
      k.optimizer = (number + c) % OPTIMIZERS;
      dense_case(k, cuts[c].name, micro_batches_of(&cuts[c]), -1, false);
    }
  const kernel_micro_batches four = micro_batches_of(&cuts[2]);
  for (kind kind = PLAIN; kind <= BROKEN; kind++) {
    dense_case((gradient_case){kind, PLAIN, inputs, outputs, bits, LOOKED_AT}, "four", four, 0, false);
    dense_case((gradient_case){kind, PLAIN, inputs, outputs, bits, WRITTEN}, "four", four, -2, true);
    dense_case((gradient_case){PLAIN, kind, inputs, outputs, bits, kind % OPTIMIZERS}, "four", four, 0, false);
    // So coarse that each is 0 or 1 unit, and so fine that each is cut off.
    dense_case((gradient_case){LARGE, kind, inputs, outputs, bits, WRITTEN}, "four", four, 24, false);
    dense_case((gradient_case){SPARSE, kind, inputs, outputs, bits, WRITTEN}, "four", four, -30, true);
  }
}

// More micro-batches than wait for each other; as many as a recipe may have.
static void many_cases(int32_t bits) {
  static int32_t bounds[1025];
  for (int32_t m = 0; m <= 1024; m++) bounds[m] = m;
  dense_case((gradient_case){PLAIN, PLAIN, 33, 20, bits, WRITTEN}, "300", (kernel_micro_batches){bounds, 300}, 0,
             false);
  dense_case((gradient_case){SPARSE, PLAIN, 40, 17, bits, 5}, "1024", (kernel_micro_batches){bounds, 1024}, 0, false);
  for (int32_t m = 0; m <= 10; m++) bounds[m] = m * 820;
  dense_case((gradient_case){SPARSE, PLAIN, 40, 17, bits, WRITTEN}, "8200", (kernel_micro_batches){bounds, 10}, 1,
             false);
}

enum { COUNT = 528, GRADIENTS = 4 };

// Integers of every size that a rank's may have.
static kernel_grid_gradients gradients_of(int32_t bits, int32_t count) {
  static const float units[] = {0x1p-20f, 0x1p-9f, 0x1p-30f};
  static uint32_t tensors[COUNT / 16];
  static const void *all[GRADIENTS];
  for (int i = 0; i < COUNT / 16; i++) tensors[i] = i < 20 ? 0 : i < 21 ? 1 : 2;
  for (int32_t n = 0; n < count; n++) {
    int32_t *integers = memory(COUNT * bits / 8);
    for (ptrdiff_t i = 0; i < COUNT; i++) {
      const int32_t integer = (int32_t)random_bits(60 + (uint32_t)n, (uint64_t)i) >> (2 + i % 29);
      if (bits == 32) integers[i] = integer;
      else ((int16_t *)integers)[i] = (int16_t)(integer >> 16);
    }
    all[n] = integers;
  }
  return (kernel_grid_gradients){all, count, bits, units, tensors};
}

static void update_case(int optimizer, int32_t bits, int32_t count) {
  hash h = begin_case();
  const kernel_update update = optimizer_case(optimizer, COUNT);
  const kernel_grid_gradients gradients = gradients_of(bits, count);
  const kernel_range parts[] = {{0, 16}, {16, 112}, {112, COUNT}};
  for (int p = 0; p < 3; p++) kernel_apply_grid_update(&update, gradients, parts[p]);
  add_update(&h, &update, COUNT);
  end_case(h, "apply_grid_update%d%s %d", bits, optimizer_name(optimizer), count);
}

static void sum_case(int32_t bits, int32_t count) {
  hash h = begin_case();
  void *sum = outputs(COUNT * bits / 32);
  kernel_sum_grid(gradients_of(bits, count), sum, (kernel_range){32, COUNT - 16});
  add_words(&h, sum, COUNT * bits / 32);
  end_case(h, "sum_grid%d %d", bits, count);
}

void grid_cases(void) {
  static const ptrdiff_t shapes[][2] = {{1, 1}, {17, 10}, {130, 70}, {75, 33}};
  for (int32_t bits = 32; bits >= 16; bits -= 16) {
    for (int s = 0; s < 4; s++) dense_cases_of(shapes[s][0], shapes[s][1], bits, s);
    many_cases(bits);
    for (int32_t count = 1; count <= GRADIENTS; count += 3) {
      for (int optimizer = 0; optimizer < ALL_OPTIMIZERS; optimizer++) update_case(optimizer, bits, count);
      sum_case(bits, count);
    }
  }
}

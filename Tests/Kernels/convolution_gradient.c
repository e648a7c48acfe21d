// Cases of a convolution's weight gradient: positions in two rounds, as where there is little room; each round's in two
// parts; three micro-batches of two samples or one, the first in two calls.
#include <stdio.h>
#include "convolution.h"
#include "gradients.h"
#include "optimizers.h"

enum { SAMPLES = 5 };

typedef struct {
  kind of_x, of_dy;
  int optimizer;  // -1 for the sum itself
  bool fast, has_memory;
} gradient_case;

// Adds rows to one part of the sums: the first of them, then the others.
static void add_rows(kernel_convolution_sums target, kernel_range rows) {
  target.fresh = true;
  target.last = rows.end - rows.begin == 1;
  kernel_convolution_weight_sums(target, (kernel_range){rows.begin, rows.begin + 1});
  if (target.last) return;
  target.fresh = false;
  target.last = true;
  kernel_convolution_weight_sums(target, (kernel_range){rows.begin + 1, rows.end});
}

// The sums of all micro-batches at the positions of `target`.
static void add_chains(kernel_convolution_sums target, kernel_chains chains, bool has_memory) {
  const kernel_patches *p = &target.patches;
  const kernel_range all = target.positions;
  const ptrdiff_t cut = all.begin + (all.end - all.begin) / 4;
  for (ptrdiff_t m = 0; m < chains.count; m++) {
    kernel_range rows = {m * 2, m == 2 ? SAMPLES : m * 2 + 2};
    if (chains.count == 1) rows.end = SAMPLES;
    for (int n = 0; n < 2; n++) {
      target.part = n == 0 ? (kernel_range){all.begin, cut} : (kernel_range){cut, all.end};
      if (target.part.begin == target.part.end) continue;
      target.by_input = has_memory ? outputs(16 + p->outputs * (p->taps + 1) * padded16(p->adjacent)) : NULL;
      add_rows(target, rows);
    }
    target.sums += chains.stride;
  }
}

static void weight_case(shape s, gradient_case k) {
  hash h = begin_case();
  const convolution c = convolution_of(s);
  const ptrdiff_t adjacent = c.patches.adjacent, positions = c.taps / adjacent + 1, panels = c.patches.channels / 16;
  const ptrdiff_t parameters = panels * (c.taps + 1) * 16;
  const kernel_update update = k.optimizer < 0 ? (kernel_update){0} : optimizer_case(k.optimizer, parameters);
  double *exact = outputs_in_double(parameters);
  float *sum = outputs(parameters);
  kernel_gradient_sink sink = {.exact = k.fast ? NULL : exact, .fast = k.fast ? sum : NULL};
  if (k.optimizer >= 0) sink = (kernel_gradient_sink){.update = &update};
  kernel_convolution_sums target = {.patches = c.patches};
  target.x = (kernel_matrix){images(&c, k.of_x, SAMPLES), c.x_stride};
  target.dy = (kernel_matrix){output_gradients(&c, k.of_dy, SAMPLES), c.y_stride};
  const kernel_range rounds[] = {{0, positions / 3}, {positions / 3, positions}};
  for (int round = 0; round < 2; round++) {
    const kernel_range all = target.positions = rounds[round];
    if (all.begin == all.end) continue;
    const ptrdiff_t bias = all.end == positions, count = panels * ((all.end - all.begin - bias) * adjacent + bias) * 16;
    const kernel_chains chains = {count, k.fast ? 1 : 3};
    float *sums = target.sums = outputs(chains.count * count);
    add_chains(target, chains, k.has_memory);
    add_floats(&h, sums, chains.count * count);
    const kernel_convolution_gradient gradient = {c.patches, sums, all, sink};
    const kernel_range whole = {0, count / 16};
    if (k.fast) kernel_convolution_weight_gradient_fast(gradient, whole);
    else add_integer(&h, kernel_convolution_weight_gradient(gradient, chains, 512, whole));
  }
  if (k.optimizer >= 0) add_update(&h, &update, parameters);
  else if (k.fast) add_floats(&h, sum, parameters);
  else add_doubles(&h, exact, parameters);
  char more[64];
  snprintf(more, sizeof more, "%s%s%s", k.fast ? " fast" : "", k.has_memory ? " by input" : "",
           optimizer_name(k.optimizer));
  print_case(h, "convolution_weight_gradient", k.of_x, k.of_dy, s, more);
}

// The same on a grid, of the micro-batches 0, 2 and 3; the one between them is empty.
static void grid_weight_case(shape s, gradient_case k, int32_t bits, int shift) {
  static const int32_t numbers[] = {0, 2, 3};
  hash h = begin_case();
  const convolution c = convolution_of(s);
  const ptrdiff_t adjacent = c.patches.adjacent, positions = c.taps / adjacent + 1, panels = c.patches.channels / 16;
  const ptrdiff_t parameters = panels * (c.taps + 1) * 16;
  const kernel_update update = k.optimizer < 0 ? (kernel_update){0} : optimizer_case(k.optimizer, parameters);
  void *integers = outputs(parameters * bits / 32);
  kernel_gradient_sink sink = {.integers = integers};
  if (k.optimizer >= 0) sink = (kernel_gradient_sink){.update = &update};
  kernel_convolution_sums target = {.patches = c.patches, .positions = {0, positions}};
  target.x = (kernel_matrix){images(&c, k.of_x, SAMPLES), c.x_stride};
  target.dy = (kernel_matrix){output_gradients(&c, k.of_dy, SAMPLES), c.y_stride};
  const kernel_chains chains = {parameters, 3, numbers};
  float *sums = target.sums = outputs(chains.count * parameters);
  add_chains(target, chains, k.has_memory);
  const kernel_convolution_gradient gradient = {c.patches, sums, {0, positions}, sink};
  const kernel_grid grid = grid_case(bits, 4, shift);
  const ptrdiff_t vectors = parameters / 16, cut = vectors / 3;
  kernel_grid_result all = kernel_convolution_weight_gradient_grid(gradient, chains, &grid, (kernel_range){0, cut});
  const kernel_grid_result rest =
      kernel_convolution_weight_gradient_grid(gradient, chains, &grid, (kernel_range){cut, vectors});
  for (int tensor = 0; tensor < 2; tensor++)
    if (rest.largest[tensor] > all.largest[tensor]) all.largest[tensor] = rest.largest[tensor];
  all.clamped += rest.clamped;
  if (add_findings(&h, all)) {
    if (k.optimizer >= 0) add_update(&h, &update, parameters);
    else add_words(&h, integers, parameters * bits / 32);
  }
  char name[40], more[64];
  snprintf(name, sizeof name, "convolution_weight_gradient_grid%d", bits);
  snprintf(more, sizeof more, " shift %d%s%s", shift, k.has_memory ? " by input" : "", optimizer_name(k.optimizer));
  print_case(h, name, k.of_x, k.of_dy, s, more);
}

void convolution_grid_cases(shape s) {
  for (int32_t bits = 32; bits >= 16; bits -= 16) {
    for (kind kind = PLAIN; kind <= BROKEN; kind++) {
      grid_weight_case(s, (gradient_case){kind, SPARSE, -1, false, kind % 2}, bits, 8);
      grid_weight_case(s, (gradient_case){PLAIN, kind, -1, false, kind % 2}, bits, 4);
    }
    for (int optimizer = 0; optimizer < OPTIMIZERS; optimizer++)
      grid_weight_case(s, (gradient_case){PLAIN, SPARSE, optimizer, false, optimizer % 2}, bits, 6);
  }
}

void convolution_weight_cases(shape s) {
  for (int memory = 0; memory < 2; memory++) {
    for (kind of_x = PLAIN; of_x <= BROKEN; of_x++) weight_case(s, (gradient_case){of_x, SPARSE, -1, false, memory});
    for (kind of_dy = PLAIN; of_dy <= BROKEN; of_dy++)
      weight_case(s, (gradient_case){PLAIN, of_dy, -1, of_dy % 2, memory});
    for (int optimizer = 0; optimizer < OPTIMIZERS; optimizer++)
      weight_case(s, (gradient_case){PLAIN, SPARSE, optimizer, optimizer % 2, memory});
  }
}

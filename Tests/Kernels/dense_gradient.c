// Cases of the dense layer's weight gradient: exact and fast, summed or applied by each optimizer.
#include <stdio.h>
#include <string.h>
#include "CKernels.h"
#include "optimizers.h"
#include "support.h"

typedef struct {
  const float *x, *dy;
  ptrdiff_t x_stride, dy_stride, inputs, outputs;
} layer;

static bool exact_gradient(const layer *l, kernel_micro_batches micro_batches, float limit, kernel_gradient_sink sink,
                           kernel_range inputs_and_bias, kernel_range panels) {
  return kernel_dense_weight_gradient(l->x, l->x_stride, l->dy, l->dy_stride, l->inputs, micro_batches, limit, sink,
                                      inputs_and_bias, panels);
}

static void fast_gradient(const layer *l, ptrdiff_t rows, kernel_gradient_sink sink, kernel_range inputs_and_bias,
                          kernel_range panels) {
  kernel_dense_weight_gradient_fast(l->x, l->x_stride, l->dy, l->dy_stride, l->inputs, rows, sink, inputs_and_bias,
                                    panels);
}

// How rows are cut into micro-batches: bounds of each, ended by -1.
typedef struct {
  const char *name;
  int32_t bounds[16];
} cut;

static const cut cuts[] = {
    {"one", {0, 1, -1}},
    {"single", {0, 37, -1}},
    {"four", {0, 16, 32, 48, 64, -1}},
    {"uneven", {0, 5, 11, 16, 22, 28, -1}},
    {"empty", {0, 0, 7, 7, 20, 20, -1}},
    {"nine", {0, 4, 8, 12, 17, 21, 26, 30, 35, 40, -1}},
    {"blocks", {0, 128, 257, 300, 430, -1}},
    {"late", {6, 14, 25, -1}},
};

static layer layer_of(kind of_x, kind of_dy, ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t outputs) {
  layer l = {.x_stride = padded16(inputs), .dy_stride = padded16(outputs), .inputs = inputs, .outputs = outputs};
  l.x = matrix(of_x, 5, rows, inputs, l.x_stride);
  float *dy = matrix(of_dy, 6, rows, outputs, l.dy_stride);
  // As of a mean over a batch: so small that sums stay below the limits, but of large kinds.
  for (ptrdiff_t i = 0; i < rows * l.dy_stride; i++) dy[i] *= 0x1p-6f;
  l.dy = dy;
  return l;
}

static void exact_case(kind of_x, kind of_dy, const int32_t *bounds, int32_t count, const char *name, ptrdiff_t inputs,
                       ptrdiff_t outputs_count, int optimizer, bool in_parts) {
  hash h = begin_case();
  const layer l = layer_of(of_x, of_dy, bounds[count], inputs, outputs_count);
  const ptrdiff_t panels = l.dy_stride / 16, parameters = panels * (inputs + 1) * 16;
  double *sum = outputs_in_double(parameters);
  const kernel_update update = optimizer < 0 ? (kernel_update){0} : optimizer_case(optimizer, parameters);
  const kernel_gradient_sink sink = optimizer < 0 ? (kernel_gradient_sink){.exact = sum}
                                                  : (kernel_gradient_sink){.update = &update};
  // Parts begin at multiples of 16 inputs, or kernels do not look for zeros; one does not.
  const ptrdiff_t input = in_parts ? inputs / 2 / 16 * 16 + (inputs % 5 == 0) : 0, panel = in_parts ? panels / 2 : 0;
  const kernel_range rows[] = {{0, input}, {input, inputs + 1}}, columns[] = {{0, panel}, {panel, panels}};
  for (int r = 0; r < 2; r++)
    for (int c = 0; c < 2; c++) {
      if (rows[r].begin == rows[r].end || columns[c].begin == columns[c].end) continue;
      add_integer(&h, exact_gradient(&l, (kernel_micro_batches){bounds, count}, 512, sink, rows[r], columns[c]));
    }
  if (optimizer < 0) add_doubles(&h, sum, parameters);
  else add_update(&h, &update, parameters);
  end_case(h, "dense_weight_gradient %s*%s %s %tdx%td%s%s", kind_names[of_x], kind_names[of_dy], name, inputs,
           outputs_count, optimizer_name(optimizer), in_parts ? " parts" : "");
}

static void fast_case(kind of_x, kind of_dy, ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t outputs_count, int optimizer) {
  hash h = begin_case();
  const layer l = layer_of(of_x, of_dy, rows, inputs, outputs_count);
  const ptrdiff_t panels = l.dy_stride / 16, parameters = panels * (inputs + 1) * 16;
  float *sum = outputs(parameters);
  const kernel_update update = optimizer < 0 ? (kernel_update){0} : optimizer_case(optimizer, parameters);
  const kernel_gradient_sink sink = optimizer < 0 ? (kernel_gradient_sink){.fast = sum}
                                                  : (kernel_gradient_sink){.update = &update};
  fast_gradient(&l, rows, sink, (kernel_range){0, inputs + 1}, (kernel_range){0, panels});
  if (optimizer < 0) add_floats(&h, sum, parameters);
  else add_update(&h, &update, parameters);
  end_case(h, "dense_weight_gradient_fast %s*%s %tdx%tdx%td%s", kind_names[of_x], kind_names[of_dy], rows, inputs,
           outputs_count, optimizer_name(optimizer));
}

// More micro-batches than the small way takes, and more than eight, of one row each; rows by the thousand.
static void many_cases(void) {
  static int32_t bounds[301];
  for (int32_t m = 0; m <= 300; m++) bounds[m] = m;
  exact_case(PLAIN, PLAIN, bounds, 300, "300", 33, 20, -1, false);
  exact_case(SPARSE, PLAIN, bounds, 200, "200", 80, 33, 0, false);
  exact_case(SPARSE, PLAIN, bounds, 20, "20", 80, 33, 3, false);
  for (int32_t m = 0; m <= 10; m++) bounds[m] = m * 820;
  exact_case(SPARSE, PLAIN, bounds, 9, "7380", 40, 17, -1, false);
  exact_case(SPARSE, PLAIN, bounds, 10, "8200", 40, 17, 0, false);
}

void dense_gradient_cases(void) {
  static const ptrdiff_t shapes[][2] = {{1, 1}, {17, 10}, {96, 48}, {130, 70}, {75, 33}};
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    const ptrdiff_t inputs = shapes[s][0], outputs_count = shapes[s][1];
    for (size_t c = 0; c < sizeof cuts / sizeof *cuts; c++) {
      int32_t count = 0;
      while (cuts[c].bounds[count + 1] >= 0) count++;
      for (int kinds = 0; kinds < 5; kinds++) {
        const kind of_x = (kind[]){PLAIN, SPARSE, SPARSE, WIDE, ZERO}[kinds];
        const kind of_dy = (kind[]){PLAIN, PLAIN, WIDE, SPARSE, PLAIN}[kinds];
        exact_case(of_x, of_dy, cuts[c].bounds, count, cuts[c].name, inputs, outputs_count, -1, kinds % 2);
        exact_case(of_x, of_dy, cuts[c].bounds, count, cuts[c].name, inputs, outputs_count,
                   (int)(s + c) % OPTIMIZERS, false);
      }
    }
    const int32_t *four = cuts[2].bounds;
    for (int optimizer = -1; optimizer < OPTIMIZERS; optimizer++)
      for (kind of_x = PLAIN; of_x <= BROKEN; of_x++) {
        exact_case(of_x, PLAIN, four, 4, "four", inputs, outputs_count, optimizer, true);
        fast_case(of_x, PLAIN, of_x == SPARSE ? 300 : 45, inputs, outputs_count, optimizer);
      }
    for (kind of_dy = ZERO; of_dy <= BROKEN; of_dy++) {
      exact_case(PLAIN, of_dy, four, 4, "four", inputs, outputs_count, -1, false);
      exact_case(LARGE, of_dy, four, 4, "four", inputs, outputs_count, -1, true);
      exact_case(SPARSE, of_dy, four, 4, "four", inputs, outputs_count, 0, true);
      fast_case(PLAIN, of_dy, 64, inputs, outputs_count, -1);
      fast_case(PLAIN, of_dy, 300, inputs, outputs_count, 0);
    }
  }
  many_cases();
}

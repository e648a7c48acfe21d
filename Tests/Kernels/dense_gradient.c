// Cases of the dense layer's weight gradient: exact and fast, summed or applied by each optimizer.
#include "gradients.h"
#include "optimizers.h"

// A case: kinds of x and dY, and what of a layer.
typedef struct {
  kind of_x, of_dy;
  ptrdiff_t inputs, outputs;
  int optimizer;  // -1 for the sum itself
} gradient_case;

const cut cuts[CUTS] = {
    {"one", {0, 1, -1}},
    {"single", {0, 37, -1}},
    {"four", {0, 16, 32, 48, 64, -1}},
    {"uneven", {0, 5, 11, 16, 22, 28, -1}},
    {"empty", {0, 0, 7, 7, 20, 20, -1}},
    {"nine", {0, 4, 8, 12, 17, 21, 26, 30, 35, 40, -1}},
    {"blocks", {0, 128, 257, 300, 430, -1}},
    {"late", {6, 14, 25, -1}},
};

kernel_dense_gradient dense_layer(kind of_x, kind of_dy, ptrdiff_t inputs, ptrdiff_t outputs, ptrdiff_t rows,
                                  kernel_gradient_sink sink) {
  const ptrdiff_t x_stride = padded16(inputs), dy_stride = padded16(outputs);
  float *dy = matrix(of_dy, 6, rows, outputs, dy_stride);
  // As of a mean over a batch: so small that sums stay below the limits, but of large kinds.
  for (ptrdiff_t i = 0; i < rows * dy_stride; i++) dy[i] *= 0x1p-6f;
  const float *x = matrix(of_x, 5, rows, inputs, x_stride);
  return (kernel_dense_gradient){{x, x_stride}, {dy, dy_stride}, inputs, sink};
}

static kernel_dense_gradient layer_of(gradient_case c, ptrdiff_t rows, kernel_gradient_sink sink) {
  return dense_layer(c.of_x, c.of_dy, c.inputs, c.outputs, rows, sink);
}

static void exact_case(gradient_case k, const char *name, kernel_micro_batches micro_batches, bool in_parts) {
  hash h = begin_case();
  const ptrdiff_t panels = padded16(k.outputs) / 16, parameters = panels * (k.inputs + 1) * 16;
  double *sum = outputs_in_double(parameters);
  const kernel_update update = k.optimizer < 0 ? (kernel_update){0} : optimizer_case(k.optimizer, parameters);
  kernel_gradient_sink sink = {.exact = sum};
  if (k.optimizer >= 0) sink = (kernel_gradient_sink){.update = &update};
  const kernel_dense_gradient layer = layer_of(k, micro_batches.bounds[micro_batches.count], sink);
  // Parts begin at multiples of 16 inputs, or kernels do not look for zeros; one does not.
  const ptrdiff_t input = in_parts ? k.inputs / 2 / 16 * 16 + (k.inputs % 5 == 0) : 0,
                  panel = in_parts ? panels / 2 : 0;
  const kernel_range rows[] = {{0, input}, {input, k.inputs + 1}}, columns[] = {{0, panel}, {panel, panels}};
  for (int r = 0; r < 2; r++)
    for (int c = 0; c < 2; c++) {
      if (rows[r].begin == rows[r].end || columns[c].begin == columns[c].end) continue;
      add_integer(&h, kernel_dense_weight_gradient(layer, micro_batches, 512, rows[r], columns[c]));
    }
  if (k.optimizer < 0) add_doubles(&h, sum, parameters);
  else add_update(&h, &update, parameters);
  end_case(h, "dense_weight_gradient %s*%s %s %tdx%td%s%s", kind_names[k.of_x], kind_names[k.of_dy], name, k.inputs,
           k.outputs, optimizer_name(k.optimizer), in_parts ? " parts" : "");
}

static void fast_case(gradient_case k, ptrdiff_t rows) {
  hash h = begin_case();
  const ptrdiff_t panels = padded16(k.outputs) / 16, parameters = panels * (k.inputs + 1) * 16;
  float *sum = outputs(parameters);
  const kernel_update update = k.optimizer < 0 ? (kernel_update){0} : optimizer_case(k.optimizer, parameters);
  kernel_gradient_sink sink = {.fast = sum};
  if (k.optimizer >= 0) sink = (kernel_gradient_sink){.update = &update};
  kernel_dense_weight_gradient_fast(layer_of(k, rows, sink), rows, (kernel_range){0, k.inputs + 1},
                                    (kernel_range){0, panels});
  if (k.optimizer < 0) add_floats(&h, sum, parameters);
  else add_update(&h, &update, parameters);
  end_case(h, "dense_weight_gradient_fast %s*%s %tdx%tdx%td%s", kind_names[k.of_x], kind_names[k.of_dy], rows, k.inputs,
           k.outputs, optimizer_name(k.optimizer));
}

// More micro-batches than the small way takes, and more than eight, of one row each; rows by the thousand.
static void many_cases(void) {
  static int32_t bounds[301];
  for (int32_t m = 0; m <= 300; m++) bounds[m] = m;
  exact_case((gradient_case){PLAIN, PLAIN, 33, 20, -1}, "300", (kernel_micro_batches){bounds, 300}, false);
  exact_case((gradient_case){SPARSE, PLAIN, 80, 33, 0}, "200", (kernel_micro_batches){bounds, 200}, false);
  exact_case((gradient_case){SPARSE, PLAIN, 80, 33, 3}, "20", (kernel_micro_batches){bounds, 20}, false);
  for (int32_t m = 0; m <= 10; m++) bounds[m] = m * 820;
  exact_case((gradient_case){SPARSE, PLAIN, 40, 17, -1}, "7380", (kernel_micro_batches){bounds, 9}, false);
  exact_case((gradient_case){SPARSE, PLAIN, 40, 17, 0}, "8200", (kernel_micro_batches){bounds, 10}, false);
}

kernel_micro_batches micro_batches_of(const cut *cut) {
  kernel_micro_batches micro_batches = {cut->bounds, 0};
  while (cut->bounds[micro_batches.count + 1] >= 0) micro_batches.count++;
  return micro_batches;
}

static void cases_of(ptrdiff_t inputs, ptrdiff_t outputs, int number) {
  for (int c = 0; c < CUTS; c++)
    for (int kinds = 0; kinds < 5; kinds++) {
      const kind of_x = (kind[]){PLAIN, SPARSE, SPARSE, WIDE, ZERO}[kinds];
      const kind of_dy = (kind[]){PLAIN, PLAIN, WIDE, SPARSE, PLAIN}[kinds];
      gradient_case k = {of_x, of_dy, inputs, outputs, -1};
      exact_case(k, cuts[c].name, micro_batches_of(&cuts[c]), kinds % 2);
      k.optimizer = (number + c) % OPTIMIZERS;
      exact_case(k, cuts[c].name, micro_batches_of(&cuts[c]), false);
    }
  const kernel_micro_batches four = micro_batches_of(&cuts[2]);
  for (int optimizer = -1; optimizer < OPTIMIZERS; optimizer++)
    for (kind of_x = PLAIN; of_x <= BROKEN; of_x++) {
      exact_case((gradient_case){of_x, PLAIN, inputs, outputs, optimizer}, "four", four, true);
      fast_case((gradient_case){of_x, PLAIN, inputs, outputs, optimizer}, of_x == SPARSE ? 300 : 45);
    }
  for (kind of_dy = ZERO; of_dy <= BROKEN; of_dy++) {
    exact_case((gradient_case){PLAIN, of_dy, inputs, outputs, -1}, "four", four, false);
    exact_case((gradient_case){LARGE, of_dy, inputs, outputs, -1}, "four", four, true);
    exact_case((gradient_case){SPARSE, of_dy, inputs, outputs, 0}, "four", four, true);
    fast_case((gradient_case){PLAIN, of_dy, inputs, outputs, -1}, 64);
    fast_case((gradient_case){PLAIN, of_dy, inputs, outputs, 0}, 300);
  }
}

void dense_gradient_cases(void) {
  static const ptrdiff_t shapes[][2] = {{1, 1}, {17, 10}, {96, 48}, {130, 70}, {75, 33}};
  for (int s = 0; s < 5; s++) cases_of(shapes[s][0], shapes[s][1], s);
  many_cases();
}

// Cases of the optimizers, and of sums of whole gradients.
#include <string.h>
#include "optimizers.h"

static void apply_sum(const kernel_update *update, const double *const *exact, const float *const *fast, int32_t count,
                      kernel_range elements) {
  kernel_apply_update(update, exact, fast, count, elements);
}

static const char *const names[] = {" sgd",  " sgd-decay",  " momentum", " momentum-decay", " nesterov",
                                    " adam", " adam-decay", " adamw",    " rmsprop",        " rmsprop-momentum",
                                    " lars", " lars-nesterov"};

const char *optimizer_name(int optimizer) { return optimizer < 0 ? "" : names[optimizer]; }

// SGD with momentum, of tensors of 48 elements, every third of which has no decay.
static kernel_update lars_case(kernel_update update, bool nesterov, ptrdiff_t parameters) {
  kernel_tensor_rate *rates = memory((parameters / 48 + 1) * (ptrdiff_t)sizeof *rates);
  uint32_t *tensors = memory(parameters / 16 * (ptrdiff_t)sizeof *tensors);
  for (uint32_t n = 0; n < parameters / 16; n++) {
    tensors[n] = n / 3;
    rates[n / 3] = (kernel_tensor_rate){n / 3 % 3 ? 0.01f : 0, 1.0f / (float)(1 + n / 3)};
  }
  update.kind = KERNEL_LARS;
  update.rates = rates;
  update.tensors = tensors;
  update.momentum = 0.9f;
  update.nesterov = nesterov;
  return update;
}

kernel_update optimizer_case(int optimizer, ptrdiff_t parameters) {
  kernel_update update = {.kind = optimizer >= 8   ? KERNEL_RMSPROP
                                  : optimizer >= 5 ? KERNEL_ADAM
                                                   : KERNEL_SGD,
                          .learning_rate = 0.05f};
  update.weights = inputs(PLAIN, 90, parameters);
  if (optimizer >= 2 && optimizer != 8) update.first = inputs(PLAIN, 91, parameters);
  if (optimizer == 1 || optimizer == 3 || optimizer >= 6) update.weight_decay = 0.01f;
  if (optimizer >= 10) return lars_case(update, optimizer == 11, parameters);
  if (optimizer < 5) {
    update.momentum = optimizer < 2 ? 0 : 0.9f;
    update.nesterov = optimizer == 4;
    return update;
  }
  update.second = inputs(PLAIN, 92, parameters);
  for (ptrdiff_t i = 0; i < parameters; i++) update.second[i] *= update.second[i];
  update.beta2 = 0.999f;
  update.one_minus_beta1 = 0.1f;
  update.one_minus_beta2 = 0.001f;
  update.epsilon = 1e-8f;
  update.correction1 = 0.271f;
  update.correction2 = 0.0547f;
  update.decoupled = optimizer == 7;
  if (optimizer == 9) update.momentum = 0.9f;
  return update;
}

void add_update(hash *hash, const kernel_update *update, ptrdiff_t parameters) {
  add_floats(hash, update->weights, parameters);
  if (update->first) add_floats(hash, update->first, parameters);
  if (update->second) add_floats(hash, update->second, parameters);
}

enum { COUNT = 528, GRADIENTS = 4 };

static void update_case(int optimizer, kind kind, int32_t count, bool exact) {
  hash h = begin_case();
  const kernel_update update = optimizer_case(optimizer, COUNT);
  const kernel_range parts[] = {{0, 16}, {16, 112}, {112, COUNT}};
  const float *fast[GRADIENTS];
  const double *doubles[GRADIENTS];
  for (int32_t n = 0; n < count; n++) {
    fast[n] = inputs(kind, 80 + (uint32_t)n, COUNT);
    double *wide = memory(COUNT * 8);
    for (ptrdiff_t i = 0; i < COUNT; i++)
      wide[i] = (double)fast[n][i] + 0x1p-42 * (double)(random_bits(7, (uint64_t)i) & 255);
    doubles[n] = wide;
  }
  for (int p = 0; p < 3; p++) {
    apply_sum(&update, exact ? doubles : NULL, exact ? NULL : fast, count, parts[p]);
  }
  add_update(&h, &update, COUNT);
  end_case(h, "apply_update%s %s %d %s", names[optimizer], kind_names[kind], count, exact ? "exact" : "fast");
}

static void squares_case(kind kind) {
  hash h = begin_case();
  const float *fast = inputs(kind, 81, COUNT);
  double *exact = outputs_in_double(COUNT);
  int32_t *integers = memory(COUNT * 4);
  float units[COUNT / 16];
  uint32_t tensors[COUNT / 16];
  for (ptrdiff_t i = 0; i < COUNT; i++) {
    exact[i] = (double)fast[i] + 0x1p-42 * (double)(random_bits(7, (uint64_t)i) & 255);
    integers[i] = (int32_t)(random_bits(8, (uint64_t)i) & 0xfffff) - 0x80000;
  }
  for (uint32_t n = 0; n < COUNT / 16; n++) units[n] = 1.0f / (float)(1u << n % 20), tensors[n] = n;
  const void *const all[] = {integers};
  const kernel_grid_gradients grid = {all, 1, 32, units, tensors};
  const kernel_range parts[] = {{0, 16}, {16, 112}, {0, COUNT}};
  for (int p = 0; p < 3; p++) {
    double *sums = outputs_in_double(3);
    sums[0] = kernel_sum_of_squares(exact, NULL, NULL, parts[p]);
    sums[1] = kernel_sum_of_squares(NULL, fast, NULL, parts[p]);
    sums[2] = kernel_sum_of_squares(NULL, NULL, &grid, parts[p]);
    add_doubles(&h, sums, 3);
  }
  end_case(h, "sum_of_squares %s", kind_names[kind]);
}

static void sum_case(kind kind, int32_t count) {
  hash h = begin_case();
  const float *fast[GRADIENTS];
  const double *doubles[GRADIENTS];
  for (int32_t n = 0; n < count; n++) {
    fast[n] = inputs(kind, 80 + (uint32_t)n, COUNT);
    double *wide = memory(COUNT * 8);
    for (ptrdiff_t i = 0; i < COUNT; i++) wide[i] = fast[n][i];
    doubles[n] = wide;
  }
  float *sum = outputs(COUNT);
  double *exact = outputs_in_double(COUNT);
  kernel_sum_fast(fast, count, sum, (kernel_range){32, COUNT});
  kernel_sum_exact(doubles, count, exact, (kernel_range){16, COUNT - 16});
  add_floats(&h, sum, COUNT);
  add_doubles(&h, exact, COUNT);
  end_case(h, "sum %s %d", kind_names[kind], count);
}

static void average_case(kind kind, float part) {
  hash h = begin_case();
  const float *weights = inputs(kind, 82, COUNT);
  float *average = inputs(kind, 83, COUNT);
  const kernel_range parts[] = {{0, 16}, {16, 112}, {128, COUNT}};
  for (int step = 0; step < 2; step++) {
    for (int p = 0; p < 3; p++) kernel_move_average(weights, average, part, parts[p]);
    add_floats(&h, average, COUNT);
  }
  end_case(h, "move_average %s %g", kind_names[kind], (double)part);
}

void update_cases(void) {
  for (int optimizer = 0; optimizer < ALL_OPTIMIZERS; optimizer++)
    for (kind kind = PLAIN; kind <= BROKEN; kind++)
      for (int exact = 0; exact < 2; exact++) {
        update_case(optimizer, kind, 1, exact);
        update_case(optimizer, kind, 3, exact);
      }
  for (kind kind = PLAIN; kind <= BROKEN; kind++) {
    sum_case(kind, 1);
    sum_case(kind, 4);
    squares_case(kind);
    average_case(kind, 0.001f);
    average_case(kind, 0.7f);
  }
}

// Optimizers. Each product and the sum that it goes into are rounded once (fused).
#pragma once
#include "vector.h"

// A step along g, the gradient with its weight decay, with or without momentum.
INLINE void descend16(const kernel_update *u, ptrdiff_t at, v16 w, v16 g) {
  if (u->first) {
    v16 v = fma16(splat16(u->momentum), load16(u->first + at), g);
    store16(u->first + at, v);
    g = u->nesterov ? fma16(splat16(u->momentum), v, g) : v;
  }
  store16(u->weights + at, fma16(splat16(-u->learning_rate), g, w));
}

INLINE void sgd16(const kernel_update *u, ptrdiff_t at, v16 g) {
  const v16 w = load16(u->weights + at);
  descend16(u, at, w, fma16(splat16(u->weight_decay), w, g));
}

INLINE void lars16(const kernel_update *u, ptrdiff_t at, v16 g) {
  const v16 w = load16(u->weights + at);
  const kernel_tensor_rate rate = u->rates[u->tensors[at / 16]];
  descend16(u, at, w, fma16(splat16(rate.decay), w, g) * splat16(rate.trust));
}

// Whether a gradient of 0 leaves the weights, and all else, as they are.
INLINE bool ignores_zero(const kernel_update *u) { return u->kind == KERNEL_SGD && !u->first && u->weight_decay == 0; }

INLINE void adam16(const kernel_update *u, ptrdiff_t at, v16 g) {
  v16 w = load16(u->weights + at), first = load16(u->first + at), second = load16(u->second + at);
  if (u->decoupled) w = w * splat16(1 - u->learning_rate * u->weight_decay);
  else g = fma16(splat16(u->weight_decay), w, g);
  first = fma16(splat16(u->one_minus_beta1), g - first, first);
  second = fma16(splat16(u->one_minus_beta2) * g, g, splat16(u->beta2) * second);
  store16(u->first + at, first);
  store16(u->second + at, second);
  v16 scale = sqrt16(second) / splat16(u->correction2) + splat16(u->epsilon);
  store16(u->weights + at, fma16(splat16(-u->learning_rate / u->correction1), first / scale, w));
}

INLINE void rmsprop16(const kernel_update *u, ptrdiff_t at, v16 g) {
  v16 w = load16(u->weights + at), second = load16(u->second + at);
  g = fma16(splat16(u->weight_decay), w, g);
  second = fma16(splat16(u->one_minus_beta2) * g, g, splat16(u->beta2) * second);
  store16(u->second + at, second);
  g = g / (sqrt16(second) + splat16(u->epsilon));
  if (u->first) {
    g = fma16(splat16(u->momentum), load16(u->first + at), g);
    store16(u->first + at, g);
  }
  store16(u->weights + at, fma16(splat16(-u->learning_rate), g, w));
}

// Updates the 16 parameters from `at` by their gradient.
INLINE void update16(const kernel_update *u, ptrdiff_t at, v16 g) {
  if (u->clips) g = g * splat16(u->clip);
  if (u->kind == KERNEL_SGD) sgd16(u, at, g);
  else if (u->kind == KERNEL_RMSPROP) rmsprop16(u, at, g);
  else if (u->kind == KERNEL_LARS) lars16(u, at, g);
  else adam16(u, at, g);
}

// The sum of 16 elements from `at` of `count` gradients, in their order.
INLINE v8d sum_of_doubles(const double *const *gradients, int32_t count, ptrdiff_t at) {
  v8d sum = load8d(gradients[0] + at);
  for (int32_t n = 1; n < count; n++) sum += load8d(gradients[n] + at);
  return sum;
}
INLINE v16 sum_of_floats(const float *const *gradients, int32_t count, ptrdiff_t at) {
  v16 sum = load16(gradients[0] + at);
  for (int32_t n = 1; n < count; n++) sum += load16(gradients[n] + at);
  return sum;
}

static void apply_update(const kernel_update *update, const double *const *exact, const float *const *fast,
                         int32_t count, kernel_range elements) {
  for (ptrdiff_t i = elements.begin; i < elements.end; i += 16)
    if (exact) update16(update, i, narrow(sum_of_doubles(exact, count, i), sum_of_doubles(exact, count, i + 8)));
    else update16(update, i, sum_of_floats(fast, count, i));
}

static void move_average(const float *weights, float *average, float part, kernel_range elements) {
  for (ptrdiff_t i = elements.begin; i < elements.end; i += 16) {
    const v16 old = load16(average + i);
    store16(average + i, fma16(splat16(part), load16(weights + i) - old, old));
  }
}

static void sum_exact(const double *const *gradients, int32_t count, double *to, kernel_range elements) {
  for (ptrdiff_t i = elements.begin; i < elements.end; i += 8) store8d(to + i, sum_of_doubles(gradients, count, i));
}

static void sum_fast(const float *const *gradients, int32_t count, float *to, kernel_range elements) {
  for (ptrdiff_t i = elements.begin; i < elements.end; i += 16) store16(to + i, sum_of_floats(gradients, count, i));
}

// 16 integers of either width.
INLINE v16i load_integers(const void *from, int32_t bits, ptrdiff_t at) {
  if (bits == 16) return __builtin_convertvector(*(const v16s_unaligned *)((const int16_t *)from + at), v16i);
  return *(const v16i_unaligned *)((const int32_t *)from + at);
}
INLINE void store_integers(void *to, int32_t bits, ptrdiff_t at, v16i v) {
  if (bits == 16) *(v16s_unaligned *)((int16_t *)to + at) = __builtin_convertvector(v, v16s);
  else *(v16i_unaligned *)((int32_t *)to + at) = v;
}

INLINE v16i sum_of_integers(const kernel_grid_gradients *gradients, ptrdiff_t at) {
  v16i sum = load_integers(gradients->integers[0], gradients->bits, at);
  for (int32_t n = 1; n < gradients->count; n++) sum += load_integers(gradients->integers[n], gradients->bits, at);
  return sum;
}

INLINE v16 grid_gradient(const kernel_grid_gradients *gradients, ptrdiff_t at) {
  const v16 unit = splat16(gradients->units[gradients->tensors[at / 16]]);
  return __builtin_convertvector(sum_of_integers(gradients, at), v16) * unit;
}

static void apply_grid_update(const kernel_update *update, kernel_grid_gradients gradients, kernel_range elements) {
  for (ptrdiff_t i = elements.begin; i < elements.end; i += 16) {
    update16(update, i, grid_gradient(&gradients, i));
  }
}

static void sum_grid(kernel_grid_gradients gradients, void *to, kernel_range elements) {
  for (ptrdiff_t i = elements.begin; i < elements.end; i += 16)
    store_integers(to, gradients.bits, i, sum_of_integers(&gradients, i));
}

// In sixteen lanes, which are folded in one order.
static double sum_of_squares(const double *exact, const float *fast, const kernel_grid_gradients *grid,
                             kernel_range elements) {
  v8d low = {0}, high = {0};
  for (ptrdiff_t i = elements.begin; i < elements.end; i += 16) {
    const v16 g = exact  ? narrow(load8d(exact + i), load8d(exact + i + 8))
                  : fast ? load16(fast + i)
                         : grid_gradient(grid, i);
    const v8d a = low_half(g), b = high_half(g);
    low += a * a;
    high += b * b;
  }
  return sum_of_halves(low, high);
}

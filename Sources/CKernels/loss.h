// Softmax and cross-entropy. The one sum that runs along the vectors' own index goes through eight fixed lanes and
// one fixed fold, whatever the instruction set.
#pragma once
#include "exponential.h"

// ln x for finite x >= 1, in double: x = 2^k m with m in [sqrt(1/2), sqrt(2)), then 2 atanh((m - 1) / (m + 1)), whose
// series in s^2 <= 0.03 is cut after nine terms.
INLINE double log_positive(double x) {
  uint64_t bits;
  memcpy(&bits, &x, 8);
  int k = (int)(bits >> 52) - 1023;
  bits = (bits & 0xfffffffffffffull) | 0x3ff0000000000000ull;
  double m;
  memcpy(&m, &bits, 8);
  if (m > 0x1.6a09e667f3bcdp0) m *= 0.5, k++;
  const double s = (m - 1) / (m + 1), z = s * s;
  double p = 1.0 / 17;
  for (int n = 15; n >= 1; n -= 2) p = __builtin_fma(p, z, 1.0 / n);
  return __builtin_fma(k, 0x1.62e42fefa39efp-1, 2 * s * p);
}

// Whether each of eight lanes from `at` is a class.
INLINE v8i is_class(ptrdiff_t at, ptrdiff_t classes) {
  const v8i lane = {0, 1, 2, 3, 4, 5, 6, 7};
  return lane < (int32_t)(classes - at < 8 ? classes - at : 8);
}

// Loads eight logits; lanes past the number of classes read as `fill`.
INLINE v8 load_logits(const float *z, ptrdiff_t at, ptrdiff_t classes, float fill) {
  v8 v = load8(z + at);
  return is_class(at, classes) ? v : splat8(fill);
}

INLINE float sum_of_lanes(v8 lanes) {
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

// The sum over the classes of z_c - max, each times its weight if there are weights.
INLINE float sum_below(const float *z, const float *weights, ptrdiff_t classes, float max) {
  v8 lanes = splat8(0);
  for (ptrdiff_t c = 0; c < classes; c += 8) {
    const v8 below = load_logits(z, c, classes, max) - max;
    lanes += weights ? load8(weights + c) * below : below;
  }
  return sum_of_lanes(lanes);
}

// What a row's labels count: one, or two of which the second is 0 in a batch that is not mixed.
typedef struct {
  int32_t label, other;
  float weight, other_weight;
} row_labels;

INLINE row_labels labels_of(const kernel_classification *b, ptrdiff_t row) {
  const int32_t label = b->labels[row];
  row_labels l = {label, label, b->weights ? b->weights[label] : 1, 0};
  if (!b->parts) return l;
  l.other = b->others[row];
  l.other_weight = b->parts[row] * (b->weights ? b->weights[l.other] : 1);
  l.weight *= 1 - b->parts[row];
  return l;
}

// Takes the targets from the gradient of a row, its softmax times scale and the sum of the targets.
INLINE void subtract_targets(const kernel_classification *b, row_labels l, float *dz) {
  if (b->smoothing > 0) {
    const v8 share = splat8(b->scale * (b->smoothing / (float)b->classes));
    for (ptrdiff_t c = 0; c < b->classes; c += 8) {
      const v8 part = b->weights ? load8(b->weights + c) * share : share;
      store8(dz + c, load8(dz + c) - (is_class(c, b->classes) ? part : splat8(0)));
    }
  }
  dz[l.label] -= b->scale * ((1 - b->smoothing) * l.weight);
  if (b->parts) dz[l.other] -= b->scale * ((1 - b->smoothing) * l.other_weight);
}

INLINE float softmax_row(const kernel_classification *b, const float *z, row_labels l, float *dz, uint8_t *hit) {
  const ptrdiff_t classes = b->classes, stride = b->stride;
  const float smoothing = b->smoothing, weight = l.weight + l.other_weight;
  // The sum of the targets: 1 without weights.
  const float all = b->weights ? (1 - smoothing) * weight + smoothing * (b->weight_sum / (float)classes) : 1;
  v8 largest = load_logits(z, 0, classes, -__builtin_inff());
  for (ptrdiff_t c = 8; c < classes; c += 8) {
    v8 v = load_logits(z, c, classes, -__builtin_inff());
    largest = v > largest ? v : largest;
  }
  float max = largest[0];
  for (int i = 1; i < 8; i++) max = largest[i] > max ? largest[i] : max;

  ptrdiff_t first = 0;
  while (first < classes - 1 && z[first] != max) first++;
  *hit = first == l.label;

  v8 lanes = splat8(0);
  for (ptrdiff_t c = 0; c < classes; c += 8) {
    v8 e = exp8(load_logits(z, c, classes, max) - max);
    e = is_class(c, classes) ? e : splat8(0);
    lanes += e;
    if (dz) store8(dz + c, e);
  }
  const float sum = sum_of_lanes(lanes);
  if (dz) {
    const v8 factor = splat8(b->scale * all / sum);
    for (ptrdiff_t c = 0; c < stride; c += 8) store8(dz + c, c < classes ? load8(dz + c) * factor : splat8(0));
    subtract_targets(b, l, dz);
  }
  // A NaN or infinite logit must not pass for a finite loss.
  if (!(max - max == 0) || !(sum >= 1)) return __builtin_nanf("");
  double target = (double)l.weight * ((double)z[l.label] - max);
  if (b->parts) target += (double)l.other_weight * ((double)z[l.other] - max);
  if (smoothing == 0) return (float)((double)all * log_positive(sum) - target);
  const double even = sum_below(z, b->weights, classes, max) / (double)classes;
  return (float)((double)all * log_positive(sum) - __builtin_fma(smoothing, even - target, target));
}

static void softmax_cross_entropy(const kernel_classification b, kernel_range rows) {
  for (ptrdiff_t r = rows.begin; r < rows.end; r++)
    b.losses[r] = softmax_row(&b, b.logits + r * b.stride, labels_of(&b, r),
                              b.dlogits ? b.dlogits + r * b.stride : NULL, b.hits + r);
}

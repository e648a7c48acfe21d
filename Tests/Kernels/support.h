// What the cases of the kernel driver share: numbers from a counter, memory that is guarded, and one hash a case.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What numbers are like. Each is a pure function of (kind, stream, index).
typedef enum {
  PLAIN,     // -1 ..< 1
  SPARSE,    // four fifths are 0, most of them side by side, as in an image
  ZERO,      // 0, and -0 now and then
  TINY,      // so small that products are denormal, or the numbers themselves
  WIDE,      // magnitudes from 2^-30 to 2^6
  LARGE,     // around 100
  INFINITE,  // PLAIN, and here and there an infinity
  BROKEN,    // PLAIN, and here and there NaN
} kind;

static const char *const kind_names[] = {"plain", "sparse", "zero", "tiny", "wide", "large", "infinite", "broken"};

float number(kind kind, uint32_t stream, uint64_t index);
uint64_t random_bits(uint32_t stream, uint64_t index);

// Memory for one case, 64-byte aligned, with a guard behind that holds 0 for inputs and a sentinel for outputs.
float *inputs(kind kind, uint32_t stream, ptrdiff_t count);
// [rows, stride] of which the columns from `width` on are 0.
float *matrix(kind kind, uint32_t stream, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t stride);
// Panels of weights, [(inputs + 1), 16] each; columns past `outputs` are 0.
float *panels_of(kind kind, uint32_t stream, ptrdiff_t inputs, ptrdiff_t outputs);
float *outputs(ptrdiff_t count);
double *outputs_in_double(ptrdiff_t count);
void *memory(ptrdiff_t bytes);

// A hash over what is put into it. NaN counts as one value: its sign and payload are no part of the numerical contract,
// and differ between x86 (which makes negative ones) and Arm (positive ones), and by which operand an instruction takes
// it from.
typedef struct hash {
  uint64_t state;
} hash;

// With the guard behind them.
void add_floats(hash *hash, const float *x, ptrdiff_t count);
void add_doubles(hash *hash, const double *x, ptrdiff_t count);
// 32 bits each, whatever they mean.
void add_words(hash *hash, const void *x, ptrdiff_t count);
void add_integer(hash *hash, uint64_t x);

// Begins a case: frees the memory of the one before.
hash begin_case(void);
// Its name begins with the kernel and the kind of its numbers: those that have both in common make one hash.
__attribute__((format(printf, 2, 3))) void end_case(hash hash, const char *name, ...);
void print_groups(void);
// Prints a line a case instead, to see which of them has changed.
extern bool prints_every_case;

void dense_cases(void);
void dense_gradient_cases(void);
void grid_cases(void);
void convolution_cases(void);
void pooling_cases(void);
void normalization_cases(void);
void elementwise_cases(void);
void update_cases(void);

static inline ptrdiff_t padded16(ptrdiff_t n) { return (n + 15) / 16 * 16; }

#include "support.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Under AddressSanitizer nothing may touch a guard, not even to read it, but what fills it and what hashes it.
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define close_guard __asan_poison_memory_region
#define open_guard __asan_unpoison_memory_region
#else
#define close_guard(p, bytes) ((void)0)
#define open_guard(p, bytes) ((void)0)
#endif

enum { GUARD = 64, MOST_BLOCKS = 256, MOST_GROUPS = 512 };

static void *blocks[MOST_BLOCKS];
static int block_count;

// SplitMix64 of a counter.
uint64_t random_bits(uint32_t stream, uint64_t index) {
  uint64_t z = (index + 1) * 0x9e3779b97f4a7c15 + ((uint64_t)stream << 32 | 0x5eed);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

float number(kind kind, uint32_t stream, uint64_t index) {
  const uint64_t bits = random_bits(stream, index);
  const float plain = (float)(int32_t)(bits >> 40) * 0x1p-23f - 1;
  const uint32_t choice = bits & 0xffff;
  switch (kind) {
    case PLAIN: return plain;
    case SPARSE: return random_bits(stream ^ 0xabcd, index / 24) % 4 != 0 || choice % 5 == 0 ? 0 : plain;
    case ZERO: return choice % 7 == 0 ? -0.0f : 0;
    case TINY: return plain * (choice % 3 == 0 ? 0x1p-140f : 0x1p-70f);
    case WIDE: return ldexpf(plain, (int)(choice % 37) - 30);
    case LARGE: return plain * 100;
    case INFINITE: return choice % 251 == 0 ? (choice % 2 ? INFINITY : -INFINITY) : plain;
    case BROKEN: return choice % 251 == 0 ? NAN : plain;
  }
  return 0;
}

void *memory(ptrdiff_t bytes) {
  if (block_count == MOST_BLOCKS) abort();
  const size_t size = ((size_t)bytes + 63) / 64 * 64 + GUARD * sizeof(double);
  void *block = aligned_alloc(64, size);
  if (!block) abort();
  memset(block, 0, size);
  close_guard((char *)block + bytes, size - (size_t)bytes);
  return blocks[block_count++] = block;
}

float *inputs(kind kind, uint32_t stream, ptrdiff_t count) {
  float *x = memory(count * 4);
  for (ptrdiff_t i = 0; i < count; i++) x[i] = number(kind, stream, (uint64_t)i);
  return x;
}

float *matrix(kind kind, uint32_t stream, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t stride) {
  float *x = inputs(kind, stream, rows * stride);
  for (ptrdiff_t r = 0; r < rows; r++) memset(x + r * stride + width, 0, (size_t)(stride - width) * 4);
  return x;
}

float *panels_of(kind kind, uint32_t stream, ptrdiff_t inputs_count, ptrdiff_t outputs_count) {
  const ptrdiff_t panels = padded16(outputs_count) / 16;
  float *w = inputs(kind, stream, panels * (inputs_count + 1) * 16);
  for (ptrdiff_t i = 0; i < panels * (inputs_count + 1) * 16; i++)
    if (i / ((inputs_count + 1) * 16) * 16 + i % 16 >= outputs_count) w[i] = 0;
  return w;
}

float *outputs(ptrdiff_t count) {
  float *y = memory(count * 4);
  open_guard(y + count, GUARD * sizeof *y);
  for (ptrdiff_t i = 0; i < count + GUARD; i++) y[i] = -12345.678f;
  close_guard(y + count, GUARD * sizeof *y);
  return y;
}

double *outputs_in_double(ptrdiff_t count) {
  double *y = memory(count * 8);
  open_guard(y + count, GUARD * sizeof *y);
  for (ptrdiff_t i = 0; i < count + GUARD; i++) y[i] = -12345.678;
  close_guard(y + count, GUARD * sizeof *y);
  return y;
}

// FNV-1a, eight bytes at a time.
void add_integer(hash *hash, uint64_t x) { hash->state = (hash->state ^ x) * 0x100000001b3 ^ hash->state >> 29; }

void add_floats(hash *hash, const float *x, ptrdiff_t count) {
  open_guard(x + count, GUARD * sizeof *x);
  for (ptrdiff_t i = 0; i < count + GUARD; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, 4);
    add_integer(hash, isnan(x[i]) ? 0x7fc00000 : bits);
  }
}

void add_words(hash *hash, const void *x, ptrdiff_t count) {
  const uint32_t *words = x;
  open_guard(words + count, GUARD * sizeof *words);
  for (ptrdiff_t i = 0; i < count + GUARD; i++) add_integer(hash, words[i]);
}

void add_doubles(hash *hash, const double *x, ptrdiff_t count) {
  open_guard(x + count, GUARD * sizeof *x);
  for (ptrdiff_t i = 0; i < count + GUARD; i++) {
    uint64_t bits;
    memcpy(&bits, x + i, 8);
    add_integer(hash, isnan(x[i]) ? 0x7ff8000000000000 : bits);
  }
}

hash begin_case(void) {
  while (block_count > 0) free(blocks[--block_count]);
  return (hash){0xcbf29ce484222325};
}

bool prints_every_case;

// The kernels' cases on one kind of numbers, in the order in which they came up.
static struct {
  char name[80];
  hash hash;
} groups[MOST_GROUPS];
static int group_count;

void end_case(hash hash, const char *name, ...) {
  char text[160];
  va_list arguments;
  va_start(arguments, name);
  vsnprintf(text, sizeof text, name, arguments);
  va_end(arguments);
  if (prints_every_case) printf("%s %016llx\n", text, (unsigned long long)hash.state);
  // The kernel and the kind of its numbers.
  const char *kind = strchr(text, ' ');
  const size_t length = kind ? strcspn(kind + 1, " ") + (size_t)(kind + 1 - text) : strlen(text);
  int g = 0;
  while (g < group_count && (strncmp(groups[g].name, text, length) != 0 || groups[g].name[length] != 0)) g++;
  if (g == MOST_GROUPS || length >= sizeof groups->name) abort();
  if (g == group_count) {
    memcpy(groups[group_count++].name, text, length);
    groups[g].hash = (struct hash){0xcbf29ce484222325};
  }
  add_integer(&groups[g].hash, hash.state);
}

void print_groups(void) {
  for (int g = 0; g < group_count && !prints_every_case; g++)
    printf("%s %016llx\n", groups[g].name, (unsigned long long)groups[g].hash.state);
}

// Picks the build of the kernels for this CPU, once, and passes every call on to it.
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include "table.h"

static _Atomic(const kernel_table *) chosen;

static const kernel_table *table_named(const char *name) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
  if (avx512 && (!name || !strcmp(name, "avx512"))) return &kernel_table_avx512;
  if (avx2 && (!name || !strcmp(name, "avx2"))) return &kernel_table_avx2;
#endif
  return !name || !strcmp(name, "portable") ? &kernel_table_portable : NULL;
}

static const kernel_table *table(void) {
  const kernel_table *t = atomic_load_explicit(&chosen, memory_order_acquire);
  if (t) return t;
  t = table_named(getenv("LOCKSTEP_ISA"));
  if (!t) t = table_named(NULL);
  atomic_store_explicit(&chosen, t, memory_order_release);
  return t;
}

const char *kernel_isa(void) { return table()->name; }

bool kernel_has_isa(const char *name) { return table_named(name) != NULL; }

bool kernel_select_isa(const char *name) {
  const kernel_table *t = table_named(name);
  if (t) atomic_store_explicit(&chosen, t, memory_order_release);
  return t != NULL;
}

#define KERNEL(RESULT, NAME, PARAMETERS, ARGUMENTS) \
  RESULT kernel_##NAME PARAMETERS { return table()->NAME ARGUMENTS; }
#include "kernels.def"

bool kernel_release_memory(void) {
#if defined(__GLIBC__)
  return malloc_trim(0) == 1;
#else
  return false;
#endif
}

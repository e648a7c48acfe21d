// Runs every kernel on numbers from a counter and prints a hash of what it wrote for each kind of numbers.
//
//     driver [avx512 | avx2 | portable] [--every-case]
//
// Exit status 64 where this CPU cannot run that build. scripts/test-arm64 compares the lines with those in golden.txt:
// they are the same for every build, architecture and compiler.
#include <stdio.h>
#include <string.h>
#include "CKernels.h"
#include "support.h"

int main(int argc, char **argv) {
  if (argc > 1 && !kernel_select_isa(argv[1])) {
    fprintf(stderr, "driver: this CPU has no build named %s\n", argv[1]);
    return 64;
  }
  prints_every_case = argc > 2 && !strcmp(argv[2], "--every-case");
  dense_cases();
  dense_gradient_cases();
  grid_cases();
  convolution_cases();
  pooling_cases();
  normalization_cases();
  elementwise_cases();
  update_cases();
  print_groups();
  return fflush(stdout) == 0 ? 0 : 1;
}

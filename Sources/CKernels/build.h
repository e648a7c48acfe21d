// One build of all kernels: the file that includes this has set the target, BUILD (its name), and the register tile
// where it is not the usual one (tuning.h).
#pragma once
#include "activation.h"
#include "average_pooling.h"
#include "batch_normalization.h"
#include "convolution.h"
#include "convolution_gradient.h"
#include "convolution_input_gradient.h"
#include "dense.h"
#include "dense_gradient.h"
#include "dense_input_gradient.h"
#include "dropout.h"
#include "elementwise.h"
#include "gelu.h"
#include "leakyrelu.h"
#include "loss.h"
#include "normalization.h"
#include "peak.h"
#include "pooling.h"
#include "silu.h"
#include "table.h"

// The most stack of a kernel, doubled because compilers may give branches separate memory. scripts/test-kernels checks
// the compiler's figures.
_Static_assert(2 * (sizeof(row_lists) + TILES_AT_ONCE * sizeof(waiting_tile)) < KERNEL_STACK_BYTES, "threads' stacks");
_Static_assert(2 * LISTS_AT_ONCE * sizeof(input_list) < KERNEL_STACK_BYTES, "threads' stacks");
_Static_assert(2 * (2 * MOST_COPIED + 17 * GROUP) * sizeof(float) < KERNEL_STACK_BYTES, "threads' stacks");

#ifndef BUILD
#define BUILD portable
#endif
#define JOIN(a, b) a##b
#define TABLE(build) JOIN(kernel_table_, build)
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const kernel_table TABLE(BUILD) = {
    .name = TEXT(BUILD),
#define KERNEL(RESULT, NAME, PARAMETERS, ARGUMENTS) .NAME = NAME,
#include "kernels.def"
#undef KERNEL
};

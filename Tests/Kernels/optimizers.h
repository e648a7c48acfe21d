// The optimizers of the cases.
#pragma once
#include "CKernels.h"
#include "support.h"

// Those that kernels of gradients are tried with, and all, which differ in the update alone.
enum { OPTIMIZERS = 8, ALL_OPTIMIZERS = 12 };

// Update number `optimizer` of so many parameters, with weights and moments of its own.
kernel_update optimizer_case(int optimizer, ptrdiff_t parameters);
// "" for -1.
const char *optimizer_name(int optimizer);
// Weights and moments after the update.
void add_update(hash *hash, const kernel_update *update, ptrdiff_t parameters);

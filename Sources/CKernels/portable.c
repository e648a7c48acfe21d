// The build for the target's baseline. On 64-bit Arm that has fused multiply-adds and 32 registers of 4 floats; on
// x86-64 it has none, and each becomes a call: correct but slow.
#define BUILD portable
#include "build.h"

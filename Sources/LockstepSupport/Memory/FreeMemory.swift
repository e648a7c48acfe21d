import CKernels

/// Gives memory that was freed back to the system. glibc keeps it, each thread's apart, so that a process which builds
/// and drops networks again and again grows, though little of it is in use. Returns whether there was any to give.
@discardableResult
package func releaseFreeMemory() -> Bool { kernel_release_memory() }

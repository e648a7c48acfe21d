import PlatformC

extension SharedMemory {
  /// Zeroed memory of this process alone.
  ///
  /// - Throws: LockstepError (.failure) if the system grants none.
  package static func ofThisProcess(byteCount: Int) throws -> SharedMemory {
    let size = max(byteCount, 1)
    let address = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    let reason = errno
    guard let address, address != MAP_FAILED else {
      throw LockstepError(
        .failure, "memory", expected: "\(size) bytes for the dataset",
        found: String(cString: strerror(reason)),
        fix: "Raise the limit (ulimit -v), or gunzip the files: raw ones are mapped where memory is short")
    }
    #if canImport(Glibc)
      // Fewer page faults at start-up, and fewer TLB misses when samples are read in random order.
      madvise(address, size, MADV_HUGEPAGE)
    #endif
    return SharedMemory(bytes: UnsafeMutableRawBufferPointer(start: address, count: byteCount)) {
      munmap(address, size)
    }
  }
}

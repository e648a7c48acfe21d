import PlatformC

/// Ends the process with status 64 and a message where `ulimit -v` leaves too little to start with: Swift ends it with
/// SIGABRT at the first allocation that fails.
///
/// What follows allocates nothing. To be called first.
package func requireLeastMemory() {
  let size = 12 << 20
  let place = mmap(nil, size, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0)
  guard place == MAP_FAILED else {
    munmap(place, size)
    return
  }
  let message: StaticString =
    "lockstep: memory: expected 12 MB of address space beside the program, found less. Raise the limit (ulimit -v)\n"
  _ = write(2, message.utf8Start, message.utf8CodeUnitCount)
  _exit(64)
}

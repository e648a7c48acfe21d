import LockstepSupport
import PlatformC
import Synchronization

/// Handles SIGBUS, which the system sends if bytes of a mapped file are gone: truncated by another process, or lost
/// with its disk. No Swift code can continue from there, so the handler ends the process, with a message that names the
/// file and status 65.
enum MappedFileFault {
  private struct Region {
    var start: UInt
    var end: UInt
    var message: UnsafeMutableRawBufferPointer
  }

  private static let capacity = 8
  nonisolated(unsafe) private static let regions: UnsafeMutablePointer<Region> = {
    let regions = UnsafeMutablePointer<Region>.allocate(capacity: capacity)
    regions.initialize(
      repeating: Region(start: 0, end: 0, message: .init(start: nil, count: 0)), count: capacity)
    return regions
  }()
  nonisolated(unsafe) private static var former = sigaction()
  nonisolated(unsafe) private static var isInstalled = false

  /// Zero until someone has reported. Threads and a node's ranks meet the same fault, and one message is enough.
  nonisolated(unsafe) private static var reported = {
    let own = UnsafeMutablePointer<Atomic<Int>>.allocate(capacity: 1)
    own.initialize(to: Atomic(0))
    return own
  }()

  /// Keeps the memory of `reported` alive.
  nonisolated(unsafe) private static var memory: SharedMemory?

  /// Makes the node's ranks report once, through at least 8 zeroed bytes.
  static func share(_ memory: SharedMemory) {
    reported = memory.bytes.baseAddress!.assumingMemoryBound(to: Atomic<Int>.self)
    self.memory = memory
  }

  /// Call on the main thread, as `forget`. Files beyond `capacity` are left to the system.
  static func watch(_ bytes: UnsafeRawBufferPointer, path: String) {
    install()
    guard let free = (0..<capacity).first(where: { regions[$0].start == 0 }) else { return }
    let error = LockstepError(
      .data, path, expected: "the \(bytes.count) bytes that the run began with",
      found: "a part that is no longer there: the file was cut off meanwhile, or its disk fails",
      fix: "Put the whole file back and go on with --resume, or start again")
    let text = Array("lockstep: \(error)\n".utf8)
    let message = UnsafeMutableRawBufferPointer.allocate(byteCount: text.count, alignment: 1)
    message.copyBytes(from: text)
    let start = UInt(bitPattern: bytes.baseAddress!)
    regions[free] = Region(start: start, end: start + UInt(bytes.count), message: message)
  }

  static func forget(_ bytes: UnsafeRawBufferPointer) {
    let start = UInt(bitPattern: bytes.baseAddress!)
    guard let index = (0..<capacity).first(where: { regions[$0].start == start }) else { return }
    regions[index].start = 0
    regions[index].end = 0
    regions[index].message.deallocate()
  }

  private static func install() {
    guard !isInstalled else { return }
    isInstalled = true
    _ = reported  // initialises the static, which a signal handler must not
    handle(SIGBUS, by: handler, former: &former)
  }

  /// Async-signal-safe: uses an atomic, write, sleep, _exit and sigaction only.
  private static let handler: SignalHandler = { number, info, _ in
    #if canImport(Darwin)
      let address = UInt(bitPattern: info?.pointee.si_addr)
    #else
      let address = UInt(bitPattern: info?.pointee._sifields._sigfault.si_addr)
    #endif
    for index in 0..<capacity where regions[index].start <= address && address < regions[index].end {
      if reported.pointee.exchange(1, ordering: .relaxed) == 0 {
        let message = regions[index].message
        _ = write(2, message.baseAddress, message.count)
      } else {
        // Another rank or thread is reporting: ending now could cut it off.
        sleep(2)
      }
      _exit(LockstepError.Kind.data.rawValue)
    }
    pass(number, info, to: &former)
  }
}

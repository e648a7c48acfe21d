import PlatformC

/// Memory that the ranks of a node share: a file that all of them map. It is unlinked while still empty, so that
/// nothing is left behind however the job ends, and its bytes are reserved before use, because writing to a page that a
/// full directory cannot provide kills the process (SIGBUS).
package final class SharedSegment {
  /// The same memory on every rank of the node, at its own address; zeroed, on a page's boundary.
  package let bytes: UnsafeMutableRawBufferPointer

  /// No directory had room.
  package struct Shortage: Error {
    package let byteCount: Int
    /// The room in each directory, and why the last attempt failed.
    package let found: String
  }

  private init(_ address: UnsafeMutableRawPointer, _ byteCount: Int) {
    bytes = UnsafeMutableRawBufferPointer(start: address, count: byteCount)
  }

  deinit { munmap(bytes.baseAddress!, bytes.count) }

  /// Throws `Shortage` on all ranks of the node alike. Collective over `node`, with the same byte count on each rank.
  package static func make(byteCount: Int, node: Communicator) throws -> SharedSegment {
    let byteCount = max(byteCount, 1)
    guard node.size > 1 else {
      guard let memory = map(byteCount, file: -1) else {
        throw Shortage(byteCount: byteCount, found: systemError(errno))
      }
      return memory
    }
    let all = node.rank == 0 ? SharedMemoryDirectory.candidates(ranks: node.size) : []
    let fitting = all.filter { $0.room >= byteCount }
    var reason = ""
    for turn in 0..<Int(try node.broadcast([UInt8(fitting.count)], from: 0)[0]) {
      let (memory, code) = try attempt(
        in: node.rank == 0 ? fitting[turn].path : nil, byteCount: byteCount, node: node)
      if let memory { return memory }
      reason = "; \(systemError(code))"
    }
    let found = all.map { "\($0.room) bytes in \($0.path)" }.joined(separator: ", ") + reason
    throw Shortage(
      byteCount: byteCount,
      found: String(decoding: try node.broadcast(Array(found.utf8), from: 0), as: UTF8.self))
  }

  /// nil and the error code on all ranks if any of them failed. Rank 0 passes the directory.
  private static func attempt(
    in directory: String?, byteCount: Int, node: Communicator
  ) throws -> (SharedSegment?, Int32) {
    // Two jobs reserving at once could each get only part of the room, and both would fail.
    let lock = directory.map { DirectoryLock($0) }
    let name = directory.map {
      "\($0)/lockstep-\(geteuid())-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
    }
    let path = String(decoding: try node.broadcast(Array((name ?? "").utf8), from: 0), as: UTF8.self)
    /// 0, or the first rank's error.
    func agree(_ succeeded: Bool) throws -> Int32 {
      let code = succeeded ? 0 : max(errno, 1)
      return Int32(try node.allGather(UInt64(code)).first { $0 != 0 } ?? 0)
    }
    var file: Int32 = -1
    defer { if file >= 0 { close(file) } }
    if name != nil { file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
    var code = try agree(name == nil || file >= 0)
    if code != 0 { return (nil, code) }
    if name == nil { file = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC) }
    code = try agree(file >= 0)
    if name != nil { unlink(path) }
    if code != 0 { return (nil, code) }
    // Each rank reserves its share, which is then allocated in the memory nearest to it.
    let (rank, ranks) = (node.rank, node.size)
    code = try agree(reserve(file, from: byteCount * rank / ranks, to: byteCount * (rank + 1) / ranks))
    withExtendedLifetime(lock) {}
    if code != 0 { return (nil, code) }
    let memory = map(byteCount, file: file)
    code = try agree(memory != nil)
    return (code == 0 ? memory : nil, code)
  }

  /// False, with `errno` set, if the file system or a limit refuses.
  private static func reserve(_ file: Int32, from start: Int, to end: Int) -> Bool {
    guard end > start else { return true }
    guard end <= SharedMemoryDirectory.fileSizeLimit else {
      errno = EFBIG
      return false
    }
    #if canImport(Glibc)
      var code: Int32
      repeat { code = posix_fallocate(file, off_t(start), off_t(end - start)) } while code == EINTR
      errno = code
      return code == 0
    #else
      return ftruncate(file, off_t(end)) == 0
    #endif
  }

  /// nil, with `errno` set, if the system refuses.
  private static func map(_ byteCount: Int, file: Int32) -> SharedSegment? {
    #if canImport(Glibc)
      let anonymous = MAP_ANONYMOUS
    #else
      let anonymous = MAP_ANON
    #endif
    let flags = file < 0 ? MAP_PRIVATE | anonymous : MAP_SHARED
    guard let address = mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, file, 0), address != MAP_FAILED
    else { return nil }
    return SharedSegment(address, byteCount)
  }

  private static func systemError(_ code: Int32) -> String { String(cString: strerror(code)) }
}

/// Keeps other jobs from reserving memory in a directory at the same moment.
private final class DirectoryLock {
  private let file: Int32

  /// Waits for five seconds at most, then proceeds without the lock: a holder that takes longer is stuck.
  init(_ path: String) {
    file = open(path, O_RDONLY | O_CLOEXEC)
    for _ in 0..<500 where file >= 0 {
      guard flock(file, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK || errno == EINTR else { return }
      usleep(10_000)
    }
  }

  deinit { if file >= 0 { close(file) } }
}

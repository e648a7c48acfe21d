import CMPI
import PlatformC

/// A directory for files that the ranks of a node map as shared memory.
package struct SharedMemoryDirectory: Equatable, Sendable {
  package let path: String
  /// The bytes that may be used.
  package let room: Int

  package init(path: String, room: Int) {
    self.path = path
    self.room = room
  }

  private static let usual = "/dev/shm"

  /// The directories to try in turn: the one that `MPILibrary.sharedMemoryVariable` names; else /dev/shm, then the
  /// temporary directory if it has more room and is local. At least one.
  package static func candidates(ranks: Int) -> [SharedMemoryDirectory] {
    if let named = environment(MPILibrary.current.sharedMemoryVariable) {
      return [SharedMemoryDirectory(path: named, room: room(in: named, ranks: ranks))]
    }
    let first = SharedMemoryDirectory(path: usual, room: room(in: usual, ranks: ranks))
    let fallback = environment("TMPDIR") ?? "/tmp"
    guard isOnThisMachine(fallback) else { return [first] }
    return order(first, SharedMemoryDirectory(path: fallback, room: room(in: fallback, ranks: ranks)))
  }

  /// The fallback is used only if it has more room.
  package static func order(
    _ first: SharedMemoryDirectory, _ fallback: SharedMemoryDirectory
  ) -> [SharedMemoryDirectory] {
    fallback.room > first.room ? [first, fallback] : [first]
  }

  /// The most bytes of a file that this process may write: beyond, it gets a signal instead of an error.
  static var fileSizeLimit: Int {
    var limit = rlimit()
    #if canImport(Glibc)
      let code = getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    #else
      let code = getrlimit(RLIMIT_FSIZE, &limit)
    #endif
    return code == 0 ? Int(clamping: limit.rlim_cur) : .max
  }

  /// 0 unless it is a directory that this process may write to.
  private static func room(in path: String, ranks: Int) -> Int {
    var status = statvfs()
    guard access(path, W_OK | X_OK) == 0, statvfs(path, &status) == 0 else { return 0 }
    let free = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue
    return max(min(Int(clamping: free) - reserve(in: path, ranks: ranks), fileSizeLimit), 0)
  }

  /// Room left for others: the library's own segments, 4 MB a rank, allocate pages on first use, and a full directory
  /// would then kill the ranks.
  private static func reserve(in path: String, ranks: Int) -> Int {
    let theirs = environment("OMPI_MCA_btl_vader_backing_directory") ?? usual
    return device(of: path) == device(of: theirs) ? ranks << 22 : 1 << 16
  }

  private static func device(of path: String) -> dev_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_dev : nil
  }

  /// False for known network file systems, where a mapped file need not be coherent between ranks.
  private static func isOnThisMachine(_ path: String) -> Bool {
    // NFS, SMB, CIFS, SMB2, FUSE, Lustre, GPFS, AFS, Ceph, BeeGFS, 9p, OrangeFS, Coda.
    let networks: Set<UInt32> = [
      0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x6573_5546, 0x0BD0_0BD0, 0x4750_4653, 0x5346_414F,
      0x00C3_6400,
      0x1983_0326, 0x0102_1997, 0x2003_0528, 0x7375_7245,
    ]
    return !networks.contains(UInt32(truncatingIfNeeded: cmpi_file_system(path)))
  }
}

/// nil if it is unset or empty.
func environment(_ name: String) -> String? {
  guard let value = getenv(name), value[0] != 0 else { return nil }
  return String(cString: value)
}

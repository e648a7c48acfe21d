import LockstepSupport
import PlatformC

/// A file mapped into memory, read-only, for as long as this object lives: for data too large to copy. Ranks of a node
/// that map the same file share its pages. Writes of other processes become visible, which `requireUnchanged` detects;
/// if the file is truncated, `MappedFileFault` ends the process.
final class MappedFile: @unchecked Sendable {
  let file: DataFile
  let bytes: UnsafeRawBufferPointer
  /// Changed only by `requireUnchanged`, between steps.
  private var identity: DataFile.Identity

  /// - Throws: LockstepError (.failure) if the system refuses.
  init(_ file: DataFile) throws {
    self.file = file
    identity = file.identity
    // mmap refuses an empty range.
    guard file.count > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    let address = mmap(nil, file.count, PROT_READ, MAP_SHARED, file.descriptor, 0)
    let reason = errno
    guard let address, address != MAP_FAILED else {
      throw LockstepError(
        .failure, file.path, expected: "to map its \(file.count) bytes",
        found: String(cString: strerror(reason)),
        fix: "Raise the limit on memory (ulimit -v), or take a smaller dataset")
    }
    bytes = UnsafeRawBufferPointer(start: address, count: file.count)
    MappedFileFault.watch(bytes, path: file.path)
  }

  deinit {
    guard let address = bytes.baseAddress else { return }
    MappedFileFault.forget(bytes)
    munmap(UnsafeMutableRawPointer(mutating: address), bytes.count)
  }

  /// If only the times have changed (a rename, another mode, but also a write whose time was reset), `isSame` decides,
  /// which reads the data again.
  ///
  /// - Throws: LockstepError (.data) naming the file.
  func requireUnchanged(isSame: () -> Bool) throws {
    let now = try file.currentIdentity()
    guard now != identity else { return }
    guard now.hasSameContents(as: file.identity), isSame() else {
      throw LockstepError(
        .data, file.path, expected: "the bytes that the run began with",
        found: now.size == file.count
          ? "it has been written to since" : "\(now.size) bytes now, of \(file.count) then",
        fix:
          "Put the old file back and go on with --resume from the last checkpoint, or start anew with another "
          + "--output")
    }
    identity = now
  }
}

/// The files of a dataset that a rank has mapped.
final class MappedFiles: Sendable {
  private let files: [MappedFile]

  init(_ files: [MappedFile]) { self.files = files }

  func requireUnchanged(isSame: () -> Bool) throws {
    for file in files { try file.requireUnchanged(isSame: isSame) }
  }

  /// Identifies the files and their versions: equal for ranks that have mapped the same files.
  var identity: UInt64 {
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    for file in files {
      let identity = file.file.identity
      for word in [
        identity.device, identity.inode, UInt64(identity.size),
        UInt64(bitPattern: Int64(identity.modified.seconds)), UInt64(identity.modified.nanoseconds),
      ] {
        digest = (digest ^ word) &* 0x100_0000_01B3
        digest ^= digest >> 29
      }
    }
    return digest
  }
}

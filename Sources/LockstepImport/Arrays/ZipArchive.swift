import CZip
import LockstepSupport

/// A zip archive, by libzip. One thread at a time.
package final class ZipArchive {
  package let path: String
  private let archive: OpaquePointer
  /// The bytes of one in memory, which libzip reads from.
  private let memory: UnsafeMutableRawBufferPointer?

  /// The names of its entries, in their order.
  package private(set) var names: [String] = []

  /// The most entries: an archive of arrays has a few.
  private static let mostEntries = 10_000

  /// - Throws: LockstepError (.data) unless it is a sound archive, as far as its directory tells.
  package init(path: String) throws {
    (self.path, memory) = (path, nil)
    // Refuses what is no regular file before libzip could wait for it.
    _ = try FileStream(path: path)
    var code: Int32 = 0
    guard let archive = zip_open(path, Int32(ZIP_RDONLY) | Int32(ZIP_CHECKCONS), &code) else {
      throw Self.damaged(path, Self.text(code))
    }
    self.archive = archive
    try list()
  }

  /// An archive in memory; `path` is for messages. Throws as above.
  package init(bytes: [UInt8], path: String) throws {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 16)
    memory.copyBytes(from: bytes)
    (self.path, self.memory) = (path, memory)
    var error = zip_error_t()
    let source = zip_source_buffer_create(memory.baseAddress, zip_uint64_t(bytes.count), 0, &error)
    guard let source,
      let archive = zip_open_from_source(source, Int32(ZIP_RDONLY) | Int32(ZIP_CHECKCONS), &error)
    else {
      if let source { zip_source_free(source) }
      memory.deallocate()
      throw Self.damaged(path, Self.text(error.zip_err))
    }
    self.archive = archive
    try list()
  }

  deinit {
    zip_discard(archive)
    memory?.deallocate()
  }

  private func list() throws {
    let count = zip_get_num_entries(archive, 0)
    guard 0...Int64(Self.mostEntries) ~= count else { throw Self.damaged(path, "\(count) entries") }
    names = (0..<UInt64(count)).map { zip_get_name(archive, $0, 0).map { String(cString: $0) } ?? "" }
  }

  /// The bytes of an entry as its directory promises.
  ///
  /// - Throws: LockstepError (.data) where a promise cannot be kept: deflate inflates 1032:1 at most.
  func size(of entry: Int) throws -> Int {
    var status = zip_stat_t()
    zip_stat_init(&status)
    guard zip_stat_index(archive, UInt64(entry), 0, &status) == 0, status.size < 1 << 48 else {
      throw Self.damaged(path, "no size of \(names[entry])")
    }
    guard [0, 8].contains(status.comp_method) else {
      throw Self.damaged(path, "\(names[entry]) compressed in a way that numpy does not use")
    }
    guard status.comp_method != 8 || status.size / 1032 <= status.comp_size else {
      throw Self.damaged(path, "\(names[entry]) of \(status.size) bytes in \(status.comp_size)")
    }
    return Int(status.size)
  }

  /// The bytes of an entry, whose checksum is compared at its end.
  func stream(of entry: Int) throws -> any ByteStream {
    guard let file = zip_fopen_index(archive, UInt64(entry), 0) else {
      throw Self.damaged("\(path): \(names[entry])", String(cString: zip_strerror(archive)))
    }
    return Entry(file, archive: self, size: try size(of: entry), name: "\(path): \(names[entry])")
  }

  private final class Entry: ByteStream {
    private let file: OpaquePointer
    private let archive: ZipArchive
    private let name: String
    /// Bytes that are still to come.
    private var left: Int

    init(_ file: OpaquePointer, archive: ZipArchive, size: Int, name: String) {
      (self.file, self.archive, left, self.name) = (file, archive, size, name)
    }

    deinit { zip_fclose(file) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
      var filled = 0
      while filled < buffer.count {
        let got = Int(zip_fread(file, buffer.baseAddress! + filled, zip_uint64_t(buffer.count - filled)))
        guard got >= 0 else { throw ZipArchive.damaged(name, String(cString: zip_file_strerror(file))) }
        if got == 0 { break }
        filled += got
      }
      left -= filled
      if left == 0 { try requireEnd() }
      return filled
    }

    /// libzip compares the checksum when it is asked for more than there is.
    private func requireEnd() throws {
      left = -1
      var surplus: UInt8 = 0
      let got = zip_fread(file, &surplus, 1)
      guard got == 0 else {
        throw ZipArchive.damaged(
          name, got < 0 ? String(cString: zip_file_strerror(file)) : "more than it promises")
      }
    }
  }

  fileprivate static func damaged(_ subject: String, _ reason: String) -> LockstepError {
    LockstepError(
      .data, subject, expected: "a sound zip archive, such as numpy's .npz", found: reason,
      fix: "Fetch or save it again")
  }

  private static func text(_ code: Int32) -> String {
    var error = zip_error_t()
    zip_error_init_with_code(&error, code)
    defer { zip_error_fini(&error) }
    return String(cString: zip_error_strerror(&error))
  }
}

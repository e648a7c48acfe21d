import LockstepSupport

/// An IDX file, raw or gzip, whose header has been read and matches its size. The first two bytes decide between raw
/// and gzip, not the name.
package struct IDXFile {
  package let path: String
  package let header: IDXHeader
  package let isCompressed: Bool
  private let source: any ByteSource

  /// Opens the file and reads its header; only the header of a gzip file is inflated.
  ///
  /// - Throws: LockstepError (.data).
  package init(path: String) throws {
    try self.init(try DataFile(path: path), path: path)
  }

  /// Reads the header of a file that is in memory already; `path` is for messages.
  ///
  /// - Throws: LockstepError (.data).
  package init(contents: [UInt8], path: String) throws {
    try self.init(MemoryBytes(contents), path: path)
  }

  private init(_ source: any ByteSource, path: String) throws {
    self.path = path
    self.source = source
    (header, isCompressed) = try withUnsafeTemporaryAllocation(
      byteCount: IDXHeader.maximumByteCount, alignment: 1
    ) { buffer in
      let start = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(source.count))
      try source.read(into: start, at: 0)
      guard GzipReader.recognizes(start) else {
        return (try IDXHeader(parsing: .init(start), path: path), false)
      }
      let count = try GzipReader(source, path: path).read(into: buffer)
      return (try IDXHeader(parsing: .init(rebasing: buffer[..<count]), path: path), true)
    }
    guard isCompressed else {
      guard header.fileByteCount == source.count else {
        throw header.mismatch(payload: source.count - header.byteCount, path: path)
      }
      return
    }
    // Refuses a header that promises more than the file can hold, before allocating memory for it.
    guard header.fileByteCount / GzipReader.maximumRatio <= source.count else {
      throw header.mismatch(
        found: "\(source.count) bytes of gzip, which cannot hold that many", path: path)
    }
  }

  /// Maps a raw file without a copy; nil if it is compressed or not a file.
  func map() throws -> (table: SampleTable, file: MappedFile)? {
    guard !isCompressed, let file = source as? DataFile else { return nil }
    let mapped = try MappedFile(file)
    let payload = UnsafeRawBufferPointer(rebasing: mapped.bytes[header.byteCount...])
    return (SampleTable(header: header, bytes: payload, owner: mapped), mapped)
  }

  /// Writes the elements to `destination`, of `header.payloadByteCount` bytes: inflated in one pass, or read.
  ///
  /// - Throws: LockstepError (.data) for a damaged gzip file, one that holds more or less than its header says, or one
  ///   that changes meanwhile.
  package func readPayload(into destination: UnsafeMutableRawBufferPointer) throws {
    precondition(destination.count == header.payloadByteCount)
    if isCompressed {
      try inflatePayload(into: destination)
    } else {
      try source.read(into: destination, at: header.byteCount)
    }
    try source.requireUnchanged()
  }

  private func inflatePayload(into destination: UnsafeMutableRawBufferPointer) throws {
    let reader = try GzipReader(source, path: path)
    try skipHeader(reader)
    let found = try reader.read(into: destination)
    guard found == destination.count else {
      throw header.mismatch(payload: found, inflated: true, path: path)
    }
    // One byte more: there must be none, and reaching the end makes zlib check the CRC.
    let surplus = try withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { try reader.read(into: $0) }
    guard surplus == 0 else { throw try tooMuch(found + 1, reader) }
  }

  /// Inflates a file whose header promises over 64 times its size once without storing it, before allocating memory:
  /// deflate can reach 1032:1, but such a header is more often damaged or hostile than true.
  ///
  /// - Throws: LockstepError (.data) as `readPayload` would.
  package func checkPromise() throws {
    guard isCompressed, header.fileByteCount / 64 > source.count else { return }
    let reader = try GzipReader(source, path: path)
    try skipHeader(reader)
    var found = 0
    try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 64) { chunk in
      var count = chunk.count
      while count == chunk.count, found <= header.payloadByteCount {
        count = try reader.read(into: chunk)
        found += count
      }
    }
    if found > header.payloadByteCount { throw try tooMuch(found, reader) }
    guard found == header.payloadByteCount else {
      throw header.mismatch(payload: found, inflated: true, path: path)
    }
  }

  private func skipHeader(_ reader: GzipReader) throws {
    try withUnsafeTemporaryAllocation(byteCount: header.byteCount, alignment: 1) {
      _ = try reader.read(into: $0)
    }
  }

  /// The error for a file that holds more than the `found` bytes read so far, with its true size unless finding that
  /// takes too long.
  private func tooMuch(_ found: Int, _ reader: GzipReader) throws -> LockstepError {
    let most = 16 * min(header.payloadByteCount, 1 << 56) + 1 << 16
    var found = found
    let isWhole = try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 64) { chunk in
      while found <= most {
        let count = try reader.read(into: chunk)
        found += count
        if count < chunk.count { return true }
      }
      return false
    }
    return isWhole
      ? header.mismatch(payload: found, inflated: true, path: path)
      : header.mismatch(found: "over \(header.byteCount + most) bytes (inflated)", path: path)
  }

  /// The file's elements in memory of this process alone.
  ///
  /// - Throws: LockstepError (.data).
  package func table() throws -> SampleTable {
    try checkPromise()
    let storage = ByteStorage(byteCount: header.payloadByteCount)
    try readPayload(into: storage.mutableBytes)
    return SampleTable(header: header, bytes: storage.bytes, owner: storage)
  }
}

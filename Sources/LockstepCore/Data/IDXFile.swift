/// An IDX file, raw or gzip, whose header has been read and found to match its size. The first two bytes tell
/// raw from gzip, not the name.
package struct IDXFile {
  public let path: String
  public let header: IDXHeader
  public let isCompressed: Bool

  /// The file as it stands on disk, and the object that keeps it in memory.
  private let contents: UnsafeRawBufferPointer
  private let owner: AnyObject

  /// Maps the file and reads its header; of a gzip file, no more than the header is inflated.
  ///
  /// - Throws: LockstepError (.data).
  public init(path: String) throws {
    let file = try MappedFile(path: path)
    try self.init(contents: file.bytes, owner: file, path: path)
  }

  /// Reads the header of a file that is in memory already; `path` is for messages.
  ///
  /// - Throws: LockstepError (.data).
  public init(contents: [UInt8], path: String) throws {
    let storage = ByteStorage(contents)
    try self.init(contents: storage.bytes, owner: storage, path: path)
  }

  private init(contents: UnsafeRawBufferPointer, owner: AnyObject, path: String) throws {
    self.path = path
    self.contents = contents
    self.owner = owner
    isCompressed = GzipReader.recognizes(contents)
    if isCompressed {
      header = try Self.inflateHeader(contents, path: path)
      try Self.requirePlausibleSize(header, compressed: contents.count, path: path)
    } else {
      header = try IDXHeader(parsing: contents, path: path)
      try Self.requireSize(header, found: contents.count, path: path)
    }
  }

  /// The elements in place, for a raw file; nil for a compressed one.
  public var rawTable: SampleTable? {
    guard !isCompressed else { return nil }
    return SampleTable(
      header: header, bytes: .init(rebasing: contents[header.byteCount...]), owner: owner)
  }

  /// Writes the elements to `destination`, of `header.payloadByteCount` bytes: inflated in one pass, or copied.
  ///
  /// - Throws: LockstepError (.data) for a damaged gzip file or one that holds more or less than its header says.
  public func readPayload(into destination: UnsafeMutableRawBufferPointer) throws {
    precondition(destination.count == header.payloadByteCount)
    guard isCompressed else {
      return destination.copyMemory(from: .init(rebasing: contents[header.byteCount...]))
    }
    let reader = try GzipReader(contents, path: path)
    try withUnsafeTemporaryAllocation(byteCount: header.byteCount, alignment: 1) {
      _ = try reader.read(into: $0)
    }
    let found = try reader.read(into: destination)
    guard found == destination.count else {
      throw Self.wrongSize(header, found: "\(header.byteCount + found) bytes (inflated)", path: path)
    }
    // One byte more: there must be none, and reaching the end makes zlib check the CRC.
    let surplus = try withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { try reader.read(into: $0) }
    guard surplus == 0 else {
      throw Self.wrongSize(header, found: "more (inflated)", path: path)
    }
  }

  /// Inflates a file whose header promises over 64 times its size into nothing, before memory is set aside for
  /// it: deflate can do 1032:1, but a damaged or hostile header claims it more often than images reach it.
  ///
  /// - Throws: LockstepError (.data) as `readPayload` would.
  public func checkPromise() throws {
    guard isCompressed, header.fileByteCount / 64 > contents.count else { return }
    let reader = try GzipReader(contents, path: path)
    let found = try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 64) { chunk in
      var found = 0
      while found <= header.fileByteCount {
        let count = try reader.read(into: chunk)
        found += count
        if count < chunk.count { break }
      }
      return found
    }
    guard found == header.fileByteCount else {
      let amount = found > header.fileByteCount ? "more" : "\(found) bytes"
      throw Self.wrongSize(header, found: "\(amount) (inflated)", path: path)
    }
  }

  /// The file's elements in memory of their own: what a process without others needs.
  ///
  /// - Throws: LockstepError (.data).
  public func table() throws -> SampleTable {
    if let rawTable { return rawTable }
    try checkPromise()
    let storage = ByteStorage(byteCount: header.payloadByteCount)
    try readPayload(into: storage.mutableBytes)
    return SampleTable(header: header, bytes: storage.bytes, owner: storage)
  }

  private static func inflateHeader(_ contents: UnsafeRawBufferPointer, path: String) throws -> IDXHeader {
    try withUnsafeTemporaryAllocation(byteCount: IDXHeader.maximumByteCount, alignment: 1) { buffer in
      let count = try GzipReader(contents, path: path).read(into: buffer)
      return try IDXHeader(parsing: .init(rebasing: buffer[..<count]), path: path)
    }
  }

  private static func requireSize(_ header: IDXHeader, found: Int, path: String) throws {
    guard found != header.fileByteCount else { return }
    throw wrongSize(header, found: "\(found) bytes", path: path)
  }

  /// Stops a header that promises more than the file can hold before memory is set aside for it.
  private static func requirePlausibleSize(_ header: IDXHeader, compressed: Int, path: String) throws {
    guard header.fileByteCount / GzipReader.maximumRatio > compressed else { return }
    throw wrongSize(header, found: "\(compressed) bytes of gzip, which cannot hold that many", path: path)
  }

  private static func wrongSize(_ header: IDXHeader, found: String, path: String) -> LockstepError {
    LockstepError(
      .data, path,
      expected: "\(header.fileByteCount) bytes for \(header.dimensions) elements of type \(header.element)",
      found: found, fix: IDXHeader.downloadAgain)
  }
}

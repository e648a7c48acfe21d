import LockstepData
import LockstepSupport

/// An array of numbers in a file, of which the first dimension counts the samples.
package struct NumberArray {
  /// For messages: the file, with the entry of an archive.
  let name: String
  package let type: NumberType
  /// [60000, 28, 28]: at least one dimension.
  let shape: [Int]
  /// Opens the numbers, from the first on.
  private let open: () throws -> any ByteStream

  /// Of a sample, which must fit into memory.
  private static let mostNumbers = 1 << 26

  package var count: Int { shape[0] }
  /// Numbers of a sample.
  package var rowCount: Int { shape.dropFirst().reduce(1, *) }

  /// `byteCount` is what the file holds, its header included.
  ///
  /// - Throws: LockstepError (.data) unless it is a .npy file with as many numbers as its header says.
  package init(numpy name: String, byteCount: Int, open: @escaping () throws -> any ByteStream) throws {
    let header = try NumpyHeader(reading: open(), path: name)
    let needed = header.byteCount + header.shape.reduce(header.type.size, *)
    guard needed == byteCount else {
      throw LockstepError(
        .data, name, expected: "\(needed) bytes for an array of \(header.shape)", found: "\(byteCount)",
        fix: "Fetch or save it again")
    }
    guard !header.shape.isEmpty, !header.shape.contains(0) else {
      throw LockstepError(
        .data, name, expected: "at least one sample", found: "the dimensions \(header.shape)",
        fix: "Save it with samples")
    }
    guard header.shape.dropFirst().reduce(1, { $0 * Double($1) }) <= Double(Self.mostNumbers) else {
      throw LockstepError(
        .data, name, expected: "samples of at most \(Self.mostNumbers) numbers",
        found: "the dimensions \(header.shape)", fix: "The first dimension counts the samples: reshape it")
    }
    (self.name, type, shape) = (name, header.type, header.shape)
    self.open = {
      let stream = try open()
      _ = try NumpyHeader(reading: stream, path: name)
      return stream
    }
  }

  /// Those of an IDX file.
  init(_ table: SampleTable, name: String) {
    (self.name, type, shape) = (name, NumberType(table.element), [table.count] + table.shape)
    open = { TableStream(table) }
  }

  package func reader() throws -> Reader { Reader(stream: try open(), type: type, name: name) }

  /// Reads numbers from first to last.
  package final class Reader {
    private let stream: any ByteStream
    private let type: NumberType
    private let name: String
    private var bytes: [UInt8] = []

    init(stream: any ByteStream, type: NumberType, name: String) {
      (self.stream, self.type, self.name) = (stream, type, name)
    }

    /// The next numbers.
    ///
    /// - Throws: LockstepError (.data) where there are fewer.
    package func read(_ count: Int) throws -> [Float] {
      try nextBytes(count)
      return [Float](unsafeUninitializedCapacity: count) { numbers, filled in
        bytes.withUnsafeBytes { type.convert($0, to: .init(rebasing: numbers[..<count])) }
        filled = count
      }
    }

    /// The next numbers as they lie in the file.
    func readBytes(_ count: Int) throws -> [UInt8] {
      try nextBytes(count)
      return bytes
    }

    private func nextBytes(_ count: Int) throws {
      if bytes.count != count * type.size { bytes = .init(repeating: 0, count: count * type.size) }
      let got = try bytes.withUnsafeMutableBytes { try stream.read(into: $0) }
      guard got == bytes.count else {
        throw LockstepError(
          .data, name, expected: "as many numbers as its header says", found: "the end before them",
          fix: "Fetch or save it again")
      }
    }
  }

  private final class TableStream: ByteStream {
    private let table: SampleTable
    private var offset = 0
    init(_ table: SampleTable) { self.table = table }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
      let count = min(buffer.count, table.bytes.count - offset)
      buffer.copyMemory(from: .init(rebasing: table.bytes[offset..<offset + count]))
      offset += count
      return count
    }
  }
}

import Foundation
import LockstepSupport

extension Safetensors {
  /// Reads a file. Throws `LockstepError` (data) naming the path if anything violates the format.
  public init(path: String) throws {
    try self.init(bytes: try readFile(path, limit: 1 << 36, kind: .data), path: path)
  }

  /// As above, for the file's bytes; `path` is for messages.
  public init(bytes: [UInt8], path: String) throws {
    let reader = Reader(bytes: bytes, path: path)
    let (header, dataStart) = try reader.header()
    metadata = header.metadata ?? [:]
    tensors = []
    var offset = 0
    for (name, entry) in header.entries.sorted(by: {
      ($0.entry.dataOffsets.first ?? 0, $0.name) < ($1.entry.dataOffsets.first ?? 0, $1.name)
    }) {
      let values = try reader.values(of: name, entry, dataStart: dataStart, offset: offset)
      tensors.append(Tensor(name: name, shape: entry.shape, values: values))
      offset += 4 * values.count
    }
    let dataCount = bytes.count - dataStart
    guard offset == dataCount else { throw reader.failure("\(offset) bytes of tensors", "\(dataCount)") }
  }

  /// The bytes of a file that may violate the format anywhere.
  private struct Reader {
    let bytes: [UInt8]
    let path: String

    func failure(_ expected: String, _ found: String) -> LockstepError {
      LockstepError(
        .data, path, expected: expected, found: found, fix: "Give a model.safetensors that Lockstep wrote")
    }

    /// The header, and where the tensors' bytes begin.
    func header() throws -> (Header, dataStart: Int) {
      guard bytes.count >= 8 else { throw failure("a safetensors file", "\(bytes.count) bytes") }
      let length = bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
      guard length <= 100_000_000, length <= bytes.count - 8 else {
        throw failure("a header within the file", "a header of \(length) bytes in a file of \(bytes.count)")
      }
      let dataStart = 8 + Int(length)
      let shape = JSONShape(bytes[8..<dataStart])
      guard shape.longestName <= Safetensors.longestName else {
        throw failure("names of at most \(Safetensors.longestName) bytes", "a longer one")
      }
      let header: Header
      do {
        header = try decodeJSON(Header.self, from: bytes[8..<dataStart])
      } catch {
        throw failure("a safetensors header in JSON", "\(error)")
      }
      // JSONDecoder ignores duplicate names but does not report them.
      guard shape.memberCount == header.memberCount else {
        throw failure(
          "a header that names everything once", "a name given twice, or one that the format has not")
      }
      return (header, dataStart)
    }

    /// The values of a tensor that must begin at byte `offset` of the tensors'.
    func values(of name: String, _ entry: Entry, dataStart: Int, offset: Int) throws -> [Float] {
      let dataCount = bytes.count - dataStart
      guard entry.dtype == "F32" else { throw failure("tensors of F32", "\(name) of \(entry.dtype)") }
      var count = 1
      for size in entry.shape {
        let (product, overflow) = count.multipliedReportingOverflow(by: size)
        guard size >= 0, !overflow, product <= dataCount else {
          throw failure("\(name) within the file", "shape \(entry.shape)")
        }
        count = product
      }
      guard entry.dataOffsets.count == 2, entry.dataOffsets[0] == offset,
        entry.dataOffsets[1] == offset + 4 * count,
        offset + 4 * count <= dataCount
      else {
        throw failure("\(name) of shape \(entry.shape) at byte \(offset)", "offsets \(entry.dataOffsets)")
      }
      return bytes.withUnsafeBytes { raw in
        (0..<count).map {
          let place = dataStart + offset + 4 * $0
          return Float(
            bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
        }
      }
    }
  }
}

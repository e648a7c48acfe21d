import Foundation
import LockstepSupport

extension Safetensors {
  /// Reads a file. Throws `LockstepError` (data) naming the path if anything violates the format.
  public init(path: String) throws {
    try self.init(bytes: try readFile(path, limit: 1 << 36, kind: .data), path: path)
  }

  /// As above, for the file's bytes; `path` is for messages. `converts` reads other programs' files too: floats of
  /// other sizes become F32, rounded, and tensors of integers are left out.
  public init(bytes: [UInt8], path: String, converts: Bool = false) throws {
    let reader = Reader(bytes: bytes, path: path, isForeign: converts)
    let (header, dataStart) = try reader.header()
    metadata = header.metadata ?? [:]
    tensors = []
    var offset = 0
    for (name, entry) in header.entries.sorted(by: {
      ($0.entry.dataOffsets.first ?? 0, $0.name) < ($1.entry.dataOffsets.first ?? 0, $1.name)
    }) {
      guard let type = ElementType(rawValue: entry.dtype), converts || type == .float32 else {
        throw reader.failure("tensors of F32", "\(name) of \(entry.dtype)")
      }
      let count = try reader.count(of: name, entry, type, offset: offset, dataCount: bytes.count - dataStart)
      if type.isFloat {
        let start = dataStart + offset
        let values = bytes.withUnsafeBytes { raw in
          (0..<count).map { type.value(raw, at: start + type.byteCount * $0) }
        }
        tensors.append(Tensor(name: name, shape: entry.shape, values: values))
      }
      offset += type.byteCount * count
    }
    let dataCount = bytes.count - dataStart
    guard offset == dataCount else { throw reader.failure("\(offset) bytes of tensors", "\(dataCount)") }
  }

  /// The bytes of a file that may violate the format anywhere.
  private struct Reader {
    let bytes: [UInt8]
    let path: String
    let isForeign: Bool

    func failure(_ expected: String, _ found: String) -> LockstepError {
      LockstepError(
        .data, path, expected: expected, found: found,
        fix: isForeign
          ? "In Python, safetensors.torch.save_file(model.state_dict(), FILE) writes one"
          : "Give a model.safetensors that Lockstep wrote")
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

    /// The number of values of a tensor that must begin at byte `offset` of the tensors' `dataCount` bytes.
    func count(of name: String, _ entry: Entry, _ type: ElementType, offset: Int, dataCount: Int) throws
      -> Int
    {
      var count = 1
      for size in entry.shape {
        let (product, overflow) = count.multipliedReportingOverflow(by: size)
        guard size >= 0, !overflow, product <= dataCount else {
          throw failure("\(name) within the file", "shape \(entry.shape)")
        }
        count = product
      }
      let end = offset + type.byteCount * count
      guard entry.dataOffsets == [offset, end], end <= dataCount else {
        throw failure("\(name) of shape \(entry.shape) at byte \(offset)", "offsets \(entry.dataOffsets)")
      }
      return count
    }
  }
}

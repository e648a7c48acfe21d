import LockstepSupport
import LockstepTraining

extension Checkpoint {
  /// The bytes of the file. Its checksum is the CRC-32 of all bytes, with zeros in place of the checksum. Throws
  /// `LockstepError` (data) for a tensor whose values do not fit its shape.
  public func serialized() throws -> [UInt8] {
    var metadata = try metadata()
    metadata[Self.checksumKey] = Self.noChecksum
    var bytes = try Safetensors(metadata: metadata, tensors: tensors).serialized()
    guard let place = Self.checksumPlace(in: bytes) else { preconditionFailure("the key is in the header") }
    bytes.replaceSubrange(place, with: Self.checksum(of: bytes).utf8)
    return bytes
  }

  /// Reads a file's bytes; `path` is for messages. Throws `LockstepError` (data) if they are damaged or not a
  /// checkpoint.
  public init(bytes: [UInt8], path: String) throws {
    func failure(_ expected: String, _ found: String) -> LockstepError {
      LockstepError(.data, path, expected: expected, found: found, fix: "The file is damaged: remove it")
    }
    guard let place = Self.checksumPlace(in: bytes) else {
      throw failure("a checkpoint that Lockstep wrote", "\(bytes.count) bytes without a checksum")
    }
    let (stored, actual) = Self.checksums(of: bytes, place)
    guard stored == actual else { throw failure("content of checksum \(stored)", actual) }
    let file = try Safetensors(bytes: bytes, path: path)
    try self.init(metadata: file.metadata, tensors: file.tensors, path: path)
  }

  /// Whether the bytes are an undamaged checkpoint, perhaps of another version.
  static func isSound(_ bytes: [UInt8]) -> Bool {
    guard let place = checksumPlace(in: bytes) else { return false }
    let (stored, actual) = checksums(of: bytes, place)
    return stored == actual
  }

  private static func checksums(of bytes: [UInt8], _ place: Range<Int>) -> (stored: String, actual: String) {
    var blank = bytes
    blank.replaceSubrange(place, with: noChecksum.utf8)
    return (String(decoding: bytes[place], as: UTF8.self), checksum(of: blank))
  }

  private static let checksumKey = "lockstep.checkpoint"
  private static let noChecksum = "00000000"

  /// The range of the checksum: after the header's first key, whose name sorts before all others.
  private static func checksumPlace(in bytes: [UInt8]) -> Range<Int>? {
    let opening = Array("{\"__metadata__\":{\"\(checksumKey)\":\"".utf8)
    let start = 8 + opening.count
    guard bytes.count >= start + noChecksum.count, bytes[8..<start].elementsEqual(opening) else { return nil }
    return start..<start + noChecksum.count
  }

  private static func checksum(of bytes: [UInt8]) -> String {
    let sum = bytes.withUnsafeBytes { Checksum.crc($0, after: 0) }
    return String(UInt64(sum).hexadecimal.suffix(8))
  }
}

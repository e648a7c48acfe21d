/// The fields of a message of Protocol Buffers, read again without knowing their types.
struct ProtobufFields {
  enum Value: Equatable {
    case integer(Int)
    case bytes([UInt8])
    case fixed32(UInt32)
  }
  private(set) var all: [(field: Int, value: Value)] = []

  /// nil if the bytes are no message.
  init?(_ bytes: [UInt8]) {
    var rest = bytes[...]
    func varint() -> UInt64? {
      var (value, shift) = (UInt64(0), UInt64(0))
      while let byte = rest.popFirst(), shift < 64 {
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 { return value }
        shift += 7
      }
      return nil
    }
    while !rest.isEmpty {
      guard let tag = varint() else { return nil }
      let value: Value
      switch tag & 7 {
      case 0:
        guard let integer = varint() else { return nil }
        value = .integer(Int(Int64(bitPattern: integer)))
      case 2:
        guard let length = varint(), length <= rest.count else { return nil }
        value = .bytes(Array(rest.prefix(Int(length))))
        rest.removeFirst(Int(length))
      case 5:
        guard rest.count >= 4 else { return nil }
        value = .fixed32(rest.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) })
        rest.removeFirst(4)
      default: return nil
      }
      all.append((Int(tag >> 3), value))
    }
  }

  func integers(_ field: Int) -> [Int] {
    all.compactMap { if $0.field == field, case .integer(let value) = $0.value { value } else { nil } }
  }

  func bytes(_ field: Int) -> [[UInt8]] {
    all.compactMap { if $0.field == field, case .bytes(let value) = $0.value { value } else { nil } }
  }

  func texts(_ field: Int) -> [String] { bytes(field).map { String(decoding: $0, as: UTF8.self) } }

  /// Those that can be read as messages.
  func messages(_ field: Int) -> [ProtobufFields] { bytes(field).compactMap(ProtobufFields.init) }
}

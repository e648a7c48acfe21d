/// A message of Protocol Buffers as it is written, field by field (protobuf.dev/programming-guides/encoding): a tag,
/// which is the field's number and how its value is written, then the value. Only what ONNX and TensorBoard take is
/// here.
package struct ProtobufMessage: Equatable {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// With the fields that the body adds.
  package init(_ fill: (inout ProtobufMessage) -> Void) { fill(&self) }

  /// How a value is written.
  private enum WireType: UInt64 {
    case varint = 0
    case fixed64 = 1
    case bytes = 2
    case fixed32 = 5
  }

  /// Negative numbers, as int64 has them, take ten bytes.
  package mutating func add(_ field: Int, _ value: Int) {
    addTag(field, .varint)
    addVarint(UInt64(bitPattern: Int64(value)))
  }

  package mutating func add(_ field: Int, _ value: Float) {
    addTag(field, .fixed32)
    addFixed(value)
  }

  package mutating func add(_ field: Int, _ value: Double) {
    addTag(field, .fixed64)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  package mutating func add(_ field: Int, _ text: String) { addBytes(field, Array(text.utf8)) }

  package mutating func add(_ field: Int, _ message: ProtobufMessage) { addBytes(field, message.bytes) }

  /// The numbers' bytes, little-endian and with nothing between them: what ONNX calls raw data.
  package mutating func add(_ field: Int, raw values: [Float]) {
    addTag(field, .bytes)
    addVarint(UInt64(4 * values.count))
    bytes.reserveCapacity(bytes.count + 4 * values.count)
    for value in values { addFixed(value) }
  }

  private mutating func addBytes(_ field: Int, _ value: [UInt8]) {
    addTag(field, .bytes)
    addVarint(UInt64(value.count))
    bytes += value
  }

  private mutating func addTag(_ field: Int, _ type: WireType) {
    addVarint(UInt64(field) << 3 | type.rawValue)
  }

  /// Seven bits a byte, the lowest first; the eighth says that more follow.
  private mutating func addVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func addFixed(_ value: Float) {
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }
}

/// The type of the elements of an IDX file. The raw value is the third byte of the file.
public enum IDXElement: UInt8, Sendable, CaseIterable {
  case uint8 = 0x08
  case int8 = 0x09
  case int16 = 0x0B
  case int32 = 0x0C
  case float32 = 0x0D
  case float64 = 0x0E

  /// The bytes of one element.
  public var byteCount: Int {
    switch self {
    case .uint8, .int8: 1
    case .int16: 2
    case .int32, .float32: 4
    case .float64: 8
    }
  }

  /// Whether it is an integer type.
  public var isInteger: Bool {
    switch self {
    case .uint8, .int8, .int16, .int32: true
    case .float32, .float64: false
    }
  }
}

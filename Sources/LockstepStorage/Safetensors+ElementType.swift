extension Safetensors {
  /// The numbers that other programs write, by the format's names for them.
  package enum ElementType: String {
    case float32 = "F32"
    case float64 = "F64"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int64 = "I64"
    case uint64 = "U64"
    case int32 = "I32"
    case uint32 = "U32"
    case int16 = "I16"
    case uint16 = "U16"
    case int8 = "I8"
    case uint8 = "U8"
    case bool = "BOOL"

    var byteCount: Int {
      switch self {
      case .float64, .int64, .uint64: 8
      case .float32, .int32, .uint32: 4
      case .float16, .bfloat16, .int16, .uint16: 2
      case .int8, .uint8, .bool: 1
      }
    }

    /// Integers count something (PyTorch's `num_batches_tracked`), and are no weights.
    var isFloat: Bool { [.float32, .float64, .float16, .bfloat16].contains(self) }

    /// The number at a byte, rounded to Float; 0 for an integer.
    func value(_ bytes: UnsafeRawBufferPointer, at place: Int) -> Float {
      switch self {
      case .float32:
        Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
      case .float64:
        Float(
          Double(
            bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)))
        )
      case .float16:
        Self.half(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt16.self)))
      case .bfloat16:
        Float(
          bitPattern: UInt32(
            UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt16.self)))
            << 16)
      default: 0
      }
    }

    /// IEEE 754's binary16: a sign, 5 bits of exponent, 10 of significand. Exact. (Swift's Float16 is not everywhere.)
    package static func half(_ bits: UInt16) -> Float {
      let (exponent, fraction) = (Int(bits >> 10 & 31), Float(bits & 1023))
      let magnitude: Float =
        switch exponent {
        case 0: fraction * 0x1p-24
        case 31: fraction == 0 ? .infinity : .nan
        default: Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction * 0x1p-10)
        }
      return bits >> 15 == 1 ? -magnitude : magnitude
    }
  }
}

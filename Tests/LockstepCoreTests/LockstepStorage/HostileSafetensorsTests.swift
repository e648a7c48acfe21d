import LockstepCore
import Testing

/// Damaged and hostile files are refused with an error, or are harmless; they never crash or allocate what they
/// promise.
@Suite struct HostileSafetensorsTests {
  private static let bytes = try! SafetensorsTests.tiny.serialized()

  @Test func everyTruncationIsRefused() {
    for count in 0..<Self.bytes.count {
      expectDataError("f", []) { try Safetensors(bytes: Array(Self.bytes[..<count]), path: "f") }
    }
  }

  @Test func everyAppendedByteIsRefused() {
    expectDataError("f", ["bytes of tensors"]) { try Safetensors(bytes: Self.bytes + [0], path: "f") }
  }

  /// A flipped bit of the header is an error, or changes a name, a metadata value or padding; never the number of
  /// values.
  @Test func everyFlippedBitOfTheHeader() throws {
    let headerEnd = 8 + Int(Self.bytes[0]) + 256 * Int(Self.bytes[1])
    let good = try Safetensors(bytes: Self.bytes, path: "f")
    var accepted = 0
    for bit in 0..<headerEnd * 8 {
      var bytes = Self.bytes
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      do {
        let file = try Safetensors(bytes: bytes, path: "f")
        accepted += 1
        #expect(file.tensors.flatMap(\.values) == good.tensors.flatMap(\.values), "bit \(bit)")
      } catch {
        #expect((error as? LockstepError)?.kind == .data, "bit \(bit)")
      }
    }
    // Names and values are free text, and so are two thirds of their flipped bits.
    #expect(accepted > 100 && accepted < headerEnd * 4)
  }

  struct Hostile: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var header: String
    var dataCount = 8
  }

  private static func entry(_ name: String, _ shape: String, _ offsets: String, dtype: String = "F32")
    -> String
  {
    #""\#(name)":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}"#
  }

  static let hostile = [
    Hostile(
      testDescription: "overlap", header: "{\(entry("a", "[2]", "[0,8]")),\(entry("b", "[1]", "[4,8]"))}"),
    Hostile(
      testDescription: "hole", header: "{\(entry("a", "[1]", "[0,4]")),\(entry("b", "[1]", "[8,12]"))}",
      dataCount: 12),
    Hostile(testDescription: "hole before", header: "{\(entry("a", "[1]", "[4,8]"))}"),
    Hostile(testDescription: "hole after", header: "{\(entry("a", "[1]", "[0,4]"))}"),
    Hostile(testDescription: "shape and offsets differ", header: "{\(entry("a", "[3]", "[0,8]"))}"),
    Hostile(
      testDescription: "shape overflows to 2",
      header: "{\(entry("a", "[9223372036854775807,9223372036854775806]", "[0,8]"))}"),
    Hostile(
      testDescription: "shape overflows to 0", header: "{\(entry("a", "[4294967296,4294967296]", "[0,0]"))}",
      dataCount: 0),
    Hostile(testDescription: "negative shape", header: "{\(entry("a", "[-2]", "[0,-8]"))}", dataCount: 0),
    Hostile(testDescription: "two negative sizes", header: "{\(entry("a", "[-1,-2]", "[0,8]"))}"),
    Hostile(testDescription: "negative offset", header: "{\(entry("a", "[2]", "[-8,0]"))}"),
    Hostile(testDescription: "backwards", header: "{\(entry("a", "[2]", "[8,0]"))}"),
    Hostile(testDescription: "beyond the file", header: "{\(entry("a", "[3]", "[0,12]"))}"),
    Hostile(testDescription: "huge offsets", header: "{\(entry("a", "[2]", "[0,9223372036854775807]"))}"),
    Hostile(
      testDescription: "offset not an Int", header: "{\(entry("a", "[2]", "[0,18446744073709551616]"))}"),
    Hostile(testDescription: "one offset", header: "{\(entry("a", "[2]", "[0]"))}"),
    Hostile(testDescription: "three offsets", header: "{\(entry("a", "[2]", "[0,8,8]"))}"),
    Hostile(testDescription: "no offsets", header: "{\(entry("a", "[2]", "[]"))}"),
    Hostile(testDescription: "fraction", header: "{\(entry("a", "[2.5]", "[0,8]"))}"),
    Hostile(testDescription: "wrong type", header: "{\(entry("a", "[2]", "[0,8]", dtype: "F16"))}"),
    Hostile(testDescription: "unknown type", header: "{\(entry("a", "[2]", "[0,8]", dtype: "f32"))}"),
    Hostile(
      testDescription: "same tensor twice",
      header: "{\(entry("a", "[2]", "[0,8]")),\(entry("a", "[2]", "[0,8]"))}"),
    Hostile(
      testDescription: "name twice", header: "{\(entry("a", "[1]", "[0,4]")),\(entry("a", "[1]", "[4,8]"))}"),
    Hostile(
      testDescription: "name twice, escaped",
      header: "{\(entry("a", "[2]", "[0,8]")),\(entry("\\u0061", "[2]", "[0,8]"))}"),
    Hostile(
      testDescription: "member twice",
      header: #"{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#),
    Hostile(
      testDescription: "metadata twice",
      header: #"{"__metadata__":{},"__metadata__":{},\#(entry("a", "[2]", "[0,8]"))}"#),
    Hostile(
      testDescription: "metadata key twice",
      header: #"{"__metadata__":{"k":"v","k":"v"},\#(entry("a", "[2]", "[0,8]"))}"#),
    Hostile(
      testDescription: "metadata is no text",
      header: #"{"__metadata__":{"k":1},\#(entry("a", "[2]", "[0,8]"))}"#),
    Hostile(
      testDescription: "metadata is nested",
      header: #"{"__metadata__":{"k":{}},\#(entry("a", "[2]", "[0,8]"))}"#),
    Hostile(testDescription: "entry is a list", header: #"{"a":[]}"#),
    Hostile(testDescription: "no entry", header: "{}"),
    Hostile(testDescription: "a list", header: "[]"),
    Hostile(testDescription: "nothing", header: ""),
    Hostile(testDescription: "no JSON", header: "{\"a"),
    Hostile(testDescription: "deep", header: String(repeating: "{\"a\":", count: 100_000)),
    Hostile(
      testDescription: "long name",
      header: "{\(entry(String(repeating: "n", count: 1024), "[2]", "[0,8]"))}"),
    Hostile(testDescription: "deep list", header: "{\"a\":" + String(repeating: "[", count: 100_000)),
  ]

  @Test(arguments: hostile)
  func isRefused(hostile: Hostile) {
    let bytes = SafetensorsTests.file(hostile.header, data: Array(repeating: 0, count: hostile.dataCount))
    expectDataError("f", ["expected"]) { try Safetensors(bytes: bytes, path: "f") }
  }

  @Test(arguments: [100_000_001, UInt64(Int.max), .max, 1 << 63])
  func hugeHeaderLength(length: UInt64) {
    let bytes = withUnsafeBytes(of: length.littleEndian) { Array($0) } + Array(Self.bytes[8...])
    expectDataError("f", ["header of \(length) bytes"]) { try Safetensors(bytes: bytes, path: "f") }
  }
}
